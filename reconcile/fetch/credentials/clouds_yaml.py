"""
Reads the entry of a cloud in clouds.yaml, overridden by that in secure.yaml, as openstacksdk does.

Described in "Configuring OpenStack SDK Applications", openstacksdk. Two things are stricter here. Both files must be in
the same directory: the working directory may be the checkout of a pull request, whose clouds.yaml must not decide where
a password from the operator's secure.yaml goes. And nothing is guessed: a value that YAML reads as a number is refused,
and so is an unknown kind of login.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from reconcile.codes import Code
from reconcile.document import Array, Node, Table
from reconcile.errors import AccessError
from reconcile.fetch.credentials.secret_file import find_named_file, read_secret_document
from reconcile.fetch.credentials.settings import Settings, refuse
from reconcile.fetch.credentials.variables import LOGIN_SETTINGS
from reconcile.fetch.secret import Secret
from reconcile.model.manifest import Provider

CONFIG_VARIABLE = "OS_CLIENT_CONFIG_FILE"
SECURE_VARIABLE = "OS_CLIENT_SECURE_FILE"

_SUFFIXES = (".yaml", ".yml", ".json")
# Names that openstacksdk also accepts outside `auth`, where they take precedence; old names do not.
_OUTSIDE = frozenset(
    f"{whose}{what}" for whose in ("", "user_", "project_") for what in ("domain_id", "domain_name")
) | {"project_id", "project_name", "token"}
_KNOWN = frozenset({"token", "ak", "sk", "security_token", "auth_type", *LOGIN_SETTINGS})
"""The only names that are read: a file that was only found, not named, must not name another file or service."""
_OLD_NAMES = {"tenant_id": "project_id", "tenant_name": "project_name", "auth_token": "token"}


def read_cloud(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Read the cloud that a variable names; raise AccessError if it is missing or cannot be read."""
    name = settings.find_text("cloud") or ""
    provider, variable = settings.provider, settings.describe("cloud")
    config, secure = _find_files(environ, variable)
    entry = _merge(
        _read_entry(config, name, variable), _read_entry(secure, name, variable) if secure is not None else {}
    )
    files = f"{config} with {secure}" if secure is not None else str(config)
    place = f"cloud '{name[:200]}' in {files}"
    if not entry:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{variable} is '{name[:200]}' for provider '{provider.name}', but {files} has no such cloud",
            hint=f"give it under 'clouds:', or correct {variable}",
        )
    entry = _merge(entry, _read_region_values(entry, provider, place))
    values = _read_auth(entry, place)
    return Settings(
        provider=provider,
        values={key: Secret(value) for key, value in values.items() if key in _KNOWN},
        describe=partial(_describe, place),
        place=place,
        unknown=frozenset(values) - _KNOWN,
        profile=_find_string(entry, "profile", place) or _find_string(entry, "cloud", place),
        in_working_directory=CONFIG_VARIABLE not in environ and config.parent == Path(),
    )


def _describe(place: str, name: str) -> str:
    return f"'{name}' of {place}"


# --- Files -----------------------------------------------------------------------------------------------------


def _find_files(environ: Mapping[str, str], variable: str) -> tuple[Path, Path | None]:
    """Find clouds.yaml and its secure.yaml, None without one; raise AccessError if there is no clouds.yaml."""
    named, secure = (find_named_file(environ, name) for name in (CONFIG_VARIABLE, SECURE_VARIABLE))
    if named is None and secure is not None:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{SECURE_VARIABLE} is set, but {CONFIG_VARIABLE} is not",
            hint="set both: a clouds.yaml that was only found must not decide where the secrets of that file go",
        )
    folders = tuple(_list_folders(environ))
    config = named or _find_first("clouds", folders)
    if config is None:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{variable} is set, but there is no clouds.yaml in {', '.join(map(str, folders))}",
            hint=f"write one, or name it in {CONFIG_VARIABLE}",
        )
    return config, secure or _find_first("secure", (config.parent,))


def _list_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    yield Path()
    if environ.get("HOME"):
        yield Path(environ["HOME"], ".config", "openstack")
    yield Path("/etc/openstack")


def _find_first(stem: str, folders: tuple[Path, ...]) -> Path | None:
    candidates = (folder / f"{stem}{suffix}" for folder in folders for suffix in _SUFFIXES)
    return next((path for path in candidates if path.exists()), None)


