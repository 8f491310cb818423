"""
An id token of OpenID Connect for a temporary access key, so that CI needs no secret of the cloud's.

Described in "Obtaining an Unscoped Token with an OpenID Connect ID Token" and "Obtaining a Temporary Access Key and
Security Token Through a Token", Identity and Access Management API Reference, and for a trust agency in
"AssumeAgencyWithOIDC", Security Token Service. The requests are those of the official SDK.
"""

import httpx
from msgspec import Struct

from reconcile.fetch.credentials.access_key import AccessKey
from reconcile.fetch.credentials.id_token import GitHubIdToken, IdToken, fetch_id_token
from reconcile.fetch.credentials.identity import IAM_KEY, STS_KEY, IdentityUrl, Question, build_request
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.fetch.secret import Secret
from reconcile.model import Provider

_KEY_LIFETIME = 6 * 60 * 60
"""Seconds, as the SDK asks for."""
_SHOWN = "the id token"


class _IdTokenLogin(Struct, frozen=True, kw_only=True, eq=False):
    """An id token that a service exchanges for a temporary access key."""

    url: IdentityUrl
    provider: Provider
    id_token: IdToken
    source: str

    @property
    def secrets(self) -> tuple[Hidden, ...]:
        """What no output may show."""
        return list_secrets(self.id_token)

    def __str__(self) -> str:
        return f"id token from {self.source}, for a temporary access key of {self.url.origin}"

    def _make_question(self, hidden: list[Hidden]) -> Question:
        return Question(url=self.url, provider=self.provider, source=self.source, shown=_SHOWN, redact=Redactor(hidden))


class FederatedLogin(_IdTokenLogin, frozen=True, kw_only=True, eq=False):
    """An id token that IAM accepts from the identity provider `idp_id`."""

    idp_id: str

    def issue(self, client: httpx.Client, hidden: list[Hidden]) -> AccessKey:
        """Exchange the id token for a token without a scope, and that for an access key; raise CredentialError."""
        id_token = fetch_id_token(self.id_token, client, hidden)
        question = self._make_question(hidden)
        response = question.ask(client, build_exchange(self.url, self.idp_id, id_token))
        response.read_document()
        token = response.read_token()
        hidden.append(token)
        key = question.ask(client, build_key_request(self.url, token)).read_key(IAM_KEY)
        return key.make_credential(source=self.source, project_id=self.provider.project_id)


class StsLogin(_IdTokenLogin, frozen=True, kw_only=True, eq=False):
    """An id token that STS accepts for a trust agency; both are named by their URNs."""

    provider_urn: str
    agency_urn: str
    session_name: str
    duration: int

    def issue(self, client: httpx.Client, hidden: list[Hidden]) -> AccessKey:
        """Exchange the id token for the access key of the agency; raise CredentialError."""
        id_token = fetch_id_token(self.id_token, client, hidden)
        question = self._make_question(hidden)
        document = {
            "provider_urn": self.provider_urn,
            "agency_urn": self.agency_urn,
            "agency_session_name": self.session_name,
            "id_token": id_token.reveal(),
            "duration_seconds": self.duration,
        }
        request = build_request("POST", f"{self.url}/v5/agencies/assume-with-oidc", document)
        key = question.ask(client, request).read_key(STS_KEY)
        return key.make_credential(source=self.source, project_id=self.provider.project_id)


def list_secrets(id_token: IdToken) -> tuple[Hidden, ...]:
    """List what is known to be secret before anything is read or fetched."""
    if isinstance(id_token, Secret):
        return (id_token,)
    return (id_token.bearer,) if isinstance(id_token, GitHubIdToken) else ()


def build_exchange(url: IdentityUrl, idp_id: str, id_token: Secret) -> httpx.Request:
    """Build the request for a token without a scope."""
    document = {"auth": {"id_token": {"id": id_token.reveal()}}}
    return build_request("POST", f"{url.base}/v3.0/OS-AUTH/id-token/tokens", document, {"X-Idp-Id": idp_id})


def build_key_request(url: IdentityUrl, token: Secret) -> httpx.Request:
    """Build the request for a temporary access key in place of a token."""
    identity = {"methods": ["token"], "token": {"id": token.reveal(), "duration_seconds": _KEY_LIFETIME}}
    return build_request("POST", f"{url.base}/v3.0/OS-CREDENTIAL/securitytokens", {"auth": {"identity": identity}})
