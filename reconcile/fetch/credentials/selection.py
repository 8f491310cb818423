"""
Which credential a provider gets: the first that is set.

The order is: a token, an access key, a cloud of clouds.yaml, a user with a password. The first one is an error if it is
malformed, whatever else is set.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials.credential import Credential, Token
from reconcile.fetch.credentials.settings import ACCESS_KEY, CLOUD_VARIABLE, SECRET_KEY, TOKEN, Settings, refuse
from reconcile.fetch.secret import Secret
from reconcile.model import Provider

if TYPE_CHECKING:
    from reconcile.fetch.credentials.clouds_yaml import CloudEntry

_SHARED_TOKENS = (
    {"token": "RECONCILE_TOKEN"},
    {"token": "OS_TOKEN", "project_id": "OS_PROJECT_ID"},
    {"token": "OS_AUTH_TOKEN", "project_id": "OS_PROJECT_ID"},
    {"token": "HW_AUTH_TOKEN", "project_id": "HW_PROJECT_ID"},
)
_ACCESS_KEYS = (
    {
        "ak": "HUAWEICLOUD_SDK_AK",
        "sk": "HUAWEICLOUD_SDK_SK",
        "security_token": "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        "project_id": "HUAWEICLOUD_SDK_PROJECT_ID",
    },
    {
        "ak": "HW_ACCESS_KEY",
        "sk": "HW_SECRET_KEY",
        "security_token": "HW_SECURITY_TOKEN",
        "project_id": "HW_PROJECT_ID",
    },
    {"ak": "OS_ACCESS_KEY", "sk": "OS_SECRET_KEY", "project_id": "OS_PROJECT_ID"},
)
_LOGIN = {
    name: f"OS_{name.upper()}"
    for name in (
        "auth_url",
        "username",
        "user_id",
        "user_domain_id",
        "user_domain_name",
        "password",
        "project_id",
        "project_name",
        "project_domain_id",
        "project_domain_name",
    )
}
_KINDS = {"password": "password", "v3password": "password", "token": "token", "v3token": "token"}


def find_credential(provider: Provider, *, environ: Mapping[str, str]) -> Credential:
    """
    Find the credential of a provider, without fetching anything.

    Raises AccessError if there is none, or if the first one is malformed, incomplete, or for another project.
    """
    for variables in _token_variables(provider):
        settings = _read(provider, environ, variables)
        if "token" in settings:
            return _make_token(settings, variables["token"])
    for variables in _ACCESS_KEYS:
        settings = _read(provider, environ, variables)
        if "ak" in settings or "sk" in settings:
            return _make_access_key(settings, f"{variables['ak']} and {variables['sk']}")
    if CLOUD_VARIABLE in environ:
        from reconcile.fetch.credentials.clouds_yaml import read_cloud

        return _make_from_cloud(read_cloud(provider, environ))
    settings = _read(provider, environ, _LOGIN)
    if "username" in settings or "user_id" in settings or "password" in settings:
        from reconcile.fetch.credentials.login import make_login

        return make_login(settings, "OS_USERNAME and OS_PASSWORD")
    raise _refuse_none(provider)


def _token_variables(provider: Provider) -> Iterator[Mapping[str, str]]:
    yield {"token": f"RECONCILE_TOKEN_{provider.name.upper().replace('-', '_')}"}
    yield from _SHARED_TOKENS


def _read(provider: Provider, environ: Mapping[str, str], variables: Mapping[str, str]) -> Settings:
    values = {name: Secret(environ[variable]) for name, variable in variables.items() if variable in environ}
    return Settings(provider=provider, values=values, describe=variables.__getitem__)


def _refuse_none(provider: Provider) -> AccessError:
    tokens = ", ".join(variables["token"] for variables in _token_variables(provider))
    keys = ", ".join(variables["ak"] for variables in _ACCESS_KEYS)
    return refuse(
        Code.NO_CREDENTIALS,
        f"no credentials for provider '{provider.name}': none of {tokens} is set, and neither is an access key "
        f"({keys}), {CLOUD_VARIABLE}, or a user ({_LOGIN['username']})",
        hint="put a token of the provider's project into one of these environment variables",
    )


# --- Settings -> Credential ------------------------------------------------------------------------------------


def _make_from_cloud(entry: "CloudEntry") -> Credential:
    settings = entry.settings
    if entry.kind is not None and entry.kind not in _KINDS:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{settings.describe('auth_type')} is '{entry.kind[:200]}', which is not known here",
            hint=f"known are {', '.join(_KINDS)}; 'ak' and 'sk' in 'auth' need none of them",
        )
    kind = _KINDS[entry.kind] if entry.kind is not None else None
    if kind == "token" or (kind is None and "token" in settings):
        return _make_token(settings, entry.source)
    if kind is None and ("ak" in settings or "sk" in settings):
        return _make_access_key(settings, entry.source)
    from reconcile.fetch.credentials.login import make_login

    return make_login(settings, entry.source, profile=entry.profile, in_working_directory=entry.in_working_directory)


def _make_token(settings: Settings, source: str) -> Token:
    secret = settings.require("token", TOKEN, beside="auth_type")
    settings.check_project()
    return Token(secret, source=source, header=settings.provider.api.token_header)


def _make_access_key(settings: Settings, source: str) -> Credential:
    from reconcile.fetch.credentials.access_key import AccessKey

    key = settings.require("ak", ACCESS_KEY, beside="sk")
    secret = settings.require("sk", SECRET_KEY, beside="ak")
    security_token = settings.find("security_token", TOKEN)
    settings.check_project()
    project_id = settings.provider.project_id
    return AccessKey(key.reveal(), secret, security_token, source=source, project_id=project_id)
