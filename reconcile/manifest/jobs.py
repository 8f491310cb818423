"""The jobs of a manifest, with the defaults merged under each."""

from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.document import Document, Mark, Table, as_array, as_string, as_table, list_names, shorten
from reconcile.manifest.expectations import ExpectationReader
from reconcile.manifest.faults import Faults
from reconcile.manifest.instances import Instance
from reconcile.manifest.times import read_duration
from reconcile.manifest.waivers import read_waivers
from reconcile.model import Absence, Expectation, Job, JobApi, MissingPolicy, Provider, Waiver


class JobReader:
    """Reads the jobs of one manifest; `labels` are those of its defaults."""

    __slots__ = (
        "_defaults",
        "_document",
        "_expectations",
        "_faults",
        "_last",
        "_provider_name",
        "_providers",
        "_today",
        "labels",
    )

    def __init__(
        self, document: Document, providers: Mapping[str, Provider | None], faults: Faults, *, today: date
    ) -> None:
        self._document = document
        self._providers = providers
        self._faults = faults
        self._today = today
        root = as_table(document.root)
        self._defaults = as_table(root["defaults"]) if "defaults" in root else Table()
        self.labels = _read_labels(self._defaults)
        self._expectations: dict[str, ExpectationReader] = {}
        self._provider_name = self._find_default_provider()
        self._last: tuple[Instance, Job] | None = None

    def read(self, instance: Instance) -> Job | None:
        """Return a job, None if its provider is unknown or faulty, which is told."""
        table, mark = instance.table, instance.mark
        if instance.job_id is not None:
            return self._repeat(instance, instance.job_id)
        provider = self._find_provider(table, mark)
        if provider is None:
            return None
        like = self._find_like(instance, provider)
        expect = like.expect if like else self._read_expect(table, provider.api)
        job = Job(
            address=instance.address,
            provider=provider,
            job_id=as_string(table["job_id"]),
            labels={**self.labels, **_read_labels(table)} if "labels" in table else self.labels,
            expect=expect,
            source=like.source if like else self._document.text.find_source(mark),
            waivers=self._read_waivers(table, expect),
            timeout=self._read_timeout(table),
            missing=self._read_missing(table),
        )
        self._last = (instance, job)
        return job

    def _repeat(self, instance: Instance, job_id: str) -> Job | None:
        if self._last is None or self._last[0].mark != instance.mark:
            return None
        return replace(self._last[1], address=instance.address, job_id=job_id)

    def _find_like(self, instance: Instance, provider: Provider) -> Job | None:
        """Return the job before this one if both are made by one declaration, and the same is expected of both."""
        if self._last is None:
            return None
        last, job = self._last
        same = last.mark == instance.mark and last.table.get("expect") is instance.table.get("expect")
        return job if same and job.provider is provider else None

    def _read_expect(self, table: Table, api: JobApi) -> Expectation | Absence:
        if api.name not in self._expectations:
            defaults = self._defaults.get("expect")
            self._expectations[api.name] = ExpectationReader(self._document, api, defaults, self._faults)
        expect = self._expectations[api.name].read(table.get("expect"))
        if isinstance(expect, Absence) and "missing" in table:
            mark, message = (
                self._document.key_mark(table, "missing"),
                "'missing' means nothing where 'absent' is expected",
            )
            self._faults.add(mark, Code.IMPOSSIBLE_EXPECTATION, message, "remove it")
        return expect

    def _read_waivers(self, table: Table, expect: Expectation | Absence) -> tuple[Waiver, ...]:
        if "waivers" not in table:
            return ()
        return read_waivers(self._document, as_array(table["waivers"]), expect, self._faults, today=self._today)

    def _read_timeout(self, table: Table) -> float | None:
        said = next((each for each in (table, self._defaults) if "timeout" in each), None)
        if said is None:
            return None
        timeout = read_duration(self._document, said, "timeout", self._faults)
        if timeout == 0:
            mark = self._document.value_mark(said, "timeout")
            self._faults.add(mark, Code.VALUE_NOT_ALLOWED, "a timeout is longer than nothing", "write it like 10m")
        return timeout

    def _read_missing(self, table: Table) -> MissingPolicy:
        said = table.get("missing", self._defaults.get("missing", MissingPolicy.DRIFT))
        return MissingPolicy.WAIT if said == MissingPolicy.WAIT else MissingPolicy.DRIFT

    def _find_default_provider(self) -> str | None:
        """Return the provider of jobs that name none: that of the defaults, or else the only one."""
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
            self._faults.add(mark, Code.UNKNOWN_PROVIDER, message, "add 'provider' to the job or to the defaults")
            return None
        return self._providers.get(self._provider_name)

    def _check_provider(self, table: Table) -> None:
        name = as_string(table["provider"])
        if name not in self._providers:
            hint = self._faults.suggest(name, self._providers) or f"declared: {list_names(self._providers)}"
            mark = self._document.value_mark(table, "provider")
            self._faults.add(mark, Code.UNKNOWN_PROVIDER, f"unknown provider '{shorten(name)}'", hint)


def _read_labels(table: Table) -> dict[str, str]:
    labels = table.get("labels")
    return {} if labels is None else {name: as_string(value) for name, value in as_table(labels).items()}
