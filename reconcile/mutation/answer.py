"""Writes observations, and bad answers, as the bytes that a job API would send."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from reconcile.apis.body import find_record, put, remove, write_error, write_no_job, write_observed
from reconcile.model.api import JobApi
from reconcile.model.manifest import Job
from reconcile.model.observation import Missing, Observed
from reconcile.model.proof import Mutant
from reconcile.model.recording import Exchange

_JSON = "application/json"
_HTML = "text/html"
_PAGE = b"<html><body>It works.</body></html>"
_ANY_CODE = "MUTANT.0001"


def write_answer(job: Job, observation: Observed | Missing, *, at: datetime) -> Exchange:
    """Write the API's answer for an observation, so that reading the answer gives the same observation."""
    api = job.provider.api
    match observation:
        case Observed():
            return _answer_as_json(job, observation, 200, write_observed(api, observation), at)
        case Missing() if api.missing_if_empty:
            return _answer_as_json(job, observation, 200, write_no_job(api), at)
        case Missing():
            sign = api.missing[0]
            envelope = next(each for each in api.envelopes if each.name == sign.envelope)
            code = observation.code or min(sign.codes or {_find_own_code(api)})
            document = write_error(envelope, code, observation.message or "the job does not exist")
            return _answer_as_json(job, observation, sign.status_code, document, at)


def _answer_as_json(
    job: Job, observation: Observed | Missing, status_code: int, document: Mapping[str, Any], at: datetime
) -> Exchange:
    headers = {"content-type": _JSON}
    if observation.request_id is not None:
        headers[job.provider.api.request_id_header.lower()] = observation.request_id
    return Exchange(sent_at=at, ended_at=at, status_code=status_code, headers=headers, body=_dump(document))


def list_bad_answers(job: Job, exchange: Exchange) -> Iterator[Mutant]:
    """
    List what a server or a proxy can return instead of an answer about the job, and garbled answers.

    Args:
        exchange: the good answer.
    """
    api = job.provider.api
    error = _dump(write_error(api.envelopes[0], _ANY_CODE, "refused"))
    for status_code, why in (
        (401, "the credentials are rejected"),
        (403, "the credentials have no permission"),
        (429, "too many requests"),
        (500, "the server failed"),
        (503, "the server is overloaded"),
    ):
        yield _mutate_answer(f"HTTP {status_code}: {why}", _answer(exchange, status_code, error))
    if api.gateway_codes:
        gateway = _dump(write_error(api.envelopes[0], f"{api.gateway_codes[0]}0101", "no such API"))
        yield _mutate_answer("HTTP 404 of the gateway", _answer(exchange, 404, gateway))
    yield _mutate_answer("HTTP 404 of another server", _answer(exchange, 404, _PAGE, _HTML))
    yield _mutate_answer("a page instead of JSON", _answer(exchange, 200, _PAGE, _HTML))
    yield _mutate_answer("JSON that is cut off", _answer(exchange, 200, exchange.body[:-1]))
    yield _mutate_answer("an empty body", _answer(exchange, 200, b""))
    yield _mutate_answer("a redirect", _answer(exchange, 302, b""))
    if exchange.status_code == 200 and exchange.body != _dump(write_no_job(api)):
        yield from _garble_job(job, exchange)
    late = Exchange(sent_at=exchange.sent_at, ended_at=exchange.ended_at, failure="no answer in time")
    yield _mutate_answer("no answer in time", late)


def _mutate_answer(change: str, exchange: Exchange) -> Mutant:
    return Mutant(path="answer", change=change, exchange=exchange)


def _garble_job(job: Job, exchange: Exchange) -> Iterator[Mutant]:
    api = job.provider.api
    job_id, status = api.job.fields["job_id"], api.job.fields["status"]
    key = _dump(status[-1]) + b":"
    twice = exchange.body.replace(key, key + b'"again",' + key, 1)
    for path, change, body in (
        (
            "job_id",
            "the answer is about another job",
            _change(job, exchange, job_id, "0" if job.job_id != "0" else "1"),
        ),
        ("job_id", "the answer does not say which job it is about", _change(job, exchange, job_id, None)),
        ("status", "a word that the API does not have", _change(job, exchange, status, "done")),
        ("status", "it is given twice", twice),
    ):
        yield Mutant(path=path, change=change, exchange=_answer(exchange, 200, body))


def _change(job: Job, exchange: Exchange, way: tuple[str, ...], value: str | None) -> bytes:
    """Replace a value of the job; None removes it."""
    document: dict[str, Any] = json.loads(exchange.body)
    record = find_record(job.provider.api, document)
    if value is None:
        remove(record, way)
    else:
        put(record, way, value)
    return _dump(document)


def _answer(exchange: Exchange, status_code: int, body: bytes, content_type: str = _JSON) -> Exchange:
    headers = {**exchange.headers, "content-type": content_type}
    return Exchange(
        sent_at=exchange.sent_at, ended_at=exchange.ended_at, status_code=status_code, headers=headers, body=body
    )


def _find_own_code(api: JobApi) -> str:
    """Return an error code that is not the gateway's."""
    return next((code for code in api.error_codes if not code.startswith(api.gateway_codes)), _ANY_CODE)


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
