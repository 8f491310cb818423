"""Settings -> the login that fetches a credential, and the URL of the identity service."""

import re
from collections.abc import Mapping

from reconcile.codes import Code
from reconcile.fetch.credentials.agency import Agency, AgencyLogin, Base
from reconcile.fetch.credentials.federation import FederatedLogin, StsLogin
from reconcile.fetch.credentials.id_token import find_id_token
from reconcile.fetch.credentials.identity import IdentityUrl
from reconcile.fetch.credentials.keystone import KeystoneLogin
from reconcile.fetch.credentials.metadata import MetadataLogin
from reconcile.fetch.credentials.settings import PASSWORD, SECONDS, SECRET, TEXT, Settings, refuse
from reconcile.fetch.endpoint import Origin, parse_endpoint, refuse_endpoint
from reconcile.fetch.secret import Secret
from reconcile.model.manifest import Provider

_VERSION_PATH = "/v3"
_IDENTITY_URL = re.compile(r"(?P<origin>[^/]*//[^/]*)(?P<path>/.*)?", re.DOTALL)
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)*/?", re.ASCII)
_SESSION_NAME = "reconcile"
_STS_DURATION = 3600
"""Seconds, as in the SDK."""
_STS_REGIONS = frozenset(
    {
        "af-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "cn-east-3",
        "cn-north-4",
        "cn-south-1",
        "cn-southwest-2",
        "la-south-2",
        "sa-brazil-1",
        "tr-west-1",
    }
)
"""The regions of Huawei Cloud whose security token service the SDK knows."""
_FORM = "write it as https://HOST/v3 or https://HOST:PORT/v3"


def make_password_login(settings: Settings) -> KeystoneLogin:
    """Make a login with a password; raise AccessError if something is missing, malformed, or for another project."""
    user = _describe_user(settings, beside=["password", "auth_type"])
    secret = settings.require("password", PASSWORD, beside=["user_id", "username"])
    source = settings.name_source("user_id" if "id" in user else "username", "password")
    return _make_login(settings, user, secret, _describe_scope(settings), source)


def make_application_login(settings: Settings) -> KeystoneLogin:
    """
    Make a login with an application credential; raise AccessError as `make_password_login` does.

    It is identified by its id, or by its name and user.
    """
    by_name = "application_credential_id" not in settings and "application_credential_name" in settings
    name = "application_credential_name" if by_name else "application_credential_id"
    value = settings.require(name, TEXT, beside=["application_credential_secret", "auth_type"]).reveal()
    identity = {"name": value, "user": _describe_user(settings, beside=[name])} if by_name else {"id": value}
    secret = settings.require("application_credential_secret", SECRET, beside=[name])
    return _make_login(settings, identity, secret, None, settings.name_source(name, "application_credential_secret"))


def _make_login(
    settings: Settings, identity: Mapping[str, object], secret: Secret, scope: Mapping[str, object] | None, source: str
) -> KeystoneLogin:
    settings.check_project()
    url, provider = find_url(settings), settings.provider
    return KeystoneLogin(url=url, identity=identity, secret=secret, scope=scope, source=source, provider=provider)


def make_federated_login(settings: Settings, environ: Mapping[str, str]) -> FederatedLogin:
    """Make a login with an id token at IAM; raise AccessError as `make_password_login` does."""
    idp_id = settings.require("idp_id", TEXT, beside=["id_token", "id_token_file"]).reveal()
    id_token, source = find_id_token(settings, environ, beside="idp_id")
    settings.check_project()
    return FederatedLogin(
        url=find_url(settings), provider=settings.provider, idp_id=idp_id, id_token=id_token, source=source
    )


