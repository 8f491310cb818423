"""
Gets the temporary access key of a server's agency from its metadata service.

Described in "Obtaining Metadata" (Security Key), Elastic Cloud Server User Guide. The requests are those of the
official SDK: first for a session token, which some servers require and others do not know.
"""

from collections.abc import Callable
from datetime import datetime

import httpx
from msgspec import Struct

from reconcile.codes import Code
from reconcile.fetch.client import METADATA_KEY, METADATA_SESSION
from reconcile.fetch.credentials.access_key import AccessKey, read_clock
from reconcile.fetch.credentials.credential import CredentialError
from reconcile.fetch.credentials.identity import IAM_KEY, IdentityResponse, IdentityUrl, Question, build_request
from reconcile.fetch.credentials.settings import TOKEN
from reconcile.fetch.endpoint import METADATA_SERVICE
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.fetch.retry import Retryable
from reconcile.fetch.secret import Secret
from reconcile.instant import format_instant, parse_rfc3339
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import Provider

_TOKEN_LIFETIME = 6 * 60 * 60
"""Seconds, as in the SDK."""
_KNOWS_NO_TOKEN = (404, 405, 503)
"""The status codes after which the SDK continues without a session token."""
_NO_AGENCY = "this server has no agency: attach one that may read jobs, or set another credential"
_NOT_FOR_THIS_PROCESS = (
    "it gives this process no credential: on a server of the cloud (ECS), check its agency; elsewhere, set a credential"
)
_REFUSALS = {
    401: (Code.NO_CREDENTIALS, _NO_AGENCY),
    403: (Code.NO_CREDENTIALS, _NOT_FOR_THIS_PROCESS),
    404: (Code.NO_CREDENTIALS, _NO_AGENCY),
}


class MetadataLogin(Struct, frozen=True, kw_only=True, eq=False):
    """The server that this program runs on; `now` returns the time in UTC."""

    provider: Provider
    source: str = "the metadata service"
    now: Callable[[], datetime] = read_clock

    @property
    def secrets(self) -> tuple[Hidden, ...]:
        """None before a key is issued."""
        return ()

    def __str__(self) -> str:
        return f"temporary access key from {self.source}"

    def issue(self, client: httpx.Client, hidden: list[Hidden]) -> AccessKey:
        """Request the access key of the server's agency; raise CredentialError."""
        lifetime = {"X-Metadata-Token-Ttl-Seconds": str(_TOKEN_LIFETIME)}
        response = self._ask(client, hidden, "PUT", METADATA_SESSION, lifetime)
        headers = {}
        if response.status_code not in _KNOWS_NO_TOKEN:
            token = response.read_text().strip()
            if not TOKEN.accepts(token):
                raise response.refuse(Code.MALFORMED_FIELD, f"the answer is not a token (length {len(token)})")
            hidden.append(Secret(token))
            headers["X-Metadata-Token"] = token
        response = self._ask(client, hidden, "GET", METADATA_KEY, headers)
        key = response.read_key(IAM_KEY)
        self._check_time(response)
        return key

    def _ask(
        self, client: httpx.Client, hidden: list[Hidden], method: str, path: str, headers: dict[str, str]
    ) -> IdentityResponse:
        question = Question(
            url=IdentityUrl(origin=METADATA_SERVICE, path=path),
            provider=self.provider,
            source=self.source,
            shown="the request",
            service=self.source,
            refusals=_REFUSALS,
            redact=Redactor(hidden),
        )
        try:
            return question.ask(client, build_request(method, str(question.url), headers=headers))
        except CredentialError as error:
            why = "only servers of the cloud (ECS) have a metadata service: elsewhere, set another credential"
            problem = Problem(code=error.problem.code, message=f"{error.problem.message}; {why}")
            retryable = Retryable.MAYBE_PERMANENT if error.retryable is not None else None
            raise CredentialError(problem, retryable=retryable) from error

    def _check_time(self, response: IdentityResponse) -> None:
        """Raise CredentialError unless the key is still valid: the service caches it."""
        key = response.read_document()[IAM_KEY.under]
        text = key.get("expires_at") if isinstance(key, dict) else None
        try:
            expires_at = parse_rfc3339(text if isinstance(text, str) else "")
        except ValueError as error:
            raise response.refuse(Code.MALFORMED_FIELD, "the answer has no time in its 'expires_at'") from error
        if expires_at <= self.now():
            reason = f"its access key expired at {format_instant(expires_at)}: check the clock and the server's agency"
            raise response.refuse(Code.UNAUTHENTICATED, reason)
