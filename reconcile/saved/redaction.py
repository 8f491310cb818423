"""
Removes secrets from evidence so that the same plan is derived from it.

For a field that is compared with a sensitive value, judging only depends on which texts are equal. So each text is
replaced with a name that reveals nothing, equal texts with the same name, and a glob with the names of the texts that
it matched.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from reconcile.glob import matches_glob
from reconcile.judge import LONGEST_TEXT, find_sensitive_fields, hide_headings, hide_shown
from reconcile.lazy import LazyList
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import (
    Absence,
    Accepted,
    Assertion,
    Expectation,
    Field,
    FieldExpectation,
    Glob,
    Job,
    SubJobsExpectation,
)
from reconcile.model.observation import Observation, Observed, Record
from reconcile.model.value import SENSITIVE

_Record = TypeVar("_Record", bound=Record)


def hide_secrets(evidence: Evidence) -> Evidence:
    """
    Return the evidence without sensitive values.

    It gives the same plan, unless a field of one job is compared both with a sensitive value and with another one. So
    compare the plans before you keep the evidence.
    """
    jobs, observations = evidence.manifest.jobs, evidence.observations
    if not any(map(_has_secrets, jobs)):
        return evidence
    hidden = LazyList(lambda at: _hide(jobs[at], observations[at]), range(len(jobs)))
    manifest = replace(evidence.manifest, jobs=tuple([job for job, _ in hidden]))
    return replace(evidence, manifest=manifest, observations=LazyList(lambda pair: pair[1], hidden))


def _has_secrets(job: Job) -> bool:
    return isinstance(job.expect, Expectation) and bool(find_sensitive_fields(job.expect))


def _hide(job: Job, observation: Observation) -> tuple[Job, Observation]:
    if isinstance(job.expect, Absence) or not (hidden := find_sensitive_fields(job.expect)):
        return job, observation
    # A status is one of the API's few words, none of which is secret.
    names: dict[Field, _Names] = {field: _Names() for field in Field if field in hidden and field is not Field.STATUS}
    if isinstance(observation, Observed):
        sub_jobs = tuple([_hide_texts(part, names) for part in observation.sub_jobs])
        headings = hide_headings(observation.headings, hidden)
        observation = replace(_hide_texts(observation, names), sub_jobs=sub_jobs, headings=headings)
    return replace(job, expect=_hide_expectation(job.expect, names)), observation


class _Names:
    """The names of the texts of one field, numbered in order of appearance."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, text: str) -> str:
        """Return the name of a text; if the text is too long to compare, so is the name."""
        name = self._names.get(text)
        if name is None:
            name = f"{SENSITIVE} {len(self._names) + 1}"
            self._names[text] = name = name.ljust(LONGEST_TEXT + 1) if len(text) > LONGEST_TEXT else name
        return name

    def match(self, pattern: str) -> list[str]:
        """Return the names of all texts so far that a glob matches."""
        return [name for text, name in self._names.items() if matches_glob(pattern, text)]


def _hide_texts(record: _Record, names: dict[Field, _Names]) -> _Record:
    texts = ((field.value, each, getattr(record, field.value)) for field, each in names.items())
    return hide_shown(replace(record, **{key: each.name(text) for key, each, text in texts if text is not None}))


def _hide_expectation(expectation: Expectation, names: dict[Field, _Names]) -> Expectation:
    sub_jobs = None if expectation.sub_jobs is None else _hide_sub_jobs(expectation.sub_jobs, names)
    return replace(expectation, fields=_hide_assertions(expectation.fields, names), sub_jobs=sub_jobs)


def _hide_sub_jobs(sub_jobs: SubJobsExpectation, names: dict[Field, _Names]) -> SubJobsExpectation:
    items = sub_jobs.items
    if items is not None:
        items = tuple([replace(item, fields=_hide_assertions(item.fields, names)) for item in items])
    return replace(sub_jobs, items=items, each=_hide_assertions(sub_jobs.each, names))


def _hide_assertions(assertions: Sequence[Assertion], names: dict[Field, _Names]) -> tuple[Assertion, ...]:
    return tuple(
        [
            replace(each, accept=tuple(_hide_accepted(each.accept, names[each.field])))
            if isinstance(each, FieldExpectation) and each.sensitive and each.field in names
            else each
            for each in assertions
        ]
    )


def _hide_accepted(accept: Iterable[Accepted], names: _Names) -> Iterable[Accepted]:
    for accepted in accept:
        match accepted:
            case Glob(pattern=pattern):
                yield from names.match(pattern)
            case str():
                yield names.name(accepted)
            case None:
                yield None
