"""Gets the id token of an OpenID Connect provider: from a value, a file, or the CI system."""

import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import quote

import httpx
from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials.credential import CredentialError
from reconcile.fetch.credentials.identity import IdentityUrl, Question, build_request
from reconcile.fetch.credentials.secret_file import read_secret_text
from reconcile.fetch.credentials.settings import TOKEN, Settings, refuse
from reconcile.fetch.credentials.variables import name_variable
from reconcile.fetch.endpoint import parse_endpoint, refuse_endpoint
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.fetch.secret import Secret
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import Provider

GITHUB_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""Variables that GitHub Actions and Forgejo Actions set in jobs with the permission `id-token: write`."""

_URL = re.compile(r"(?P<origin>[^/]*//[^/?#]*)(?P<target>/[!-~]*\?[!-\"$-~]*)", re.DOTALL)


class IdTokenFile(Struct, frozen=True):
    """A file with the id token, which is read each time, because Kubernetes replaces it regularly."""

    path: str
    variable: str

    def read(self) -> Secret:
        """Return the token; raise AccessError if the file contains none."""
        token = read_secret_text(self.path, called=self.variable).strip()
        if TOKEN.accepts(token):
            return Secret(token)
        message = f"{self.variable} is '{self.path[:200]}', which contains no token (length {len(token)})"
        raise refuse(Code.MALFORMED_CREDENTIAL, message, hint=TOKEN.rule)


class GitHubIdToken(Struct, frozen=True, kw_only=True, eq=False):
    """The service of GitHub Actions that issues id tokens; an audience of None is GitHub's default."""

    url: IdentityUrl
    bearer: Secret
    audience: str | None
    provider: Provider


IdToken: TypeAlias = Secret | IdTokenFile | GitHubIdToken


def find_id_token(settings: Settings, environ: Mapping[str, str], *, beside: str) -> tuple[IdToken, str]:
    """Find the id token and the name of its source; raise AccessError if there is none or it is malformed."""
    value = settings.find("id_token", TOKEN)
    if value is not None:
        return value, settings.name_source(beside, "id_token")
    path = settings.find_text("id_token_file")
    if path is not None:
        file = IdTokenFile(path, settings.describe("id_token_file"))
        file.read()
        return file, settings.name_source(beside, "id_token_file")
    if GITHUB_URL in environ:
        return _read_github(settings, environ), f"{settings.name_source(beside)} and GitHub Actions"
    raise settings.refuse_missing("id_token_file", beside=[beside])


def fetch_id_token(source: IdToken, client: httpx.Client, hidden: list[Hidden]) -> Secret:
    """Return the current id token, and add it to `hidden`; raise CredentialError if there is none."""
    if isinstance(source, Secret):
        return source
    try:
        token = source.read() if isinstance(source, IdTokenFile) else _ask_github(source, client, hidden)
    except AccessError as error:
        (diagnostic,) = error.diagnostics
        raise CredentialError(Problem(code=diagnostic.code, message=diagnostic.message)) from error
    hidden.append(token)
    return token


def _read_github(settings: Settings, environ: Mapping[str, str]) -> GitHubIdToken:
    text = environ[GITHUB_URL]
    match = _URL.fullmatch(text)
    if match is None:
        raise refuse_endpoint(
            text.partition("?")[0], "is not a URL with a query", called=GITHUB_URL, form="leave it as it is"
        )
    origin = parse_endpoint(match["origin"], called=GITHUB_URL, form="leave it as GitHub Actions sets it")
    audiences = [name_variable("oidc_audience", name) for name in (settings.provider.name, None)]
    names = (GITHUB_URL, GITHUB_TOKEN, *audiences)
    values = {name: Secret(environ[name]) for name in names if name in environ}
    github = Settings(provider=settings.provider, values=values, describe=str)
    return GitHubIdToken(
        url=IdentityUrl(origin=origin, path=match["target"]),
        bearer=github.require(GITHUB_TOKEN, TOKEN, beside=[GITHUB_URL]),
        audience=next((github.find_text(name) for name in audiences if name in github), None),
        provider=settings.provider,
    )


def _ask_github(source: GitHubIdToken, client: httpx.Client, hidden: list[Hidden]) -> Secret:
    question = Question(
        url=IdentityUrl(origin=source.url.origin, path=""),
        provider=source.provider,
        source=GITHUB_TOKEN,
        shown="the request for an id token",
        redact=Redactor(hidden),
    )
    audience = f"&audience={quote(source.audience, safe='')}" if source.audience is not None else ""
    headers = {"Authorization": f"Bearer {source.bearer.reveal()}"}
    response = question.ask(client, build_request("GET", f"{source.url}{audience}", headers=headers))
    value = response.read_document().get("value")
    if not isinstance(value, str) or not TOKEN.accepts(value):
        raise response.refuse(Code.MALFORMED_FIELD, "the answer has no id token in its 'value'")
    return Secret(value)
