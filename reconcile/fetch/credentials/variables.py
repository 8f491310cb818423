"""
The environment variables with credentials.

This program's own variables follow one rule: RECONCILE_<SETTING>_<PROVIDER> is for one provider, RECONCILE_<SETTING>
for all. The others are those of the clouds' own tools: the SDK (HUAWEICLOUD_SDK_...), its Terraform provider (HW_...),
and the tools of OpenStack and Open Telekom Cloud (OS_...).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from reconcile.codes import Code
from reconcile.model.diagnostic import Diagnostic

CLOSE = 0.87
"""The similarity from which one name is probably a misspelling of another; 1 means equal."""

Variables: TypeAlias = Mapping[str, tuple[str, ...]]
"""Settings, and the variables of each; the first variable that is set counts."""

LOGIN_SETTINGS = (
    "auth_url",
    "username",
    "user_id",
    "user_domain_id",
    "user_domain_name",
    "password",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
    "project_id",
    "project_name",
    "project_domain_id",
    "project_domain_name",
)
SETTINGS = (
    "token",
    "ak",
    "sk",
    "security_token",
    "idp_id",
    "provider_urn",
    "agency_urn",
    "session_name",
    "id_token",
    "id_token_file",
    "profile",
    "shared_config_file",
    "credentials_file",
    "sts_url",
    "agency_name",
    "agency_domain_name",
    "agency_domain_id",
    "duration",
    "cloud",
    "auth_type",
    *LOGIN_SETTINGS,
)
"""Every setting that has a RECONCILE_... variable."""

_WORDS = {
    "ak": "ACCESS_KEY",
    "sk": "SECRET_KEY",
    "cloud": "OS_CLOUD",
    "duration": "KEY_DURATION",
    "idp_id": "OIDC_IDP_ID",
    "provider_urn": "OIDC_PROVIDER_URN",
    "agency_urn": "OIDC_AGENCY_URN",
    "session_name": "OIDC_SESSION_NAME",
    "id_token": "OIDC_ID_TOKEN",
    "id_token_file": "OIDC_TOKEN_FILE",
}

CLOUD_VARIABLES: Variables = {"cloud": ("OS_CLOUD",)}
_OS_AGENCY: Variables = {
    "auth_url": ("OS_AUTH_URL",),
    "agency_name": ("OS_AGENCY_NAME",),
    "agency_domain_name": ("OS_AGENCY_DOMAIN_NAME",),
}
_OS_LOGIN: Variables = {**{name: (f"OS_{name.upper()}",) for name in LOGIN_SETTINGS}, **_OS_AGENCY}
_OS_TOKEN: Variables = {"token": ("OS_TOKEN", "OS_AUTH_TOKEN"), "project_id": ("OS_PROJECT_ID",), **_OS_AGENCY}
_OS_KEY: Variables = {
    **_OS_AGENCY,
    "ak": ("OS_ACCESS_KEY",),
    "sk": ("OS_SECRET_KEY",),
    "security_token": ("OS_SECURITY_TOKEN",),
    "project_id": ("OS_PROJECT_ID",),
}
OPENSTACK_VARIABLES: Variables = {"auth_type": ("OS_AUTH_TYPE",), **_OS_TOKEN, **_OS_KEY, **_OS_LOGIN}
AGENCY_VARIABLES: Variables = {
    "auth_url": ("HW_AUTH_URL",),
    "agency_name": ("HW_ASSUME_ROLE_AGENCY_NAME",),
    "agency_domain_name": ("HW_ASSUME_ROLE_DOMAIN_NAME",),
    "agency_domain_id": ("HW_ASSUME_ROLE_DOMAIN_ID",),
    "duration": ("HW_ASSUME_ROLE_DURATION",),
    "sts_url": ("HUAWEICLOUD_SDK_STS_ENDPOINT",),
}
LOGIN_VARIABLES: tuple[Variables, ...] = (
    _OS_LOGIN,
    {
        "username": ("HW_USER_NAME",),
        "user_id": ("HW_USER_ID",),
        "user_domain_name": ("HW_DOMAIN_NAME",),
        "user_domain_id": ("HW_DOMAIN_ID",),
        "password": ("HW_USER_PASSWORD",),
        "project_id": ("HW_PROJECT_ID",),
        **AGENCY_VARIABLES,
    },
)
TOKEN_VARIABLES: tuple[Variables, ...] = (
    _OS_TOKEN,
    {"token": ("HW_AUTH_TOKEN",), "project_id": ("HW_PROJECT_ID",), **AGENCY_VARIABLES},
)
_SDK_PROJECT: Variables = {"project_id": ("HUAWEICLOUD_SDK_PROJECT_ID",)}
KEY_VARIABLES: tuple[Variables, ...] = (
    {
        "provider_urn": ("HUAWEICLOUD_OIDC_PROVIDER_URN",),
        "agency_urn": ("HUAWEICLOUD_OIDC_AGENCY_URN",),
        "id_token": ("HUAWEICLOUD_OIDC_ID_TOKEN",),
        "id_token_file": ("HUAWEICLOUD_OIDC_TOKEN_FILE",),
        "session_name": ("HUAWEICLOUD_OIDC_SESSION_NAME",),
        "duration": ("HUAWEICLOUD_OIDC_DURATION_SECONDS",),
        "sts_url": ("HUAWEICLOUD_SDK_STS_ENDPOINT",),
        **_SDK_PROJECT,
    },
    {
        "idp_id": ("HUAWEICLOUD_SDK_IDP_ID",),
        "id_token_file": ("HUAWEICLOUD_SDK_ID_TOKEN_FILE",),
        "auth_url": ("HUAWEICLOUD_SDK_IAM_ENDPOINT",),
        "ak": ("HUAWEICLOUD_SDK_AK",),
        "sk": ("HUAWEICLOUD_SDK_SK",),
        "security_token": ("HUAWEICLOUD_SDK_SECURITY_TOKEN",),
        "credentials_file": ("HUAWEICLOUD_SDK_CREDENTIALS_FILE",),
        **_SDK_PROJECT,
    },
    {
        "idp_id": ("HW_ASSUME_ROLE_IDP_ID",),
        "id_token": ("HW_ASSUME_ROLE_ID_TOKEN",),
        "id_token_file": ("HW_ASSUME_ROLE_ID_TOKEN_FILE",),
        **AGENCY_VARIABLES,
        "profile": ("HW_PROFILE",),
        "shared_config_file": ("HW_SHARED_CONFIG_FILE",),
        "ak": ("HW_ACCESS_KEY",),
        "sk": ("HW_SECRET_KEY",),
        "security_token": ("HW_SECURITY_TOKEN",),
        "project_id": ("HW_PROJECT_ID",),
    },
    _OS_KEY,
)

METADATA_VARIABLES: Variables = {**AGENCY_VARIABLES, "project_id": ("HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID")}
"""The settings that apply to the credential of the metadata service, which itself is in no variable."""


def name_variable(setting: str, provider: str | None = None) -> str:
    """Return the name of a setting's RECONCILE_... variable, for one provider or, with None, for all."""
    suffix = f"_{provider.upper().replace('-', '_')}" if provider is not None else ""
    return f"RECONCILE_{_WORDS.get(setting, setting.upper())}{suffix}"


