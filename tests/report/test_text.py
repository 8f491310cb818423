"""The plan as a person reads it: all of it, said once, harmless, and never wider than it must be."""

import re
from datetime import timedelta

import pytest
from builders import NOW, item, job, manifest, observed, sub_job, sub_jobs
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from report.plans import (
    KINDS,
    awaited,
    done,
    drifted,
    each_plan,
    load_plan,
    missing,
    pending,
    plan_mixed,
    plan_of,
    poison_plan,
    unobserved,
    waived,
)

from reconcile.codes import Code
from reconcile.model.diagnostic import Diagnostic, Problem
from reconcile.model.manifest import Match
from reconcile.model.observation import Timing, Unobserved
from reconcile.model.plan import Verdict
from reconcile.plan import make_plan
from reconcile.report import markdown, render_plan
from reconcile.report.causes import MOST_SEPARATE
from reconcile.report.style import PLAIN, Palette, Style

FULL = Style(full=True)
NARROW = Style(width=80)


def render(plan, style):
    return render_plan(plan, format_name="text", style=style)


def told_of(plan, style=PLAIN):
    """Split a text into the blocks of jobs and the rows of the table, by the first word of each."""
    text = render(plan, style)
    blocks = re.findall(r"^  # (.*)\n((?:.+\n)+)", text, re.MULTILINE)
    rows = re.findall(r"^(jobs\.\S+)  ", text, re.MULTILINE)
    return dict(blocks), rows


def begun(case, ago):
    expected, answer = case
    return expected, replace(answer, begin_time=f"{NOW - ago:%Y-%m-%d %H:%M:%S}")


@pytest.mark.parametrize("style", [PLAIN, FULL, NARROW], ids=["plain", "full", "narrow"])
@each_plan
def test_e01_no_foreign_character_reaches_a_terminal(name, style):
    lines = render(load_plan(name), style).removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(re.search(r"##\w*\[", line) or line.lstrip().startswith("::") for line in lines)


@given(text=st.text(min_size=1, max_size=20))
@settings(max_examples=20, deadline=None)
def test_e01_e04_no_text_is_obeyed(text):
    lines = render(poison_plan(plan_mixed(), text), PLAIN).removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("style", [PLAIN, FULL, NARROW], ids=["plain", "full", "narrow"])
@each_plan
def test_colour_is_never_the_only_carrier(name, style):
    painted = render(load_plan(name), replace(style, palette=Palette(colour=True)))
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render(load_plan(name), style)


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (drifted, "5 jobs have drifted: jobs.j0, jobs.j1, jobs.j2 and 2 more"),
        (unobserved, "5 jobs could not be checked: jobs.j0, jobs.j1, jobs.j2 and 2 more"),
        (missing, "5 jobs are missing: jobs.j0, jobs.j1, jobs.j2 and 2 more"),
        (pending, "5 jobs are pending: jobs.j0, jobs.j1, jobs.j2 and 2 more"),
        (awaited, "5 jobs are not there yet: jobs.j0, jobs.j1, jobs.j2 and 2 more"),
        (waived, "5 jobs have drifted, and are waived: jobs.j0, jobs.j1, jobs.j2 and 2 more"),
    ],
)
def test_a_cause_that_repeats_is_said_once_and_the_table_names_every_job(kind, title):
    names = [f"j{i}" for i in range(5)]
    blocks, rows = told_of(plan_of(*(kind(name) for name in names)))
    assert list(blocks) == [title]
    assert rows == [f"jobs.{name}" for name in names]


@given(picks=st.lists(st.sampled_from(KINDS), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_no_job_is_lost_and_none_told_twice(picks):
    plan = plan_of(*(kind(f"j{i}") for i, kind in enumerate(picks)))
    titles, rows = told_of(plan)
    told = [job for job in plan.jobs if job.verdict is not Verdict.IN_SYNC or job.notes]
    sizes = [int(title.partition(" ")[0]) if title[0].isdigit() else 1 for title in titles]
    assert sum(sizes) == len(told)
    assert all(size == 1 or size > MOST_SEPARATE for size in sizes)
    assert rows == [job.job.address for job in plan.jobs]


def test_another_error_code_is_another_cause():
    cases = [(job(name=f"j{i}"), observed("failed", job_id=f"id-j{i}", error_code=f"E{i % 2}")) for i in range(8)]
    titles, _ = told_of(plan_of(*cases))
    assert [title.partition(":")[0] for title in titles] == ["4 jobs have drifted"] * 2


def test_notes_of_jobs_that_are_alike_are_counted():
    kinds = ["a", "a", "a", "b", "c", "d", "e"]
    cases = [
        (job(name=f"j{i}"), observed("failed", job_id=f"id-j{i}", job_type=kind, fail_reason="it broke"))
        for i, kind in enumerate(kinds)
    ]
    (body,) = told_of(plan_of(*cases))[0].values()
    assert '      # note: the documentation of SFS Turbo does not list the job type "a" (3 of 7 jobs)\n' in body
    assert "      # (2 more notes hidden)\n" in body


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("HTTP 500 (request id r-{i})", "HTTP 500 (request id ...)"),
        ("it broke; gave up after {n} over {i}7 s", "it broke; gave up after ... attempts over ... s"),
        ("https://a is down: no answer; no success for {i} s", "no success for ... s"),
        ('the time for the run, 15 s, was over; its status was "running" {i} s earlier', '"running" ... s earlier'),
    ],
)
def test_what_is_of_one_request_does_not_keep_one_cause_apart(said, shown):
    cases = []
    for i in range(4):
        expected, lost = unobserved(f"j{i}")
        message = said.format(i=i, n="1 attempt" if i == 0 else f"{i + 1} attempts")
        cases.append((expected, replace(lost, problem=replace(lost.problem, message=message), request_id=f"r-{i}")))
    text = render(plan_of(*cases), PLAIN)
    assert "4 jobs could not be checked" in text
    assert f"{shown}\n" in text
    assert all(f"  r-{i}\n" in text for i in range(4))