def make_sts_login(settings: Settings, environ: Mapping[str, str]) -> StsLogin:
    """Make a login with an id token at STS; raise AccessError as `make_password_login` does."""
    provider_urn = settings.require("provider_urn", TEXT, beside=["agency_urn"]).reveal()
    agency_urn = settings.require("agency_urn", TEXT, beside=["provider_urn"]).reveal()
    id_token, source = find_id_token(settings, environ, beside="provider_urn")
    settings.check_project()
    return StsLogin(
        url=find_sts_url(settings),
        provider=settings.provider,
        provider_urn=provider_urn,
        agency_urn=agency_urn,
        session_name=settings.find_text("session_name") or _SESSION_NAME,
        duration=_find_duration(settings) or _STS_DURATION,
        id_token=id_token,
        source=source,
    )


def make_metadata_login(settings: Settings) -> MetadataLogin:
    """Make the login of the server that this program runs on; raise AccessError if it is for another project."""
    settings.check_project()
    return MetadataLogin(provider=settings.provider)


def make_agency_login(settings: Settings, base: Base, *, source: str) -> AgencyLogin:
    """
    Make the login that assumes agencies with another credential; raise AccessError as `make_password_login` does.

    Several agencies, and their accounts, are separated by commas and assumed one after the other.
    """
    names, domain_names, domain_ids = (
        _find_list(settings, f"agency_{what}") for what in ("name", "domain_name", "domain_id")
    )
    if not domain_ids and not domain_names:
        raise settings.refuse_missing("agency_domain_name", beside=["agency_name"])
    by_id = bool(domain_ids)
    domains = domain_ids or domain_names
    if len(names) != len(domains):
        which = "agency_domain_id" if by_id else "agency_domain_name"
        raise refuse(
            Code.MALFORMED_CREDENTIAL,
            f"{settings.describe('agency_name')} names {len(names)} agencies for provider '{settings.provider.name}', "
            f"and {settings.describe(which)} {len(domains)} accounts",
            hint="name the account of each agency, in the same order",
        )
    url, duration = find_sts_url(settings) if by_id else find_url(settings), _find_duration(settings)
    agencies = tuple(
        Agency(
            url=url,
            name=name,
            domain_id=domain if by_id else None,
            domain_name=None if by_id else domain,
            duration=duration,
        )
        for name, domain in zip(names, domains, strict=True)
    )
    return AgencyLogin(
        base=base,
        agencies=agencies,
        provider=settings.provider,
        source=f"{source}, {settings.name_source('agency_name')}",
    )


def _find_list(settings: Settings, name: str) -> list[str]:
    text = settings.find_text(name)
    return [part.strip() for part in text.split(",")] if text is not None else []


def _find_duration(settings: Settings) -> int | None:
    """Return the requested lifetime of an access key in seconds, None if it is not set."""
    secret = settings.find("duration", SECONDS)
    return int(secret.reveal()) if secret is not None else None


# --- Where -----------------------------------------------------------------------------------------------------


def parse_identity_url(text: str, *, called: str) -> IdentityUrl:
    """
    Parse the operator's URL of an identity service: https, or http if the host is loopback as written.

    `called` is the name of the setting, for messages. The version is appended to a path that does not end with it.
    Raises AccessError.
    """
    match = _IDENTITY_URL.fullmatch(text)
    origin = parse_endpoint(match["origin"] if match is not None else text, called=called, form=_FORM)
    path = (match["path"] if match is not None else None) or ""
    if not _PATH.fullmatch(path):
        raise refuse_endpoint(text, "has a path with unusual characters", called=called, form=_FORM)
    path = path.rstrip("/")
    if path.endswith("/v2.0"):
        raise refuse_endpoint(text, "is keystone v2.0, which is not supported", called=called, form=_FORM)
    return IdentityUrl(origin=origin, path=path if path.endswith(_VERSION_PATH) else f"{path}{_VERSION_PATH}")


def find_identity_url(provider: Provider) -> IdentityUrl | None:
    """Look up the nearest identity service in the table of clouds; None if the table has none."""
    origins = _list_origins(provider)
    return IdentityUrl(origin=origins[0], path=_VERSION_PATH) if origins else None


