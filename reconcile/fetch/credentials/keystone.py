"""
A user's password, and the token that keystone v3 issues for it.

Described in "Obtaining a User Token Through Password Authentication", Identity and Access Management API Reference.
"""

import json
from collections.abc import Mapping
from contextlib import closing

import httpx
from msgspec import Struct

from reconcile import __version__
from reconcile.codes import Code
from reconcile.fetch.credentials.credential import CredentialError, UnsignedRequest
from reconcile.fetch.credentials.settings import TOKEN
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.envelope import quote_fault, read_faults
from reconcile.fetch.failure import explain_failure
from reconcile.fetch.httpx_errors import SEND_ERRORS, read_failure
from reconcile.fetch.payload import BrokenJsonError, DisbeliefError, parse_object
from reconcile.fetch.policy import Setback, read_retry_after, setback_of_error, setback_of_status
from reconcile.fetch.record import Redact, cut_text
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.fetch.secret import Secret
from reconcile.model import JobApi, Problem, Provider

MAX_RESPONSE_SIZE = 1024 * 1024
"""Bytes of a body; a token with the catalogue of a large cloud has a tenth of that."""

_TOKEN_HEADER = "X-Subject-Token"
_REFUSALS = {
    400: (Code.REFUSED, "the request for a token was refused"),
    401: (Code.UNAUTHENTICATED, "the user or the password was rejected"),
    403: (Code.FORBIDDEN, "the user may have no token for this project"),
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

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"


class Login(Struct, frozen=True, kw_only=True, eq=False):
    """Who asks for a token, where, and for which project; `user` and `project` are written as keystone wants them."""

    url: IdentityUrl
    user: Mapping[str, object]
    password: Secret
    project: Mapping[str, object]


class PasswordLogin:
    """
    A credential that fetches its token with a password, when the first request needs it.

    A definite refusal is remembered and not asked for again: identity services lock a user after a few wrong passwords.
    """

    def __init__(self, login: Login, *, source: str, provider: Provider) -> None:
        """
        Take a password.

        Args:
            login: who asks for a token.
            source: where user and password came from.
            provider: whose project the token has to be for.
        """
        self.standing: Mapping[str, str] | None = None
        self._login = login
        self._source = source
        self._provider = provider
        self._hidden: list[Hidden] = [login.password]
        self._redact = Redactor(self._hidden)
        self._refusal: Problem | None = None
        self._renewed = False

    @property
    def secrets(self) -> list[Hidden]:
        """The password, and every token that was fetched."""
        return self._hidden

    def __str__(self) -> str:
        return f"password from {self._source}, for a token of {self._login.url}"

    def headers(self, request: UnsignedRequest, *, client: httpx.Client) -> Mapping[str, str]:
        """Return the token's header; fetch the token if there is none."""
        if self.standing is not None:
            return self.standing
        if self._refusal is not None:
            raise CredentialError(self._refusal)
        try:
            token = self._fetch_token(client)
        except CredentialError as error:
            if error.setback is None:
                self._refusal = error.problem
            raise
        self._hidden.append(token)
        self.standing = {self._provider.api.token_header: token.reveal()}
        return self.standing

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """Discard the first token; requests that were rejected with it, then or later, may be sent again."""
        if self._refusal is not None:
            return False
        if self._renewed:
            return rejected is not self.standing
        self._renewed, self.standing = True, None
        return True

    def _fetch_token(self, client: httpx.Client) -> Secret:
        """Ask for a token; raise CredentialError. While `client` waits, other requests of the run are answered."""
        try:
            response = _send(client, build_token_request(self._login))
        except SEND_ERRORS as error:
            failure = read_failure(error)
            problem = explain_failure(failure, self._login.url.origin)
            redacted = Problem(code=problem.code, message=self._redact(problem.message))
            raise CredentialError(redacted, setback=setback_of_error(failure)) from error
        return TokenResponse(
            url=self._login.url, api=self._provider.api, response=response, redact=self._redact
        ).read_token(self._provider.project_id)


def build_token_request(login: Login) -> httpx.Request:
    """Build the request for a token; it has these headers, Host, Content-Length, and no others."""
    user = {**login.user, "password": login.password.reveal()}
    scope = {"project": dict(login.project)}
    document = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"reconcile/{__version__}",
    }
    return httpx.Request("POST", f"{login.url}/auth/tokens", headers=headers, content=json.dumps(document).encode())


def _send(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """Send the request as it is and read the response, unless httpx would decompress it; raise one of SEND_ERRORS."""
    with closing(client.send(request, auth=None, follow_redirects=False, stream=True)) as response:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise httpx.DecodingError("the answer is compressed, which was not asked for", request=request)
        response.read()
    return response


class TokenResponse(Struct, frozen=True, kw_only=True, eq=False):
    """
    The response of an identity service to the request for a token.

    `api` has the envelopes in which an error may come. `redact` is applied to every text of the server that is shown.
    """

    url: IdentityUrl
    api: JobApi
    response: httpx.Response
    redact: Redact

    def read_token(self, project_id: str) -> Secret:
        """Return the token that was issued for this project; raise CredentialError if none was."""
        if self.response.status_code not in (200, 201):
            raise self._refuse_status()
        try:
            document = self._parse_body()
        except DisbeliefError as error:
            setback = Setback.NOISE if isinstance(error, BrokenJsonError) else None
            raise self._refuse(error.code, error.reason, setback=setback) from error
        self._check_project(document, project_id)
        token = self.response.headers.get(_TOKEN_HEADER, "")
        if not TOKEN.accepts(token):
            raise self._refuse(Code.MALFORMED_FIELD, f"its {_TOKEN_HEADER} is no token (length {len(token)})")
        return Secret(token)

    def _parse_body(self) -> dict[str, object]:
        body = self.response.content
        if len(body) > MAX_RESPONSE_SIZE:
            raise DisbeliefError(Code.ANSWER_TOO_LARGE, f"the body has more than {MAX_RESPONSE_SIZE} bytes")
        return parse_object(self.redact(self.response.headers.get("content-type", "")), body)

    def _check_project(self, document: Mapping[str, object], project_id: str) -> None:
        token = document.get("token")
        project = token.get("project") if isinstance(token, dict) else None
        issued_for = project.get("id") if isinstance(project, dict) else None
        if issued_for != project_id:
            whose = f"project {cut_text(self.redact(issued_for))}" if isinstance(issued_for, str) else "no project"
            reason = f"its token is for {whose}, and the manifest's is {project_id}"
            raise self._refuse(Code.OTHER_PROJECT, reason)

    def _refuse_status(self) -> CredentialError:
        status_code = self.response.status_code
        code, reason = _REFUSALS.get(status_code) or _REFUSALS_BY_HUNDRED.get(status_code // 100, _UNDOCUMENTED)
        try:
            faults = read_faults(self.api.envelopes, self._parse_body(), redact=self.redact)
        except DisbeliefError:
            faults = ()
        said = quote_fault(faults[0], self.api.error_codes) if faults else ""
        return self._refuse(code, f"{reason}{said}", setback=setback_of_status(status_code))

    def _refuse(self, code: Code, reason: str, *, setback: Setback | None = None) -> CredentialError:
        message = f"{self.url}: HTTP {self.response.status_code} from the identity service: {reason}"
        retry_after = read_retry_after(self.response.headers) if setback is not None else None
        return CredentialError(Problem(code=code, message=message), setback=setback, retry_after=retry_after)
