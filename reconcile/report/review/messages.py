"""Sentences that the formats of a review share: each is one line, and safe on a terminal and in a CI log."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from reconcile.duration import format_duration
from reconcile.instant import format_instant
from reconcile.model.diagnostic import Source
from reconcile.model.observation import Looks, Missing, Observed, SubJob
from reconcile.model.plan import Verdict
from reconcile.model.review import JobReview, Relation, Review, Witness
from reconcile.report.escape import escape, quote
from reconcile.report.location import place_inside
from reconcile.report.messages import WORDS, count, cut, describe_finding

_WORST_FIRST = (Relation.UNDECIDED, Relation.DIFFERENT, Relation.WEAKER, Relation.STRONGER, Relation.EQUAL)
_MOST_NAMED = 5
_MOST_SUB_JOBS = 10
_FIELDS = ("job_type", "error_code", "fail_reason", "begin_time", "end_time")

SHOWN = (Relation.UNDECIDED, Relation.DIFFERENT, Relation.WEAKER)
"""What a reviewer must look at."""


class Alike(Struct, frozen=True):
    """Jobs with the same description; the first one represents all."""

    jobs: tuple[JobReview, ...]
    sentences: tuple[str, ...]

    @property
    def first(self) -> JobReview:
        return self.jobs[0]

    @property
    def others(self) -> str:
        """The names of the others, "" if there are none."""
        named = [escape(job.address) for job in self.jobs[1 : _MOST_NAMED + 1]]
        rest = len(self.jobs) - 1 - len(named)
        return f"{', '.join(named)}{f' and {rest:,} more' if rest else ''}"


def group_alike(review: Review) -> list[Alike]:
    """Group the jobs that a reviewer must look at by their description, the worst first."""
    groups: dict[tuple[bool, Relation, tuple[str, ...]], list[JobReview]] = {}
    for relation in SHOWN:
        for job in review.jobs:
            if job.relation is relation:
                groups.setdefault((job.allowed, relation, tuple(describe_change(job, review))), []).append(job)
    ordered = sorted(groups.items(), key=lambda item: item[0][0])
    return [Alike(tuple(jobs), sentences) for (_, _, sentences), jobs in ordered]


def describe_result(review: Review) -> str:
    """Describe how many jobs have each relation, and what the operator allows."""
    counts = [
        f"{number:,} {relation.value}{_describe_allowed(review, relation)}"
        for relation in _WORST_FIRST
        if (number := review.count(relation))
    ]
    return f"{count(len(review.jobs), 'job')}: {', '.join(counts)}" if counts else "no jobs"


def describe_allowed(review: Review) -> Iterator[str]:
    """Describe each --allow, and how many weaker, different or undecided jobs it covers."""
    for glob in review.allowed:
        covered = [job for job in review.jobs if glob in job.allowed_by and job.relation in SHOWN]
        yield f"--allow {escape(glob)}: {count(len(covered), 'weaker, different or undecided job')} accepted"


def describe_headline(job: JobReview) -> str:
    """Describe what happened to a job, as the end of a sentence that begins with its address."""
    return f"is {job.relation.value}{' (allowed)' if job.allowed else ''}"


def describe_change(job: JobReview, review: Review) -> Iterator[str]:
    """Describe what the new manifest lets through, in sentences."""
    if job.reason:
        yield f"{escape(job.reason[:1].upper() + job.reason[1:])}."
    witness = job.witness
    if witness is None:
        return
    yield from (f"{each}." for each in _describe_answers(witness, review))
    yield f"The old manifest stops this: {_describe_stop(witness)}."
    not_checked = all(answer.new is None for answer in witness.answers)
    yield "The new manifest does not check it." if not_checked else "The new manifest lets it pass."


def find_source(job: JobReview, review: Review) -> Source:
    """Return the place of a job in the new manifest, by its path in the repository; the first line if it is gone."""
    source = job.new.source if job.new is not None else Source(file=review.new[0], line=1, column=1)
    return place_inside(Source(file=review.paths.get(source.file, source.file), line=source.line, column=source.column))


def name_files(files: Sequence[str]) -> str:
    """Name the manifests of one side."""
    return cut(", ".join(map(escape, files)))


def _describe_allowed(review: Review, relation: Relation) -> str:
    allowed = sum(job.relation is relation and job.allowed for job in review.jobs)
    return f" ({allowed:,} allowed)" if allowed and relation in SHOWN else ""


def _describe_stop(witness: Witness) -> str:
    verdict = WORDS[witness.answers[0].old or Verdict.ERROR]
    if not witness.findings:
        return verdict
    first, more = witness.findings[0], len(witness.findings) - 1
    others = f", and {count(more, 'more difference')}" if more else ""
    return f"{verdict}, {escape(first.path)}: {describe_finding(first)}{others}"


def _describe_answers(witness: Witness, review: Review) -> Iterator[str]:
    when = f" on {format_instant(witness.judged_at)}" if witness.judged_at != review.reviewed_at else ""
    several = any(answer.about for answer in witness.answers)
    for answer in witness.answers:
        about = f" about {escape(answer.about) if answer.about else 'this job'}" if several else ""
        later = f" {format_duration(answer.after)} later, with --wait" if answer.after else when
        yield f"The job API answers{about}{later}: {_describe_answer(answer.observation)}"


def _describe_answer(answer: Observed | Missing) -> str:
    if isinstance(answer, Missing):
        return "there is no such job"
    parts = [f"the job's status is {quote(answer.status)}", *_describe_fields(answer)]
    if answer.sub_jobs:
        parts.append(f"it has {count(len(answer.sub_jobs), 'sub-job')}: {_describe_sub_jobs(answer.sub_jobs)}")
    if answer.looks is not None:
        parts += _describe_looks(answer.looks)
    return f"{', '.join(parts[:-1])}, and {parts[-1]}" if len(parts) > 1 else parts[0]


def _describe_looks(looks: Looks) -> Iterator[str]:
    if looks.alike > 1:
        yield f"{looks.alike} reads over {format_duration(looks.span)} agree"
    elif not looks.idle:
        yield "it is read once"
    if looks.idle:
        yield f"nothing of it had changed for {format_duration(looks.idle)}"


def _describe_fields(record: Observed | SubJob) -> Iterator[str]:
    for name in _FIELDS:
        value = getattr(record, name)
        if value is not None:
            yield f"its {name} {quote(value)}"


def _describe_sub_jobs(sub_jobs: Sequence[SubJob]) -> str:
    described = []
    for sub_job, alike in groupby(sub_jobs):
        number = len(list(alike))
        name = quote(sub_job.job_type) if sub_job.job_type is not None else "a sub-job without a type"
        fields = [each.removeprefix("its ") for each in _describe_fields(replace(sub_job, job_type=None))]
        times = f"{number} times " if number > 1 else ""
        described.append(f"{times}{name} with {', '.join([f'status {quote(sub_job.status)}', *fields])}")
    hidden = len(described) - _MOST_SUB_JOBS
    return f"{', '.join(described[:_MOST_SUB_JOBS])}{f' and {hidden} more' if hidden > 0 else ''}"
