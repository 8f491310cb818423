"""Reads the providers of a manifest."""

from collections.abc import Collection, Mapping

from reconcile.apis import OWN_PREFIX
from reconcile.codes import Code
from reconcile.document import Document, Mark, Pending, Table, as_string, as_table, shorten
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.language import check_names
from reconcile.manifest.placeholders import refuse_placeholder
from reconcile.model.api import JobApi
from reconcile.model.manifest import Provider


def read_providers(
    document: Document, apis: Mapping[str, JobApi], diagnostics: Diagnostics
) -> dict[str, Provider | None]:
    """Return the providers by name, in the order of the file; an invalid one is None."""
    table = as_table(as_table(document.root)["providers"])
    # The environment variable of a provider's credential contains its name without case and dashes.
    check_names(document, table, diagnostics, fold=lambda name: name.casefold().replace("-", "_"))
    reader = _Reader(document, apis, diagnostics)
    return {
        name: reader.read(name, as_table(node), mark) if diagnostics.is_valid("providers", name) else None
        for name, node, mark in document.entries(table)
    }


class _Reader:
    __slots__ = ("_apis", "_diagnostics", "_document")

    def __init__(self, document: Document, apis: Mapping[str, JobApi], diagnostics: Diagnostics) -> None:
        self._document = document
        self._apis = apis
        self._diagnostics = diagnostics

    def read(self, name: str, table: Table, mark: Mark) -> Provider | None:
        refuse_placeholder(self._document, table, "project_id", self._diagnostics)
        api = self._load_api(table)
        if api is None or not self._knows_region(api, table):
            return None
        return Provider(
            name=name,
            api=api,
            cloud=_string(table, "cloud"),
            region=_string(table, "region"),
            project_id=as_string(table["project_id"]),
            source=self._document.text.find_source(mark),
        )

    def _load_api(self, table: Table) -> JobApi | None:
        name = as_string(table["api"])
        if isinstance(name, Pending):
            return None
        try:
            return self._apis[name]
        except KeyError:
            own = "pass the file that describes it: --api FILE" if name.startswith(OWN_PREFIX) else None
            hint = self._diagnostics.suggest(name, self._apis) or own
            self._add_unknown(table, "api", Code.UNKNOWN_API, self._apis, hint)
            return None

    def _knows_region(self, api: JobApi, table: Table) -> bool:
        """Return whether cloud and region, if given, are in the API's table, because they choose the host."""
        cloud, region = _string(table, "cloud"), _string(table, "region")
        if isinstance(cloud, Pending):
            return True
        if cloud is not None and not api.clouds:
            message = f"the API {api.name} is in no cloud that is known here"
            hint = "remove cloud and region, and run with --endpoint https://HOST"
            self._diagnostics.add(self._document.key_mark(table, "cloud"), Code.UNKNOWN_REGION, message, hint)
            return False
        if cloud is not None and cloud not in api.clouds:
            self._add_unknown(table, "cloud", Code.UNKNOWN_REGION, api.clouds)
            return False
        if cloud is not None and not isinstance(region, Pending) and region not in api.clouds[cloud].hosts:
            others = [name for name, other in api.clouds.items() if region in other.hosts]
            where = f"cloud {' and '.join(map(repr, others))} has this region" if others else None
            self._add_unknown(table, "region", Code.UNKNOWN_REGION, api.clouds[cloud].hosts, where)
            return False
        return True

    def _add_unknown(self, table: Table, key: str, code: Code, known: Collection[str], hint: str | None = None) -> None:
        name = as_string(table[key])
        hint = hint or self._diagnostics.suggest(name, known) or f"known: {', '.join(map(shorten, known))}"
        message = f"unknown {key} '{shorten(name)}'"
        self._diagnostics.add(self._document.value_mark(table, key), code, message, hint)


def _string(table: Table, key: str) -> str | None:
    return as_string(table[key]) if key in table else None
