"""
The entry of a cloud in clouds.yaml, overlaid with that of secure.yaml, as openstacksdk reads them.

Described in "Configuring OpenStack SDK Applications", openstacksdk. Two things are stricter here. Both files come from
one directory: the working directory may be the checkout of a pull request, whose clouds.yaml must not decide where a
password from the operator's own secure.yaml goes. And nothing is guessed: a value that YAML reads as a number is
refused, and so is an unknown kind of login.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct

from reconcile.codes import Code
from reconcile.document import Node, Table, read_document
from reconcile.errors import AccessError, DocumentError
from reconcile.fetch.credentials.settings import CLOUD_VARIABLE, Settings, refuse
from reconcile.fetch.secret import Secret
from reconcile.model import Diagnostic, Provider

CONFIG_VARIABLE = "OS_CLIENT_CONFIG_FILE"
SECURE_VARIABLE = "OS_CLIENT_SECURE_FILE"

_SUFFIXES = (".yaml", ".yml", ".json")
# What openstacksdk also takes from outside `auth`, where it has precedence; and older names, which have none.
_OUTSIDE = frozenset(
    f"{whose}{what}" for whose in ("", "user_", "project_") for what in ("domain_id", "domain_name")
) | {"project_id", "project_name", "token"}
_OLD_NAMES = {"tenant_id": "project_id", "tenant_name": "project_name", "auth_token": "token"}


class CloudEntry(Struct, frozen=True, kw_only=True, eq=False):
    """
    One cloud in the files; `kind` is its `auth_type` and `profile` the vendor whose defaults it names.

    `in_working_directory` marks a clouds.yaml that the operator did not name: the working directory may be the checkout
    of a pull request, so the file must not decide where a password goes.
    """

    settings: Settings
    source: str
    kind: str | None
    profile: str | None
    in_working_directory: bool


def read_cloud(provider: Provider, environ: Mapping[str, str]) -> CloudEntry:
    """Read the entry of the cloud that OS_CLOUD names; raise AccessError if it is missing or cannot be read."""
    name = environ[CLOUD_VARIABLE]
    config, secure = _find_files(environ)
    entry = _merge(_read_entry(config, name), _read_entry(secure, name) if secure is not None else {})
    files = f"{config} with {secure}" if secure is not None else str(config)
    source = f"cloud '{name[:200]}' in {files}"
    if not entry:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{CLOUD_VARIABLE} is '{name[:200]}' for provider '{provider.name}', but {files} has no such cloud",
            hint=f"give it under 'clouds:', or correct {CLOUD_VARIABLE}",
        )
    return CloudEntry(
        settings=Settings(
            provider=provider,
            values={key: Secret(value) for key, value in _read_auth(entry, source).items()},
            describe=partial(_describe, source),
        ),
        source=source,
        kind=_find_string(entry, "auth_type", source),
        profile=_find_string(entry, "profile", source) or _find_string(entry, "cloud", source),
        in_working_directory=CONFIG_VARIABLE not in environ and config.parent == Path(),
    )


def _describe(source: str, name: str) -> str:
    return f"'{name}' of {source}"


# --- Files -----------------------------------------------------------------------------------------------------


def _find_files(environ: Mapping[str, str]) -> tuple[Path, Path | None]:
    """Find clouds.yaml and the secure.yaml that belongs to it; raise AccessError if there is no clouds.yaml."""
    named = environ.get(CONFIG_VARIABLE)
    if named is None and SECURE_VARIABLE in environ:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{SECURE_VARIABLE} is set, but {CONFIG_VARIABLE} is not",
            hint="set both: a clouds.yaml that is merely found must not decide where the secrets of that file go",
        )
    folders = tuple(_list_folders(environ))
    config = Path(named) if named is not None else _find_first("clouds", folders)
    if config is None:
        raise refuse(
            Code.NO_CREDENTIALS,
            f"{CLOUD_VARIABLE} is set, but there is no clouds.yaml in {', '.join(map(str, folders))}",
            hint=f"write one, or name it in {CONFIG_VARIABLE}",
        )
    secure = environ.get(SECURE_VARIABLE)
    return config, Path(secure) if secure is not None else _find_first("secure", (config.parent,))


def _list_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    yield Path()
    if environ.get("HOME"):
        yield Path(environ["HOME"], ".config", "openstack")
    yield Path("/etc/openstack")


def _find_first(stem: str, folders: tuple[Path, ...]) -> Path | None:
    candidates = (folder / f"{stem}{suffix}" for folder in folders for suffix in _SUFFIXES)
    return next((path for path in candidates if path.exists()), None)


def _read_entry(path: Path, name: str) -> Mapping[str, Node]:
    """Return the entry of a cloud, empty if the file has none; raise AccessError if the file cannot be read."""
    try:
        root = read_document(str(path)).root
    except DocumentError as error:
        raise AccessError([_hide_text(path, diagnostic) for diagnostic in error.diagnostics]) from error
    node: Node = root
    for key in ("clouds", name):
        if not isinstance(node, Table):
            raise _refuse_shape(str(path), "expected 'clouds:', and under it a mapping for each cloud")
        node = node.get(key, Table())
    if not isinstance(node, Table):
        raise _refuse_shape(str(path), f"cloud '{name[:200]}' is no mapping")
    return node


def _hide_text(path: Path, diagnostic: Diagnostic) -> Diagnostic:
    """Reduce a diagnostic to its code and position: the text there may be a password."""
    if diagnostic.source is None:
        return diagnostic
    return Diagnostic(
        code=diagnostic.code,
        message=f"{path.name} cannot be read from here on; nothing of it is shown, for it may be a secret",
        hint="anchors, aliases, tags, duplicate keys and a second document are not allowed",
        source=diagnostic.source,
    )


# --- Entries ---------------------------------------------------------------------------------------------------


def _merge(below: Mapping[str, Node], above: Mapping[str, Node]) -> dict[str, Node]:
    """Lay one entry over another, mapping into mapping; dashes in names become underscores."""
    merged: dict[str, Node] = {}
    for entry in (below, above):
        for name, value in entry.items():
            key = name.replace("-", "_")
            if isinstance(value, Table):
                old = merged.get(key)
                value = Table(_merge(old if isinstance(old, Table) else {}, value))
            merged[key] = value
    return merged


def _read_auth(entry: Mapping[str, Node], source: str) -> dict[str, str]:
    """Return what identifies the user and the project, under its current name."""
    auth = entry.get("auth", Table())
    if not isinstance(auth, Table):
        raise _refuse_shape(source, "its 'auth' is no mapping")
    outside = {name: value for name, value in entry.items() if name in _OUTSIDE or name in _OLD_NAMES}
    values: dict[str, str] = {}
    for name in sorted({*auth, *outside}, key=lambda name: name not in _OLD_NAMES):
        value = _find_string(outside if outside.get(name) is not None else auth, name, source)
        if value is not None:
            values[_OLD_NAMES.get(name, name)] = value
    for what in ("domain_id", "domain_name"):
        if what in values:
            shared = values.pop(what)
            values = {f"user_{what}": shared, f"project_{what}": shared, **values}
    return values


def _find_string(table: Mapping[str, Node], name: str, source: str) -> str | None:
    value = table.get(name)
    if value is None or isinstance(value, str):
        return value
    raise _refuse_shape(source, f"its '{name}' is read as {type(value).__name__}, not as a string", hint="quote it")


def _refuse_shape(source: str, message: str, *, hint: str = "see the documentation of clouds.yaml") -> AccessError:
    return refuse(Code.MALFORMED_CREDENTIAL, f"{source}: {message}", hint=hint)
