"""Evidence for tests, of the job API that ships."""

import pytest
from builders import NOW
from msgspec.structs import replace

from reconcile.apis import load_api
from reconcile.model.evidence import Evidence


def make_evidence(plan, **changes):
    """Return what a plan follows from, with the shipped API in place of the tests' own."""

    providers = {
        name: replace(provider, api=load_api("sfs-turbo")) for name, provider in plan.manifest.providers.items()
    }
    jobs = tuple(replace(each.job, provider=providers["otc"]) for each in plan.jobs)
    evidence = Evidence(
        tool="1.2.3",
        manifest=replace(plan.manifest, jobs=jobs, providers=providers),
        observations=tuple(each.observation for each in plan.jobs),
        remarks=tuple((f"looked at {n} times",) if n % 2 else () for n, _ in enumerate(plan.jobs)),
        origins={"otc": "https://127.0.0.1:8443"},
        judged_at=NOW,
        since=NOW,
        strict=False,
        soft_fail=False,
        ended_by=None,
        errors=() if plan.jobs else plan.errors,
    )
    return replace(evidence, **changes)


@pytest.fixture
def evidence_of():
    return make_evidence
