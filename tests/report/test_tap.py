"""TAP 14 by its grammar (testanything.org), its diagnostics read as YAML."""

import re
from functools import partial

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from report.plans import every_plan, load_plan, plan_mixed, poison_plan

from reconcile.model.plan import Verdict
from reconcile.report import render_plan
from reconcile.report.result import list_results

render = partial(render_plan, format_name="tap")


SOME = 100
"""Diagnostics of a long report that are read; all are alike."""

POINT = re.compile(r"(ok|not ok) ([1-9][0-9]*) - ((?:[^\\#]|\\.)*?)(?: # TODO ((?:[^\\#]|\\.)*))?")


def parse(text):
    """Read a document strictly: points as (ok, title, todo, text of the diagnostics), and why it bailed out."""
    version, plan, *lines = text.split("\n")
    assert version == "TAP version 14"
    points, bail_out, block = [], None, None
    for line in lines:
        if block is not None and line != "  ...":
            assert line.startswith("  ")
            block.append(line[2:])
        elif block is not None:
            points[-1] = (*points[-1][:3], "\n".join(block))
            block = None
        elif line == "  ---":
            block = []
        elif line.startswith("Bail out! "):
            bail_out = line.removeprefix("Bail out! ")
        elif line and not line.startswith("# "):
            point = POINT.fullmatch(line)
            assert point
            assert int(point[2]) == len(points) + 1
            points.append((point[1] == "ok", re.sub(r"\\(.)", r"\1", point[3]), point[4], None))
    assert plan == f"1..{len(points)}"
    return points, bail_out


def read(block):
    return yaml.load(block, yaml.CSafeLoader) if block else {}


def check(plan):
    points, bail_out = parse(render(plan))
    results = list_results(plan)
    assert [title for _, title, _, _ in points] == [result.title for result in results]
    assert [ok for ok, *_ in points] == [result.verdict is Verdict.IN_SYNC for result in results]
    assert [todo is not None for _, _, todo, _ in points] == [result.verdict is Verdict.WAIVED for result in results]
    assert [read(block).get("message", "") for *_, block in points[:SOME]] == [
        result.message for result in results[:SOME]
    ]
    assert (bail_out is not None) is any(result.job is None for result in results)
    return points


@every_plan
def test_every_assertion_is_a_point_and_ok_only_if_it_is_in_sync(name):
    check(load_plan(name))


@given(text=st.text(min_size=1, max_size=12, alphabet=st.sampled_from("#\\ -\nTODOSKIPok.'\":") | st.characters()))
@settings(max_examples=30, deadline=None)
def test_no_text_is_a_directive(text):
    check(poison_plan(plan_mixed(), text))


def test_diagnostics_say_what_where_and_which():
    assert read(check(load_plan("changed"))[0][3]) == {
        "message": 'expected "success", observed "failed"',
        "verdict": "drift",
        "rule": "drift.status",
        "file": "reconcile.yaml",
        "line": 7,
        "job_id": "id-a",
        "request_id": "req-1",
    }


def test_what_is_waived_is_still_to_do():
    points = check(load_plan("waived"))
    assert points[0][:3] == (False, "jobs.a status", "waived until 2026-12-31: vendor ticket OPS-12")


def test_a_run_without_a_plan_has_points_and_bails_out():
    _, bail_out = parse(render(load_plan("failed")))
    assert bail_out == "unknown key 'expcet'; did you mean 'expect'?"
