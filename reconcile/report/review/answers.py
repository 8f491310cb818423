"""The answers of a witness, as the job API would write them."""

import json
from collections.abc import Iterator

from reconcile.canonical import dump
from reconcile.model.review import JobReview, JudgedAnswer
from reconcile.model.value import JsonValue
from reconcile.report.escape import escape


def read_body(answer: JudgedAnswer) -> JsonValue:
    """Return the body of an answer as a value."""
    value: JsonValue = json.loads(answer.exchange.body)
    return value


def write_answers(job: JobReview) -> Iterator[str]:
    """Write each answer of a job's witness on one line, safe to show; answers about several jobs have addresses."""
    answers = job.witness.answers if job.witness is not None else ()
    several = any(answer.about for answer in answers)
    for answer in answers:
        about = f"{escape(answer.about or job.address)}: " if several else ""
        yield f"{about}HTTP {answer.exchange.status_code} {escape(dump(read_body(answer), compact=True).strip())}"
