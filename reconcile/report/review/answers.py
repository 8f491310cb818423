"""The answers of a witness, as the job API would write them."""

import json
from collections.abc import Iterator

from reconcile.canonical import dump
from reconcile.model import JobReview, JsonValue, JudgedAnswer
from reconcile.report.escape import escape


def read_body(answer: JudgedAnswer) -> JsonValue:
    """Return the body of an answer as a value."""
    value: JsonValue = json.loads(answer.exchange.body)
    return value


def write_answers(job: JobReview) -> Iterator[str]:
    """Write each answer of a job's witness on a line, safe to show."""
    for answer in job.witness.answers if job.witness is not None else ():
        yield f"HTTP {answer.exchange.status_code} {_cut(dump(read_body(answer), compact=True).strip())}"


def _cut(text: str) -> str:
    """Cut a long body: another format has all of it."""
    return escape(text)
