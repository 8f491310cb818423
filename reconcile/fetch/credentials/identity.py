"""
What the identity service (keystone v3) is asked for a token, and what its answers mean. Pure.

Described in "Obtaining a User Token Through Password Authentication", Identity and Access Management API Reference.
"""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from reconcile import __version__
from reconcile.codes import Code
from reconcile.fetch.credentials.credential import CredentialError
from reconcile.fetch.credentials.settings import TOKEN
from reconcile.fetch.endpoint import Origin, parse_endpoint, refuse_endpoint
from reconcile.fetch.envelope import quote_fault, read_faults
from reconcile.fetch.message import RawAnswer
from reconcile.fetch.payload import BrokenJsonError, DisbeliefError, parse_object
from reconcile.fetch.policy import Setback, read_retry_after, setback_of_status
from reconcile.fetch.record import Redact, cut_text
from reconcile.fetch.secret import Secret
from reconcile.model import JobApi, Problem, Provider

if TYPE_CHECKING:
    import httpx

_VERSION_PATH = "/v3"
_TOKEN_HEADER = "X-Subject-Token"
_IDENTITY_URL = re.compile(r"(?P<origin>[^/]*//[^/]*)(?P<path>/.*)?", re.DOTALL)
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)*/?", re.ASCII)
_FORM = "write it as https://HOST/v3 or https://HOST:PORT/v3"

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
    """Who wants a token, of whom, and for which project; `user` and `project` are as keystone writes them."""

    url: IdentityUrl
    user: Mapping[str, object]
    password: Secret
    project: Mapping[str, object]


def parse_identity_url(text: str, *, called: str) -> IdentityUrl:
    """
    Read the operator's address of an identity service: https, or http where the host is loopback as written.

    `called` says what the operator calls it. A path that does not end with the version gets it. Raises AccessError.
    """
    match = _IDENTITY_URL.fullmatch(text)
    origin = parse_endpoint(match["origin"] if match is not None else text, called=called, form=_FORM)
    path = (match["path"] if match is not None else None) or ""
    if not _PATH.fullmatch(path):
        raise refuse_endpoint(text, "holds a path that is not plain", called=called, form=_FORM)
    path = path.rstrip("/")
    if path.endswith("/v2.0"):
        raise refuse_endpoint(text, "is keystone v2.0, which is not spoken here", called=called, form=_FORM)
    return IdentityUrl(origin=origin, path=path if path.endswith(_VERSION_PATH) else f"{path}{_VERSION_PATH}")


def find_identity_url(provider: Provider) -> IdentityUrl | None:
    """Look up the nearest identity service in the table of clouds; None where the table has none."""
    origins = find_identity_origins(provider)
    return IdentityUrl(origin=origins[0], path=_VERSION_PATH) if origins else None


def find_identity_origins(provider: Provider) -> tuple[Origin, ...]:
    """Look up every identity service whose tokens are good for the provider, the nearest first."""
    cloud = provider.api.clouds.get(provider.cloud) if provider.cloud is not None else None
    hosts = cloud.iam_hosts.get(provider.region, ()) if cloud is not None and provider.region is not None else ()
    return tuple(parse_endpoint(f"https://{host}") for host in hosts)


def build_token_request(login: Login) -> "httpx.Request":
    """Build the request for a token."""
    from reconcile.fetch.lean_httpx import httpx

    user = {**login.user, "password": login.password.reveal()}
    scope = {"project": dict(login.project)}
    document = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    body = json.dumps(document).encode()
    headers = {
        "Host": login.url.origin.authority,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"reconcile/{__version__}",
    }
    url = f"{login.url.origin}{login.url.path}/auth/tokens"
    return httpx.Request("POST", url, headers=headers, stream=httpx.ByteStream(body))


class TokenAnswer(Struct, frozen=True, kw_only=True, eq=False):
    """
    What an identity service answered.

    `api` says in which envelopes an error may come, the body of `answer` is not compressed, and `redact` is applied to
    every text of the server that is shown.
    """

    url: IdentityUrl
    api: JobApi
    answer: RawAnswer
    redact: Redact

    def read_token(self, project_id: str) -> Secret:
        """Return the token that is granted for this project; raise CredentialError if none is."""
        if self.answer.status_code not in (200, 201):
            raise self._refuse_status()
        try:
            document = self._parse_body()
        except DisbeliefError as error:
            setback = Setback.NOISE if isinstance(error, BrokenJsonError) else None
            raise self._refuse(error.code, error.reason, setback=setback) from error
        self._check_project(document, project_id)
        token = self.answer.headers.get(_TOKEN_HEADER, "")
        if not TOKEN.accepts(token):
            raise self._refuse(Code.MALFORMED_FIELD, f"its {_TOKEN_HEADER} is no token (length {len(token)})")
        return Secret(token)

    def _parse_body(self) -> dict[str, object]:
        return parse_object(self.redact(self.answer.headers.get("content-type", "")), self.answer.body)

    def _check_project(self, document: Mapping[str, object], project_id: str) -> None:
        token = document.get("token")
        project = token.get("project") if isinstance(token, dict) else None
        granted = project.get("id") if isinstance(project, dict) else None
        if granted != project_id:
            whose = f"project {cut_text(self.redact(granted))}" if isinstance(granted, str) else "no project"
            reason = f"its token is for {whose}, and the manifest's is {project_id}"
            raise self._refuse(Code.OTHER_PROJECT, reason)

    def _refuse_status(self) -> CredentialError:
        status_code = self.answer.status_code
        code, reason = _REFUSALS.get(status_code) or _REFUSALS_BY_HUNDRED.get(status_code // 100, _UNDOCUMENTED)
        try:
            faults = read_faults(self.api.envelopes, self._parse_body(), redact=self.redact)
        except DisbeliefError:
            faults = ()
        said = quote_fault(faults[0], self.api.error_codes) if faults else ""
        return self._refuse(code, f"{reason}{said}", setback=setback_of_status(status_code))

    def _refuse(self, code: Code, reason: str, *, setback: Setback | None = None) -> CredentialError:
        message = f"{self.url}: HTTP {self.answer.status_code} from the identity service: {reason}"
        retry_after = read_retry_after(self.answer.headers) if setback is not None else None
        return CredentialError(Problem(code=code, message=message), setback=setback, retry_after=retry_after)
