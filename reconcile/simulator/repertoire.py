"""All responses of the simulator: jobs, documented errors, and faults that occur in practice."""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from reconcile.apis import read_sources
from reconcile.apis.body import SUB_JOBS, find_record, put, write_error, write_job, write_no_job
from reconcile.instant import read_time, write_time
from reconcile.model.api import ErrorEnvelope, JobApi
from reconcile.simulator.answer import Answer, Fault, Reply, write_answer

_PORTAL = b"<!doctype html>\n<html><head><title>Sign in</title></head><body><p>success</p></body></html>\n"
_ELSEWHERE = "https://portal.invalid/sign-in"
_TIMES = ("begin_time", "end_time")
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
"""The format of times in scenarios."""


_UNDOCUMENTED = {
    "bad_request": (400, "parameter error"),
    "forbidden": (403, "no permission"),
    "not_found": (404, "no such job"),
    "not_found_as_documented": (404, "no such job"),
    "server_error": (500, "internal server error"),
}
"""Answers for which an API's sources have no example."""


_NO_SOURCES: Mapping[str, Any] = {"status_codes": (), "error_answers": ()}
"""The sources of an API that an operator described."""


class Repertoire:
    """The responses of one job API; error bodies come from its sources, if these have any."""

    def __init__(self, api: JobApi) -> None:
        self.api = api
        data = read_sources(api.name) if api.sha256 is None else _NO_SOURCES
        self._examples: dict[int, dict[str, Any]] = {
            entry["code"]: entry["example"] for entry in data["status_codes"] if "example" in entry
        }
        envelopes = {envelope.name: envelope for envelope in self.api.envelopes}
        self._fixed: dict[str, Reply] = {
            **{name: self._write_undocumented(*answer) for name, answer in _UNDOCUMENTED.items()},
            "not_found": self._write_not_found(envelopes),
            **{entry["name"]: self._write_error(entry, envelopes) for entry in data["error_answers"]},
            "html": self._write(200, [_PORTAL], headers={"Content-Type": "text/html; charset=utf-8"}),
            "redirect": self._write(302, [b""], headers={"Location": _ELSEWHERE}),
            "no_content": self._write(204, [b""]),
            "hang": Fault.HANG,
            "reset": Fault.RESET,
        }

    def reply(self, name: str, job_id: str) -> Reply:
        """Return a response for a job by its name (`answer` in scenario.v1); raise KeyError for unknown names."""
        return self._fixed[name] if name in self._fixed else self._write(200, [self._spoil(name, job_id).encode()])

    def job(self, job_id: str, fields: Mapping[str, object]) -> Answer:
        """Return a 200 with a job that has only its id and these fields, each in its place in the API's body."""
        values = _translate({"job_id": job_id, **fields}, self.api.time_format)
        return self._write(200, [_dump(write_job(self.api, values)).encode()])

    def answer(self, status_code: int, body: bytes) -> Answer:
        """Return a response with this body, which must be JSON."""
        return self._write(status_code, [body])

    def raw(self, status_code: int, headers: Mapping[str, str], body: str) -> Answer:
        """Return a response exactly as in a scenario, valid or not; the connection is closed, as it may be unusable."""
        return self._write(status_code, [body.encode()], headers=headers, close=True)

    def refusal(self, status_code: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the response to a request that is not one for a job API."""
        body = _dump({"code": f"SIMULATOR.{status_code}", "message": message}).encode()
        return self._write(status_code, [body], headers=headers, close=True)

    def identity_refusal(self, status_code: int, message: str) -> Answer:
        """Return the response of an identity service that issues no token."""
        error = {"code": status_code, "message": message, "title": HTTPStatus(status_code).phrase}
        return self._write(status_code, [_dump({"error": error}).encode()])

    def grant(self, token: str, project: Mapping[str, str]) -> Answer:
        """Return the response of an identity service that issues a token for a project."""
        body = _dump({"token": {"methods": ["password"], "project": project}}).encode()
        return self._write(201, [body], headers={"X-Subject-Token": token})

    def _spoil(self, name: str, job_id: str) -> str:
        """Write the documented job, or else a finished one, with one fault."""
        ways = self.api.job.fields
        body = deepcopy(self._examples.get(200)) or write_job(self.api, {"job_id": job_id, "status": "success"})
        record = find_record(self.api, body)
        put(record, ways["job_id"], job_id)
        match name:
            case "other_job":
                put(record, ways["job_id"], f"not-{job_id}")
            case "unknown_status":
                put(record, ways["status"], "cancelled")
            case "duplicate_key":
                key = f"{_dump(ways['status'][-1])}: "
                return _dump(body).replace(key, f'{key}"failed", {key}', 1)
            case "not_json":
                return _dump(body)[:-20]
            case _:
                raise KeyError(name)
        return _dump(body)

    def _write_not_found(self, envelopes: Mapping[str, ErrorEnvelope]) -> Answer:
        """Write the answer for a job that does not exist, or for one that may not exist if the API has only that."""
        api = self.api
        if api.missing_if_empty:
            return self._write(200, [_dump(write_no_job(api)).encode()])
        for sign in (*api.missing, *api.doubtful):
            code = min(sign.codes or {f"SIMULATOR.{sign.status_code}"})
            return self._write(sign.status_code, _cut(envelopes[sign.envelope], code, "no such job"))
        return self._write_undocumented(*_UNDOCUMENTED["not_found"])

    def _write_undocumented(self, status_code: int, message: str) -> Answer:
        return self._write(status_code, _cut(self.api.envelopes[0], f"SIMULATOR.{status_code}", message))

    def _write_error(self, entry: Mapping[str, Any], envelopes: Mapping[str, ErrorEnvelope]) -> Answer:
        status_code = entry["status_code"]
        if entry["error_code"] is None:
            return self._write(status_code, [_dump(self._examples[status_code]).encode()])
        body = _cut(envelopes[entry["envelope"]], entry["error_code"], entry["message"])
        return self._write(status_code, body, headers=entry.get("headers"))

    def _write(
        self, status_code: int, body: Sequence[bytes], *, headers: Mapping[str, str] | None = None, close: bool = False
    ) -> Answer:
        header = self.api.request_id_header
        return write_answer(status_code, body, headers=headers, request_id_header=header, close=close)


def _cut(envelope: ErrorEnvelope, code: str, message: str) -> list[bytes]:
    """Return the body of an error in pieces, with the request id between them if the envelope has one."""
    mark = "{request id}"
    return [piece.encode() for piece in _dump(write_error(envelope, code, message, mark)).split(mark)]


def _translate(values: Mapping[str, Any], time_format: str) -> dict[str, Any]:
    """Convert the times of a job and its parts from the scenario's format to the API's; other values stay."""
    translated = dict(values)
    for role in _TIMES:
        instant = read_time(str(values.get(role)), _TIME_FORMAT)
        if instant is not None:
            translated[role] = write_time(instant, time_format)
    if values.get(SUB_JOBS):
        translated[SUB_JOBS] = [_translate(part, time_format) for part in values[SUB_JOBS]]
    return translated


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
