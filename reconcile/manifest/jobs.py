"""The jobs of a manifest, with the defaults merged under each."""

from collections.abc import Iterator, Mapping

from reconcile.codes import Code
from reconcile.document import Document, Mark, Table, as_string, as_table, suggest
from reconcile.manifest.contradictions import check_contradictions
from reconcile.manifest.expectations import ExpectationReader
from reconcile.manifest.faults import Faults
from reconcile.manifest.names import check_names
from reconcile.model import Job, JobApi, Provider


def read_jobs(document: Document, providers: Mapping[str, Provider | None], faults: Faults) -> tuple[Job, ...]:
    """
    Return the jobs in the order of the file.

    A job whose provider is unknown or faulty is left out; the fault is told.
    """
    table = as_table(as_table(document.root)["jobs"])
    check_names(document, table, faults, fold=str.casefold)
    marked = list(_Reader(document, providers, faults).read_all(table))
    check_contradictions(marked, faults)
    return tuple([job for job, _ in marked])


class _Reader:
    __slots__ = ("_defaults", "_document", "_expectations", "_faults", "_labels", "_provider_name", "_providers")

    def __init__(self, document: Document, providers: Mapping[str, Provider | None], faults: Faults) -> None:
        self._document = document
        self._providers = providers
        self._faults = faults
        root = as_table(document.root)
        self._defaults = as_table(root["defaults"]) if "defaults" in root else Table()
        self._labels = _read_labels(self._defaults)
        self._expectations: dict[str, ExpectationReader] = {}
        self._provider_name = self._find_default_provider()

    def read_all(self, table: Table) -> Iterator[tuple[Job, Mark]]:
        """Yield each job with the mark of its name."""
        for name, node, mark in self._document.entries(table):
            job = as_table(node)
            provider = self._find_provider(job, mark)
            if provider:
                yield self._read_job(name, job, mark, provider), mark

    def _read_job(self, name: str, table: Table, mark: Mark, provider: Provider) -> Job:
        source = self._document.text.find_source(mark)
        return Job(
            address=f"jobs.{name}",
            provider=provider,
            job_id=as_string(table["job_id"]),
            labels={**self._labels, **_read_labels(table)} if "labels" in table else self._labels,
            expect=self._expectations_of(provider.api).read(table.get("expect"), source),
            source=source,
        )

    def _expectations_of(self, api: JobApi) -> ExpectationReader:
        if api.name not in self._expectations:
            defaults = self._defaults.get("expect")
            self._expectations[api.name] = ExpectationReader(self._document, api, defaults, self._faults)
        return self._expectations[api.name]

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
            message = f"no provider is named here, and there are several: {', '.join(self._providers)}"
            self._faults.add(mark, Code.UNKNOWN_PROVIDER, message, "add 'provider' to the job or to the defaults")
            return None
        return self._providers.get(self._provider_name)

    def _check_provider(self, table: Table) -> None:
        name = as_string(table["provider"])
        if name not in self._providers:
            hint = suggest(name, self._providers) or f"declared: {', '.join(self._providers)}"
            mark = self._document.value_mark(table, "provider")
            self._faults.add(mark, Code.UNKNOWN_PROVIDER, f"unknown provider '{name}'", hint)


def _read_labels(table: Table) -> dict[str, str]:
    labels = table.get("labels")
    return {} if labels is None else {name: as_string(value) for name, value in as_table(labels).items()}
