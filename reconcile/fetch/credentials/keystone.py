"""
Login with keystone v3: a password or an application credential for a token.

Described in "Obtaining a User Token Through Password Authentication", Identity and Access Management API Reference, and
for application credentials in "Password and Application Credential authentication", OpenStack Identity API v3.
"""

from collections.abc import Mapping
from typing import TypeAlias

import httpx
from msgspec import Struct

from reconcile.fetch.credentials.credential import Token
from reconcile.fetch.credentials.identity import IdentityUrl, Question, build_request, check_project
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.fetch.secret import Secret
from reconcile.model import Provider


class Password(Struct, frozen=True, kw_only=True, eq=False):
    """A user and what the token is to be for, written as keystone wants them, and the password."""

    user: Mapping[str, object]
    password: Secret
    scope: Mapping[str, object]


class ApplicationCredential(Struct, frozen=True, kw_only=True, eq=False):
    """An application credential: its id, or its name and user, as keystone wants them. Its project is fixed."""

    identity: Mapping[str, object]
    secret: Secret


Method: TypeAlias = Password | ApplicationCredential


class KeystoneLogin(Struct, frozen=True, kw_only=True, eq=False):
    """Who asks for a token, where, and for which provider; `source` is where the secret came from."""

    url: IdentityUrl
    method: Method
    source: str
    provider: Provider

    @property
    def secrets(self) -> tuple[Hidden, ...]:
        """What no output may show."""
        return (self.method.password if isinstance(self.method, Password) else self.method.secret,)

    def __str__(self) -> str:
        kind = "password" if isinstance(self.method, Password) else "application credential"
        return f"{kind} from {self.source}, for a token of {self.url}"

    def issue(self, client: httpx.Client, hidden: list[Hidden]) -> Token:
        """Ask for a token; raise CredentialError."""
        shown = "the user or the password" if isinstance(self.method, Password) else "the application credential"
        question = Question(
            url=self.url, provider=self.provider, source=self.source, shown=shown, redact=Redactor(hidden)
        )
        response = question.ask(client, build_token_request(self.url, self.method))
        document = response.read_document()
        if not isinstance(self.method, Password) or "project" in self.method.scope:
            check_project(response, document)
        return Token(response.read_token(), source=self.source, header=self.provider.api.token_header)


def build_token_request(url: IdentityUrl, method: Method) -> httpx.Request:
    """Build the request for a token; keystone refuses a scope beside an application credential."""
    auth: dict[str, object]
    if isinstance(method, Password):
        user = {**method.user, "password": method.password.reveal()}
        auth = {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": dict(method.scope),
        }
    else:
        shown = {**method.identity, "secret": method.secret.reveal()}
        auth = {"identity": {"methods": ["application_credential"], "application_credential": shown}}
    return build_request("POST", f"{url}/auth/tokens", {"auth": auth})
