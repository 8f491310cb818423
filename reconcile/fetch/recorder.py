"""Keep what a run exchanges about its jobs, without secrets: they are taken out here, before anything is kept."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile.fetch.message import Answer
from reconcile.fetch.payload import InvalidAnswerError, parse_object
from reconcile.fetch.record import Redact
from reconcile.fetch.request import build_path
from reconcile.model import Exchange, Fetched, Job, Missing, Observation, Observed, RecordedJob, Unobserved

KEPT_HEADERS = ("content-type", "date", "age", "retry-after")
"""Those that matter beside the API's own header for the request id; no other may hold what we do not know of."""

MOST_KEPT = 32 * 1024
"""Bytes that are kept of a body that is no evidence: from it nothing follows any more."""


class Recorder:
    """
    The exchanges of one run by remote job.

    Only requests for jobs come here: what a credential exchanges with an identity service never does.
    """

    def __init__(
        self, clock: Callable[[], datetime], known: Mapping[tuple[str, str], RecordedJob] | None = None
    ) -> None:
        """`clock` tells the time, in UTC; `known` was recorded before, by provider and job id."""
        self._clock = clock
        self._known = known or {}
        self._exchanges: defaultdict[tuple[str, str], list[Exchange]] = defaultdict(list)
        self._evidence: dict[tuple[str, str], int] = {}

    def begin(self) -> datetime:
        """Tell when a request is sent."""
        return self._clock()

    def keep_failure(self, job: Job, sent_at: datetime, failure: str) -> None:
        """Keep that no answer came, and why; the text is one of ours, and so without secrets."""
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
        Keep an answer.

        Args:
            observation: what the answer was found to say.
            redact: takes out the secrets of the request.
        """
        key = _key_of(job)
        exchanges = self._exchanges[key]
        names = (*KEPT_HEADERS, job.provider.api.request_id_header.lower())
        headers = answer.headers
        clean = redact_body(headers.get("content-type"), answer.body, job_id=job.job_id, redact=redact)
        if exchanges and exchanges[-1].body == clean:
            clean = exchanges[-1].body  # A job that is waited for says the same many times, and is kept once.
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
        """Return what is recorded of each remote job, by provider and job id, with what came of it in the end."""
        told: dict[tuple[str, str], RecordedJob] = {}
        for job, outcome in zip(jobs, fetched, strict=True):
            try:
                path = build_path(job)
            except ValueError:
                continue  # It was never asked for.
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
    Take the secrets out of a body; return it as it is if there are none.

    Of a JSON object, each text is redacted by itself, as it is when an answer is read, so that the same is read from
    what is left; the id of the job is no secret. Anything else is redacted as text, and once more without its zero
    bytes, between which UTF-16 would hide a secret.
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
