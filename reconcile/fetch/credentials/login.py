"""Settings of a user with a password -> the login that fetches a token, and where it does."""

from reconcile.codes import Code
from reconcile.fetch.credentials.clouds_yaml import CONFIG_VARIABLE
from reconcile.fetch.credentials.identity import (
    IdentityUrl,
    Login,
    find_identity_origins,
    find_identity_url,
    parse_identity_url,
)
from reconcile.fetch.credentials.keystone import PasswordLogin
from reconcile.fetch.credentials.settings import PASSWORD, TEXT, Settings, refuse


def make_login(settings: Settings, source: str, *, profile: str | None = None, strayed: bool = False) -> PasswordLogin:
    """
    Make a login of what is set; raise AccessError if something is missing, malformed, or for another project.

    Args:
        settings: of one user.
        source: where they came from.
        profile: the cloud whose defaults the settings build on; None is none.
        strayed: whether they stand in a file that was merely found in the working directory.
    """
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
