"""A plan of a part of the jobs says so wherever a person reads it."""

import pytest
from builders import NOW, job, manifest, observed

from reconcile.manifest.selection import select_jobs
from reconcile.plan import make_plan
from reconcile.report import render_plan
from reconcile.report.style import PLAIN
from reconcile.shards import take_shard

READ = ("text", "markdown", "html", "github", "azure", "tap", "junit")
NAMED = ("text", "markdown", "html")
DECLARED = manifest(*(job(name=name) for name in "abcd"))


def render(part, name):
    answers = [observed("success", job_id=each.job_id) for each in part.jobs]
    return render_plan(make_plan(part, answers, now=NOW, origins={}), format_name=name, style=PLAIN)


@pytest.mark.parametrize("name", READ)
def test_a_reader_sees_how_many_of_how_many(name):
    selected = select_jobs(DECLARED, targets=["jobs.a", "jobs.b"], selectors=[])
    assert "2 of 4 jobs" in render(selected, name)
    assert "2 of 4 jobs, shard 1 of 2" in render(take_shard(DECLARED, 1, 2), name)
    both = render(take_shard(selected, 2, 2), name)
    assert "1 of 4 jobs" in both
    assert "shard 2 of 2" in both
    for whole in (DECLARED, select_jobs(DECLARED, targets=["*"], selectors=[])):
        assert "of 4 jobs" not in render(whole, name)


@pytest.mark.parametrize("name", NAMED)
def test_a_reader_sees_what_selected_them_the_first_of_it_at_least(name):
    targets = ["jobs.a", "jobs.b", "jobs.[x](http://evil)*`<b>*", "jobs.c"]
    hostile = manifest(*(job(name=each) for each in ("a", "b", "c", "d", "[x](http://evil)`<b>")))
    text = render(select_jobs(hostile, targets=targets, selectors=[]), name)
    assert "--target jobs.a --target jobs.b --target" in text
    assert "and 1 more option" in text
    if name == "html":
        assert "<b>*" not in text
    if name == "markdown":
        (line,) = [line for line in text.splitlines() if "and 1 more option" in line]
        assert line.count("`") % 2 == 0
        assert r"\x60" in line
