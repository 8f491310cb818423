"""Records the exchanges of a run about its jobs. Secrets are removed here, before anything is kept."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile.fetch.message import Answer
from reconcile.fetch.payload import InvalidAnswerError, parse_object
from reconcile.fetch.record import Redact
from reconcile.fetch.request import build_path
from reconcile.model.manifest import Job
from reconcile.model.observation import Fetched, Missing, Observation, Observed, Unobserved
from reconcile.model.recording import Exchange, RecordedJob

KEPT_HEADERS = ("content-type", "date", "age", "retry-after")
"""The headers that are recorded besides that of the request id; others could contain anything."""

MOST_KEPT = 32 * 1024
"""The most bytes that are kept of a body that is not evidence: nothing is derived from it."""


class Recorder:
    """
    The exchanges of one run by remote job.

    Only requests for jobs are recorded, never those of a credential to an identity service.
    """

    def __init__(
        self, clock: Callable[[], datetime], known: Mapping[tuple[str, str], RecordedJob] | None = None
    ) -> None:
        """`clock` returns the time in UTC; `known` holds jobs of an earlier recording, by provider and job id."""
        self._clock = clock
        self._known = known or {}
        self._exchanges: defaultdict[tuple[str, str], list[Exchange]] = defaultdict(list)
        self._evidence: dict[tuple[str, str], int] = {}

    def begin(self) -> datetime:
        """Return the time at which a request is sent."""
        return self._clock()

    def keep_failure(self, job: Job, sent_at: datetime, failure: str) -> None:
        """Record that no answer came, and why; the text is ours, so it contains no secrets."""
        self._exchanges[_key_of(job)].append(Exchange(sent_at=sent_at, ended_at=self._clock(), failure=failure))

    def keep_answer(
        self,
        job: Job,
        sent_at: datetime,
        answer: Answer,
        observation: Observation,
        redact: Redact,
    ) -> None:
        """
        Record an answer.

        Args:
            observation: what the answer says.
            redact: removes the secrets of the request.
        """
        key = _key_of(job)
        exchanges = self._exchanges[key]
        names = (*KEPT_HEADERS, job.provider.api.request_id_header.lower())
        headers = answer.headers
        clean = redact_body(headers.get("content-type"), answer.body, job_id=job.job_id, redact=redact)
        if exchanges and exchanges[-1].body == clean:
            clean = exchanges[-1].body  # polling returns the same body many times: keep it once
        if isinstance(observation, Observed | Missing):
            if key in self._evidence:
                before = exchanges[self._evidence[key]]
                exchanges[self._evidence[key]] = replace(before, body=before.body[:MOST_KEPT])
            self._evidence[key] = len(exchanges)
        else:
            clean = clean[:MOST_KEPT]
        exchanges.append(
            Exchange(
                sent_at=sent_at,
                ended_at=self._clock(),
                status_code=answer.status_code,
                headers={name: redact(headers[name]) for name in names if name in headers},
                body=clean,
            )
        )

    def tell(self, jobs: Sequence[Job], fetched: Sequence[Fetched]) -> Mapping[tuple[str, str], RecordedJob]:
        """Return the recording of each remote job, with its result, by provider and job id."""
        told: dict[tuple[str, str], RecordedJob] = {}
        for job, outcome in zip(jobs, fetched, strict=True):
            try:
                path = build_path(job)
            except ValueError:
                continue  # it was never requested
            if _key_of(job) in self._known:
                told[_key_of(job)] = self._known[_key_of(job)]
                continue
            unobserved = outcome.observation if isinstance(outcome.observation, Unobserved) else None
            told.setdefault(
                _key_of(job),
                RecordedJob(
                    request=f"GET {path}",
                    exchanges=tuple(self._exchanges.get(_key_of(job), ())),
                    evidence=self._evidence[_key_of(job)] if unobserved is None else None,
                    unobserved=unobserved,
                    polls=outcome.polls,
                    attempts=outcome.attempts,
                    started=outcome.started,
                    elapsed=outcome.elapsed,
                    waited=outcome.waited,
                    age=outcome.age,
                    notes=outcome.notes,
                    looks=outcome.observation.looks if isinstance(outcome.observation, Observed) else None,
                ),
            )
        return told


def redact_body(content_type: str | None, body: bytes, *, job_id: str, redact: Redact) -> bytes:
    """
    Remove the secrets from a body; return it unchanged if there are none.

    In a JSON object, each text is redacted separately, as it is when an answer is read, so that the recorded body reads
    the same. The id of the job is not a secret. Any other body is redacted as text, and again without its zero bytes,
    because UTF-16 would hide a secret between them.
    """
    try:
        document = parse_object(content_type, body)
    except InvalidAnswerError:
        clean = redact(body.decode("utf-8", "surrogateescape"))
        narrow = clean.replace("\0", "")
        return (clean if redact(narrow) == narrow else redact(narrow)).encode("utf-8", "surrogateescape")
    clean_document = _redact_value(document, job_id, redact)
    if clean_document == document:
        return body
    return json.dumps(clean_document, separators=(",", ":")).encode("ascii")


def _redact_value(value: object, job_id: str, redact: Redact) -> object:
    match value:
        case str():
            return value if value == job_id else redact(value)
        case dict():
            return {redact(key): _redact_value(each, job_id, redact) for key, each in value.items()}
        case list():
            return [_redact_value(each, job_id, redact) for each in value]
        case bool() | None:
            return value
        case _:
            clean = redact(str(value))
            return value if clean == str(value) else clean


def _key_of(job: Job) -> tuple[str, str]:
    return job.provider.name, job.job_id
