"""
Which credential a provider gets: the first that is there.

A token, then an access key, then a cloud of clouds.yaml, then a user with a password. What is there and wrong is an
error, whatever comes after it.
"""

from collections.abc import Iterator, Mapping

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials.access_key import AccessKey
from reconcile.fetch.credentials.clouds_yaml import CLOUD_VARIABLE, CONFIG_VARIABLE, CloudEntry, read_cloud
from reconcile.fetch.credentials.credential import Credential
from reconcile.fetch.credentials.identity import (
    IdentityUrl,
    Login,
    find_identity_origins,
    find_identity_url,
    parse_identity_url,
)
from reconcile.fetch.credentials.keystone import PasswordLogin
from reconcile.fetch.credentials.settings import ACCESS_KEY, PASSWORD, SECRET_KEY, TEXT, TOKEN, Settings, refuse
from reconcile.fetch.credentials.token import Token
from reconcile.fetch.secret import Secret
from reconcile.model import Provider

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
    Find the credential of a provider; nothing is fetched yet.

    Raises AccessError if there is none, or if what comes first is malformed, only half there, or for another project.
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
        return _take_from_cloud(read_cloud(provider, environ))
    settings = _read(provider, environ, _LOGIN)
    if "username" in settings or "user_id" in settings or "password" in settings:
        return _make_login(settings, "OS_USERNAME and OS_PASSWORD")
    raise _refuse_nothing(provider)


def _token_variables(provider: Provider) -> Iterator[Mapping[str, str]]:
    yield {"token": f"RECONCILE_TOKEN_{provider.name.upper().replace('-', '_')}"}
    yield from _SHARED_TOKENS


def _read(provider: Provider, environ: Mapping[str, str], variables: Mapping[str, str]) -> Settings:
    values = {name: Secret(environ[variable]) for name, variable in variables.items() if variable in environ}
    return Settings(provider=provider, values=values, call=variables.__getitem__)


def _refuse_nothing(provider: Provider) -> AccessError:
    tokens = ", ".join(variables["token"] for variables in _token_variables(provider))
    keys = ", ".join(variables["ak"] for variables in _ACCESS_KEYS)
    return refuse(
        Code.NO_CREDENTIALS,
        f"no credentials for provider '{provider.name}': none of {tokens} is set, and neither is an access key "
        f"({keys}), {CLOUD_VARIABLE}, or a user ({_LOGIN['username']})",
        hint="put a token of the provider's project into one of these environment variables",
    )


# --- Settings -> Credential ------------------------------------------------------------------------------------


def _take_from_cloud(entry: CloudEntry) -> Credential:
    settings = entry.settings
    if entry.kind is not None and entry.kind not in _KINDS:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{settings.call('auth_type')} is '{entry.kind[:200]}', which is not known here",
            hint=f"known are {', '.join(_KINDS)}; 'ak' and 'sk' in 'auth' need none of them",
        )
    kind = _KINDS[entry.kind] if entry.kind is not None else None
    if kind == "token" or (kind is None and "token" in settings):
        return _make_token(settings, entry.source)
    if kind is None and ("ak" in settings or "sk" in settings):
        return _make_access_key(settings, entry.source)
    return _make_login(settings, entry.source, profile=entry.profile, strayed=entry.strayed)


def _make_token(settings: Settings, source: str) -> Token:
    secret = settings.take("token", TOKEN, beside="auth_type")
    settings.check_project()
    return Token(secret, source=source, header=settings.provider.api.token_header)


def _make_access_key(settings: Settings, source: str) -> AccessKey:
    key = settings.take("ak", ACCESS_KEY, beside="sk")
    secret = settings.take("sk", SECRET_KEY, beside="ak")
    security_token = settings.find("security_token", TOKEN)
    settings.check_project()
    project_id = settings.provider.project_id
    return AccessKey(key.reveal(), secret, security_token, source=source, project_id=project_id)


def _make_login(settings: Settings, source: str, *, profile: str | None = None, strayed: bool = False) -> PasswordLogin:
    settings.check_project()
    url = _find_identity_url(settings, profile)
    if strayed and url.origin not in find_identity_origins(settings.provider):
        raise refuse(
            Code.ENDPOINT_NOT_ALLOWED,
            f"{settings.call('auth_url')} is {url}, which is not an identity service of provider "
            f"'{settings.provider.name}' in the built-in table, and the file was merely found in the working directory",
            hint=f"name the file in {CONFIG_VARIABLE}, if it is yours and not part of what is checked",
        )
    login = Login(
        url=url,
        user=_describe_user(settings),
        password=settings.take("password", PASSWORD, beside="username"),
        project=_describe_project(settings),
    )
    return PasswordLogin(login, source=source, provider=settings.provider)


def _find_identity_url(settings: Settings, profile: str | None) -> IdentityUrl:
    text = settings.find_text("auth_url")
    if text is not None:
        return parse_identity_url(text, called=settings.call("auth_url"))
    provider = settings.provider
    if profile not in (None, provider.cloud):
        raise refuse(
            Code.NO_ENDPOINT,
            f"{settings.call('profile')} is '{str(profile)[:200]}', whose defaults are not known here, and "
            f"{settings.call('auth_url')} is not set",
            hint="give 'auth_url' itself",
        )
    url = find_identity_url(provider)
    if url is None:
        raise refuse(
            Code.NO_ENDPOINT,
            f"no identity service is known for provider '{provider.name}', and {settings.call('auth_url')} is not set",
            hint="set it to the https address of the identity service, as in https://HOST/v3",
        )
    return url


def _describe_user(settings: Settings) -> dict[str, object]:
    user_id = settings.find_text("user_id")
    if user_id is not None:
        return {"id": user_id}
    name = settings.take("username", TEXT, beside="password").reveal()
    domain = _describe_domain(settings, "user")
    if domain is None:
        settings.take("user_domain_name", TEXT, beside="username")
    return {"name": name, "domain": domain}


def _describe_project(settings: Settings) -> dict[str, object]:
    """Describe the project that the operator names; without one, it is the manifest's."""
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
