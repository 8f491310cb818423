"""Logging commands that Azure's agent reads as ours, and no others."""

import re
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from report.plans import every_plan, load_plan, plan_mixed, poison_plan

from reconcile.report import render_plan

render = partial(render_plan, format_name="azure")


COMMAND = re.compile(r"##vso\[task\.logissue ([^\]]*)\](.*)")
KEYS = ({"type", "code"}, {"type", "sourcepath", "linenumber", "columnnumber", "code"})


def check(text):
    """Read what the agent obeys: `##vso[` anywhere in a line, up to the first `]`."""
    *lines, last = text.splitlines()
    assert "##" not in last
    issues = []
    for line in lines:
        command = COMMAND.fullmatch(line)
        assert command
        properties = dict(pair.split("=", 1) for pair in command[1].split(";"))
        assert properties.keys() in KEYS
        assert "##vso[" not in command[2]
        assert not re.search("%(?!AZP25|0D|0A|3B|5D)", line)
        issues.append((properties, command[2]))
    return issues


@every_plan
def test_e04_the_agent_reads_our_commands_and_no_others(name):
    types = [properties["type"] for properties, _ in check(render(load_plan(name)))]
    assert set(types) <= {"error", "warning"}
    assert all(types.count(each) <= 10 for each in set(types))


@given(text=st.text(min_size=1, max_size=12, alphabet=st.sampled_from("%:#[],;\n\rvso.=0AD") | st.characters()))
@settings(max_examples=40, deadline=None)
def test_e04_no_text_is_a_command(text):
    check(render(poison_plan(plan_mixed(), text)))


def test_a_drift_stands_beside_its_line():
    properties, message = check(render(load_plan("changed")))[0]
    assert properties == {
        "type": "error",
        "sourcepath": "reconcile.yaml",
        "linenumber": "7",
        "columnnumber": "5",
        "code": "drift.status",
    }
    assert message.startswith('jobs.a status: expected "success", observed "failed"%0Ajob "id-a"')
