"""
Assumes an agency of another account with the operator's credential, for a temporary access key.

If there are several agencies, the key of each assumes the next. Described in "Obtaining Temporary Access Keys and
Security Tokens of an Agency", Identity and Access Management API Reference, and for trust agencies in "AssumeAgency",
Security Token Service. As in the Terraform provider, STS is used if the account is given by id, and IAM if it is given
by name.
"""

from typing import TypeAlias

import httpx
from msgspec import Struct

from reconcile.fetch.credentials.access_key import AccessKey
from reconcile.fetch.credentials.credential import Token, UnsignedRequest
from reconcile.fetch.credentials.identity import IAM_KEY, STS_KEY, IdentityUrl, Question, build_request
from reconcile.fetch.credentials.issued import Login
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.model.manifest import Provider

_KEY_LIFETIME = 12 * 60 * 60
"""The seconds that IAM is asked for, as in the Terraform provider."""

Base: TypeAlias = Token | AccessKey | Login


class Agency(Struct, frozen=True, kw_only=True):
    """
    An agency and the account that created it, by name or by id; `url` is the service to ask.

    `duration` is in seconds; None means the service's default at STS and 12 hours at IAM.
    """

    url: IdentityUrl
    name: str
    domain_name: str | None
    domain_id: str | None
    duration: int | None


class AgencyLogin(Struct, frozen=True, kw_only=True, eq=False):
    """A credential that assumes the first agency, whose access key assumes the next, and so on."""

    base: Base
    agencies: tuple[Agency, ...]
    provider: Provider
    source: str

    @property
    def secrets(self) -> tuple[Hidden, ...]:
        """What no output may show."""
        return tuple(self.base.secrets)

    def __str__(self) -> str:
        names = ", then ".join(f"'{agency.name}'" for agency in self.agencies)
        return f"{self.base}, to assume agency {names}"

    def issue(self, client: httpx.Client, hidden: list[Hidden]) -> Token | AccessKey:
        """Assume the agencies one after the other; raise CredentialError."""
        held = self.base if isinstance(self.base, Token | AccessKey) else self.base.issue(client, hidden)
        for agency in self.agencies:
            hidden.extend(held.secrets)
            held = self._assume(agency, held, client, hidden)
        return held

    def _assume(self, agency: Agency, held: Token | AccessKey, client: httpx.Client, hidden: list[Hidden]) -> AccessKey:
        question = Question(
            url=agency.url,
            provider=self.provider,
            source=self.source,
            shown=f"the credential for agency '{agency.name}'",
            redact=Redactor(hidden),
        )
        response = question.ask(client, build_assume_request(agency, held, client))
        return response.read_key(STS_KEY if agency.domain_id is not None else IAM_KEY)


def build_assume_request(agency: Agency, held: Token | AccessKey, client: httpx.Client) -> httpx.Request:
    """Build the request for the access key of an agency, authenticated with `held`; nothing is sent."""
    path, document = _describe(agency)
    url = f"{agency.url.base}{path}"
    request = build_request("POST", url, document)
    unsigned = UnsignedRequest(
        method="POST",
        authority=agency.url.origin.authority,
        target=request.url.raw_path.decode("ascii"),
        headers={"Content-Type": request.headers["Content-Type"]},
        body=request.content,
    )
    signer = held.without_project() if isinstance(held, AccessKey) else held
    request.headers.update(signer.headers(unsigned, client=client))
    return request


def _describe(agency: Agency) -> tuple[str, dict[str, object]]:
    duration = {} if agency.duration is None else {"duration_seconds": agency.duration}
    if agency.domain_id is None:
        role = {"agency_name": agency.name, "domain_name": agency.domain_name, "duration_seconds": _KEY_LIFETIME}
        identity = {"methods": ["assume_role"], "assume_role": {**role, **duration}}
        return "/v3.0/OS-CREDENTIAL/securitytokens", {"auth": {"identity": identity}}
    urn = f"iam::{agency.domain_id}:agency:{agency.name}"
    return "/v5/agencies/assume", {"agency_urn": urn, "agency_session_name": agency.name, **duration}
