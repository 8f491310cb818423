"""
Jobs that are written like one before them, but for their name, their id, their labels and their comments.

In a manifest of a hundred thousand jobs there are few ways to write one. Each is read once; what is made of it is
made for the others again, with their own words and in their own places.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconcile.document import (
    MARK_SHIFT,
    Abridged,
    Document,
    Mark,
    Stanza,
    Table,
    Text,
    are_plain_words,
    is_plain_string,
    parse_abridged,
)
from reconcile.model import Job

_SECTION: Final = "jobs"
_TAKEN: Final = "\0"
"""Stands where a word was taken out; no file holds it."""
_TAKEN_PAIR: Final = "\1"
"""Stands for each pair of words among them; no file holds it."""

_NAME: Final = r" +([A-Za-z_][A-Za-z0-9_-]{0,63}):(?=[ \r\n])"
_JOB_ID: Final = r'[ {]job_id: (?:([A-Za-z0-9][A-Za-z0-9_-]{0,63})|"[A-Za-z0-9_-]{1,64}")(?=[\r\n,}]| +#)'
_LABEL_WORD: Final = "[A-Za-z_][A-Za-z0-9_./-]{0,63}"
_LABEL: Final = f"{_LABEL_WORD}: {_LABEL_WORD}"
_LABELS: Final = (
    rf"[ {{]labels:(?: (\{{{_LABEL}(?:, {_LABEL})*\}})(?=[\r\n,}}]| +#)|\n( +)({_LABEL}\n(?:\2{_LABEL}\n)*))"
)
_NO_NUMBER: Final = re.compile("[A-Za-z0-9_]*[A-DF-Za-df-z0-9_]-")
"""Within a number, '-' stands behind 'e' alone."""
_PAIR: Final = r"([A-Za-z0-9_./-]+): ([A-Za-z0-9_./-]+)"
_COMMENT: Final = r"(?<=[ \t\n]#)[^\r\n]*"
_QUOTED: Final = r'(?<=: )"[^"\\\r\n#]*"'
"""A value that ends on its line: behind ': ' a quote begins one, wherever that is not quoted itself."""
_QUOTING: Final = "[\"'|>]"
"""What may begin a scalar of several lines, in which '#' begins no comment."""
_MAKES_MORE: Final = "for_each"

_OFTEN: Final = 8
"""So many jobs are written alike before it is worth a pattern of their own, which takes long to compile."""
_MOST_PATTERNS: Final = 16
"""So many are tried at most."""


class Words(Struct, frozen=True):
    """What a job does not share with those that are written like it; None is what was not taken out of the text."""

    name: str
    job_id: str | None = None
    labels: dict[str, str] | None = None


class _Word(Struct, frozen=True):
    """
    Where words stand in the text of a job, and what stands for them there.

    `pattern` matches all words that would do, with a group for each of them; those of labels are key and value in turn.
    """

    part: str
    start: int
    end: int
    fill: str
    pattern: str
    groups: int = 1


def parse_repetitive(text: Text) -> Abridged[Words] | None:
    """Return a YAML manifest with one job for each way to write one, None where that would not be the same."""
    abridged = parse_abridged(text, _SECTION, Splitter().split)
    if abridged is None or len({stanza.words.name.casefold() for stanza in abridged.stanzas}) < len(abridged.stanzas):
        return None
    return abridged if _takes_what_is_meant(abridged) else None


# --- Words, taken out ------------------------------------------------------------------------------------------


def _find_words(stanza: str) -> list[_Word]:
    """Find the words of a job in its text, and those of its comments, where '#' can begin nothing else."""
    if "#" in stanza:
        bare = re.sub(_COMMENT, lambda found: " " * len(found[0]), stanza)
        words = _find_terms(bare)
        if words and not re.search(_QUOTING, re.sub(_QUOTED, "", _take_out(bare, words))):
            comments = re.finditer(_COMMENT, stanza)
            words += [_Word("comment", *found.span(), _TAKEN, r"[^\r\n]*", 0) for found in comments]
            return sorted(words, key=attrgetter("start"))
    return _find_terms(stanza)


def _find_terms(stanza: str) -> list[_Word]:
    """Find the name, the id and the labels; what could mean something else is none, and so is all of a declaration."""
    named = re.match(_NAME, stanza)
    if named is None or _MAKES_MORE in stanza or not are_plain_words((named[1],)):
        return []
    words = [_find_name(stanza, *named.span(1))]
    found = re.compile(_JOB_ID).search(stanza, named.end(1))
    if found and (found[1] is None or is_plain_string(found[1])):
        words.append(_find_job_id(stanza, found.start() + len(" job_id: "), found.end()))
    found = re.compile(_LABELS).search(stanza, named.end(1))
    if found and _read_labels(found[1] or found[3]) is not None:
        words.append(_find_labels(stanza, *found.span(1 if found[1] else 3), indent=found[2]))
    words.sort(key=attrgetter("start"))
    # Labels can be called job_id.
    return words if all(one.end <= other.start for one, other in pairwise(words)) else []


def _find_name(stanza: str, start: int, end: int) -> _Word:
    if stanza[end + 1] != " ":
        return _Word("name", start, end, _TAKEN, "([A-Za-z_][A-Za-z0-9_-]{0,63})")
    width = end - start
    return _Word("name", start, end, _TAKEN * width, rf"([A-Za-z_][A-Za-z0-9_-]{{{width - 1}}})")


def _find_job_id(stanza: str, start: int, end: int) -> _Word:
    if stanza[end] in "\r\n":
        return _Word("job_id", start, end, _TAKEN, '([A-Za-z0-9][A-Za-z0-9_-]{0,63}|"[A-Za-z0-9_-]{1,64}")')
    width = end - start
    pattern = rf"[A-Za-z0-9][A-Za-z0-9_-]{{{width - 1}}}"
    if width > len('""'):
        pattern += rf'|"[A-Za-z0-9_-]{{{width - 2}}}"'
    return _Word("job_id", start, end, _TAKEN * width, f"({pattern})")


def _find_labels(stanza: str, start: int, end: int, *, indent: str | None) -> _Word:
    """As many pairs, and lines, stand for labels, and as many characters if anything stands behind them."""
    pairs = stanza.count(": ", start, end)
    pair = f"({_LABEL_WORD}): ({_LABEL_WORD})"
    if indent is not None:
        return _Word("labels", start, end, _TAKEN + "\n" * pairs, f"{indent}".join([rf"{pair}\n"] * pairs), 2 * pairs)
    pattern = rf"\{{{', '.join([pair] * pairs)}\}}"
    if stanza[end] in "\r\n":
        return _Word("labels", start, end, _TAKEN_PAIR * pairs + _TAKEN, pattern, 2 * pairs)
    width = end - start
    fill = _TAKEN_PAIR * pairs + _TAKEN * (width - pairs)
    return _Word("labels", start, end, fill, rf"(?=[^}}]{{{width - 1}}}\}}){pattern}", 2 * pairs)


def _take_out(stanza: str, words: Sequence[_Word]) -> str:
    left, behind = "", 0
    for word in words:
        left += stanza[behind : word.start] + word.fill
        behind = word.end
    return left + stanza[behind:]


@lru_cache(maxsize=4096)
def _read_labels(written: str) -> dict[str, str] | None:
    """Return labels as they are written in plain words, None if any of them is no string or stands there twice."""
    pairs = re.findall(_PAIR, written)
    labels = dict(pairs)
    plain = are_plain_words(labels) and are_plain_words(labels.values())
    return labels if plain and len(labels) == len(pairs) else None


class _Pattern:
    """
    How jobs are written up to the last of their words; `known` is what can stand behind it, and what is left then.

    `follower` is the pattern of the job that stood behind such a job the last time.
    """

    __slots__ = ("_job_id", "_labels", "_match", "_name", "follower", "known")

    def __init__(self, stanza: str, words: Sequence[_Word]) -> None:
        pattern, behind, groups = "", 0, 0
        places: dict[str, slice] = {}
        for word in words:
            pattern += re.escape(stanza[behind : word.start]) + word.pattern
            places[word.part] = slice(groups, groups + word.groups)
            groups += word.groups
            behind = word.end
        self._match = re.compile(pattern).match
        self._name = places["name"].start
        self._job_id = places["job_id"].start if "job_id" in places else None
        self._labels = places.get("labels")
        self.known: dict[str, str] = {}
        self.follower = self

    def split(self, content: str, start: int, end: int) -> tuple[str, Words] | None:
        """Split a stanza, None if it is not known to be written so, or if one of its words is no string."""
        match = self._match(content, start, end)
        left = self.known.get(content[match.end() : end]) if match else None
        if match is None or left is None:
            return None
        found = match.groups()
        name, job_id, labels = found[self._name], None, None
        if self._job_id is not None:
            job_id = found[self._job_id]
            if job_id[0] == '"':
                job_id = job_id[1:-1]
            elif not (_NO_NUMBER.match(job_id) or is_plain_string(job_id)):
                return None
        if self._labels is not None:
            pairs = found[self._labels]
            labels = dict(zip(pairs[::2], pairs[1::2], strict=True))
            if 2 * len(labels) < len(pairs) or not are_plain_words(pairs):
                return None
        return (left, Words(name, job_id, labels)) if are_plain_words((name,)) else None


class Splitter:
    """
    Takes the words out of the text of jobs.

    What is written often gets a pattern, and is not taken apart again. Mostly jobs follow one another in some order, so
    that the first pattern that is tried is the one.
    """

    __slots__ = ("_last", "_often", "_patterns")

    def __init__(self) -> None:
        self._often: dict[str, int] = {}
        self._patterns: dict[str, _Pattern] = {}
        self._last: _Pattern | None = None

    def split(self, content: str, start: int, end: int) -> tuple[str, Words]:
        """Split the stanza between two offsets into what is left and the words."""
        last = self._last
        if last is None:
            return self._take_apart(content[start:end])
        follower = last.follower
        found = follower.split(content, start, end)
        if found is not None:
            self._last = follower
            return found
        for pattern in self._patterns.values():
            found = pattern.split(content, start, end)
            if found is not None:
                last.follower = self._last = pattern
                return found
        return self._take_apart(content[start:end])

    def _take_apart(self, stanza: str) -> tuple[str, Words]:
        found = _find_words(stanza)
        if not found:
            named = re.match(_NAME, stanza)
            return stanza, Words(named[1] if named else stanza)
        left = _take_out(stanza, found)
        self._learn(left, stanza, found)
        parts = {word.part: stanza[word.start : word.end] for word in found}
        job_id, labels = parts.get("job_id"), parts.get("labels")
        return left, Words(parts["name"], job_id and job_id.strip('"'), _read_labels(labels) if labels else None)

    def _learn(self, left: str, stanza: str, words: Sequence[_Word]) -> None:
        """Remember how a job is written that was written so often enough, and that it stands behind the last one."""
        self._often[left] = self._often.get(left, 0) + 1
        if self._often[left] < _OFTEN:
            return
        head = left[: len(left) - len(stanza) + words[-1].end]
        pattern = self._patterns.get(head)
        if pattern is None:
            if len(self._patterns) == _MOST_PATTERNS:
                return
            pattern = self._patterns[head] = _Pattern(stanza, words)
        pattern.known[stanza[words[-1].end :]] = left
        self._last = pattern


# --- What is meant ---------------------------------------------------------------------------------------------


def _takes_what_is_meant(abridged: Abridged[Words]) -> bool:
    """Tell whether the words that were taken out are those of the jobs, and not of a comment or a note."""
    document = abridged.document
    root = document.root
    jobs = root.get(_SECTION) if isinstance(root, Table) else None
    if not isinstance(jobs, Table):
        return False
    models = (stanza for number, stanza in enumerate(abridged.stanzas) if stanza.model == number)
    return all(
        isinstance(job, Table) and _says(document, job, stanza)
        for job, stanza in zip(jobs.values(), models, strict=True)
    )


def _says(document: Document, job: Table, stanza: Stanza[Words]) -> bool:
    """Tell whether a job, as libyaml has read it, has its words where they were taken out."""
    content = document.text.content[stanza.start : stanza.end]
    if _MAKES_MORE in job and _MAKES_MORE not in content:
        return False
    for word in _find_words(content):
        start = stanza.start + word.start
        if word.part == "job_id":
            mark = start << MARK_SHIFT | word.end - word.start
            if word.part not in job or document.value_mark(job, word.part) != mark:
                return False
        elif word.part == "labels" and not (
            word.part in job
            and document.value_mark(job, word.part) >> MARK_SHIFT == start
            and job[word.part] == stanza.words.labels
        ):
            return False
    return True


# --- Jobs, made again ------------------------------------------------------------------------------------------


class Repeater:
    """Makes the jobs that are written like one that was read."""

    __slots__ = (
        "_behind",
        "_copy_expect",
        "_copy_source",
        "_copy_waivers",
        "_from",
        "_job",
        "_labels",
        "_move",
        "_prefix",
    )

    def __init__(
        self, abridged: Abridged[Words], model: Stanza[Words], job: Job, *, prefix: str, labels: dict[str, str]
    ) -> None:
        """
        Make jobs of a manifest.

        Args:
            model: the stanza that was read.
            job: what it declares.
            prefix: what addresses begin with.
            labels: those of the defaults.
        """
        from reconcile.manifest.copying import Places

        content = abridged.document.text.content
        self._job = job
        self._from = model.line
        self._behind = abridged.indent
        self._prefix = f"{prefix}{_SECTION}."
        self._labels = labels
        places = Places(range(model.line, model.line + content.count("\n", model.start, model.end)))
        self._copy_source = places.compile_copy(job.source)
        self._copy_expect = places.compile_copy(job.expect)
        self._copy_waivers = places.compile_copy(job.waivers)
        self._move = places.move

    def repeat(self, stanza: Stanza[Words]) -> tuple[Job, Mark]:
        """Return the job of a stanza, with the mark of its name."""
        job, words = self._job, stanza.words
        places = self._move(stanza.line - self._from)
        repeated = replace(
            job,
            address=self._prefix + words.name,
            job_id=words.job_id or job.job_id,
            labels=(self._labels | words.labels if self._labels else words.labels) if words.labels else job.labels,
            expect=self._copy_expect(places),
            source=self._copy_source(places),
            waivers=self._copy_waivers(places),
        )
        return repeated, (stanza.start + self._behind) << MARK_SHIFT | len(words.name)