def _read_entry(path: Path, name: str, variable: str) -> Mapping[str, Node]:
    """Return the entry of a cloud, empty if the file has none; raise AccessError if the file cannot be read."""
    node: Node = read_secret_document(str(path), called=variable)
    for key in ("clouds", name):
        if not isinstance(node, Table):
            raise _refuse_shape(str(path), "expected 'clouds:', and under it a mapping for each cloud")
        node = node.get(key, Table())
    if not isinstance(node, Table):
        raise _refuse_shape(str(path), f"cloud '{name[:200]}' is not a mapping")
    return node


# --- Entries ---------------------------------------------------------------------------------------------------


def _merge(below: Mapping[str, Node], above: Mapping[str, Node]) -> dict[str, Node]:
    """Override one entry with another, merging mappings; dashes in names become underscores."""
    merged: dict[str, Node] = {}
    for entry in (below, above):
        for name, value in entry.items():
            key = name.replace("-", "_")
            if isinstance(value, Table):
                old = merged.get(key)
                value = Table(_merge(old if isinstance(old, Table) else {}, value))
            merged[key] = value
    return merged


def _read_region_values(entry: Mapping[str, Node], provider: Provider, place: str) -> Mapping[str, Node]:
    """
    Return the values that the provider's region overrides; empty unless the entry lists regions.

    Without a region in the manifest, the first one counts. Raises AccessError if the provider's region is not listed.
    """
    regions = entry.get("regions")
    if regions is None:
        return {}
    listed = [_read_region(each, place) for each in regions] if isinstance(regions, Array) else []
    if not listed:
        raise _refuse_shape(place, "its 'regions' is not a list of regions")
    name = provider.region if provider.region is not None else listed[0][0]
    values = dict(listed).get(name)
    if values is None:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{place} has no region '{name[:200]}', which is that of provider '{provider.name}'",
            hint=f"its regions are {', '.join(each for each, _ in listed)[:500]}",
        )
    return {key: value for key, value in values.items() if value is not None}


def _read_region(node: Node, place: str) -> tuple[str, Mapping[str, Node]]:
    """Return name and values of a region, which is either a name or a mapping with both."""
    if isinstance(node, str):
        return node, {}
    if isinstance(node, Table) and {"name"} <= set(node) <= {"name", "values"}:
        name, values = node["name"], node.get("values") or Table()
        if isinstance(name, str) and isinstance(values, Table):
            return name, values
    raise _refuse_shape(place, "an entry of its 'regions' is neither a name nor a mapping with 'name' and 'values'")


def _read_auth(entry: Mapping[str, Node], place: str) -> dict[str, str]:
    """Return the values that authenticate a user for a project, under their current names."""
    auth = entry.get("auth", Table())
    if not isinstance(auth, Table):
        raise _refuse_shape(place, "its 'auth' is not a mapping")
    beside = {name: value for name, value in entry.items() if name in LOGIN_SETTINGS and auth.get(name) is None}
    outside = {name: value for name, value in entry.items() if name in _OUTSIDE or name in _OLD_NAMES}
    found = {**auth, **beside, **{name: value for name, value in outside.items() if value is not None}}
    values: dict[str, str] = {}
    for name in sorted(found, key=lambda name: name not in _OLD_NAMES):
        value = _find_string(found, name, place)
        if value is not None:
            values[_OLD_NAMES.get(name, name)] = value
    for what in ("domain_id", "domain_name"):
        if what in values:
            shared = values.pop(what)
            values = {f"user_{what}": shared, f"project_{what}": shared, **values}
    auth_type = _find_string(entry, "auth_type", place) or _find_string(entry, "auth_plugin", place)
    return values if auth_type is None else {**values, "auth_type": auth_type}


def _find_string(table: Mapping[str, Node], name: str, place: str) -> str | None:
    value = table.get(name)
    if value is None or isinstance(value, str):
        return value
    raise _refuse_shape(place, f"its '{name}' is read as {type(value).__name__}, not as a string", hint="quote it")


def _refuse_shape(place: str, message: str, *, hint: str = "see the documentation of clouds.yaml") -> AccessError:
    return refuse(Code.MALFORMED_CREDENTIAL, f"{place}: {message}", hint=hint)
