"""OpenMetrics as its own parser reads it."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus
from report.plans import each_plan, every_plan, load_plan, plan_mixed, poison_plan

from reconcile.report import render_plan

render = partial(render_plan, format_name="openmetrics")


def samples_of(text, parse):
    return [
        (sample.name, sample.labels.get("verdict"), sample.value) for family in parse(text) for sample in family.samples
    ]


@every_plan
def test_both_parsers_read_the_same(name):
    text = render(load_plan(name))
    samples = samples_of(text, parse_openmetrics)
    assert samples == samples_of(text, parse_prometheus)
    assert len(samples) == 21


@each_plan
def test_counts_are_those_of_the_plan(name):
    plan = load_plan(name)
    values = {(metric, verdict): value for metric, verdict, value in samples_of(render(plan), parse_openmetrics)}
    verdicts = ("error", "drift", "pending", "waived", "in_sync")
    assert all(values["reconcile_jobs", verdict] == getattr(plan.summary, verdict) for verdict in verdicts)
    assert [verdict for verdict in verdicts if values["reconcile_run", verdict]] == [plan.verdict]
    assert values["reconcile_complete", None] == plan.complete


@pytest.mark.parametrize("text", ['a"b', "a\\", "a\nb", "größe", "} 1"])
def test_a_label_is_what_it_is(text):
    shown = text.replace("\n", "\\n")
    for family in parse_openmetrics(render(poison_plan(plan_mixed(), text))):
        assert {sample.labels["manifest"] for sample in family.samples} == {shown}


@given(text=st.text(min_size=1, max_size=12, alphabet=st.sampled_from('{}",=# \\\n') | st.characters()))
@settings(max_examples=30, deadline=None)
def test_no_text_breaks_the_document(text):
    assert len(samples_of(render(poison_plan(plan_mixed(), text)), parse_openmetrics)) == 21
