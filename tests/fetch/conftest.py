"""The job API under test, values around it, and a server that misbehaves on request."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import fault_server
import pytest
from fault_server import FaultServer

from reconcile.apis import load_api
from reconcile.model.api import JobApi
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Expectation, Job, Provider

JOB_ID = "26f6b565-0000-4000-8000-03f0bd975433"
PROJECT_ID = "0123456789abcdef0123456789abcdef"
SOURCE = Source(file="reconcile.yaml", line=1, column=1)

MakeJob = Callable[..., Job]
MakeProvider = Callable[..., Provider]


@pytest.fixture(scope="session")
def api() -> JobApi:
    return load_api("sfs-turbo")


@pytest.fixture(scope="session")
def make_provider(api: JobApi) -> MakeProvider:
    def make(name: str = "otc", *, cloud: str | None = "otc", region: str | None = "eu-de", **changes: str) -> Provider:
        project_id = changes.get("project_id", PROJECT_ID)
        return Provider(name=name, api=api, cloud=cloud, region=region, project_id=project_id, source=SOURCE)

    return make


@pytest.fixture(scope="session")
def make_job(make_provider: MakeProvider) -> MakeJob:
    def make(job_id: str = JOB_ID, provider: Provider | None = None) -> Job:
        return Job(
            address=f"jobs.{job_id}",
            provider=provider or make_provider(),
            job_id=job_id,
            labels={},
            expect=Expectation(fields=(), sub_jobs=None),
            source=SOURCE,
        )

    return make


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractAsyncContextManager[FaultServer]]:
    return fault_server.serve
