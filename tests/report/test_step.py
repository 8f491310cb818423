"""What a GitHub step leaves in its summary and its outputs."""

from report.plans import each_plan, load_plan

from reconcile.model import Summary, Verdict
from reconcile.report.github import render_outputs, render_summary
from reconcile.report.markdown import COMMENT_LIMIT, SUMMARY_LIMIT


@each_plan
def test_e06_outputs_have_fixed_names_and_no_foreign_text(name):
    outputs = dict(line.split("=") for line in render_outputs(load_plan(name)).splitlines())
    assert list(outputs) == ["verdict", "complete", *Summary.__struct_fields__]
    assert outputs.pop("verdict") in set(Verdict)
    assert outputs.pop("complete") in ("true", "false")
    assert all(value.isdecimal() for value in outputs.values())


def test_e07_a_summary_shows_more_than_a_comment_and_keeps_its_own_limit():
    assert COMMENT_LIMIT < len(render_summary(load_plan("many")).encode()) <= SUMMARY_LIMIT
