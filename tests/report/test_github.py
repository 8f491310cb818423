"""GitHub's runner reads our workflow commands and no others, and what a step leaves has fixed names and limits."""

import re
from functools import partial

import pytest
from builders import SOURCE, job, observed
from hypothesis import given, settings
from hypothesis import strategies as st
from report.plans import drifted, each_plan, every_plan, load_plan, plan_mixed, plan_of, poison_plan

from reconcile.model.plan import Summary, Verdict
from reconcile.report import render_plan
from reconcile.report.github import render_outputs, render_summary
from reconcile.report.markdown import COMMENT_LIMIT, SUMMARY_LIMIT

render = partial(render_plan, format_name="github")


KEYS = ({"file", "line", "col", "title"}, {"title"})


def read_commands(text):
    """Read what the runner obeys: a line that begins with `::`, blanks aside, or has `##[` anywhere."""
    for line in text.splitlines():
        assert "##[" not in line
        if line.lstrip().startswith("::"):
            head, data = line.lstrip()[2:].split("::", 1)
            name, _, properties = head.partition(" ")
            yield name, dict(pair.split("=", 1) for pair in properties.split(",")), data


def check(text):
    lines = text.splitlines()
    commands = list(read_commands(text))
    assert len(lines) == len(commands) + 1
    assert lines[-1].startswith("reconcile: ")
    for name, properties, data in commands:
        assert name in ("error", "warning", "notice")
        assert properties.keys() in KEYS
        assert data
        assert not re.search("%(?!25|0D|0A|3A|2C)", "".join([*properties.values(), data]))
    return commands


@every_plan
def test_e04_e05_the_runner_reads_our_commands_and_no_others(name):
    commands = check(render(load_plan(name)))
    levels = [name for name, _, _ in commands]
    assert all(levels.count(level) <= 10 for level in ("error", "warning", "notice"))


@given(text=st.text(min_size=1, max_size=12, alphabet=st.sampled_from("%:#[],;\n\rax=0AD") | st.characters()))
@settings(max_examples=40, deadline=None)
def test_e04_e05_no_text_is_a_command(text):
    check(render(poison_plan(plan_mixed(), text)))


def test_a_drift_stands_beside_its_line_with_what_the_job_says():
    (name, properties, data), *_ = check(render(load_plan("changed")))
    assert (name, properties["file"], properties["line"], properties["col"]) == (
        "error",
        SOURCE.file,
        str(SOURCE.line),
        str(SOURCE.column),
    )
    assert properties["title"] == "jobs.a status"
    assert data.split("%0A")[0] == 'expected "success", observed "failed"'
    assert "note: the job reports SFS.TURBO.0005: it broke" in data.split("%0A")


def test_e05_of_many_the_worst_are_shown_and_the_rest_counted():
    commands = check(render(load_plan("many")))
    errors = [(properties["title"], data) for name, properties, data in commands if name == "error"]
    assert errors[0] == (
        "1%2C000 jobs%3A RC412",
        "RC412: the answer is no JSON%0Ajobs.j9, jobs.j19, jobs.j29 and 997 more",
    )
    assert len(errors) == 6
    different = [(job(name=f"j{i}"), observed("failed", job_id=f"id-j{i}", error_code=f"E.{i}")) for i in range(30)]
    errors = check(render(plan_of(*different)))
    assert len(errors) == 10
    assert errors[9][1:] == ({"title": "reconcile"}, "21 more errors not shown here; another report has them all")


def test_levels():
    levels = {name: check(render(load_plan(name)))[0][0] for name in ("changed", "pending", "error", "waived")}
    assert levels == {"changed": "error", "pending": "warning", "error": "error", "waived": "notice"}
    assert check(render(load_plan("in_sync"))) == []


@pytest.mark.parametrize("soft_fail", [True, False])
def test_f29_soft_fail_is_told(soft_fail):
    last = render(plan_of(drifted("a"), soft_fail=soft_fail)).splitlines()[-1]
    assert ("soft-fail" in last) is soft_fail


# --- The files of a step ----------------------------------------------------------------------------------------


@each_plan
def test_e06_outputs_have_fixed_names_and_no_foreign_text(name):
    outputs = dict(line.split("=") for line in render_outputs(load_plan(name)).splitlines())
    assert list(outputs) == ["verdict", "complete", *Summary.__struct_fields__, "exit_code"]
    assert outputs.pop("verdict") in set(Verdict)
    assert outputs.pop("complete") in ("true", "false")
    assert all(value.isdecimal() for value in outputs.values())


def test_e07_a_summary_shows_more_than_a_comment_and_keeps_its_own_limit():
    assert COMMENT_LIMIT < len(render_summary(load_plan("many")).encode()) <= SUMMARY_LIMIT


def test_u35_each_job_has_one_annotation_at_its_worst_assertion():
    commands = check(render(load_plan("mixed")))
    jobs = [properties["title"].split()[0] for _, properties, _ in commands]
    bad = [job.job.address for job in load_plan("mixed").jobs if job.verdict is not Verdict.IN_SYNC]
    assert sorted(each for each in jobs if each != "run") == sorted(bad)
    assert [name for name, _, _ in commands] == sorted(
        (name for name, _, _ in commands), key=["error", "warning", "notice"].index
    )
    (_, properties, data) = next(each for each in commands if each[1]["title"].startswith("jobs.j1 "))
    assert properties["title"] == "jobs.j1 status"
    assert data.endswith("%0Aand 2 more differences")


def test_u35_more_than_ten_are_grouped_by_cause():
    cases = [drifted(f"j{i}") for i in range(14)]
    cases += [(job(name=f"k{i}"), observed("failed", job_id=f"id-k{i}", error_code=f"E.{i}")) for i in range(2)]
    commands = check(render(plan_of(*cases)))
    assert [properties["title"] for _, properties, _ in commands] == [
        "14 jobs%3A SFS.TURBO.0005",
        "jobs.k0 status",
        "jobs.k1 status",
    ]
    assert commands[0][2] == "SFS.TURBO.0005: it broke%0Ajobs.j0, jobs.j1, jobs.j2 and 11 more"
