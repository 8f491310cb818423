"""
Profiles: access keys in the files that the clouds' own tools store in the user's home.

The command line (KooCLI, `hcloud`) writes ~/.hcloud/config.json, which the Terraform provider also reads if a variable
names it; the file must not be encrypted. The SDK reads ~/.huaweicloud/credentials.
"""

import configparser
from collections.abc import Mapping
from pathlib import Path

from reconcile.codes import Code
from reconcile.document import Array, Node, Table
from reconcile.fetch.credentials.secret_file import read_secret_document, read_secret_text
from reconcile.fetch.credentials.settings import Settings, refuse
from reconcile.fetch.secret import Secret

_CLI_FILE = "~/.hcloud/config.json"
SDK_FILE = "~/.huaweicloud/credentials"
_SDK_SECTION = "basic"
_CLI_NAMES = {
    "ak": "accessKeyId",
    "sk": "secretAccessKey",
    "security_token": "securityToken",
    "project_id": "projectId",
    "agency_name": "agencyName",
    "agency_domain_name": "agencyDomainName",
    "agency_domain_id": "agencyDomainId",
}
_KEY_NAMES = ("ak", "sk", "security_token")
_SDK_NAMES = {
    "ak": "ak",
    "sk": "sk",
    "security_token": "security_token",
    "project_id": "project_id",
    "auth_url": "iam_endpoint",
    "idp_id": "idp_id",
    "id_token_file": "id_token_file",
}


def read_cli_profile(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """
    Read the profile that the settings name, or else the current one; raise AccessError if there is none.

    The settings may add what the profile does not have, such as the identity service and an agency.
    """
    path = _expand(settings.find_text("shared_config_file") or _CLI_FILE, environ)
    root = read_secret_document(path, called=settings.name_given("profile", "shared_config_file"))
    config = root if isinstance(root, Table) else Table()
    name = settings.find_text("profile") or config.get("current")
    listed = config.get("profiles")
    profiles = [each for each in listed if isinstance(each, Table)] if isinstance(listed, Array) else []
    profile = next((each for each in profiles if each.get("name") == name), None)
    if profile is None or not isinstance(name, str):
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{path} has no profile {name if name is None else repr(str(name)[:200])} for provider "
            f"'{settings.provider.name}'",
            hint=f"its profiles are {', '.join(str(each.get('name'))[:100] for each in profiles) or 'none'}",
        )
    place = f"profile '{name[:200]}' in {path}"
    values = _read_values(profile, _CLI_NAMES, place)
    if profile.get("mode") == "SSO":
        keys = _read_sso_keys(profile, place)
        values = {**{each: value for each, value in values.items() if each not in _KEY_NAMES}, **keys}
    elif profile.get("mode") == "ecsAgency" and not any(each in values for each in _KEY_NAMES):
        chosen = [settings.describe(each) for each in ("profile", "shared_config_file") if each in settings]
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{place} holds no key for provider '{settings.provider.name}': its mode ecsAgency takes the credential of "
            "the server",
            hint=f"on that server, unset {' and '.join(chosen)} and run with --metadata-credentials",
        )
    return _lay_over(settings, values, _CLI_NAMES, place)


def _read_sso_keys(profile: Table, place: str) -> dict[str, str]:
    """Return the temporary access key of a profile that is logged in with single sign-on."""
    sso = profile.get("ssoAuth")
    key = sso.get("stsToken") if isinstance(sso, Table) else None
    return _read_values(
        key if isinstance(key, Table) else Table(), {name: _CLI_NAMES[name] for name in _KEY_NAMES}, place
    )


def read_sdk_profile(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Read the SDK's file that the settings name, or else the usual one; raise AccessError if it cannot be read."""
    path = _expand(settings.find_text("credentials_file") or SDK_FILE, environ)
    text = read_secret_text(path, called="the file of the SDK")
    parser = configparser.ConfigParser()
    try:
        parser.read_string(text)
        section = dict(parser.items(_SDK_SECTION)) if parser.has_section(_SDK_SECTION) else {}
    except configparser.Error as error:
        message = f"{path} cannot be read as an INI file; its text is not shown, because it may be a secret"
        raise refuse(
            Code.SYNTAX, message, hint="write it as [basic], then lines of NAME = VALUE; % is written %%"
        ) from error
    place = f"section '{_SDK_SECTION}' of {path}"
    return _lay_over(settings, _read_values(Table(section), _SDK_NAMES, place), _SDK_NAMES, place)


def _expand(path: str, environ: Mapping[str, str]) -> str:
    home = environ.get("HOME")
    return str(Path(home, path.removeprefix("~/"))) if path.startswith("~/") and home else path


def _read_values(table: Table, names: Mapping[str, str], place: str) -> dict[str, str]:
    """Return the values of a table under our names; an empty value counts as not set, as in those tools."""
    values: dict[str, str] = {}
    for setting, name in names.items():
        value: Node = table.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise refuse(
                Code.MALFORMED_CREDENTIAL,
                f"{place}: its '{name}' is read as {type(value).__name__}, not as a string",
                hint="quote it",
            )
        values[setting] = value
    return values


def _lay_over(settings: Settings, values: Mapping[str, str], names: Mapping[str, str], place: str) -> Settings:
    """Return the settings of a profile, completed with those of the place that names it."""
    chosen = {name: value for name, value in settings.values.items() if name in _beside(values)}
    return Settings(
        provider=settings.provider,
        values={**chosen, **{name: Secret(value) for name, value in values.items()}},
        describe=lambda name: settings.describe(name) if name in chosen else f"'{names.get(name, name)}' of {place}",
        place=place,
    )


def _beside(values: Mapping[str, str]) -> tuple[str, ...]:
    """List the settings that may complete a profile: an agency only if the profile has none."""
    agency = ("agency_name", "agency_domain_name", "agency_domain_id", "duration")
    return ("auth_url", "sts_url", *(agency if "agency_name" not in values else ()))
