"""The page shows everything, lets nothing through and needs nothing from elsewhere."""

import re
import shlex
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from builders import NOW, SOURCE, job, manifest, observed
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from report.pages import Page, at, plan_fleet, plan_shown, show
from report.plans import PAYLOADS, awaited, each_plan, load_plan, plan_of, poison_plan, with_findings
from steps import measure_growth

from reconcile.model.manifest import ManifestFile
from reconcile.plan import make_plan
from reconcile.report import html
from reconcile.report.html.axis import draw_axis, list_ticks
from reconcile.report.html.job import name_anchor

STYLE = (Path(html.__file__).parent / "page.css").read_text(encoding="utf-8")


def page_of(plan):
    return Page(show(plan))


def text_between(text, start, end):
    return text.partition(start)[2].partition(end)[0]


def card_of(name, plan):
    """The part of a page that is about one job."""
    return text_between(show(plan), f"<h3>{name}</h3>", "Link to this job")


# --- Nothing gets through ---------------------------------------------------------------------------------------


def check_harmless(text):
    page = Page(text)
    assert all(line.isprintable() for line in text.split("\n"))
    assert text.encode()
    assert [tag for tag, _ in page.elements].count("script") == 1
    for tag, attributes in page.elements:
        assert not {name for name in attributes if name.startswith("on")} | (attributes.keys() & {"src", "style"})
        assert not attributes.keys() & {"action", "formaction", "srcdoc", "xlink:href", "data", "ping"}
        assert attributes.get("href", "#").startswith("#")
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "use", "foreignobject"}
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = {attributes["href"][1:] for _, attributes in page.elements if "href" in attributes}
    assert inside <= set(ids)
    return page


@each_plan
def test_e08_no_page_has_anything_live(name):
    check_harmless(show(load_plan(name)))


@pytest.mark.parametrize(
    "payload", [each for each in PAYLOADS if len(each) < 10_000], ids=lambda payload: f"E08-{payload[:12]!r}"
)
def test_e08_no_payload_is_live_in_any_field(payload):
    check_harmless(show(poison_plan(plan_shown(), payload)))


@given(st.text(min_size=1, max_size=20))
@settings(max_examples=15, deadline=None)
def test_e08_no_text_is_live_in_any_field(text):
    check_harmless(show(poison_plan(plan_shown(), text)))


def test_a_text_that_is_no_text_is_a_mistake_and_not_a_word():
    with pytest.raises(TypeError, match="NoneType"):
        html._make_safe(None)


def test_e08_the_policy_allows_this_style_and_this_script_alone():
    text = show(plan_shown())
    (policy,) = Page(text).find("meta", http_equiv="Content-Security-Policy")
    directives = dict(each.strip().partition(" ")[::2] for each in policy["content"].split(";"))
    assert directives["default-src"] == "'none'"
    for tag in ("style", "script"):
        content = text_between(text, f"<{tag}>", f"</{tag}>")
        assert directives[f"{tag}-src"] == f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
    assert directives.keys() == {
        *("default-src", "style-src", "script-src", "base-uri", "form-action"),
        *("require-trusted-types-for", "trusted-types"),
    }


def test_e08_nothing_is_loaded_from_elsewhere():
    text = show(plan_shown())
    assert "://" not in text.replace("https://sfs.example:443", "")
    assert not re.search(r"@import|url\((?!#)|javascript:|\beval\b|innerHTML", text)


# --- Everything is shown ----------------------------------------------------------------------------------------


def test_the_verdict_comes_first_and_says_what_it_means():
    said = page_of(plan_shown()).said
    assert said.index("error Some jobs could not be checked.") < 200
    for count in ("! 1 error", "~ 2 drift", "? 2 pending", "≈ 1 waived", "✓ 1 in sync", "exit code 1"):
        assert count in said
    assert "Judged 2026-11-21T12:00:00Z" in said


def test_the_headline_of_a_job_is_that_of_the_text():
    assert "is not there yet" in card_of("jobs.a", plan_of(awaited("a")))


