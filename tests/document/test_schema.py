"""jsonschema-rs, which says whether a value is valid, and jsonschema, which says what is wrong, agree."""

import json

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing.exceptions import Unresolvable

from reconcile.document import Pending, Schema, Text, check_document, find_schema, parse_text
from reconcile.document.schema_errors import explain_errors
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


def find_errors(document, schema, definition):
    return list(explain_errors(document.root, schema, definition, document=document, operator_only={}))


@settings(max_examples=300, deadline=None)
@given(
    node=NODES,
    definition=st.sampled_from([None, "job", "expect", "provider", "sub_jobs", "item", "waiver", "accepted"]),
)
def test_both_validators_agree_on_any_value(node, definition):
    document = parse_text(Text("f", json.dumps(node)), is_json=True)
    schema = find_schema("manifest.v1")
    errors = find_errors(document, schema, definition)
    assert schema.is_valid(document.root, definition) is (not errors)
    assert schema.is_valid_so_far(document.root, definition) is (not errors)


def put_pending(node, chosen):
    """Replace strings of a tree by pending ones, as references to an entry of `for_each` are."""
    if isinstance(node, dict):
        for key, value in node.items():
            node[key] = put_pending(value, chosen)
    elif isinstance(node, list):
        node[:] = [put_pending(value, chosen) for value in node]
    return Pending(node) if isinstance(node, str) and node in chosen else node


@settings(max_examples=300, deadline=None)
@given(
    node=NODES.filter(lambda node: not isinstance(node, str)),
    chosen=st.sets(st.sampled_from(["success", "a", "", "10m", "status", "x\n"])),
    definition=st.sampled_from([None, "job", "expect", "sub_jobs", "item", "waiver", "accepted"]),
)
def test_both_validators_agree_on_what_is_pending(node, chosen, definition):
    document = parse_text(Text("f", json.dumps(node)), is_json=True)
    document.root = put_pending(document.root, chosen)
    schema = find_schema("manifest.v1")
    assert schema.is_valid_so_far(document.root, definition) is (not find_errors(document, schema, definition))


def test_what_is_pending_excuses_nothing_beside_it():
    schema = find_schema("manifest.v1")
    assert schema.is_valid_so_far({"job_id": Pending("${each.key}")}, "job")
    assert not schema.is_valid_so_far({"job_id": Pending("${each.key}"), "expcet": Pending("${each.key}")}, "job")
    assert not schema.is_valid_so_far({"job_id": Pending("${each.key}"), "timeout": "soon"}, "job")
    assert not schema.is_valid({"job_id": "${each.key}"}, "job")


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_refuses_what_is_no_file_of_its_kind(name):
    document = parse_text(Text("f", "a: [b]\n"), is_json=False)
    assert check_document(document, find_schema(name))


def test_what_json_cannot_express_is_not_valid():
    schema = Schema({"type": "string"})
    assert schema.is_valid("a")
    assert not schema.is_valid("\ud800")


def test_no_schema_is_ever_fetched():
    schema = Schema({"$ref": "http://127.0.0.1:9/never.json"})
    with pytest.raises(jsonschema_rs.ValidationError, match="nothing is fetched"):
        schema.is_valid({})
    with pytest.raises(Unresolvable):
        find_errors(parse_text(Text("f", "{}"), is_json=False), schema, None)
