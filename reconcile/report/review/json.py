"""A review for scripts; `schemas/review.v1.schema.json` describes it."""

from reconcile.canonical import dump
from reconcile.instant import format_instant
from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.model.plan import ExitCode
from reconcile.model.review import JobReview, JudgedAnswer, Relation, Review
from reconcile.model.value import JsonValue
from reconcile.report.json import FORMAT_VERSION, diagnostic_to_json
from reconcile.report.review.answers import read_body
from reconcile.report.review.messages import describe_change
from reconcile.report.style import Palette


def render(review: Review, palette: Palette) -> str:
    """Render a review; `palette` is not used."""
    del palette
    return dump(
        {
            "format_version": FORMAT_VERSION,
            "exit_code": int(review.failure or 0),
            "old": review.old,
            "new": review.new,
            "reviewed_at": format_instant(review.reviewed_at),
            "allowed": review.allowed,
            "summary": {"jobs": len(review.jobs), **{each.value: review.count(each) for each in Relation}},
            "jobs": [_job_to_json(job, review) for job in review.jobs],
            "errors": [],
        }
    )


def render_failure(errors: tuple[Diagnostic, ...]) -> str:
    """Render why there is no review."""
    return dump(
        {
            "format_version": FORMAT_VERSION,
            "exit_code": int(ExitCode.ERROR),
            "old": [],
            "new": [],
            "reviewed_at": None,
            "allowed": [],
            "summary": None,
            "jobs": [],
            "errors": [diagnostic_to_json(error) for error in errors],
        }
    )


def _job_to_json(job: JobReview, review: Review) -> dict[str, JsonValue]:
    return {
        "address": job.address,
        "relation": job.relation.value,
        "allowed": job.allowed,
        "reason": job.reason,
        "old": _place_to_json(job.old.source if job.old is not None else None),
        "new": _place_to_json(job.new.source if job.new is not None else None),
        "witness": _witness_to_json(job, review),
    }


def _place_to_json(source: Source | None) -> JsonValue:
    return None if source is None else {"file": source.file, "line": source.line, "column": source.column}


def _witness_to_json(job: JobReview, review: Review) -> JsonValue:
    witness = job.witness
    if witness is None:
        return None
    return {
        "judged_at": format_instant(witness.judged_at),
        "sentence": " ".join(describe_change(job, review)),
        "answers": [_answer_to_json(answer, job) for answer in witness.answers],
        "stopped_by": [
            {"path": each.path, "expected": each.expected, "actual": each.actual} for each in witness.findings
        ],
    }


def _answer_to_json(answer: JudgedAnswer, job: JobReview) -> dict[str, JsonValue]:
    return {
        "job": answer.about or job.address,
        "after_ms": round(answer.after * 1000),
        "status_code": answer.exchange.status_code,
        "body": read_body(answer),
        "old": answer.old.value if answer.old is not None else None,
        "new": answer.new.value if answer.new is not None else None,
    }