def test_what_keeps_the_gate_shut_is_open_and_the_rest_is_folded():
    jobs = page_of(plan_shown()).find("details")
    opened = {each["class"].split()[1] for each in jobs if each["class"].startswith("job ") and "open" in each}
    assert opened == {"error", "drift", "pending"}


def test_expected_stands_beside_observed_with_the_line_of_the_manifest():
    card = card_of("jobs.drifted", plan_shown())
    rows = [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in re.findall(r"<tr.*?</tr>", card, re.DOTALL)]
    assert rows == [
        "Line Path Expected Observed",
        "7 ~ status &#34;success&#34; &#34;failed&#34;",
        "7 ~ error_code null &#34;E.7&#34;",
        "31 ~ duration max: &#34;10m&#34; &#34;20m&#34;",
        "7 ~ sub_jobs[0].status mount &#34;success&#34; &#34;failed&#34;",
        "7 - sub_jobs[1] check job_type: &#34;check&#34; not there",
        "7 + sub_jobs[+1] stray not expected status: &#34;success&#34; job_type: &#34;stray&#34; "
        "begin_time: &#34;2026-11-21 10:20:00&#34; end_time: &#34;2026-11-21 10:30:00&#34;",
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "jobs.drifted",
            ["the job reports E.7: it broke", "reconcile.yaml:30:5", "req-1", "id-drifted", "tier", "otc"],
        ),
        ("jobs.lost", ["RC412", "the answer is no JSON", "req-9", "elsewhere", "could not be checked"]),
        ("jobs.gone", ["is missing", "the job API has no such job", "SFS.TURBO.0019", "req-8"]),
        ("jobs.running", ["is pending", "not decided yet"]),
        (
            "jobs.waived[&#34;k&#34;]",
            ["waived: ticket 7 (until 2026-12-01, 10 days left)", "reconcile.yaml:41 waives error_code"],
        ),
        ("jobs.proven", ["success · 5m", "status = &#34;success&#34;", "error_code = null", "req-1", "tier db"]),
    ],
)
def test_a_job_tells(name, told):
    card = card_of(name, plan_shown())
    assert [each for each in told if each not in card] == []


def test_a_provider_tells_where_it_was_asked():
    said = page_of(plan_shown()).said
    assert "otc SFS Turbo https://sfs.example:443 eu-de p1 6" in said
    assert "elsewhere Other API not requested eu-de p1 1" in said


@pytest.mark.parametrize("change", [{"soft_fail": True}, {"complete": False}])
def test_what_a_reader_must_not_overlook_stands_in_the_head(change):
    head = text_between(show(replace(plan_shown(), **change)), "<header", "</header>")
    assert {"soft_fail": "Soft-fail", "complete": "cut short"}[next(iter(change))] in head


def test_the_command_asks_for_the_job_alone():
    plan = plan_shown()
    commands = re.findall(r"<code>(reconcile plan [^<]*)</code>", show(plan))
    asked = [shlex.split(each.replace("&#39;", "'").replace("&#34;", '"')) for each in commands]
    assert sorted(each[-1] for each in asked) == sorted(each.job.address for each in plan.jobs)
    assert {tuple(each[:-1]) for each in asked} == {("reconcile", "plan", "reconcile.yaml", "--target")}


@pytest.mark.parametrize(
    ("address", "file", "command"),
    [
        ("jobs.it's", "m.yaml", "reconcile plan m.yaml --target &#39;jobs.it&#39;&#34;&#39;&#34;&#39;s&#39;"),
        ("jobs.a", "-x.yaml", "reconcile plan ./-x.yaml --target &#39;jobs.a&#39;"),
        ("jobs.a", "-", "reconcile plan - --target &#39;jobs.a&#39;"),
        ("jobs.a\n", "m.yaml", None),
        ("jobs.a", "\u202em.yaml", None),
        ("jobs." + "a" * 600, "m.yaml", None),
    ],
)
def test_a_command_is_what_it_looks_like_or_it_is_not_there(address, file, command):
    declared = replace(
        manifest(replace(job(), address=address)), files=(ManifestFile(file=file, name=None, sha256=""),)
    )
    text = show(make_plan(declared, [observed("success")], now=NOW, origins={}))
    assert re.findall("<code>(reconcile.*?)</code>", text) == ([command] if command else [])


