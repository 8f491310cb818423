"""Values of the model for tests, with everything that a test does not care about filled in."""

from collections.abc import Iterable
from datetime import UTC, datetime

from reconcile.model.api import JobApi, Outcome, Status
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import (
    Count,
    Expectation,
    Field,
    FieldExpectation,
    Item,
    Job,
    Manifest,
    ManifestFile,
    Match,
    Provider,
    SubJobsExpectation,
)
from reconcile.model.observation import Observed, SubJob

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

SOURCE = Source(file="reconcile.yaml", line=7, column=5)

STATUSES = {
    "waiting": Status(word="waiting", then=frozenset({"running", "success", "failed"}), outcome=None),
    "running": Status(word="running", then=frozenset({"success", "failed"}), outcome=None),
    "success": Status(word="success", then=frozenset(), outcome=Outcome.SUCCESS),
    "failed": Status(word="failed", then=frozenset(), outcome=Outcome.FAILURE),
}

API = JobApi(
    name="sfs-turbo",
    title="SFS Turbo",
    path="/v1/{project_id}/sfs-turbo/jobs/{job_id}",
    headers={},
    token_header="X-Auth-Token",
    request_id_header="X-Request-Id",
    statuses=STATUSES,
    words={word: word for word in STATUSES},
    time_format="%Y-%m-%d %H:%M:%S",
    envelopes=(),
    gateway_codes=(),
    retention="",
    error_codes={},
    job_types=("bind_ldap",),
    clouds={},
)

PROVIDER = Provider(name="otc", api=API, cloud="otc", region="eu-de", project_id="p1", source=SOURCE)

Accept = str | None | Iterable[str | None]


def expects(**accepts: Accept) -> tuple[FieldExpectation, ...]:
    return tuple(
        FieldExpectation(
            field=Field(field),
            accept=(accept,) if accept is None or isinstance(accept, str) else tuple(accept),
            source=SOURCE,
        )
        for field, accept in accepts.items()
    )


def item(*, at_least: int = 1, at_most: int | None = 1, **accepts: Accept) -> Item:
    return Item(fields=expects(**accepts), count=Count(min=at_least, max=at_most), source=SOURCE)


def sub_jobs(
    match: Match,
    *items: Item,
    each: tuple[FieldExpectation, ...] = (),
    count: Count | None = None,
) -> SubJobsExpectation:
    return SubJobsExpectation(match=match, items=items, each=each, count=count, source=SOURCE)


def job(sub_jobs: SubJobsExpectation | None = None, *, name: str = "a", **accepts: Accept) -> Job:
    return Job(
        address=f"jobs.{name}",
        provider=PROVIDER,
        job_id=f"id-{name}",
        labels={},
        expect=Expectation(fields=expects(**{"status": "success", **accepts}), sub_jobs=sub_jobs),
        source=SOURCE,
    )


def sub_job(status: str, job_type: str | None = None, error_code: str | None = None) -> SubJob:
    return SubJob(
        status=status,
        job_id=None,
        job_type=job_type,
        begin_time=None,
        end_time=None,
        error_code=error_code,
        fail_reason=None,
    )


def observed(
    status: str,
    *sub_jobs: SubJob,
    job_id: str = "id-a",
    job_type: str | None = None,
    error_code: str | None = None,
    fail_reason: str | None = None,
) -> Observed:
    return Observed(
        status=status,
        job_id=job_id,
        job_type=job_type,
        begin_time=None,
        end_time=None,
        error_code=error_code,
        fail_reason=fail_reason,
        sub_jobs=sub_jobs,
        request_id="req-1",
    )


def manifest(*jobs: Job) -> Manifest:
    files = (ManifestFile(file="reconcile.yaml", name=None, sha256=""),)
    return Manifest(files=files, providers={"otc": PROVIDER}, jobs=jobs)
