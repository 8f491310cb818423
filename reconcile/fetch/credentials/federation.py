"""
Exchanges an id token of OpenID Connect for a temporary access key, so that CI stores no cloud secret.

Described in "Obtaining an Unscoped Token with an OpenID Connect ID Token" and "Obtaining a Temporary Access Key and
Security Token Through a Token", Identity and Access Management API Reference, and for a trust agency in
"AssumeAgencyWithOIDC", Security Token Service. The requests are those of the official SDK.
"""

from collections.abc import Mapping

import httpx
from msgspec import Struct

from reconcile.fetch.credentials.access_key import AccessKey
from reconcile.fetch.credentials.id_token import GitHubIdToken, IdToken, fetch_id_token
from reconcile.fetch.credentials.identity import (
    IAM_KEY,
    STS_KEY,
    IdentityResponse,
    IdentityUrl,
    Question,
    build_request,
)
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.fetch.secret import Secret
from reconcile.model.manifest import Provider

_KEY_LIFETIME = 6 * 60 * 60
"""Seconds, as in the SDK."""


class _IdTokenLogin(Struct, frozen=True, kw_only=True, eq=False):
    """An id token that a service exchanges for a temporary access key."""

    url: IdentityUrl
    provider: Provider
    id_token: IdToken
    source: str

    @property
    def secrets(self) -> tuple[Hidden, ...]:
        """The secrets that are known before anything is read or fetched."""
        secret = self.id_token.bearer if isinstance(self.id_token, GitHubIdToken) else self.id_token
        return (secret,) if isinstance(secret, Secret) else ()

    def __str__(self) -> str:
        return f"id token from {self.source}, for a temporary access key of {self.url.origin}"

    def _post(
        self,
        client: httpx.Client,
        hidden: list[Hidden],
        path: str,
        document: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
    ) -> IdentityResponse:
        question = Question(
            url=self.url, provider=self.provider, source=self.source, shown="the id token", redact=Redactor(hidden)
        )
        return question.ask(client, build_request("POST", f"{self.url.base}{path}", document, headers))


class FederatedLogin(_IdTokenLogin, frozen=True, kw_only=True, eq=False):
    """An id token that IAM accepts from the identity provider `idp_id`."""

    idp_id: str

    def issue(self, client: httpx.Client, hidden: list[Hidden]) -> AccessKey:
        """Exchange the id token for an unscoped token, and that for an access key; raise CredentialError."""
        id_token = fetch_id_token(self.id_token, client, hidden)
        auth: dict[str, object] = {"id_token": {"id": id_token.reveal()}}
        headers = {"X-Idp-Id": self.idp_id}
        response = self._post(client, hidden, "/v3.0/OS-AUTH/id-token/tokens", {"auth": auth}, headers)
        response.read_document()
        token = response.read_token()
        hidden.append(token)
        identity = {"methods": ["token"], "token": {"id": token.reveal(), "duration_seconds": _KEY_LIFETIME}}
        auth = {"identity": identity}
        return self._post(client, hidden, "/v3.0/OS-CREDENTIAL/securitytokens", {"auth": auth}).read_key(IAM_KEY)


class StsLogin(_IdTokenLogin, frozen=True, kw_only=True, eq=False):
    """An id token that STS accepts for a trust agency; both are named by their URNs."""

    provider_urn: str
    agency_urn: str
    session_name: str
    duration: int

    def issue(self, client: httpx.Client, hidden: list[Hidden]) -> AccessKey:
        """Exchange the id token for the access key of the agency; raise CredentialError."""
        document = {
            "provider_urn": self.provider_urn,
            "agency_urn": self.agency_urn,
            "agency_session_name": self.session_name,
            "id_token": fetch_id_token(self.id_token, client, hidden).reveal(),
            "duration_seconds": self.duration,
        }
        return self._post(client, hidden, "/v5/agencies/assume-with-oidc", document).read_key(STS_KEY)
