"""
Jobs that are written like one before them, but for their name, their id and their labels.

In a manifest of a hundred thousand jobs there are few ways to write one. Each is read once; what is made of it is
made for the others again, with their own words and in their own places.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from reconcile.document import (
    MARK_SHIFT,
    Abridged,
    Document,
    Mark,
    Stanza,
    Table,
    Text,
    is_plain_string,
    parse_abridged,
)
from reconcile.manifest.copying import Places
from reconcile.model import Job

_SECTION: Final = "jobs"
_TAKEN: Final = "\0"
"""Stands where a word was taken out; no file holds it."""
_TAKEN_PAIR: Final = "\1"
"""Stands for each pair of words among them; no file holds it."""

_NAME: Final = re.compile(r" +([A-Za-z_][A-Za-z0-9_-]{0,63}):(?=[ \r\n])")
_JOB_ID: Final = re.compile(r'[ {]job_id: (?:([A-Za-z0-9][A-Za-z0-9_-]{0,63})|"[A-Za-z0-9_-]{1,64}")(?=[\r\n,}])')
_LABEL: Final = r"[A-Za-z_][A-Za-z0-9_./-]{0,63}: [A-Za-z_][A-Za-z0-9_./-]{0,63}"
_LABELS: Final = re.compile(
    rf"[ {{]labels:(?: (\{{{_LABEL}(?:, {_LABEL})*\}})(?=[\r\n,}}])|\n( +)({_LABEL}\n(?:\2{_LABEL}\n)*))"
)
_PAIR: Final = re.compile(r"([A-Za-z0-9_./-]+): ([A-Za-z0-9_./-]+)")
_MAKES_MORE: Final = "for_each"


class Words(NamedTuple):
    """
    What a job does not share with those that are written like it: None is what could not be taken out of its text.

    `at` is the offset of the id in the stanza, `labels_at` that of the labels; both are as they are written.
    """

    name: str
    job_id: str | None = None
    at: int = 0
    labels: str | None = None
    labels_at: int = 0


def parse_repetitive(text: Text) -> Abridged[Words] | None:
    """Return a YAML manifest with one job for each way to write one, None where that would not be the same."""
    abridged = parse_abridged(text, _SECTION, split_job)
    if abridged is None or len({stanza.words.name.casefold() for stanza in abridged.stanzas}) < len(abridged.stanzas):
        return None
    return abridged if _takes_what_is_meant(abridged) else None


def split_job(stanza: str) -> tuple[str, Words]:
    """Take the words of a job out of its text; one that could mean something else stays, and so does a declaration."""
    named = _NAME.match(stanza)
    if named is None or _MAKES_MORE in stanza or not is_plain_string(named[1]):
        return stanza, Words(named[1] if named else stanza)
    name, (start, end) = named[1], named.span(1)
    spans = [(start, end, _TAKEN if stanza[end + 1] != " " else _TAKEN * (end - start))]
    job_id = at = labels = labels_at = None
    found = _JOB_ID.search(stanza, end)
    if found and (found[1] is None or is_plain_string(found[1])):
        at, job_id = found.start() + len(" job_id: "), stanza[found.start() + len(" job_id: ") : found.end()]
        spans.append((at, found.end(), _fill(stanza, at, found.end(), pairs=0)))
    found = _LABELS.search(stanza, end)
    if found and _read_labels(found[1] or found[3]) is not None:
        group = 1 if found[1] else 3
        labels, labels_at = found[group], found.start(group)
        pairs = labels.count(": ")
        spans.append((labels_at, found.end(group), _fill(stanza, labels_at, found.end(group), pairs=pairs)))
    left, behind = "", 0
    for start, end, fill in sorted(spans):
        left += stanza[behind:start] + fill
        behind = end
    return left + stanza[behind:], Words(name, job_id, at or 0, labels, labels_at or 0)


def _fill(stanza: str, start: int, end: int, *, pairs: int) -> str:
    """Return what stands for words: as many lines and pairs, and as many characters if anything stands behind them."""
    lines = stanza.count("\n", start, end)
    if lines:
        return _TAKEN + "\n" * lines
    return _TAKEN_PAIR * pairs + _TAKEN * (1 if stanza[end] in "\r\n" else end - start - pairs)


@lru_cache(maxsize=4096)
def _read_labels(written: str) -> Mapping[str, str] | None:
    """Return labels as they are written in plain words, None if any of them is no string or stands there twice."""
    pairs = _PAIR.findall(written)
    labels = dict(pairs)
    plain = len(labels) == len(pairs) and all(is_plain_string(word) for pair in pairs for word in pair)
    return labels if plain else None


def _takes_what_is_meant(abridged: Abridged[Words]) -> bool:
    """Tell whether the words that were taken out are those of the jobs, and not of a comment or a note."""
    document = abridged.document
    root = document.root
    jobs = root.get(_SECTION) if isinstance(root, Table) else None
    if not isinstance(jobs, Table):
        return False
    models = (stanza for number, stanza in enumerate(abridged.stanzas) if stanza.model == number)
    return all(
        isinstance(job, Table)
        and (_MAKES_MORE not in job or _MAKES_MORE in document.text.content[stanza.start : stanza.end])
        and _is_job_id(document, job, stanza)
        and _are_labels(document, job, stanza)
        for job, stanza in zip(jobs.values(), models, strict=True)
    )


def _is_job_id(document: Document, job: Table, stanza: Stanza[Words]) -> bool:
    written = stanza.words.job_id
    if written is None:
        return True
    mark = (stanza.start + stanza.words.at) << MARK_SHIFT | len(written)
    return "job_id" in job and document.value_mark(job, "job_id") == mark


def _are_labels(document: Document, job: Table, stanza: Stanza[Words]) -> bool:
    written = stanza.words.labels
    if written is None:
        return True
    start = stanza.start + stanza.words.labels_at
    return (
        "labels" in job
        and document.value_mark(job, "labels") >> MARK_SHIFT == start
        and job["labels"] == _read_labels(written)
    )


# --- Jobs, made again ------------------------------------------------------------------------------------------


class Repeater:
    """Makes the jobs that are written like one that was read."""

    __slots__ = ("_behind", "_copy", "_from", "_job", "_labels", "_make_places", "_model", "_prefix")

    def __init__(
        self, abridged: Abridged[Words], model: Stanza[Words], job: Job, *, prefix: str, labels: Mapping[str, str]
    ) -> None:
        """
        Make jobs of a manifest.

        Args:
            model: the stanza that was read.
            job: what it declares.
            prefix: what addresses begin with.
            labels: those of the defaults.
        """
        content = abridged.document.text.content
        self._job = job
        self._model = model
        self._from = model.line
        self._behind = abridged.indent
        self._prefix = f"{prefix}{_SECTION}."
        self._labels = labels
        places = Places(range(model.line, model.line + content.count("\n", model.start, model.end)))
        self._copy = places.compile_copy((job.source, job.expect, job.waivers))
        self._make_places = places.move

    def repeat(self, stanza: Stanza[Words]) -> tuple[Job, Mark]:
        """Return the job of a stanza, with the mark of its name."""
        job, words = self._job, stanza.words
        labels = _read_labels(words.labels) if words.labels else None
        source, expect, waivers = self._copy(self._make_places(stanza.line - self._from))
        repeated = Job(
            address=self._prefix + words.name,
            provider=job.provider,
            job_id=words.job_id.strip('"') if words.job_id else job.job_id,
            labels={**self._labels, **labels} if labels else job.labels,
            expect=expect,
            source=source,
            waivers=waivers,
            timeout=job.timeout,
            missing=job.missing,
        )
        return repeated, (stanza.start + self._behind) << MARK_SHIFT | len(words.name)
