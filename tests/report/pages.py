"""A plan of which a page can show everything, and a reader of pages that forgives nothing."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from html.parser import HTMLParser

from builders import API, NOW, PROVIDER, item, job, manifest, observed, sub_job, sub_jobs
from msgspec.structs import replace
from report.plans import GONE, LOST

from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Match, Moment, MomentExpectation, Span, SpanExpectation, Waiver
from reconcile.plan import make_plan
from reconcile.report import render_plan
from reconcile.report.style import PLAIN

ELSEWHERE = replace(PROVIDER, name="elsewhere", api=replace(API, title="Other API"))

_VOID = {"meta", "input", "rect", "line", "br"}


def at(text):
    """A time of the day of judging, as the API writes it."""
    return f"2026-11-21 {text}"


def place(line):
    return Source(file="reconcile.yaml", line=line, column=5)


def ran(record, begin=None, end=None):
    return replace(record, begin_time=begin and at(begin), end_time=end and at(end))


@cache
def plan_shown():
    """Plan a job of each verdict, with times, sub-jobs, labels, two providers, a deadline and a waiver."""
    parts = sub_jobs(Match.EXACT, item(job_type="mount", status="success"), item(job_type="check"))
    limit = SpanExpectation(span=Span.DURATION, min=None, max=600.0, source=place(31))
    by_noon = MomentExpectation(moment=Moment.END_TIME, after=None, before=NOW, source=place(32))
    drifted = job(parts, name="drifted", job_type="create", error_code=None)
    drifted = replace(
        drifted,
        labels={"tier": "web"},
        source=place(30),
        expect=replace(drifted.expect, fields=(*drifted.expect.fields, limit, by_noon)),
    )
    waived = job(name='waived["k"]', error_code=None)
    waiver = Waiver(fields=("error_code",), reason="ticket 7", expires=date(2026, 12, 1), source=place(41))
    cases = [
        (
            replace(job(name="proven", error_code=None), labels={"tier": "db"}),
            ran(observed("success"), "10:00:00", "10:05:00"),
        ),
        (
            drifted,
            ran(
                observed(
                    "failed",
                    ran(sub_job("failed", "mount"), "10:12:00", "10:20:00"),
                    ran(sub_job("success", "stray"), "10:20:00", "10:30:00"),
                    job_type="create",
                    error_code="E.7",
                    fail_reason="it broke",
                ),
                "10:10:00",
                "10:30:00",
            ),
        ),
        (job(name="running"), ran(observed("running", sub_job("waiting", "mount")), "11:30:00")),
        (job(name="waiting"), ran(observed("waiting"), "11:50:00")),
        (replace(waived, waivers=(waiver,)), ran(observed("success", error_code="E.9"), "10:00:00", "10:30:00")),
        (replace(job(name="lost"), provider=ELSEWHERE), LOST),
        (job(name="gone"), GONE),
    ]
    jobs = [each for each, _ in cases]
    answers = [replace(answer, job_id=each.job_id) if hasattr(answer, "sub_jobs") else answer for each, answer in cases]
    declared = replace(manifest(*jobs), providers={"otc": PROVIDER, "elsewhere": ELSEWHERE})
    return make_plan(declared, answers, now=NOW, origins={"otc": "https://sfs.example:443"})


def plan_fleet(size):
    """Plan so many jobs with times and sub-jobs, every third of which has drifted."""
    jobs, answers = [], []
    for i in range(size):
        begin = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=7 * i)
        times = {
            "begin_time": f"{begin:%Y-%m-%d %H:%M:%S}",
            "end_time": f"{begin + timedelta(minutes=5):%Y-%m-%d %H:%M:%S}",
        }
        status = "success" if i % 3 else "failed"
        parts = sub_jobs(Match.EXACT, item(job_type="mount", status="success"))
        jobs.append(job(parts, name=f"fleet-{i}", error_code=None))
        part = replace(sub_job(status, "mount"), **times)
        answers.append(replace(observed(status, part, job_id=f"id-fleet-{i}"), **times))
    return make_plan(manifest(*jobs), answers, now=NOW, origins={})


def show(plan):
    return render_plan(plan, format_name="html", style=PLAIN)


class Page(HTMLParser):
    """A page, read strictly: every element is closed in its order, and every attribute is known by name."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.text = text
        self.elements = []
        self._open = []
        self._said = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attributes):
        assert len({name for name, _ in attributes}) == len(attributes), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attributes)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in _VOID
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self._open):
            self._said.append(data)

    @property
    def said(self):
        """Everything that a reader sees, in one line."""
        return " ".join(" ".join(self._said).split())

    def find(self, tag, **wanted):
        """List the attributes of the elements of that name which have the wanted attributes."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in wanted.items()}
        return [found for each, found in self.elements if each == tag and wanted.items() <= found.items()]
