"""What many large answers come to is not in memory, and every report is the same as if it were."""

import json
import os

import program
import pytest
from fault_server import Wire, serving
from msgspec.structs import replace
from report.plans import done, drifted, each_plan, load_plan, plan_of

from reconcile.cli.spool import DetailsSpool, EvidenceSpool
from reconcile.model.evidence import Evidence
from reconcile.report import FORMATS, render_plan

JOBS = 1_000
MOST_MEMORY = 80 * 1024
"""KiB; it was 150 MiB with all answers in memory, and 330 MiB with a report of all assertions."""

MANIFEST = f"""
version: 1
providers: {{otc: {{api: sfs-turbo, project_id: p}}}}
variables: {{ids: {{default: {[f"j{number:04}" for number in range(JOBS)]}}}}}
jobs:
  job:
    for_each: ${{var.ids}}
    job_id: ${{each.value}}
    expect: {{status: success, sub_jobs: {{each: {{status: success}}}}}}
"""

TIMES = {"begin_time": "2026-11-21 10:00:00", "end_time": "2026-11-21 10:00:01"}
PARTS = [
    {"job_id": f"{number:036}", "job_type": "create_share", "status": "success", "fail_reason": "as planned", **TIMES}
    for number in range(160)
]


async def answer_at_length(wire: Wire) -> None:
    """Answer with 160 sub-jobs, which take 30 KB, as often as the client asks over this connection."""
    while True:
        job_id = (await wire.read_request()).split(b" ")[1].rpartition(b"/")[2].decode()
        body = json.dumps({"job_id": job_id, "status": "success", "sub_jobs": PARTS}).encode()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ")
        await wire.send(b"%d\r\n\r\n%b" % (len(body), body))


@pytest.mark.parametrize("name", ["json", "junit"])
def test_u45_memory_is_bounded_whatever_is_written(tmp_path, name):
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    argv = ("plan", "--out", "plan.out", "--report", f"{name}=report", "-q")
    with serving(answer_at_length) as server:
        endpoint = f"http://127.0.0.1:{server.port}"
        environ = {**os.environ, "RECONCILE_TOKEN": "a-token"}
        with program.start(*argv, "--endpoint", endpoint, cwd=tmp_path, env=environ) as process:
            process.communicate(timeout=120)
    assert process.returncode == 0
    assert process.memory < MOST_MEMORY
    assert (tmp_path / "report").stat().st_size > JOBS * 10_000


@each_plan
def test_u45_details_that_are_read_from_a_file_are_the_same_in_every_report(name):
    plan = load_plan(name)
    spool = DetailsSpool(small=0, memory=0)
    jobs = tuple(replace(job, details=spool.keep(job.details)) for job in plan.jobs)
    in_memory = name == "hostile"  # its texts are no UTF-8
    assert in_memory or not any(job.details is before.details for job, before in zip(jobs, plan.jobs, strict=True))
    for each in FORMATS:
        assert render_plan(replace(plan, jobs=jobs), format_name=each) == render_plan(plan, format_name=each)


def evidence_of(plan):
    return Evidence(
        tool="1",
        manifest=plan.manifest,
        observations=tuple(job.observation for job in plan.jobs),
        remarks=((),) * len(plan.jobs),
        origins=plan.origins,
        judged_at=plan.judged_at,
        since=plan.judged_at,
        strict=False,
        soft_fail=False,
        ended_by=None,
    )


@each_plan
def test_evidence_that_is_read_from_a_file_is_the_same(name):
    evidence = evidence_of(load_plan(name))
    kept = EvidenceSpool(memory=0).keep(evidence)
    assert kept.manifest == evidence.manifest
    assert tuple(kept.observations) == evidence.observations


def test_jobs_of_several_shards_share_what_they_have_in_common():
    spool = EvidenceSpool()
    shards = [spool.keep(evidence_of(plan_of(done(name)))) for name in ("a", "b")]
    one, two = (shard.manifest.jobs[0] for shard in shards)
    assert (one.address, two.address) == ("jobs.a", "jobs.b")
    assert one.expect is two.expect
    other = spool.keep(evidence_of(plan_of(drifted("c")))).manifest.jobs[0]
    assert other.expect != one.expect
