"""What a scenario file says, and what is wrong with it."""

import json

import pytest

from reconcile.apis import load_api, read_sources
from reconcile.document import Text, parse_text
from reconcile.errors import DocumentError
from reconcile.fetch.record import read_job
from reconcile.model.diagnostic import Diagnostic
from reconcile.shipped import load_schema
from reconcile.simulator import Scenario, load_scenario
from reconcile.simulator.answer import Answer
from reconcile.simulator.repertoire import Repertoire

HEAD = "version: 1\napi: sfs-turbo\n"


def load(text: str) -> Scenario:
    return load_scenario(parse_text(Text("scenario.yaml", HEAD + text), is_json=False))


def faults_of(text: str) -> list[Diagnostic]:
    with pytest.raises(DocumentError) as caught:
        load(text)
    return list(caught.value.diagnostics)


def test_schema_has_the_words_of_the_api() -> None:
    words = load_schema("scenario.v1")["$defs"]
    data = read_sources("sfs-turbo")
    assert words["status"]["enum"] == [status["word"] for status in data["statuses"]]
    assert {entry["name"] for entry in data["error_answers"]} <= set(words["answer"]["enum"])


@pytest.mark.parametrize("name", load_schema("scenario.v1")["$defs"]["answer"]["enum"])
def test_every_answer_of_the_schema_can_be_given(name: str) -> None:
    assert Repertoire(load_api("sfs-turbo")).reply(name, "j") is not None


def test_errors_that_are_answered_are_known_errors() -> None:
    data = read_sources("sfs-turbo")
    known = {code["code"]: code for code in data["error_codes"]}
    for entry in data["error_answers"]:
        if entry["error_code"]:
            assert entry["status_code"] in known[entry["error_code"]]["status_codes"]
            assert entry["message"].startswith(known[entry["error_code"]]["message"].rstrip("."))


def test_generated_jobs_give_way_to_written_ones() -> None:
    scenario = load(
        "generate: {count: 3, job: {status: success}}\njobs: {job-2: {answer: hang}, extra: {status: waiting}}"
    )
    assert list(scenario.jobs) == ["job-1", "job-2", "job-3", "extra"]
    assert isinstance(scenario.jobs["job-1"][0].reply, Answer)
    assert not isinstance(scenario.jobs["job-2"][0].reply, Answer)


def test_delay_of_a_job_holds_for_its_entries() -> None:
    steps = load(
        "jobs: {j: {delay: 50ms, timeline: [{status: waiting}, {after: 1m30s, status: success, delay: 1s}]}}"
    ).jobs["j"]
    assert [(step.after, step.delay) for step in steps] == [(0.0, 0.05), (90.0, 1.0)]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("jobs: {j: {}}", "3:11", "at least one of 'status', 'answer', 'raw', 'timeline' is"),
        ("jobs: {j: {status: success, answer: hang}}", "3:29", "'answer' cannot be combined with 'status'"),
        ("jobs: {j: {status: succes}}", "3:20", "'succes' is not one of waiting, running, success, failed"),
        ("jobs: {j: {answer: hung}}", "3:20", "'hung' is not one of"),
        ("jobs: {j: {answer: hang, job_type: x}}", "3:8", "the key 'status' is missing here beside 'job_type'"),
        ("jobs: {j: {status: success, stauts: failed}}", "3:29", "unknown key 'stauts'"),
        ("jobs: {j: {status: success, delay: 5}}", "3:36", "5 is read as a number, where a string is expected"),
        ("jobs: {j: {status: success, delay: 5s5s}}", "3:29", "not a duration: '5s5s'"),
        ("jobs: {a/b: {status: success}}", "3:8", "'a/b' is not allowed here"),
        ("jobs: {j: {status: success}, j: {status: failed}}", "3:30", "the key 'j' is defined twice"),
        ("jobs: {j: {timeline: []}}", "3:22", "this must not be empty"),
        ("jobs: {j: {timeline: [{status: waiting}, {status: success}]}}", "3:42", "this entry never begins"),
        (
            "jobs: {j: {timeline: [{requests: 1, status: waiting}, {after: 1s, status: success}]}}",
            "3:55",
            "this entry begins twice",
        ),
        (
            "jobs: {j: {timeline: [{after: 2s, status: waiting}, {after: 2s, status: success}]}}",
            "3:54",
            "this entry does not begin after the previous ones",
        ),
        ("jobs: {j: {timeline: [{requests: 1, status: waiting}]}}", "3:24", "no entry follows"),
        ("jobs: {j: {raw: {status_code: 100}}}", "3:31", "this must be at least 200"),
        ('jobs: {j: {raw: {status_code: 200, headers: {A: "1\\nB: 2"}}}}', "3:49", "'1\nB: 2' is not allowed here"),
        ("jobs: {j: {status: success, shown: {server_id: x}}}", "3:37", "the API sfs-turbo shows no 'server_id' here"),
        ("jobs: {j: {status: success, sub_jobs: [{job_type: x}]}}", "3:40", "at least one of 'status', 'sub_jobs' is"),
        ("generate: {count: 0, job: {status: success}}", "3:19", "this must be at least 1"),
        ("generate: {count: 2.0, job: {status: success}}", "3:19", "a number, where an integer is expected"),
        ("token: 12345", "3:8", "12345 is read as a number, where a string is expected"),
    ],
)
def test_bad_scenario_is_refused_at_the_place(text: str, place: str, message: str) -> None:
    (fault,) = faults_of(text)
    assert fault.source is not None
    assert (f"{fault.source.line}:{fault.source.column}", message in fault.message) == (place, True), fault.message


