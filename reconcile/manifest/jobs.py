"""Reads the jobs of a manifest, with the defaults merged under each."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Final

from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document import (
    Array,
    Document,
    Mark,
    Node,
    Pending,
    Table,
    as_array,
    as_string,
    as_table,
    count_characters,
    has_pending,
    list_names,
    shorten,
)
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.expectations import ExpectationReader
from reconcile.manifest.instances import Instance
from reconcile.manifest.interpolation import FOR_EACH
from reconcile.manifest.placeholders import refuse_placeholder
from reconcile.manifest.steadiness import check_timeout
from reconcile.manifest.times import read_duration
from reconcile.manifest.waivers import read_waivers
from reconcile.model.api import JobApi
from reconcile.model.manifest import Absence, Expectation, Job, MissingPolicy, Order, Provider, Waiver

_COMMON: Final = 1024
"""The characters that each job may share with others without being counted; few jobs expect more."""
_MOST_SHARED: Final = 16 * 1024 * 1024
"""The most characters beyond that, repeated under each job, because reports and saved plans repeat them."""
_NOT_DECIDING: Final = ("expect", "job_id", "labels", "owner", "runbook")
"""Keys that do not decide what a job lets through, except `expect` and `job_id`, which are handled separately."""
_REPEATED: Final = ("expect", "owner", "runbook")


class JobReader:
    """Reads the jobs of one manifest."""

    __slots__ = (
        "_default_is_complete",
        "_default_size",
        "_defaults",
        "_diagnostics",
        "_document",
        "_expectations",
        "_judged",
        "_labels",
        "_last",
        "_missing",
        "_prefix",
        "_provider_name",
        "_providers",
        "_shared",
        "_today",
    )

    def __init__(
        self,
        document: Document,
        providers: Mapping[str, Provider | None],
        diagnostics: Diagnostics,
        *,
        prefix: str,
        today: date,
        judged: date,
    ) -> None:
        self._document = document
        self._prefix = prefix
        self._providers = providers
        self._diagnostics = diagnostics
        self._today = today
        self._judged = judged
        root = as_table(document.root)
        self._defaults = as_table(root["defaults"]) if "defaults" in root else Table()
        self._labels = _read_labels(self._defaults)
        self._missing = _read_missing(self._defaults, MissingPolicy.DRIFT)
        self._default_is_complete = not has_pending(self._defaults.get("expect"))
        self._expectations: dict[str, ExpectationReader] = {}
        self._provider_name = self._find_default_provider()
        self._last: tuple[Instance, Job] | None = None
        self._default_size = _count_repeated(self._defaults)
        self._shared = 0

    def read(self, instance: Instance) -> Job | None:
        """
        Return a job; None if its provider is unknown, which is an error, or a variable has no value yet.

        Raises:
            DocumentError: the texts that jobs share are too long, repeated under each of them.
        """
        table, mark = instance.table, instance.mark
        self._count_shared(table, mark)
        provider = self._find_provider(table, mark)
        if provider is None:
            return None
        refuse_placeholder(self._document, table, "job_id", self._diagnostics)
        like = self._find_like(instance, provider)
        expect = like.expect if like else self._read_expect(table, provider.api)
        job = Job(
            address=instance.address,
            provider=provider,
            job_id=as_string(table["job_id"]),
            labels={**self._labels, **_read_labels(table)} if "labels" in table else self._labels,
            expect=expect,
            source=like.source if like else self._document.text.find_source(mark),
            waivers=self._read_waivers(table, expect),
            timeout=self._read_timeout(table, expect),
            missing=_read_missing(table, self._missing),
            owner=self._read_text(table, "owner"),
            runbook=self._read_text(table, "runbook"),
            parameters=self._read_parameters(table, mark, provider.api),
            after=self._read_after(table),
        )
        self._last = (instance, job)
        return job

    def _count_shared(self, table: Table, mark: Mark) -> None:
        size = self._default_size + (_count_repeated(table) if FOR_EACH in table else 0)
        self._shared += max(0, size - _COMMON)
        if self._shared > _MOST_SHARED:
            message = f"what the jobs share is more than {_MOST_SHARED // 2**20} MiB, written out under each of them"
            hint = "shorten the long texts in 'defaults' or beside 'for_each', or split it into several runs"
            raise self._document.text.error(mark, Code.TOO_LARGE, message, hint)

    def is_complete(self, table: Table) -> bool:
        """Return whether no expectation of a job depends on a variable without a value."""
        return not self._document.has_references or (
            self._default_is_complete and not has_pending(table.get("expect")) and not has_pending(table.get("after"))
        )

    def show_unknown(self, table: Table) -> str:
        """Return, as text, everything that decides about a job and depends on a variable without a value."""
        deciding = {key: each for key, each in {**self._defaults, **table}.items() if key not in _NOT_DECIDING}
        unknown: dict[str, object] = {key: _keep_pending(each) for key, each in deciding.items() if has_pending(each)}
        if "provider" in unknown:
            known = [each for each in self._providers.values() if each is not None]
            unknown["providers"] = [[each.name, each.cloud, each.region, each.project_id] for each in known]
        expect = _show_unknown_expect(self._defaults.get("expect"), table.get("expect"))
        if expect:
            unknown["expect"] = expect
        return json.dumps(unknown, sort_keys=True) if unknown else ""

    def _find_like(self, instance: Instance, provider: Provider) -> Job | None:
        """Return the previous job if it is from the same declaration and has the same expectations."""
        if self._last is None:
            return None
        last, job = self._last
        same = last.mark == instance.mark and last.table.get("expect") is instance.table.get("expect")
        return job if same and job.provider is provider else None

    def _read_expect(self, table: Table, api: JobApi) -> Expectation | Absence:
        if api.name not in self._expectations:
            defaults = self._defaults.get("expect")
            self._expectations[api.name] = ExpectationReader(self._document, api, defaults, self._diagnostics)
        expect = self._expectations[api.name].read(table.get("expect"))
        if isinstance(expect, Absence) and "missing" in table:
            mark, message = (
                self._document.key_mark(table, "missing"),
                "'missing' has no effect with 'absent'",
            )
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, "remove it")
        return expect

    def _read_waivers(self, table: Table, expect: Expectation | Absence) -> tuple[Waiver, ...]:
        if "waivers" not in table or isinstance(table["waivers"], Pending):
            return ()
        known = expect if self.is_complete(table) else None
        nodes, days = as_array(table["waivers"]), {"today": self._today, "judged": self._judged}
        return read_waivers(self._document, nodes, known, self._diagnostics, **days)

    def _read_timeout(self, table: Table, expect: Expectation | Absence) -> float | None:
        source = table if "timeout" in table else self._defaults
        if "timeout" not in source or isinstance(source["timeout"], Pending):
            return None
        timeout = read_duration(self._document, source, "timeout", self._diagnostics)
        mark = self._document.value_mark(source, "timeout")
        if timeout == 0:
            self._diagnostics.add(mark, Code.VALUE_NOT_ALLOWED, "a timeout must be longer than 0", "write it like 10m")
        elif timeout is not None:
            check_timeout(expect, timeout, mark, self._diagnostics)
        return timeout

    def _read_after(self, table: Table) -> Order | None:
        if "after" not in table or isinstance(table["after"], Pending):
            return None
        source = self._document.text.find_source(self._document.value_mark(table, "after"))
        return Order(address=f"{self._prefix}{as_string(table['after'])}", source=source)

    def _read_text(self, table: Table, key: str) -> str | None:
        source = table if key in table else self._defaults
        return as_string(source[key]) if key in source else None

    def _read_parameters(self, table: Table, mark: Mark, api: JobApi) -> dict[str, str]:
        """Return the parameters of the API's path; report missing and unknown ones."""
        given = as_table(table["parameters"]) if "parameters" in table else Table()
        for name in api.parameters:
            if name not in given:
                hint = f"add it under 'parameters': the API {api.name} needs {list_names(api.parameters)}"
                self._diagnostics.add(mark, Code.KEY_REQUIRED, f"'{name}' is missing", hint)
        for name in given:
            if name not in api.parameters:
                message = f"the API {api.name} takes no parameter '{shorten(name)}'"
                self._diagnostics.add(self._document.key_mark(given, name), Code.UNKNOWN_KEY, message, "remove it")
        return {name: str(as_string(value)) for name, value in given.items()}

    def _find_default_provider(self) -> str | None:
        """Return the provider of jobs without `provider`: that of the defaults, or the only one."""
        if "provider" in self._defaults:
            self._check_provider(self._defaults)
            return as_string(self._defaults["provider"])
        return next(iter(self._providers)) if len(self._providers) == 1 else None

    def _find_provider(self, job: Table, mark: Mark) -> Provider | None:
        name = self._provider_name
        if "provider" in job:
            self._check_provider(job)
            name = as_string(job["provider"])
        if isinstance(name, Pending):
            return self._find_likely_provider(name)
        if name is None:
            message = f"this job names no provider, but there are several: {list_names(self._providers)}"
            self._diagnostics.add(mark, Code.UNKNOWN_PROVIDER, message, "add 'provider' to the job or to the defaults")
            return None
        return self._providers.get(name)

    def _find_likely_provider(self, name: Pending) -> Provider | None:
        """Return any provider under this name, None if they have different APIs, so that nothing can be checked."""
        known = [provider for provider in self._providers.values() if provider is not None]
        if len({provider.api.name for provider in known}) != 1:
            return None
        return replace(known[0], name=name)

    def _check_provider(self, table: Table) -> None:
        name = as_string(table["provider"])
        if name not in self._providers and not isinstance(name, Pending):
            hint = self._diagnostics.suggest(name, self._providers) or f"declared: {list_names(self._providers)}"
            mark = self._document.value_mark(table, "provider")
            self._diagnostics.add(mark, Code.UNKNOWN_PROVIDER, f"unknown provider '{shorten(name)}'", hint)


