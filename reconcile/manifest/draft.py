"""One manifest on its way from a document to jobs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from reconcile.document import Abridged, Document, Mark, Table, as_string, as_table
from reconcile.manifest.contradictions import Declared
from reconcile.manifest.faults import Faults
from reconcile.manifest.instances import Expander
from reconcile.manifest.interpolation import Interpolator
from reconcile.manifest.jobs import JobReader
from reconcile.manifest.language import check_language, find_faults_of_language
from reconcile.manifest.names import check_names
from reconcile.manifest.providers import read_providers
from reconcile.manifest.references import OPENING
from reconcile.manifest.repetition import Repeater, Words
from reconcile.manifest.values import Values
from reconcile.manifest.variables import Variable, check_values, read_variables, warn_of_unused
from reconcile.model import JobApi, ManifestFile, Provider

_MAY_HIDE_A_REFERENCE: Final = "\\"
"""With escapes, a string can hold what the text of the file does not show."""


class Draft:
    """
    A manifest as far as it can be understood; `faults` hold what cannot.

    What is not well-formed is left out, so that the rest can be asked what it means.
    """

    __slots__ = ("_interpolator", "abridged", "document", "faults", "file", "providers", "variables")

    def __init__(
        self,
        document: Document,
        values: Values,
        apis: Callable[[str], JobApi],
        *,
        abridged: Abridged[Words] | None = None,
    ) -> None:
        """
        Understand a document.

        Args:
            abridged: what the document is a part of, if there is one job in it for each way to write one.
        """
        check_language(document)
        self.document = document
        self.abridged = abridged
        self.faults = Faults(document)
        content = document.text.content
        refers = OPENING in content or _MAY_HIDE_A_REFERENCE in content
        if refers:
            document.root = Interpolator(document, None, self.faults).fill_defaults()
        self.variables: Mapping[str, Variable] = read_variables(document, values)
        self._interpolator = Interpolator(document, self.variables, self.faults)
        if refers:
            written = abridged.count_blanked() if abridged else 0
            document.root = self._interpolator.fill_root()
            if abridged and not self.tells:
                document.count_referred(abridged.count_blanked() - written)
        self.faults.add_all(find_faults_of_language(document))
        check_values(document, self.variables, self.faults)
        warn_of_unused(document, self._interpolator.used, self.faults)
        self.providers: Mapping[str, Provider | None] = {}
        if self._has("providers"):
            self.providers = read_providers(document, apis, self.faults)
        self.file = ManifestFile(
            file=document.text.file,
            name=as_string(as_table(document.root)["name"]) if self._has("name") else None,
            sha256=document.text.digest(),
            variables={name: variable.show() for name, variable in self.variables.items()},
        )

    def find_mark(self, *path: str) -> Mark:
        """Return the mark of a key by its path, or of the first key where it is not there."""
        root = self.document.root
        if isinstance(root, Table) and path[0] not in root:
            return self.document.key_mark(root, next(iter(root)))
        return self.document.find_mark(path, at_key=True)

    def read_jobs(self, *, prefix: str, today: date) -> Iterator[Declared]:
        """Yield the jobs in the order of the file; their addresses begin with `prefix`."""
        if not self._has("jobs") or not self.providers or not self.faults.trusts("defaults"):
            return
        table = as_table(as_table(self.document.root)["jobs"])
        check_names(self.document, table, self.faults, fold=str.casefold)
        expander = Expander(self.document, self._interpolator, self.faults, prefix=prefix)
        expander.refuse_too_many(table)
        reader = JobReader(self.document, self.providers, self.faults, today=today)
        read = (
            [
                Declared(job, mark, self.faults)
                for instance in expander.expand(name, as_table(node), mark)
                if (job := reader.read(instance))
            ]
            for name, node, mark in self.document.entries(table)
            if self.faults.trusts("jobs", name)
        )
        if self.abridged:
            yield from self._repeat_jobs(self.abridged, read, prefix=prefix, labels=reader.labels)
        else:
            for declared in read:
                yield from declared

    def _repeat_jobs(
        self,
        abridged: Abridged[Words],
        read: Iterable[Sequence[Declared]],
        *,
        prefix: str,
        labels: dict[str, str],
    ) -> Iterator[Declared]:
        """Yield the jobs of all stanzas; as soon as anything is to be told, they are of no use to anyone."""
        models = iter(read)
        repeaters: dict[int, Repeater] = {}
        for number, stanza in enumerate(abridged.stanzas):
            if stanza.model != number:
                job, mark = repeaters[stanza.model].repeat(stanza)
                yield Declared(job, mark, self.faults)
                continue
            declared = next(models, ())
            if self.tells:
                return
            yield from declared
            repeaters[number] = Repeater(abridged, stanza, declared[0].job, prefix=prefix, labels=labels)

    @property
    def tells(self) -> bool:
        """Whether anything is to be told that may have to be told of other jobs too: of an abridged manifest alone."""
        return self.abridged is not None and bool(self.faults.errors or self.faults.warnings)

    def _has(self, section: str) -> bool:
        root = self.document.root
        return isinstance(root, Table) and section in root and self.faults.trusts(section)
