"""What it takes to read one answer about a job with three parts, in this process."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from reconcile.apis import load_api
from reconcile.apis.body import write_job
from reconcile.fetch.answer import assess
from reconcile.fetch.message import Answer
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.secret import Secret
from reconcile.model.api import JobApi, RecordWays
from reconcile.model.observation import Observed

ANSWERS, ROUNDS = 200, 50
"""Answers that are read one after another, each with times of its own, and how often; the fastest round counts."""

_NESTED, _FLAT = "cce", "sfs-turbo"
_REDACT = Redactor([Secret("gAAAAABm" * 20)])
_WHOLE = {"fail_reason": "", "error_code": ""}
_TIMES = {
    "cce": "2026-11-21 {hour}:{number:02}:07.123456 +0000 UTC",
    "sfs-turbo": "2026-11-21 {hour}:{number:02}:07",
}


def time_answers() -> Mapping[str, float]:
    """Return the microseconds of each kind of answer, by name."""
    kinds = dict(_list_kinds())
    fastest = dict.fromkeys(kinds, float("inf"))
    for _ in range(ROUNDS):
        for name, (api, answers) in kinds.items():
            started = time.perf_counter()
            for number, answer in enumerate(answers):
                assess(api, f"job-{number}", answer, redact=_REDACT)
            fastest[name] = min(fastest[name], (time.perf_counter() - started) / ANSWERS * 1e6)
    return fastest


def _list_kinds() -> Iterator[tuple[str, tuple[JobApi, list[Answer]]]]:
    nested, flat = load_api(_NESTED), load_api(_FLAT)
    yield "nested", (nested, [_answer(nested, _nest(_describe(nested, number))) for number in range(ANSWERS)])
    few = [_nest(_describe(nested, number, roles=("status", "job_id", "job_type"))) for number in range(ANSWERS)]
    yield "nested, no times", (nested, [_answer(nested, each) for each in few])
    yield "flat", (flat, [_answer(flat, _list(_describe(flat, number))) for number in range(ANSWERS)])
    same = _flatten(nested)
    yield "the same, flat", (same, [_answer(same, _list(_describe(same, number))) for number in range(ANSWERS)])


def _describe(api: JobApi, number: int, roles: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Describe a job and three parts, with all that the API has, or with these roles."""
    records = []
    for index in range(4):
        job_id = f"job-{number}" if index == 0 else f"4d1ecb2c-229a-11e8-9c75-0255ac1000{index:02}"
        times = {
            role: _TIMES[api.name].format(hour=hour, number=number % 60)
            for role, hour in (("begin_time", 10), ("end_time", 11 + number // 60))
        }
        whole = {"status": "success", "job_id": job_id, "job_type": "CreateNode", **times, **_WHOLE}
        shown = dict.fromkeys(api.job.shown, "4d1ecb2c-229a-11e8-9c75-0255ac100001")
        records.append({role: whole[role] for role in roles} or {**whole, "shown": shown})
    return records


def _nest(records: list[dict[str, Any]]) -> dict[str, Any]:
    job, part, *inner = records
    return {**job, "sub_jobs": [{**part, "sub_jobs": inner}]}


def _list(records: list[dict[str, Any]]) -> dict[str, Any]:
    job, *parts = records
    return {**job, "sub_jobs": parts}


def _answer(api: JobApi, values: Mapping[str, Any]) -> Answer:
    body = json.dumps(write_job(api, values), separators=(",", ":")).encode()
    answer = Answer(200, {"content-type": "application/json", "x-request-id": "0123456789abcdef"}, body)
    observation = assess(api, values["job_id"], answer).observation
    if not isinstance(observation, Observed) or len(observation.sub_jobs) != 3:
        raise RuntimeError(f"an answer of {api.name} is not read: {observation}")
    return answer


def _flatten(api: JobApi) -> JobApi:
    """Describe an API that says the same in one object for each record."""

    def flatten(ways: RecordWays) -> dict[str, Any]:
        fields, shown = ({name: way[-1:] for name, way in each.items()} for each in (ways.fields, ways.shown))
        return {"fields": fields, "shown": shown}

    assert api.parts is not None
    parts = replace(api.parts, **flatten(api.parts), at=api.parts.at[-1:], nested=False)
    return replace(api, job=replace(api.job, **flatten(api.job)), parts=parts)
