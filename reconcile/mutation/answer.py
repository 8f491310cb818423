"""An observation, or the lack of one, as the bytes that a job API would answer."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from reconcile.model import ErrorEnvelope, Exchange, Job, JobApi, JsonValue, Missing, Mutant, Observed, Record

_JSON = "application/json"
_HTML = "text/html"
_PAGE = b"<html><body>It works.</body></html>"
_ANY_CODE = "MUTANT.0001"
_TEXTS = ("status", "job_id", "job_type", "begin_time", "end_time", "error_code", "fail_reason")


def write_answer(job: Job, observation: Observed | Missing, *, at: datetime) -> Exchange:
    """Write the API's answer about a job, or that it has none, so that reading it gives the observation back."""
    api = job.provider.api
    match observation:
        case Observed():
            document = _write_record(observation)
            if api.sub_jobs is not None:
                document[api.sub_jobs] = [_write_record(each) for each in observation.sub_jobs]
            return _answer_as_json(job, observation, 200, document, at)
        case Missing():
            envelope = next(each for each in api.envelopes if each.name in api.missing_envelopes)
            code = observation.code or _find_own_code(api)
            document = _write_error(envelope, code, observation.message or "the job does not exist")
            return _answer_as_json(job, observation, 404, document, at)


def _answer_as_json(
    job: Job, observation: Observed | Missing, status_code: int, document: Mapping[str, JsonValue], at: datetime
) -> Exchange:
    headers = {"content-type": _JSON}
    if observation.request_id is not None:
        headers[job.provider.api.request_id_header.lower()] = observation.request_id
    return Exchange(sent_at=at, ended_at=at, status_code=status_code, headers=headers, body=_dump(document))


def list_bad_answers(job: Job, exchange: Exchange) -> Iterator[Mutant]:
    """
    List what a server or a proxy can return instead of an answer about the job, and how an answer can be garbled.

    Args:
        exchange: the good answer.
    """
    api = job.provider.api
    error = _dump(_write_error(api.envelopes[0], _ANY_CODE, "refused"))
    for status_code, why in (
        (401, "the credentials are rejected"),
        (403, "the credentials have no permission"),
        (429, "too many requests"),
        (500, "the server failed"),
        (503, "the server is overloaded"),
    ):
        yield _mutate_answer(f"HTTP {status_code}: {why}", _answer(exchange, status_code, error))
    if api.gateway_codes:
        gateway = _dump(_write_error(api.envelopes[0], f"{api.gateway_codes[0]}0101", "no such API"))
        yield _mutate_answer("HTTP 404 of the gateway", _answer(exchange, 404, gateway))
    yield _mutate_answer("HTTP 404 of another server", _answer(exchange, 404, _PAGE, _HTML))
    yield _mutate_answer("a page instead of JSON", _answer(exchange, 200, _PAGE, _HTML))
    yield _mutate_answer("JSON that is cut off", _answer(exchange, 200, exchange.body[:-1]))
    yield _mutate_answer("an empty body", _answer(exchange, 200, b""))
    yield _mutate_answer("a redirect", _answer(exchange, 302, b""))
    if exchange.status_code == 200:
        yield from _garble_job(job, exchange)
    late = Exchange(sent_at=exchange.sent_at, ended_at=exchange.ended_at, failure="no answer in time")
    yield _mutate_answer("no answer in time", late)


def _mutate_answer(change: str, exchange: Exchange) -> Mutant:
    return Mutant(path="answer", change=change, exchange=exchange)


def _garble_job(job: Job, exchange: Exchange) -> Iterator[Mutant]:
    document: dict[str, JsonValue] = json.loads(exchange.body)
    without_id = {key: value for key, value in document.items() if key != "job_id"}
    twice = b'{"status":' + _dump(document["status"]) + b"," + exchange.body[1:]
    other = "0" if job.job_id != "0" else "1"
    for path, change, body in (
        ("job_id", "the answer is about another job", _dump({**document, "job_id": other})),
        ("job_id", "the answer does not say which job it is about", _dump(without_id)),
        ("status", "a word that the API does not have", _dump({**document, "status": "done"})),
        ("status", "it is given twice", twice),
    ):
        yield Mutant(path=path, change=change, exchange=_answer(exchange, 200, body))


def _answer(exchange: Exchange, status_code: int, body: bytes, content_type: str = _JSON) -> Exchange:
    headers = {**exchange.headers, "content-type": content_type}
    return Exchange(
        sent_at=exchange.sent_at, ended_at=exchange.ended_at, status_code=status_code, headers=headers, body=body
    )


def _write_record(record: Record) -> dict[str, JsonValue]:
    return {name: getattr(record, name) for name in _TEXTS}


def _write_error(envelope: ErrorEnvelope, code: str, message: str) -> dict[str, JsonValue]:
    document: dict[str, JsonValue] = {}
    for path, text in ((envelope.code, code), (envelope.message, message)):
        _put(document, path, text)
    return document


def _put(document: dict[str, JsonValue], path: tuple[str, ...], text: str) -> None:
    *parents, last = path
    for key in parents:
        child = document.setdefault(key, {})
        if not isinstance(child, dict):
            raise TypeError(f"an envelope has two values at {key}")
        document = child
    document[last] = text


def _find_own_code(api: JobApi) -> str:
    """Return an error code that is not the gateway's."""
    return next((code for code in api.error_codes if not code.startswith(api.gateway_codes)), _ANY_CODE)


def _dump(value: JsonValue) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
