"""Checks a provider with one harmless request, for a job that cannot exist."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Final

import httpx
from msgspec import Struct

from reconcile.fetch.answer import assess
from reconcile.fetch.client import Client
from reconcile.fetch.credentials import CredentialError, UnsignedRequest
from reconcile.fetch.failure import explain_failure
from reconcile.fetch.httpx_transport import SEND_ERRORS, open_login_client, read_failure
from reconcile.fetch.message import Answer
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.request import build_headers, build_job_path
from reconcile.fetch.retry import read_date
from reconcile.fetch.target import Target
from reconcile.model.observation import Observation, Unobserved

NO_SUCH_JOB: Final = "00000000-0000-0000-0000-000000000000"
"""An id that no job has, in the usual form, so that the API does not refuse it."""

_TURN: Final = 0.1
"""Seconds between two checks whether the run is over."""


class Probe(Struct, frozen=True, kw_only=True):
    """
    The result of the request.

    `observation` is Missing if host, path, project and credential are right. `logged_in` is False if no credential
    could be issued. `answered` is whether there was any answer, and `server_time` its time, None if it has none.
    `doubtful` is whether the answer may mean that the job does not exist, or something else.
    """

    observation: Observation
    logged_in: bool = True
    answered: bool = False
    server_time: datetime | None = None
    doubtful: bool = False


def probe_target(target: Target, client: Client, is_over: Callable[[], bool]) -> Probe:
    """
    Request a job that cannot exist.

    Args:
        target: the provider and its credential.
        client: sends the request, and that of a login before it.
        is_over: called repeatedly; once it returns True, the request is given up.
    """

    def take_turn() -> None:
        if is_over():
            raise httpx.ReadTimeout("no answer within the time limit of the run")
        client.wait(_TURN)

    provider, credential = target.provider, target.credential
    path = build_job_path(provider, NO_SUCH_JOB, dict.fromkeys(provider.api.parameters, NO_SUCH_JOB))
    with closing(open_login_client(client, take_turn)) as session:
        question = UnsignedRequest("GET", target.origin.authority, path, provider.api.headers)
        try:
            headers = build_headers(provider.api, credential.headers(question, client=session))
        except CredentialError as error:
            return Probe(observation=Unobserved(problem=error.problem), logged_in=False)
        try:
            response = session.send(httpx.Request("GET", f"{target.origin}{path}", headers=headers), auth=None)
        except SEND_ERRORS as error:
            problem = explain_failure(read_failure(error), target.origin)
            return Probe(observation=Unobserved(problem=problem))
    answer = Answer(response.status_code, dict(response.headers), response.content)
    attempt = assess(provider.api, NO_SUCH_JOB, answer, redact=Redactor(credential.secrets))
    return Probe(
        observation=attempt.observation,
        answered=True,
        server_time=read_date(response.headers.get("date", "")),
        doubtful=attempt.doubtful,
    )