def test_parts_of_parts_headings_and_what_is_shown_stand_where_the_api_has_them() -> None:
    text = """\
version: 1
api: cce
jobs:
  j:
    status: running
    shown: {cluster: c1}
    sub_jobs:
      - job_type: CreateNode
        sub_jobs:
          - {status: success, sub_jobs: [{status: failed, shown: {resource: node-1}}]}
"""
    scenario = load_scenario(parse_text(Text("scenario.yaml", text), is_json=False))
    reply = scenario.jobs["j"][0].reply
    assert isinstance(reply, Answer)
    body = b"".join(reply.pieces).partition(b"\r\n\r\n")[2]
    observed = read_job(load_api("cce"), "j", json.loads(body), request_id=None, redact=str)
    assert dict(observed.shown) == {"cluster": "c1"}
    assert [(part.status, part.depth, dict(part.shown)) for part in observed.sub_jobs] == [
        ("success", 2, {}),
        ("failed", 3, {"resource": "node-1"}),
    ]
    assert [(heading.job_type, heading.depth) for heading in observed.headings] == [("CreateNode", 1)]


def test_a_manifest_is_no_scenario_and_is_told_how_to_be_served() -> None:
    document = parse_text(Text("m.yaml", "version: 1\nproviders: {}\njobs: {}\n"), is_json=False)
    with pytest.raises(DocumentError) as raised:
        load_scenario(document)
    (fault,) = raised.value.diagnostics
    assert (fault.message, fault.source.line) == ("this is a manifest, not a scenario", 2)
    assert "simulate --manifest" in fault.hint


def test_all_faults_are_told_at_once_in_order_of_place() -> None:
    text = """\
generate: {count: 2, job: {delay: 1m1m, status: success, answer: hang}}
jobs:
  a: {timeline: [{status: waiting}, {after: 1s, status: success, requests: 1}]}
  b: {timeline: [{status: waiting}, {status: success}, {after: 0s, status: failed}]}
"""
    places = [(fault.source.line, fault.source.column) for fault in faults_of(text) if fault.source]
    assert places == [(3, 28), (3, 58), (5, 66), (6, 37), (6, 57)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "where a mapping is expected"),
        ("version: 2\napi: sfs-turbo\n", "this must be 1"),
        ("version: 1\n", "the key 'api' is missing here"),
        ("version: 1\napi: sfs\n", "'sfs' is not one of bms, cce, "),
    ],
)
def test_scenario_must_say_for_which_api_it_is(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        load_scenario(parse_text(Text("scenario.yaml", text), is_json=False))