def _list_origins(provider: Provider) -> tuple[Origin, ...]:
    """List every identity service whose tokens the provider accepts, the nearest first."""
    cloud = provider.api.clouds.get(provider.cloud) if provider.cloud is not None else None
    hosts = cloud.iam_hosts.get(provider.region, ()) if cloud is not None and provider.region is not None else ()
    return tuple(parse_endpoint(f"https://{host}") for host in hosts)


def find_url(settings: Settings) -> IdentityUrl:
    """Return the identity service in the settings, or else that of the table; raise AccessError without one."""
    text = settings.find_text("auth_url")
    if text is None:
        return _look_up_url(settings)
    url = parse_identity_url(text, called=settings.describe("auth_url"))
    if settings.in_working_directory and url.origin not in _list_origins(settings.provider):
        raise refuse(
            Code.ENDPOINT_NOT_ALLOWED,
            f"{settings.describe('auth_url')} is {url}, which is not an identity service of provider "
            f"'{settings.provider.name}' in the built-in table, and no variable names the file, which was found in the "
            "working directory",
            hint="name the file in OS_CLIENT_CONFIG_FILE, if it is yours and not part of a checkout",
        )
    return url


def find_sts_url(settings: Settings) -> IdentityUrl:
    """Return the security token service in the settings, or else that of the region; raise AccessError without one."""
    text, provider = settings.find_text("sts_url"), settings.provider
    if text is not None:
        return IdentityUrl(origin=parse_endpoint(text, called=settings.describe("sts_url")), path="")
    if provider.cloud == "huaweicloud" and provider.region in _STS_REGIONS:
        return IdentityUrl(origin=parse_endpoint(f"https://sts.{provider.region}.myhuaweicloud.com"), path="")
    raise refuse(
        Code.NO_ENDPOINT,
        f"no security token service is known for provider '{provider.name}', and {settings.describe('sts_url')} is "
        "not set",
        hint="set it to the https address of the service; an agency whose account is given by name needs none",
    )


def _look_up_url(settings: Settings) -> IdentityUrl:
    provider, profile = settings.provider, settings.profile
    if profile not in (None, provider.cloud):
        raise refuse(
            Code.NO_ENDPOINT,
            f"{settings.describe('profile')} is '{str(profile)[:200]}', whose defaults are not known here, and "
            f"{settings.describe('auth_url')} is not set",
            hint="set 'auth_url'",
        )
    url = find_identity_url(provider)
    if url is None:
        raise refuse(
            Code.NO_ENDPOINT,
            f"no identity service is known for provider '{provider.name}', and {settings.describe('auth_url')} is not "
            "set",
            hint="set it to the https address of the identity service, as in https://HOST/v3",
        )
    return url


# --- Who -------------------------------------------------------------------------------------------------------


def _describe_user(settings: Settings, *, beside: list[str]) -> dict[str, object]:
    user_id = settings.find_text("user_id")
    if user_id is not None:
        return {"id": user_id}
    name = settings.require("username", TEXT, beside=beside).reveal()
    domain = _describe_domain(settings, "user")
    if domain is None:
        raise settings.refuse_missing("user_domain_name", beside=["username"])
    return {"name": name, "domain": domain}


def _describe_scope(settings: Settings) -> dict[str, object]:
    """Describe the scope of the token: the project, or the user's account if it then assumes an agency."""
    if "agency_name" not in settings:
        return {"project": _describe_project(settings)}
    domain = _describe_domain(settings, "user")
    if domain is None:
        raise settings.refuse_missing("user_domain_name", beside=["agency_name"])
    return {"domain": domain}


def _describe_project(settings: Settings) -> dict[str, object]:
    """Describe the operator's project, or else that of the manifest."""
    name = settings.find_text("project_name")
    if name is None or "project_id" in settings:
        return {"id": settings.provider.project_id}
    domain = _describe_domain(settings, "project") or _describe_domain(settings, "user")
    return {"name": name} if domain is None else {"name": name, "domain": domain}


def _describe_domain(settings: Settings, whose: str) -> dict[str, object] | None:
    for what in ("id", "name"):
        value = settings.find_text(f"{whose}_domain_{what}")
        if value is not None:
            return {what: value}
    return None
