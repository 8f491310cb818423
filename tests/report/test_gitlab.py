"""Code Quality as GitLab's validator wants it."""

import json
import re
from functools import partial

from jsonschema import Draft7Validator
from report.plans import each_plan, every_plan, load_plan

from reconcile.report import render_plan

render = partial(render_plan, format_name="gitlab")


# What GitLab's documentation and its validator require of an issue.
SCHEMA = Draft7Validator(
    {
        "type": "object",
        "required": ["description", "fingerprint", "severity", "location", "check_name"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "minLength": 1},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    }
)


def issues_of(name):
    issues = json.loads(render(load_plan(name)))
    assert isinstance(issues, list)
    return issues


@every_plan
def test_every_issue_is_valid_and_has_its_own_fingerprint(name):
    issues = issues_of(name)
    for issue in issues[:200]:
        SCHEMA.validate(issue)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


@each_plan
def test_paths_are_relative(name):
    paths = {issue["location"]["path"] for issue in issues_of(name)}
    assert not any(path.startswith("/") or re.search(r"(^|/)\.\.?(/|$)", path) for path in paths)


@each_plan
def test_an_empty_report_is_one_of_a_run_in_sync(name):
    assert (issues_of(name) == []) is (name in ("in_sync", "one"))


def test_severities():
    severities = {issue["check_name"]: issue["severity"] for issue in issues_of("mixed")}
    assert severities["error.RC412"] == severities["missing"] == "critical"
    assert severities["drift.job_type"] == "major"
    assert severities["pending"] == "minor"
    assert [issue["severity"] for issue in issues_of("waived")] == ["info"]
