"""What the pages, clients and users of each API show as answers is read as it is meant, and nothing else is."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from reconcile.apis import api_names, load_api
from reconcile.fetch.answer import assess
from reconcile.fetch.message import Answer
from reconcile.instant import read_time
from reconcile.model.api import JobApi
from reconcile.model.observation import Heading, Missing, Observation, Observed, Record, SubJob, Unobserved

HERE = Path(__file__).parent / "answers"
INDEX: list[dict[str, Any]] = json.loads((HERE / "index.json").read_text())
ASKED = {entry["asked"] for entry in INDEX}
OUTCOMES = {"success": "success", "failed": "failure", "waiting": None, "running": None}


def body_of(entry: dict[str, Any]) -> bytes:
    return (HERE / entry["file"]).read_bytes()


def read(entry: dict[str, Any], body: bytes, status_code: int | None = None) -> Observation:
    answer = Answer(status_code or entry["status_code"], {"content-type": "application/json"}, body)
    return assess(load_api(entry["api"]), entry["asked"], answer).observation


def name(entry: dict[str, Any]) -> str:
    return str(entry["file"])


# --- As they are --------------------------------------------------------------------------------------------------


def tell(record: Record | Heading, api: JobApi) -> dict[str, Any]:
    """Write a record as the index does."""
    told: dict[str, Any] = {"status": None, "outcome": None}
    if isinstance(record, Record):
        told = {"status": record.status_word or record.status, "outcome": OUTCOMES[record.status]}
        told |= {role: tell_time(getattr(record, role), api) for role in ("begin_time", "end_time")}
        told |= {"error_code": record.error_code, "fail_reason": record.fail_reason}
    told |= {"job_id": record.job_id, "job_type": record.job_type, "shown": dict(record.shown) or None}
    if isinstance(record, SubJob | Heading) and record.depth > 1:
        told["depth"] = record.depth
    return {key: value for key, value in told.items() if value is not None or key in ("status", "outcome")}


def tell_time(text: str | None, api: JobApi) -> str | None:
    instant = read_time(text, api.time_format)
    if instant is None:
        return None
    timespec = "milliseconds" if instant.microsecond else "seconds"
    return instant.isoformat(timespec=timespec).replace("+00:00", "Z")


def tell_parts(observed: Observed, api: JobApi) -> list[dict[str, Any]]:
    parts = [tell(part, api) for part in observed.sub_jobs]
    for heading in reversed(observed.headings):
        parts.insert(heading.before, tell(heading, api))
    return parts


@pytest.mark.parametrize("entry", INDEX, ids=name)
def test_an_answer_is_read_as_it_is_meant(entry: dict[str, Any]) -> None:
    expected, api = dict(entry["expect"]), load_api(entry["api"])
    observation = read(entry, body_of(entry))
    match expected.pop("kind"):
        case "job":
            assert isinstance(observation, Observed), observation
            parts = tell_parts(observation, api)
            assert {**tell(observation, api), **({"sub_jobs": parts} if parts else {})} == expected
        case "missing":
            assert isinstance(observation, Missing)
            assert (observation.code, observation.message) == (expected.get("code"), expected.get("message"))
        case kind:
            assert isinstance(observation, Unobserved)
            message = observation.problem.message
            assert ("the job may not exist" in message) is (kind == "doubtful")
            assert expected.get("code", "") in message


def test_every_api_has_answers() -> None:
    assert {entry["api"] for entry in INDEX} == set(api_names())


# --- With one thing wrong -----------------------------------------------------------------------------------------

Way = tuple[str, ...]


def change(body: Any, api: JobApi, way: Way, value: object) -> bytes:
    body = deepcopy(body)
    record = body
    for key in api.job.at:
        record = record[key]
    if api.job.among:
        (key,) = api.job.fields["job_id"]
        record = next(each for each in record if each[key] in ASKED)
    for key in way[:-1]:
        record = record.setdefault(key, {})
    record[way[-1]] = value
    return json.dumps(body).encode()


def list_wrong_jobs(entry: dict[str, Any], api: JobApi, body: Any) -> Iterator[tuple[str, bytes]]:
    ways, word = api.job.fields, entry["expect"]["status"]
    yield "other id", change(body, api, ways["job_id"], "another")
    yield "no id", change(body, api, ways["job_id"], None)
    yield "unknown word", change(body, api, ways["status"], "DONE_AND_DUSTED")
    yield "other case", change(body, api, ways["status"], word.swapcase())
    yield "blank", change(body, api, ways["status"], f"{word} ")
    yield "no status", change(body, api, ways["status"], None)


def list_wrong_fields(api: JobApi, body: Any) -> Iterator[tuple[str, bytes]]:
    ways = api.job.fields
    for role, way in ways.items():
        for wrong in (7, True, ["x"], {"x": "y"}):
            yield f"{role} is {wrong}", change(body, api, way, wrong)
        if len(way) > 1 and role not in ("job_id", "status"):
            yield f"{role} is in a text", change(body, api, way[:1], "x")
    if not api.times_as_text:
        for role in {"begin_time", "end_time"} & ways.keys():
            for wrong in ("yesterday", "2026-13-45T00:00:00Z", "2026-01-02", "1684191545", "2026-01-02T03:04:05"):
                yield f"{role} is {wrong}", change(body, api, ways[role], wrong)
    if api.parts is not None:
        for wrong in (7, "x", {"x": "y"}, ["x"], [{}], [{"status": None}], [[]]):
            yield f"the parts are {wrong}", change(body, api, api.parts.at, wrong)


def list_broken(entry: dict[str, Any]) -> Iterator[tuple[str, int, bytes]]:
    """List what is wrong, status code and body."""
    api, body = load_api(entry["api"]), json.loads(body_of(entry))
    for what, changed in (*list_wrong_jobs(entry, api, body), *list_wrong_fields(api, body)):
        yield what, 200, changed
    gateway = json.dumps({"error_code": "APIGW.0101", "error_msg": "no such API", "request_id": "r"}).encode()
    for status_code in (202, 204, 302, 400, 401, 403, 404, 429, 500, 503):
        yield "a job with another status code", status_code, body_of(entry)
        yield "gateway code", status_code, gateway
        yield "empty body", status_code, b""
    yield "gateway code", 200, gateway
    for wrong in (b"", b"{}", b"null", b"[]", b"<html>success</html>", body_of(entry)[:-2], body_of(entry) * 2):
        yield f"the body is {wrong[:10]!r}", 200, wrong


@pytest.mark.parametrize("entry", [each for each in INDEX if each["expect"]["kind"] == "job"], ids=name)
def test_a_broken_answer_is_not_accepted(entry: dict[str, Any]) -> None:
    accepted = [what for what, code, body in list_broken(entry) if not isinstance(read(entry, body, code), Unobserved)]
    assert accepted == []


@pytest.mark.parametrize("entry", [each for each in INDEX if each["expect"]["kind"] == "missing"], ids=name)
@pytest.mark.parametrize("status_code", [200, 302, 400, 401, 403, 404, 429, 500, 503])
def test_nothing_but_the_described_answer_says_that_a_job_is_missing(entry: dict[str, Any], status_code: int) -> None:
    api, body = load_api(entry["api"]), json.loads(body_of(entry))
    described = {
        sign.status_code for sign in api.missing if sign.codes is None or entry["expect"]["code"] in sign.codes
    }
    if status_code not in (described or {entry["status_code"]}):
        assert isinstance(read(entry, body_of(entry), status_code), Unobserved)
    gateway = {**body, "error_code": "APIGW.0101", "error_msg": "no such API"}
    assert isinstance(read(entry, json.dumps(gateway).encode()), Unobserved)


# --- Parts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in api_names() if load_api(name).parts is not None])
def test_a_failed_part_is_seen_at_every_level(name: str) -> None:
    api = load_api(name)
    (entry, *_) = [each for each in INDEX if each["api"] == name and each["expect"].get("outcome") == "success"]
    failed = next(word for word, state in api.words.items() if state == "failed")
    done = next(word for word, state in api.words.items() if state == "success")
    assert api.parts is not None
    part: dict[str, Any] = {}
    set_at(part, api.parts.fields["status"], failed)
    for _ in range(2 if api.parts.nested else 0):
        outer: dict[str, Any] = {}
        set_at(outer, api.parts.fields["status"], done)
        set_at(outer, api.parts.at, [part])
        part = outer
    observation = read(entry, change(json.loads(body_of(entry)), api, api.parts.at, [part]))
    assert isinstance(observation, Observed)
    assert observation.sub_jobs[-1].status == "failed"
    assert observation.sub_jobs[-1].depth == (3 if api.parts.nested else 1)


def set_at(record: dict[str, Any], way: Way, value: object) -> None:
    for key in way[:-1]:
        record = record.setdefault(key, {})
    record[way[-1]] = value


# --- What looks like a described key and is none ------------------------------------------------------------------

FAILED_PARTS = [{"status": "FAIL", "Status": "FAIL"}]


def success_of(name: str) -> dict[str, Any]:
    return next(each for each in INDEX if each["api"] == name and each["expect"].get("outcome") == "success")


def list_objects(value: object, way: Way = ()) -> Iterator[tuple[Way, dict[str, Any]]]:
    """List all objects of a body with their ways; those in lists have the ways of their lists."""
    if isinstance(value, dict):
        yield way, value
        for key, inner in value.items():
            yield from list_objects(inner, (*way, key))
    elif isinstance(value, list):
        for inner in value:
            yield from list_objects(inner, way)


@pytest.mark.parametrize("name", api_names())
def test_parts_that_are_elsewhere_are_not_passed_over(name: str) -> None:
    """On any level and under any spelling; not even where jobs have none."""
    api, entry = load_api(name), success_of(name)
    key = api.parts.at[-1] if api.parts is not None else "sub_jobs"
    depths = 0 if api.parts is None else 5 if api.parts.nested else 1
    described = {(*api.job.at, *(api.parts.at * (depth + 1) if api.parts else ())) for depth in range(depths)}
    accepted = []
    for number, (way, _) in enumerate(list_objects(json.loads(body_of(entry)))):
        for spelling in {key, "sub_jobs", "subJobs", "subjobs", "SubJobs", "sub-jobs", "sub_jobs_result", "sub_tasks"}:
            for parts in (FAILED_PARTS, FAILED_PARTS[0]):
                body = json.loads(body_of(entry))
                list(list_objects(body))[number][1].setdefault(spelling, parts)
                observed = isinstance(read(entry, json.dumps(body).encode()), Observed)
                if observed and (*way, spelling) not in described:
                    accepted.append((way, spelling))
    assert accepted == []


@pytest.mark.parametrize("name", api_names())
def test_a_field_that_is_spelt_otherwise_is_not_passed_over(name: str) -> None:
    api, entry = load_api(name), success_of(name)
    for way in api.job.fields.values():
        key = way[-1].swapcase()
        body = json.loads(body_of(entry))
        assert isinstance(read(entry, change(body, api, (*way[:-1], key), "Other")), Unobserved)
        assert isinstance(read(entry, change(body, api, (*way[:-1], key), None)), Observed)
    word = entry["expect"]["status"]
    way = api.job.fields["status"]
    both = change(json.loads(body_of(entry)), api, (*way[:-1], way[-1].upper()), word)
    assert isinstance(read(entry, both), Observed)


@pytest.mark.parametrize("name", api_names())
def test_what_has_failed_in_a_job_that_has_not_is_not_passed_over(name: str) -> None:
    """Wherever it is, and whatever it is called: the answer contradicts itself. That of a failed job does not."""
    api = load_api(name)
    word = next(word for word, state in api.words.items() if state == "failed")
    key = api.job.fields["status"][-1]
    for outcome, kind in (("success", Unobserved), ("failure", Observed)):
        entry = next((each for each in INDEX if (each["api"], each["expect"].get("outcome")) == (name, outcome)), None)
        for steps in ([{key: word}], {"first": {key.upper(): word.lower()}}):
            if entry is not None:
                assert isinstance(read(entry, change(json.loads(body_of(entry)), api, ("steps",), steps)), kind)


@pytest.mark.parametrize("name", ["cce", "cce-v2", "eip"])
def test_a_heading_whose_status_is_spelt_otherwise_is_none(name: str) -> None:
    api, entry = load_api(name), success_of(name)
    assert api.parts is not None
    done, status = next(iter(api.words)), api.parts.fields["status"]
    part: dict[str, Any] = {}
    set_at(part, status, next(word for word, state in api.words.items() if state == "success"))
    heading: dict[str, Any] = {}
    set_at(heading, api.parts.at, [part])
    body = json.loads(body_of(entry))
    assert isinstance(read(entry, change(body, api, api.parts.at, [heading])), Observed)
    set_at(heading, (*status[:-1], status[-1].title()), done)
    assert isinstance(read(entry, change(body, api, api.parts.at, [heading])), Unobserved)


def test_what_is_documented_as_something_else_can_be_described() -> None:
    api, entry = load_api("ims"), success_of("ims")
    body = change(json.loads(body_of(entry)), api, ("entities", "sub_jobs_list"), [{"id": "a"}])
    answer = Answer(200, {"content-type": "application/json"}, body)
    assert isinstance(assess(api, entry["asked"], answer).observation, Unobserved)
    told = replace(api, ignored=(("entities", "sub_jobs_list"),))
    assert isinstance(assess(told, entry["asked"], answer).observation, Observed)


# --- Lists of jobs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, False, "0", [], {}])
def test_an_empty_list_that_does_not_say_that_it_is_empty_proves_no_absence(count: object) -> None:
    entry = next(each for each in INDEX if each["api"] == "geminidb" and each["expect"]["kind"] == "missing")
    assert isinstance(read(entry, json.dumps({"jobs": [], "total_count": 0}).encode(), 200), Missing)
    assert isinstance(read(entry, json.dumps({"jobs": [], "total_count": count}).encode(), 200), Unobserved)