def test_all_is_shown_where_all_is_wanted():
    plan = plan_of(*(kind(f"{kind.__name__}-{i}") for kind in KINDS for i in range(12)))
    blocks, rows = told_of(plan, FULL)
    text = render(plan, FULL)
    assert len(blocks) == len(rows) == len(plan.jobs)
    assert "hidden" not in text
    assert "not listed" not in text
    assert '        status      = "success"\n' in blocks["jobs.done-0 is in sync"]


def test_what_holds_is_shown_as_it_is_expected():
    expectation = sub_jobs(Match.EXACT, item(job_type=("a", "b"), status="success"))
    plan = make_plan(manifest(job(expectation)), [observed("success", sub_job("success", "a"))], now=NOW, origins={})
    assert told_of(plan, FULL)[0]["jobs.a is in sync"].splitlines()[1:-1] == [
        '        status      = "success"',
        "        sub_jobs    = [",
        '            [0] "a".job_type = ["a", "b"]   # observed "a"',
        '            [0] "a".status   = "success"',
        "            no unexpected sub-job",
        "        ]",
        '      # note: the documentation of SFS Turbo does not list the job type "a"',
    ]


def test_pending_jobs_tell_their_age():
    one = plan_of(begun(pending("a"), timedelta(minutes=14, seconds=3)))
    assert "jobs.a is pending, started 14m3s ago" in told_of(one)[0]
    many = plan_of(*(begun(pending(f"j{i}"), timedelta(hours=i, seconds=1)) for i in range(4)))
    assert any(title.startswith("4 jobs are pending, the first started 3h ago: ") for title in told_of(many)[0])
    tomorrow = plan_of(begun(pending("a"), timedelta(days=-1)))
    assert "jobs.a is pending" in told_of(tomorrow)[0]


@pytest.mark.parametrize(
    ("days", "left"), [(40, "40 days left"), (1, "1 day left"), (0, "today is its last day")], ids=str
)
def test_waived_drift_tells_the_days_that_are_left(days, left):
    expected, answer = waived("a")
    waiver = replace(expected.waivers[0], expires=NOW.date() + timedelta(days=days))
    text = render(plan_of((replace(expected, waivers=(waiver,)), answer), done("b")), PLAIN)
    assert f"# waived until {waiver.expires}, {left}: vendor ticket OPS-12\n" in text


def test_e16_on_a_narrow_screen_prose_is_broken_between_words_and_the_table_fits():
    cases = [kind(f"j{i}") for i, kind in enumerate((done, unobserved, drifted))]
    plan = plan_of(*((replace(each, address=f"jobs.{each.job_id:x<48}"), answer) for each, answer in cases))
    long = replace(plan.jobs[1].problems[0], message=" ".join(["word"] * 60))
    plan = replace(plan, jobs=(plan.jobs[0], replace(plan.jobs[1], problems=(long,)), plan.jobs[2]))
    lines = render(plan, NARROW).splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "# (no room for request ids: -o json has them)" in lines
    assert sum(line.split().count("word") for line in lines) == 60
    assert "  req-1" in render(plan, Style(width=200))


def test_it_grows_no_faster_than_its_plan():
    small, large = (len(render(plan_mixed(size), FULL)) for size in (200, 400))
    assert large < 2.1 * small


@pytest.mark.parametrize("kind", [done, drifted, pending, unobserved])
def test_a_run_that_was_cut_short_says_so_whatever_was_decided(kind):
    whole = plan_of(kind("a"))
    assert "cut short" not in render(replace(whole, complete=True), PLAIN)
    assert render(replace(whole, complete=False), PLAIN).splitlines()[-1].endswith(" The run was cut short.")


def test_u20_the_table_names_the_provider_where_there_are_several():
    lost, answer = unobserved("a")
    elsewhere = replace(lost, provider=replace(lost.provider, name="elsewhere"))
    several = render(plan_of(done("b"), (elsewhere, answer)), PLAIN)
    assert re.search(r"^Job +Provider +Verdict", several, re.MULTILINE)
    assert re.search(r"^jobs\.a +elsewhere +error", several, re.MULTILINE)
    assert "Provider" not in render(plan_of(done("b"), unobserved("a")), PLAIN)


