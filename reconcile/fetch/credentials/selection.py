"""
Selects the credential of a provider: the first one that is set, in this order:

    the provider's own variables, RECONCILE_<SETTING>_<PROVIDER>
    those for every provider, RECONCILE_<SETTING>
    OpenStack's variables, if OS_AUTH_TYPE says which of them count
    tokens, then id tokens, profiles and access keys of the SDK, the Terraform provider and OpenStack's tools
    a cloud of clouds.yaml, a user's password or application credential
    the SDK's file in the user's home
    the metadata service of the server, if the operator allows it

If the first one is malformed, that is an error, whatever else is set.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials.access_key import AccessKey
from reconcile.fetch.credentials.credential import Credential, Token
from reconcile.fetch.credentials.settings import ACCESS_KEY, SECRET_KEY, TOKEN, Settings, refuse, suggest_name
from reconcile.fetch.credentials.variables import (
    CLOUD_VARIABLES,
    KEY_VARIABLES,
    LOGIN_VARIABLES,
    METADATA_VARIABLES,
    OPENSTACK_VARIABLES,
    TOKEN_VARIABLES,
    Variables,
    find_unknown_variables,
    list_known_variables,
    list_own_variables,
    name_variable,
)
from reconcile.fetch.secret import Secret
from reconcile.model.manifest import Provider

if TYPE_CHECKING:
    from reconcile.fetch.credentials.agency import Base


class Kind(Enum):
    """The kinds of credentials."""

    TOKEN = auto()
    FEDERATED = auto()
    STS = auto()
    CLI_PROFILE = auto()
    ACCESS_KEY = auto()
    SDK_PROFILE = auto()
    CLOUD = auto()
    PASSWORD = auto()
    APPLICATION_CREDENTIAL = auto()
    METADATA = auto()


_SIGNS = {
    "token": Kind.TOKEN,
    "provider_urn": Kind.STS,
    "agency_urn": Kind.STS,
    "idp_id": Kind.FEDERATED,
    "profile": Kind.CLI_PROFILE,
    "shared_config_file": Kind.CLI_PROFILE,
    "ak": Kind.ACCESS_KEY,
    "sk": Kind.ACCESS_KEY,
    "credentials_file": Kind.SDK_PROFILE,
    "cloud": Kind.CLOUD,
    "password": Kind.PASSWORD,
    "application_credential_id": Kind.APPLICATION_CREDENTIAL,
    "application_credential_name": Kind.APPLICATION_CREDENTIAL,
    "application_credential_secret": Kind.APPLICATION_CREDENTIAL,
    "username": Kind.PASSWORD,
    "user_id": Kind.PASSWORD,
}
"""The kind that a setting indicates. Without an `auth_type`, the first that is set counts."""

_AUTH_TYPES = {
    "password": Kind.PASSWORD,
    "v3password": Kind.PASSWORD,
    "token": Kind.TOKEN,
    "v3token": Kind.TOKEN,
    "v3applicationcredential": Kind.APPLICATION_CREDENTIAL,
    "aksk": Kind.ACCESS_KEY,  # of gophertelekomcloud
}


def find_credential(
    provider: Provider,
    *,
    environ: Mapping[str, str],
    unknown: frozenset[str] | None = None,
    metadata: bool = False,
) -> Credential:
    """
    Find the credential of a provider, without fetching anything.

    Args:
        provider: the provider.
        environ: the environment variables.
        unknown: the variables that nothing reads, None if this is the only provider.
        metadata: whether the metadata service may be asked if there is no other credential.

    Raises AccessError if there is none, or if the first one is malformed, incomplete, or for another project.
    """
    if unknown is None:
        unknown = find_unknown_variables(environ, [provider.name])
    for own in (list_own_variables(provider.name), list_own_variables()):
        settings = _read(provider, environ, own, unknown)
        if metadata and settings.values and settings.values.keys() <= METADATA_VARIABLES.keys():
            return _make(Kind.METADATA, settings, environ)
        if settings.values:
            return _make_any(settings, environ)
    credential = _find_in_variables(provider, environ, unknown) or _find_at_home(provider, environ)
    if credential is not None:
        return credential
    if metadata:
        return _make(Kind.METADATA, _read(provider, environ, METADATA_VARIABLES), environ)
    raise _refuse_none(provider, unknown)


def _find_in_variables(provider: Provider, environ: Mapping[str, str], unknown: frozenset[str]) -> Credential | None:
    """Make the first credential in the variables of the clouds' tools, or that they name; None without one."""
    for variables in _list_shared(provider, environ):
        settings = _read(provider, environ, variables, unknown)
        kind = choose_kind(settings)
        if kind is not None:
            return _make(kind, settings, environ)
    return None


def _find_at_home(provider: Provider, environ: Mapping[str, str]) -> Credential | None:
    """Make the credential of the SDK's file in the user's home; None if there is no such file."""
    home = environ.get("HOME")
    if home and Path(home, ".huaweicloud", "credentials").exists():
        return _make(Kind.SDK_PROFILE, Settings(provider=provider, values={}, describe=str), environ)
    return None


def choose_kind(settings: Settings) -> Kind | None:
    """
    Choose the kind of credential in the settings; None if there is none.

    If `auth_type` is set, it decides; raises AccessError if it is not supported.
    """
    auth_type = settings.find_text("auth_type")
    if auth_type is None:
        return next((kind for sign, kind in _SIGNS.items() if sign in settings), None)
    if auth_type not in _AUTH_TYPES:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{settings.describe('auth_type')} is '{auth_type[:200]}' for provider '{settings.provider.name}', which "
            "reconcile does not support",
            hint=f"it supports {', '.join(_AUTH_TYPES)}",
        )
    return _AUTH_TYPES[auth_type]


