"""
One request to an identity service and its response.

A login is a sequence of these requests, sent through the client of the run.
"""

import json
from collections.abc import Mapping
from contextlib import closing

import httpx
from msgspec import Struct

from reconcile import __version__
from reconcile.codes import Code
from reconcile.fetch.credentials.access_key import AccessKey
from reconcile.fetch.credentials.credential import CredentialError
from reconcile.fetch.credentials.settings import ACCESS_KEY, SECRET_KEY, TOKEN, Format
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.envelope import quote_fault, read_faults
from reconcile.fetch.failure import explain_failure
from reconcile.fetch.httpx_transport import SEND_ERRORS, read_failure
from reconcile.fetch.payload import BrokenJsonError, InvalidAnswerError, parse_object
from reconcile.fetch.record import Redact, cut_text
from reconcile.fetch.retry import Retryable, classify_error, classify_status, read_retry_after
from reconcile.fetch.secret import Secret
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import Provider

MAX_RESPONSE_SIZE = 1024 * 1024
"""The most bytes of a body; a token with the catalogue of a large cloud has a tenth of that."""

_TOKEN_HEADER = "X-Subject-Token"
_REFUSALS = {
    400: (Code.REFUSED, "the request for a token was refused"),
    401: (Code.UNAUTHENTICATED, "the credential was rejected"),
    403: (Code.FORBIDDEN, "the user is not allowed to get a token for this project"),
    404: (Code.NOT_FROM_THE_API, "there is no identity service at this address"),
    429: (Code.THROTTLED, "too many requests"),
}
_REFUSALS_BY_HUNDRED = {
    3: (Code.REDIRECT, "an unexpected redirect"),
    4: (Code.REFUSED, "the request for a token was refused"),
    5: (Code.SERVER_ERROR, "the server failed"),
}
_UNDOCUMENTED = (Code.UNEXPECTED_STATUS_CODE, "an answer that keystone v3 does not document")


class IdentityUrl(Struct, frozen=True, kw_only=True):
    """Where an identity service is: its origin, and the path of its version 3."""

    origin: Origin
    path: str

    @property
    def base(self) -> str:
        """The address without the version, for the other APIs of the service."""
        return f"{self.origin}{self.path.removesuffix('/v3')}"

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"


class KeyForm(Struct, frozen=True, kw_only=True):
    """The keys under which an API returns the parts of a temporary access key."""

    under: str
    key: str
    secret: str
    security_token: str


IAM_KEY = KeyForm(under="credential", key="access", secret="secret", security_token="securitytoken")
STS_KEY = KeyForm(under="credentials", key="access_key_id", secret="secret_access_key", security_token="security_token")


class Question(Struct, frozen=True, kw_only=True, eq=False):
    """
    A request to an identity service, for a provider.

    For messages, `shown` names what a 401 rejects, such as "the user or the password", and `service` names the service.
    `refusals` maps status codes with another meaning there to error code and reason. `redact` is applied to every text
    of the server that is shown.
    """

    url: IdentityUrl
    provider: Provider
    source: str
    shown: str
    redact: Redact
    service: str = "the identity service"
    refusals: Mapping[int, tuple[Code, str]] = {}

    def ask(self, client: httpx.Client, request: httpx.Request) -> "IdentityResponse":
        """
        Send a request and return the response; raise CredentialError if there is none.

        While `client` waits, the other requests of the run go on.
        """
        try:
            response = _send(client, request)
        except SEND_ERRORS as error:
            failure = read_failure(error)
            problem = explain_failure(failure, self.url.origin)
            redacted = Problem(code=problem.code, message=self.redact(problem.message))
            raise CredentialError(redacted, retryable=classify_error(failure)) from error
        return IdentityResponse(question=self, response=response)


