"""Reads one manifest: from a document to its providers and jobs."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from reconcile.document import Document, Mark, Pending, Schema, Table, as_string, as_table
from reconcile.manifest.consistency import DeclaredJob
from reconcile.manifest.diagnostics import Diagnostics
from reconcile.manifest.instances import Expander
from reconcile.manifest.interpolation import FOR_EACH, Interpolator
from reconcile.manifest.jobs import JobReader
from reconcile.manifest.language import check_names, find_language_errors, refuse_other_files
from reconcile.manifest.providers import read_providers
from reconcile.manifest.references import OPENING
from reconcile.manifest.variables import Values, Variable, check_values, read_variables, warn_of_unused
from reconcile.model.api import JobApi
from reconcile.model.manifest import ManifestFile, Provider

_MAY_HIDE_A_REFERENCE: Final = "\\"
"""A string with escapes can contain a reference that the text of the file does not show."""


class ManifestReader:
    """
    Reads one manifest; `diagnostics` collects its errors and warnings.

    Invalid entries are left out, so that the rest can still be interpreted and checked. `left_out` has the addresses of
    declarations of which at least one job is.
    """

    __slots__ = ("_interpolator", "_schema", "diagnostics", "document", "file", "left_out", "providers", "variables")

    def __init__(
        self,
        document: Document,
        *,
        values: Values,
        apis: Mapping[str, JobApi],
        schema: Schema,
        offline: bool = False,
    ) -> None:
        refuse_other_files(document)
        self.document = document
        self.diagnostics = Diagnostics(document)
        self.left_out: set[str] = set()
        self._schema = schema
        content = document.text.content
        document.has_references = OPENING in content or _MAY_HIDE_A_REFERENCE in content
        if document.has_references:
            document.root = Interpolator(document, None, self.diagnostics).fill_defaults()
        self.variables: Mapping[str, Variable] = read_variables(document, values, may_be_unset=offline)
        self._interpolator = Interpolator(document, self.variables, self.diagnostics)
        if document.has_references:
            document.root = self._interpolator.fill_root()
        errors = find_language_errors(document, schema, interpolated=document.has_references)
        self.diagnostics.add_schema_errors(errors)
        check_values(document, self.variables, self.diagnostics)
        warn_of_unused(document, self._interpolator.used, self.diagnostics)
        self.providers: Mapping[str, Provider | None] = {}
        if self._has("providers"):
            self.providers = read_providers(document, apis, self.diagnostics)
        self.file = ManifestFile(
            file=document.text.file,
            name=as_string(as_table(document.root)["name"]) if self._has("name") else None,
            sha256=document.text.digest(),
            variables={name: variable.show() for name, variable in self.variables.items()},
        )

    @property
    def unset(self) -> list[str]:
        """The variables that have no value yet."""
        return [name for name, variable in self.variables.items() if variable.is_unset]

    def find_mark(self, *path: str) -> Mark:
        """Return the mark of the key at a path, or of the first key of the file if there is none."""
        root = self.document.root
        if isinstance(root, Table) and path[0] not in root:
            return self.document.key_mark(root, next(iter(root)))
        return self.document.find_mark(path, at_key=True)

    def read_jobs(self, *, prefix: str, today: date, judged: date) -> Iterator[DeclaredJob]:
        """
        Yield the jobs in the order of the file; their addresses begin with `prefix`.

        `today` and `judged` are those of `read_waivers`.
        """
        if not self._has("jobs") or not self.providers or not self.diagnostics.is_valid("defaults"):
            return
        table = as_table(as_table(self.document.root)["jobs"])
        check_names(self.document, table, self.diagnostics, fold=str.casefold)
        expander = Expander(self.document, self._interpolator, self._schema, self.diagnostics, prefix=prefix)
        expander.refuse_too_many(table)
        unset = self.unset
        reader = JobReader(self.document, self.providers, self.diagnostics, prefix=prefix, today=today, judged=judged)
        for name, node, mark in self.document.entries(table):
            if self.diagnostics.is_valid("jobs", name):
                expanded = self._find_expanded(as_table(node))
                for instance in expander.expand(name, as_table(node), mark):
                    job = reader.read(instance)
                    if job is None:
                        self.left_out.add(f"{prefix}jobs.{name}")
                    else:
                        yield DeclaredJob(
                            job,
                            mark,
                            self.diagnostics,
                            complete=reader.is_complete(instance.table),
                            unknown=reader.show_unknown(instance.table) if unset else "",
                            expanded=expanded,
                            after_mark=self._find_after(instance.table),
                        )
            if not self.diagnostics.is_valid("jobs", name):
                self.left_out.add(f"{prefix}jobs.{name}")
            # Nothing reads it again, and a hundred thousand jobs should not be in memory twice.
            table[name] = None

    def _find_expanded(self, job: Table) -> str | None:
        """Return the reference to the variable in the `for_each` of a job, None if there is none."""
        if FOR_EACH not in job:
            return None
        node = job[FOR_EACH]
        if isinstance(node, Pending):
            return str(node)
        origin = self.document.find_origin(self.document.value_mark(job, FOR_EACH))
        return origin.name if origin is not None else None

    def _find_after(self, job: Table) -> Mark | None:
        return self.document.value_mark(job, "after") if "after" in job else None

    def _has(self, section: str) -> bool:
        root = self.document.root
        return isinstance(root, Table) and section in root and self.diagnostics.is_valid(section)