def _keep_pending(node: Node) -> Node:
    """Return only the pending entries of a mapping or a list; return any other value itself."""
    if isinstance(node, Table):
        return Table({key: value for key, value in node.items() if has_pending(value)})
    return Array([each for each in node if has_pending(each)]) if isinstance(node, Array) else node


def _show_unknown_expect(defaults: Node, own: Node) -> dict[str, object]:
    """Return the pending parts of an expectation merged with its defaults."""
    if isinstance(defaults, Pending) or isinstance(own, Pending):
        # It is unknown which keys of one override those of the other.
        return {"defaults": _show_keys(defaults), "own": _show_keys(own)}
    merged = {**as_table(defaults or Table()), **as_table(own or Table())}
    unknown: dict[str, object] = {key: each for key, each in merged.items() if has_pending(each)}
    if "status" in unknown and "sub_jobs" in merged:
        # If it is removed, the status decides what is expected of sub-jobs.
        unknown.setdefault("sub_jobs", None)
    return unknown


def _show_keys(expect: Node) -> object:
    """Return the keys of an expectation with its pending values; return a pending expectation itself."""
    if not isinstance(expect, Table):
        return expect
    return {key: each if has_pending(each) else None for key, each in expect.items() if not key.startswith("x-")}


def _count_repeated(table: Table) -> int:
    return sum(count_characters(table[key]) for key in _REPEATED if key in table)


def _read_missing(table: Table, default: MissingPolicy) -> MissingPolicy:
    node = table.get("missing", default)
    return default if isinstance(node, Pending) else MissingPolicy(as_string(node))


def _read_labels(table: Table) -> dict[str, str]:
    labels = table.get("labels")
    return (
        {}
        if labels is None or isinstance(labels, Pending)
        else {name: as_string(value) for name, value in as_table(labels).items()}
    )