class IdentityResponse(Struct, frozen=True, kw_only=True, eq=False):
    """The response of an identity service."""

    question: Question
    response: httpx.Response

    @property
    def status_code(self) -> int:
        """The status code."""
        return self.response.status_code

    def read_text(self) -> str:
        """Return the body as text; raise CredentialError if the request was refused."""
        if self.status_code not in (200, 201):
            raise self._refuse_status()
        return self.response.content[:MAX_RESPONSE_SIZE].decode("latin-1")

    def read_document(self) -> dict[str, object]:
        """Return the body; raise CredentialError if the request was refused or the body is not a JSON object."""
        if self.status_code not in (200, 201):
            raise self._refuse_status()
        try:
            return self._parse_body()
        except InvalidAnswerError as error:
            retryable = Retryable.TRANSIENT if isinstance(error, BrokenJsonError) else None
            raise self.refuse(error.code, error.reason, retryable=retryable) from error

    def read_token(self) -> Secret:
        """Return the issued token; raise CredentialError if there is none."""
        token = self.response.headers.get(_TOKEN_HEADER, "")
        if not TOKEN.accepts(token):
            raise self.refuse(Code.MALFORMED_FIELD, f"its {_TOKEN_HEADER} is not a token (length {len(token)})")
        return Secret(token)

    def read_key(self, form: KeyForm) -> AccessKey:
        """Return the temporary access key in the body; raise CredentialError if there is none."""
        found = self.read_document().get(form.under)
        values = found if isinstance(found, dict) else {}
        return AccessKey(
            self._read_part(values, form.key, ACCESS_KEY).reveal(),
            self._read_part(values, form.secret, SECRET_KEY),
            self._read_part(values, form.security_token, TOKEN),
            source=self.question.source,
            project_id=self.question.provider.project_id,
        )

    def _read_part(self, values: Mapping[str, object], name: str, expected: Format) -> Secret:
        value = values.get(name)
        if isinstance(value, str) and expected.accepts(value):
            return Secret(value)
        raise self.refuse(Code.MALFORMED_FIELD, f"the answer has no {expected.name} in its '{name}'")

    def refuse(self, code: Code, reason: str, *, retryable: Retryable | None = None) -> CredentialError:
        """Make the error for a response that issues no credential."""
        message = f"{self.question.url}: HTTP {self.status_code} from {self.question.service}: {reason}"
        retry_after = read_retry_after(self.response.headers) if retryable is not None else None
        return CredentialError(Problem(code=code, message=message), retryable=retryable, retry_after=retry_after)

    def _parse_body(self) -> dict[str, object]:
        body = self.response.content
        if len(body) > MAX_RESPONSE_SIZE:
            raise InvalidAnswerError(Code.ANSWER_TOO_LARGE, f"the body has more than {MAX_RESPONSE_SIZE} bytes")
        return parse_object(self.question.redact(self.response.headers.get("content-type", "")), body)

    def _refuse_status(self) -> CredentialError:
        question, status_code = self.question, self.status_code
        refusals = {**_REFUSALS, **question.refusals}
        code, reason = refusals.get(status_code) or _REFUSALS_BY_HUNDRED.get(status_code // 100, _UNDOCUMENTED)
        if status_code == 401 and status_code not in question.refusals:
            reason = f"{question.shown} was rejected ({question.source}, provider '{question.provider.name}')"
        api = question.provider.api
        try:
            faults = read_faults(api.envelopes, self._parse_body(), redact=question.redact)
        except InvalidAnswerError:
            faults = ()
        said = quote_fault(faults[0], api.error_codes) if faults else ""
        return self.refuse(code, f"{reason}{said}", retryable=classify_status(status_code))


def check_project(response: IdentityResponse, document: Mapping[str, object]) -> None:
    """Raise CredentialError unless the issued token is for the manifest's project."""
    project_id = response.question.provider.project_id
    token = document.get("token")
    project = token.get("project") if isinstance(token, dict) else None
    issued_for = project.get("id") if isinstance(project, dict) else None
    if issued_for != project_id:
        redacted = response.question.redact
        whose = f"project {cut_text(redacted(issued_for))}" if isinstance(issued_for, str) else "no project"
        raise response.refuse(Code.OTHER_PROJECT, f"its token is for {whose}, but the manifest names {project_id}")


def build_request(
    method: str, url: str, document: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> httpx.Request:
    """Build a request with these headers, the fixed ones, Host and Content-Length, and no others."""
    body = json.dumps(document).encode() if document is not None else None
    fixed = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": f"reconcile/{__version__}"}
    content_type = {"Content-Type": "application/json"} if body is not None else {}
    return httpx.Request(method, url, headers={**content_type, **fixed, **(headers or {})}, content=body)


def _send(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """Send the request and read the response, unless httpx would decompress it; raise one of SEND_ERRORS."""
    with closing(client.send(request, auth=None, follow_redirects=False, stream=True)) as response:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise httpx.DecodingError("the answer is compressed, which was not requested", request=request)
        response.read()
    return response
