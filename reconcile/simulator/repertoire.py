"""All responses of the simulator: jobs, the documented errors, and what goes wrong in practice."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from reconcile.apis import load_api, read_api
from reconcile.model import ErrorEnvelope, JobApi
from reconcile.simulator.answer import Answer, Fault, Reply, write_answer

_PORTAL = b"<!doctype html>\n<html><head><title>Sign in</title></head><body><p>success</p></body></html>\n"
_ELSEWHERE = "https://portal.invalid/sign-in"


class Repertoire:
    """The responses of one job API. Error bodies are taken from the data of the API."""

    def __init__(self, api_name: str) -> None:
        self.api: JobApi = load_api(api_name)
        data = read_api(api_name)
        self._examples: dict[int, dict[str, Any]] = {entry["code"]: entry["example"] for entry in data["status_codes"]}
        envelopes = {envelope.name: envelope for envelope in self.api.envelopes}
        self._fixed: dict[str, Reply] = {
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
        """Return a 200 with a job that has only these fields and its id."""
        return self._write(200, [_dump({"job_id": job_id, **fields}).encode()])

    def answer(self, status_code: int, body: bytes) -> Answer:
        """Return a response with this body, which is JSON."""
        return self._write(status_code, [body])

    def raw(self, status_code: int, headers: Mapping[str, str], body: str) -> Answer:
        """Return a response as written in a scenario, valid or not. It closes the connection, which it may break."""
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
        """Return the documented job with one thing wrong."""
        job = {**self._examples[200], "job_id": job_id}
        match name:
            case "other_job":
                return _dump({**job, "job_id": f"not-{job_id}"})
            case "unknown_status":
                return _dump({**job, "status": "cancelled"})
            case "duplicate_key":
                return _dump(job).replace("{", '{"status": "failed", ', 1)
            case "not_json":
                return _dump(job)[:-20]
            case _:
                raise KeyError(name)

    def _write_error(self, entry: Mapping[str, Any], envelopes: Mapping[str, ErrorEnvelope]) -> Answer:
        status_code = entry["status_code"]
        if entry["error_code"] is None:
            return self._write(status_code, [_dump(self._examples[status_code]).encode()])
        body = _wrap(envelopes[entry["envelope"]], entry["error_code"], entry["message"])
        return self._write(status_code, body, headers=entry.get("headers"))

    def _write(
        self, status_code: int, body: Sequence[bytes], *, headers: Mapping[str, str] | None = None, close: bool = False
    ) -> Answer:
        header = self.api.request_id_header
        return write_answer(status_code, body, headers=headers, request_id_header=header, close=close)


def _wrap(envelope: ErrorEnvelope, code: str, message: str) -> list[bytes]:
    """Return the body of an error in pieces, with the request id between them if the envelope has one."""
    (code_key,), (message_key,) = envelope.code, envelope.message
    body = {code_key: code, message_key: message}
    if envelope.request_id is None:
        return [_dump(body).encode()]
    (request_id_key,) = envelope.request_id
    mark = "{request id}"
    return [piece.encode() for piece in _dump({**body, request_id_key: mark}).split(mark)]


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
