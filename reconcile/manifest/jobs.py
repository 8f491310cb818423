"""The jobs of a manifest, with the defaults merged under each."""

from collections.abc import Mapping
from datetime import date

from reconcile.codes import Code
from reconcile.document import Document, Mark, Table, as_array, as_string, as_table, list_names, shorten
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.expectations import ExpectationReader
from reconcile.manifest.instances import Instance
from reconcile.manifest.times import read_duration
from reconcile.manifest.waivers import read_waivers
from reconcile.model import Absence, Expectation, Job, JobApi, MissingPolicy, Provider, Waiver


class JobReader:
    """Reads the jobs of one manifest."""

    __slots__ = (
        "_defaults",
        "_diagnostics",
        "_document",
        "_expectations",
        "_labels",
        "_last",
        "_missing",
        "_provider_name",
        "_providers",
        "_today",
    )

    def __init__(
        self, document: Document, providers: Mapping[str, Provider | None], diagnostics: Diagnostics, *, today: date
    ) -> None:
        self._document = document
        self._providers = providers
        self._diagnostics = diagnostics
        self._today = today
        root = as_table(document.root)
        self._defaults = as_table(root["defaults"]) if "defaults" in root else Table()
        self._labels = _read_labels(self._defaults)
        self._missing = MissingPolicy(as_string(self._defaults.get("missing", MissingPolicy.DRIFT)))
        self._expectations: dict[str, ExpectationReader] = {}
        self._provider_name = self._find_default_provider()
        self._last: tuple[Instance, Job] | None = None

    def read(self, instance: Instance) -> Job | None:
        """Return a job, None if its provider is unknown or invalid, which is reported."""
        table, mark = instance.table, instance.mark
        provider = self._find_provider(table, mark)
        if provider is None:
            return None
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
            timeout=self._read_timeout(table),
            missing=self._read_missing(table),
            parameters=self._read_parameters(table, mark, provider.api),
        )
        self._last = (instance, job)
        return job

    def _find_like(self, instance: Instance, provider: Provider) -> Job | None:
        """Return the previous job if both are made by one declaration, and the same is expected of both."""
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
                "'missing' means nothing where 'absent' is expected",
            )
            self._diagnostics.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, "remove it")
        return expect

    def _read_waivers(self, table: Table, expect: Expectation | Absence) -> tuple[Waiver, ...]:
        if "waivers" not in table:
            return ()
        return read_waivers(self._document, as_array(table["waivers"]), expect, self._diagnostics, today=self._today)

    def _read_timeout(self, table: Table) -> float | None:
        source = table if "timeout" in table else self._defaults
        if "timeout" not in source:
            return None
        timeout = read_duration(self._document, source, "timeout", self._diagnostics)
        if timeout == 0:
            mark = self._document.value_mark(source, "timeout")
            self._diagnostics.add(mark, Code.VALUE_NOT_ALLOWED, "a timeout is longer than nothing", "write it like 10m")
        return timeout

    def _read_missing(self, table: Table) -> MissingPolicy:
        return MissingPolicy(as_string(table["missing"])) if "missing" in table else self._missing

    def _read_parameters(self, table: Table, mark: Mark, api: JobApi) -> dict[str, str]:
        """Return what the path of the API needs beside the ids; report what is missing, and what it does not need."""
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
        """Return the provider of jobs that name none: that of the defaults, or the only one."""
        if "provider" in self._defaults:
            self._check_provider(self._defaults)
            return as_string(self._defaults["provider"])
        return next(iter(self._providers)) if len(self._providers) == 1 else None

    def _find_provider(self, job: Table, mark: Mark) -> Provider | None:
        if "provider" in job:
            self._check_provider(job)
            return self._providers.get(as_string(job["provider"]))
        if self._provider_name is None:
            message = f"no provider is named here, and there are several: {list_names(self._providers)}"
            self._diagnostics.add(mark, Code.UNKNOWN_PROVIDER, message, "add 'provider' to the job or to the defaults")
            return None
        return self._providers.get(self._provider_name)

    def _check_provider(self, table: Table) -> None:
        name = as_string(table["provider"])
        if name not in self._providers:
            hint = self._diagnostics.suggest(name, self._providers) or f"declared: {list_names(self._providers)}"
            mark = self._document.value_mark(table, "provider")
            self._diagnostics.add(mark, Code.UNKNOWN_PROVIDER, f"unknown provider '{shorten(name)}'", hint)


def _read_labels(table: Table) -> dict[str, str]:
    labels = table.get("labels")
    return {} if labels is None else {name: as_string(value) for name, value in as_table(labels).items()}