@given(st.text(max_size=100))
def test_a_place_has_a_name_of_its_own_that_needs_no_escaping(address):
    anchor = name_anchor(address)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", anchor)
    assert "." in anchor


# --- The timeline -----------------------------------------------------------------------------------------------


def strip_of(anchor, plan):
    return text_between(show(plan), f'<li data-job="{anchor}">', "</li>")


def test_waiting_and_running_are_told_apart_in_form_and_words():
    running, waiting = (strip_of(f"jobs.{name}", plan_shown()) for name in ("running", "waiting"))
    assert re.findall(r'"bar (\w+)"', running) == ["running", "waiting"]
    assert "running 30m" in running
    assert re.findall(r'"bar (\w+)"', waiting) == ["waiting"]
    assert "waiting 10m" in waiting


def test_a_sub_job_waits_from_the_begin_of_its_job():
    strip = strip_of("jobs.drifted", plan_shown())
    assert re.findall(r'"bar (\w+)"', strip) == ["failure", "waiting", "failure", "waiting", "success"]
    assert "failed 8m" in strip


def test_the_deadline_is_the_first_of_all():
    bar, deadline = re.search(
        r'bar failure" x="([0-9.]+)%" width="[0-9.]+%" y="6".*class="deadline" x1="([0-9.]+)%"',
        strip_of("jobs.drifted", plan_shown()),
    ).groups()
    now = text_between(show(plan_shown()).partition('class="grid"')[2], 'class="now" x1="', '%"')
    assert float(bar) < float(deadline) < float(now)


def test_a_job_without_times_has_a_lane_and_no_bar():
    for name, told in (("lost", "not observed"), ("gone", "missing")):
        strip = strip_of(f"jobs.{name}", plan_shown())
        assert told in strip
        assert "rect" not in strip


def test_without_any_times_there_is_no_timeline():
    assert 'id="timeline"' not in show(load_plan("mixed"))


@pytest.mark.parametrize("times", [("12:00:00", "11:00:00"), ("soon", None), ("13:00:00", None)])
def test_times_that_make_no_sense_break_nothing(times):
    begin, end = (each and at(each) for each in times)
    answer = replace(observed("running"), begin_time=begin, end_time=end)
    check_harmless(show(make_plan(manifest(job()), [answer], now=NOW, origins={})))


instants = st.integers(0, 10**8).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC).timestamp() + seconds)
intervals = st.tuples(instants, st.integers(0, 10**5)).map(lambda each: (each[0], each[0] + each[1]))


@given(st.lists(intervals, min_size=1, max_size=30))
def test_an_axis_keeps_the_order_of_time_and_stays_on_the_page(spans):
    axis = draw_axis(spans)
    times = sorted(instant for span in spans for instant in span)
    places = [axis.place(instant) for instant in times]
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] <= 100
    assert all(axis.spans(instant) for instant in times)
    ticks = list_ticks(axis)
    assert ticks[0].x == 0
    assert all(right.x - left.x >= 10 for left, right in pairwise(ticks))


# --- Many jobs --------------------------------------------------------------------------------------------------


def test_of_many_jobs_each_is_told_though_not_at_length():
    plan = plan_fleet(1_560)
    page = page_of(plan)
    assert len(page.find("table", class_="diff")) == 1
    shown = {each["id"] for name in ("body", "job slim") for each in page.find("div", class_=name)}
    assert shown == {each.job.address for each in plan.jobs}
    assert "520 jobs status: expected" in page.said
    assert "519 more with this cause" in page.said
    assert len(page.find("li")) - 5 == 500
    assert "1,060 more jobs are not drawn." in page.said