def _list_shared(provider: Provider, environ: Mapping[str, str]) -> Iterator[Variables]:
    """List the variables of the clouds' tools, in order of precedence."""
    if "OS_AUTH_TYPE" in environ and not _names_cloud(provider, environ):
        yield OPENSTACK_VARIABLES
    yield from TOKEN_VARIABLES
    yield from KEY_VARIABLES
    yield CLOUD_VARIABLES
    yield from LOGIN_VARIABLES


def _names_cloud(provider: Provider, environ: Mapping[str, str]) -> bool:
    """Return whether OS_CLOUD is set, and no variable of the kind in OS_AUTH_TYPE."""
    settings = _read(provider, environ, OPENSTACK_VARIABLES)
    kind = choose_kind(settings)
    return "OS_CLOUD" in environ and not any(sign in settings for sign in _SIGNS if _SIGNS[sign] is kind)


def _read(
    provider: Provider, environ: Mapping[str, str], variables: Variables, unknown: frozenset[str] = frozenset()
) -> Settings:
    chosen = {name: next((each for each in names if each in environ), names[0]) for name, names in variables.items()}
    values = {name: Secret(environ[variable]) for name, variable in chosen.items() if variable in environ}
    return Settings(provider=provider, values=values, describe=chosen.__getitem__, unknown=unknown)


def _refuse_none(provider: Provider, unknown: frozenset[str]) -> AccessError:
    token = name_variable("token", provider.name)
    return refuse(
        Code.NO_CREDENTIALS,
        f"no credentials for provider '{provider.name}' in the environment",
        hint=suggest_name(list_known_variables([provider.name]), unknown)
        or f"set {token}, RECONCILE_TOKEN or OS_TOKEN to a token, HW_ACCESS_KEY and HW_SECRET_KEY, OS_CLOUD, or "
        "OS_USERNAME and OS_PASSWORD; 'reconcile explain RC301' lists all",
    )


# --- Settings -> Credential ------------------------------------------------------------------------------------


def _make(kind: Kind, settings: Settings, environ: Mapping[str, str]) -> Credential:
    if kind is Kind.CLOUD:
        from reconcile.fetch.credentials.clouds_yaml import read_cloud

        return _make_any(read_cloud(settings, environ), environ)
    if kind in (Kind.CLI_PROFILE, Kind.SDK_PROFILE):
        from reconcile.fetch.credentials.profile import read_cli_profile, read_sdk_profile

        read = read_cli_profile if kind is Kind.CLI_PROFILE else read_sdk_profile
        return _make_any(read(settings, environ), environ)
    return _finish(_make_base(kind, settings, environ), settings)


def _finish(base: "Base", settings: Settings) -> Credential:
    """Make the credential from `base`; if the settings name an agency, assume it first."""
    if "agency_name" in settings:
        from reconcile.fetch.credentials.login import make_agency_login

        base = make_agency_login(settings, base, source=base.source)
    if isinstance(base, Token | AccessKey):
        return base
    from reconcile.fetch.credentials.issued import IssuedCredential

    return IssuedCredential(base)


def _make_any(settings: Settings, environ: Mapping[str, str]) -> Credential:
    """Make the credential of a place; raise AccessError if it has settings, but no credential."""
    kind = choose_kind(settings)
    if kind is not None:
        return _make(kind, settings, environ)
    place = settings.place if settings.place is not None else " and ".join(map(settings.describe, settings.values))
    wanted = _SIGNS if settings.place is not None else map(settings.describe, _SIGNS)
    raise refuse(
        Code.NO_CREDENTIALS,
        f"{place} holds no credential for provider '{settings.provider.name}'",
        hint=suggest_name(wanted, settings.unknown)
        or "add a token, an access key, a user's password or an application credential",
    )


def _make_base(kind: Kind, settings: Settings, environ: Mapping[str, str]) -> "Base":
    """Make the credential in the settings, or the login that obtains it."""
    if kind is Kind.TOKEN:
        return _make_token(settings)
    if kind is Kind.ACCESS_KEY:
        return _make_access_key(settings)
    from reconcile.fetch.credentials import login

    if kind in (Kind.FEDERATED, Kind.STS):
        exchange = login.make_federated_login if kind is Kind.FEDERATED else login.make_sts_login
        return exchange(settings, environ)
    makers: Mapping[Kind, Callable[[Settings], Base]] = {
        Kind.PASSWORD: login.make_password_login,
        Kind.APPLICATION_CREDENTIAL: login.make_application_login,
        Kind.METADATA: login.make_metadata_login,
    }
    return makers[kind](settings)


def _make_token(settings: Settings) -> Token:
    secret = settings.require("token", TOKEN, beside=["auth_type"])
    settings.check_project()
    return Token(secret, source=settings.name_source("token"), header=settings.provider.api.token_header)


def _make_access_key(settings: Settings) -> AccessKey:
    key = settings.require("ak", ACCESS_KEY, beside=["sk", "auth_type"])
    secret = settings.require("sk", SECRET_KEY, beside=["ak"])
    security_token = settings.find("security_token", TOKEN)
    settings.check_project()
    source = settings.name_source("ak", "sk")
    return AccessKey(key.reveal(), secret, security_token, source=source, project_id=settings.provider.project_id)
