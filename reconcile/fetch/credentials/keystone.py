"""
Login with keystone v3: exchanges a password or an application credential for a token.

Described in "Obtaining a User Token Through Password Authentication", Identity and Access Management API Reference, and
for application credentials in "Password and Application Credential authentication", OpenStack Identity API v3.
"""

from collections.abc import Mapping

import httpx
from msgspec import Struct

from reconcile.fetch.credentials.credential import Token
from reconcile.fetch.credentials.identity import IdentityUrl, Question, build_request, check_project
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.fetch.secret import Secret
from reconcile.model.manifest import Provider


class KeystoneLogin(Struct, frozen=True, kw_only=True, eq=False):
    """
    A login for a token; `source` is where the secret came from.

    `identity` is a user or an application credential as keystone writes it, without the secret. `scope` is the scope of
    the token; None means an application credential, whose project is fixed.
    """

    url: IdentityUrl
    identity: Mapping[str, object]
    secret: Secret
    scope: Mapping[str, object] | None
    source: str
    provider: Provider

    @property
    def secrets(self) -> tuple[Hidden, ...]:
        """What no output may show."""
        return (self.secret,)

    def __str__(self) -> str:
        kind = "password" if self.scope is not None else "application credential"
        return f"{kind} from {self.source}, for a token of {self.url}"

    def issue(self, client: httpx.Client, hidden: list[Hidden]) -> Token:
        """Request a token; raise CredentialError."""
        shown = "the user or the password" if self.scope is not None else "the application credential"
        question = Question(
            url=self.url, provider=self.provider, source=self.source, shown=shown, redact=Redactor(hidden)
        )
        response = question.ask(client, self.build_request())
        document = response.read_document()
        if self.scope is None or "project" in self.scope:
            check_project(response, document)
        return Token(response.read_token(), source=self.source, header=self.provider.api.token_header)

    def build_request(self) -> httpx.Request:
        """Build the request for a token; keystone refuses a scope with an application credential."""
        secret = self.secret.reveal()
        auth: dict[str, object] = {}
        if self.scope is None:
            shown = {"application_credential": {**self.identity, "secret": secret}}
        else:
            shown = {"password": {"user": {**self.identity, "password": secret}}}
            auth["scope"] = dict(self.scope)
        auth["identity"] = {"methods": [*shown], **shown}
        return build_request("POST", f"{self.url}/auth/tokens", {"auth": auth})