def test_of_many_jobs_with_causes_of_their_own_the_first_are_shown_at_length():
    cases = [(job(name=f"j{i}"), observed("failed", job_id=f"id-j{i}", error_code=f"E.{i}")) for i in range(520)]
    page = page_of(plan_of(*cases))
    assert len(page.find("table", class_="diff")) == 500
    assert page.said.count('~ status = "success" -> "failed" # line 7') == 20
    assert "20 more, in brief" in page.said


def test_u37_five_thousand_equal_drifts_are_one_cause_and_less_than_two_megabytes():
    cases = []
    for i in range(5_000):
        job_id = f"8a8b8c8d-0000-4000-8000-{i:012d}"
        answer = observed("failed", job_id=job_id, error_code="SFS.TURBO.0005", fail_reason=f"quota of {i} exceeded")
        times = {"begin_time": at("10:00:00"), "end_time": at("10:30:00"), "request_id": f"{i:032x}"}
        cases.append((replace(job(name=f"expand-{i}"), job_id=job_id), replace(answer, **times)))
    text = show(plan_of(*cases))
    assert len(text.encode()) < 2_000_000
    page = Page(text)
    assert len(page.find("details", class_="alike drift", data_code="SFS.TURBO.0005")) == 1
    assert len(page.find("div", class_="job slim")) == 4_999
    assert page.said.count("quota of") <= 6


def test_the_work_and_the_page_grow_as_the_jobs_do():
    plans = {many: plan_fleet(many) for many in (1_000, 2_000)}
    assert measure_growth(lambda many: show(plans[many]), 1_000) < 2.5
    assert len(show(plans[2_000])) < 2 * len(show(plans[1_000]))


def test_the_same_plan_is_the_same_page():
    assert show(plan_shown()) == show(plan_shown.__wrapped__())


# --- For every eye ----------------------------------------------------------------------------------------------


def luminance(colour):
    digits = colour.removeprefix("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_has_enough_contrast(theme):
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1."""
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", re.findall(r":root \{.*?\n *\}", STYLE, re.DOTALL)[theme]))
    verdicts = ("error", "drift", "pending", "waived", "in_sync")
    pairs = [(ink, paper) for ink in ("ink", "soft", "link") for paper in ("paper", "wash")]
    pairs += [(verdict, paper) for verdict in verdicts for paper in ("paper", "wash", f"{verdict}-wash")]
    pairs += [(ink, f"{verdict}-wash") for ink in ("ink", "soft") for verdict in verdicts]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


def test_a_page_has_landmarks_and_names():
    page = page_of(plan_shown())
    for tag in ("header", "main", "footer", "h1"):
        assert len(page.find(tag)) == 1
    assert page.find("html")[0]["lang"] == "en"
    for tag, attributes in page.elements:
        if tag in ("input", "select") and attributes.get("type") != "checkbox":
            assert attributes["aria-label"]


def test_what_no_source_line_says_is_said_by_the_file():
    finding = plan_shown().jobs[1].findings[0]
    other = replace(finding, source=replace(SOURCE, file="other.yaml", line=3))
    plan = plan_shown()
    jobs = (plan.jobs[0], with_findings(plan.jobs[1], other), *plan.jobs[2:])
    assert '<td role="cell" class="line">other.yaml:3</td>' in show(replace(plan, jobs=jobs))


def test_no_page_shows_or_draws_what_is_sensitive():
    asked = job(status="success", job_type="secret-type")
    fields = tuple(replace(field, sensitive=True) for field in asked.expect.fields)
    asked = replace(asked, expect=replace(asked.expect, fields=fields))
    answer = replace(observed("failed", job_type="other-secret"), begin_time=at("10:00:00"), end_time=at("10:05:00"))
    text = show(make_plan(manifest(asked), [answer], now=NOW, origins={}))
    assert "secret-" not in text
    assert "-secret" not in text
    assert 'class="bar failure"' not in text.partition('class="strips"')[2]