def list_own_variables(provider: str | None = None) -> Variables:
    """List the RECONCILE_... variables, for one provider or, with None, for all."""
    return {setting: (name_variable(setting, provider),) for setting in SETTINGS}


def list_known_variables(providers: Iterable[str]) -> Iterator[str]:
    """List every variable that is read, in order of precedence."""
    own = [list_own_variables(provider) for provider in (*providers, None)]
    for variables in (*own, *TOKEN_VARIABLES, *KEY_VARIABLES, CLOUD_VARIABLES, *LOGIN_VARIABLES, OPENSTACK_VARIABLES):
        for names in variables.values():
            yield from names
    yield from (name_variable("oidc_audience", provider) for provider in (*providers, None))
    yield from ("OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE", "RECONCILE_ENDPOINT", "RECONCILE_API_PATH")
    yield from ("RECONCILE_RUN_ID", "RECONCILE_DOCS_URL")


def find_unknown_variables(environ: Mapping[str, str], providers: Iterable[str]) -> frozenset[str]:
    """Return the variables that nothing reads; some of them may be misspelt."""
    return frozenset(name for name in environ if not name.startswith("RECONCILE_VAR_")).difference(
        list_known_variables(providers)
    )


def find_misspelt_variables(environ: Mapping[str, str], providers: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Find unknown variables that are probably misspelt; yield the name and the correct one."""
    names = tuple(providers)
    unknown = sorted(find_unknown_variables(environ, names))
    if not unknown:
        return
    from difflib import get_close_matches

    known = tuple(dict.fromkeys(list_known_variables(names)))
    for name in unknown:
        if close := get_close_matches(name.upper(), known, n=1, cutoff=CLOSE):
            yield name, close[0]


def is_for_provider(name: str) -> bool:
    """Return whether a name may be a RECONCILE_... variable of some provider, known or not."""
    return name.startswith(tuple(f"{name_variable(setting)}_" for setting in SETTINGS))


def find_credential_files(environ: Mapping[str, str]) -> list[str]:
    """Return the paths of the files that variables name, including the variables of any provider."""
    names = tuple(name for name in list_known_variables(()) if name.endswith("_FILE"))
    of_providers = tuple(f"{name}_" for name in names)
    return [path for name, path in environ.items() if path and (name in names or name.startswith(of_providers))]


def find_ambiguous_variables(environ: Mapping[str, str], providers: Iterable[str]) -> Iterator[Diagnostic]:
    """Find variables that could be for two providers, because a credential must not go to the wrong one."""
    owners: dict[str, list[str]] = {}
    for provider in providers:
        for (variable,) in list_own_variables(provider).values():
            owners.setdefault(variable, []).append(provider)
    for variable, names in owners.items():
        if variable in environ and len(names) > 1:
            yield Diagnostic(
                code=Code.MALFORMED_CREDENTIAL,
                message=f"{variable} is set, and could be for provider {' or '.join(map(repr, names))}",
                hint="rename one of them: in variables, names are in upper case and '-' is written '_'",
            )