@pytest.mark.parametrize("code", [Code.DEADLINE, Code.INTERRUPTED])
def test_u39_jobs_that_were_not_reached_are_one_line_with_their_number(code):
    problem = Problem(code=code, message="no answer before the run was over")
    cases = [(job(name=f"j{i}"), Unobserved(problem=problem)) for i in range(100)]
    plan = plan_of(done("a"), drifted("b"), *cases)
    tried = replace(plan.jobs[2], timing=Timing(attempts=1))
    plan = replace(plan, jobs=(*plan.jobs[:2], tried, *plan.jobs[3:]))
    _, rows = told_of(plan)
    assert rows == ["jobs.b", "jobs.j0"]
    assert "\n# (99 jobs not reached before the run ended, not listed)\n" in render(plan, PLAIN)
    assert "\n99 jobs not reached before the run ended, not listed.\n" in markdown.render_within(plan, 60_000)
    assert len(told_of(plan, FULL)[1]) == 102


def test_u41_values_are_broken_between_words_on_a_narrow_screen():
    reason = " ".join(f"word{i}" for i in range(60))
    expected = job(name="a", fail_reason=reason, error_code=None)
    plan = plan_of(
        (expected, observed("failed", job_id="id-a", fail_reason=f"{reason} end", error_code="E")), done("b")
    )
    lines = render(plan, NARROW).splitlines()
    assert max(len(line) for line in lines) <= 80
    said = " ".join(line.strip() for line in lines)
    assert f'"{reason}" -> "{reason} end"' in said
    assert lines != render(plan, Style(width=160)).splitlines()


def test_u41_verdicts_have_a_colour_and_the_table_keeps_its_columns():
    plan = plan_of(done("a"), drifted("b"), pending("c"), waived("d"), unobserved("e"))
    text = render(plan, Style(palette=Palette(colour=True)))
    painted = dict(re.findall(r"^jobs\.(\w) +\x1b\[(\d+)m", text, re.MULTILINE))
    assert painted == {"a": "32", "b": "31", "c": "33", "d": "33", "e": "31"}


@given(picks=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_u57_the_last_line_names_every_count(picks):
    plan = plan_of(*(kind(f"j{i}") for i, kind in enumerate(picks)))
    last = render(plan, PLAIN).splitlines()[-1]
    for verdict, word in (("in_sync", "in sync"), ("drift", "drift"), ("pending", "pending"), ("waived", "waived")):
        assert (f"{getattr(plan.summary, verdict)} {word}" in last) is (getattr(plan.summary, verdict) > 0)
    assert (f"{plan.summary.error} error" in last) is (plan.summary.error > 0)
    assert ("An error outranks drift." in last) is (plan.summary.error > 0 and plan.summary.drift > 0)
    assert (f"{len(plan.errors)} error" in last) or not plan.errors


def test_owner_and_runbook_are_shown_wherever_a_job_is_not_in_sync():
    def contact(case, name):
        return replace(case[0], owner=f"team {name}", runbook=f"https://wiki.example/{name}"), case[1]

    kinds = (drifted, pending, missing, unobserved, waived)
    bad = plan_of(done("a"), *(contact(kind(f"b{i}"), f"b{i}") for i, kind in enumerate(kinds)))
    good = plan_of(contact(done("a"), "a"))
    for name in ("text", "markdown", "html", "github", "junit"):
        text = render_plan(bad, format_name=name)
        assert all(f"https://wiki.example/b{i}" in text and f"team b{i}" in text for i in range(5)), name
        assert "wiki.example" not in render_plan(good, format_name=name)
    many = plan_of(*(contact(drifted(f"j{i}"), f"o{i % 5}") for i in range(20)))
    assert "# owner: team o0, team o1, team o2 and 2 more\n" in render(many, PLAIN)
    assert 'href="https://wiki.example/o3" rel="noopener noreferrer"' in render_plan(many, format_name="html")


@pytest.mark.parametrize("bad", ["javascript:alert(1)", "http://a/\"onclick='x'", "https://a/)[x](http://evil"])
def test_a_runbook_that_is_no_url_is_no_link(bad):
    plan = plan_of((replace(drifted("a")[0], runbook=bad), drifted("a")[1]))
    assert 'rel="noopener' not in render_plan(plan, format_name="html")
    assert "[runbook]" not in render_plan(plan, format_name="markdown")


def test_a_run_that_an_error_kept_from_beginning_was_not_cut_short():
    refused = Diagnostic(code=Code.USAGE, message="no such option")
    plan = replace(plan_of(done("a")), jobs=(), complete=False, errors=(refused,))
    assert "cut short" not in render(plan, PLAIN)
    assert "cut short" in render(replace(plan, errors=()), PLAIN)
