"""The quick answer is jsonschema's."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.document import Text, check_document, parse_text
from reconcile.document.conformity import conforms
from reconcile.document.misfits import find_misfits
from reconcile.shipped import schema_names

KEYS = [
    "version", "name", "variables", "providers", "defaults", "jobs", "api", "project_id", "cloud", "region", "job_id",
    "expect", "status", "job_type", "error_code", "glob", "begin_time", "after", "duration", "min", "max", "sub_jobs",
    "match", "items", "each", "count", "absent", "waivers", "fields", "reason", "expires", "missing", "timeout",
    "for_each", "labels", "x-note", "default", "sensitive", "a", "1",
]  # fmt: skip
SCALARS = st.sampled_from(
    [
        "success",
        "failed",
        "exact",
        "drift",
        "a",
        "a/b",
        "",
        "10m",
        "2026-12-31",
        "x\n",
        "status",
        None,
        True,
        False,
        0,
        1,
        1.0,
        -1,
    ]
)
LIKELY = {
    "version": st.just(1),
    "absent": st.sampled_from([True, False, 1]),
    "min": st.sampled_from(["10m", 0, -1, 1.0]),
    "count": st.fixed_dictionaries({}, optional={"min": st.integers(-1, 2), "max": st.just(10**6 + 1) | st.just(1)}),
    "glob": st.sampled_from(["", "a", "a" * 513]),
}


def grow(children):
    keys = st.fixed_dictionaries({}, optional={key: LIKELY.get(key, children) for key in KEYS})
    return st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(KEYS), children, max_size=4) | keys


NODES = st.recursive(SCALARS, grow, max_leaves=12)


@settings(max_examples=300, deadline=None)
@given(
    node=NODES,
    definition=st.sampled_from([None, "job", "expect", "provider", "sub_jobs", "item", "waiver", "accepted"]),
)
def test_both_say_the_same_of_any_value(node, definition):
    document = parse_text(Text("f", json.dumps(node)), is_json=True)
    found = find_misfits(
        document.root, "manifest.v1", definition, document=document, spread=lambda path: [path], operator_only={}
    )
    assert conforms(document.root, "manifest.v1", definition) is not any(True for _ in found)


@pytest.mark.parametrize("name", schema_names())
def test_every_keyword_of_every_schema_is_known(name):
    document = parse_text(Text("f", "a: [b]\n"), is_json=False)
    assert check_document(document, name)
