"""Render a plan of COUNT jobs, a tenth of which drifted, in every format; print format and seconds, a line each."""

import io
import sys
import time
from datetime import UTC, datetime

from reconcile.manifest import load_manifests
from reconcile.model import Observed, SubJob
from reconcile.plan import make_plan
from reconcile.report import FORMATS, render_plan
from reconcile.report.style import PLAIN

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ROUNDS = 3


def make_observation(number: int) -> Observed:
    """Make a success, or a failure for each tenth job."""
    status = "failed" if number % 10 == 0 else "success"
    texts = {"begin_time": "2026-11-21 11:00:00", "end_time": "2026-11-21 11:00:30", "fail_reason": None}
    code = "SFS.TURBO.0005" if status == "failed" else None
    part = SubJob(status=status, job_id=f"job-{number}-0", job_type="bind_ldap", error_code=code, **texts)
    return Observed(
        status=status,
        job_id=f"job-{number}",
        job_type="bind_ldap",
        error_code=code,
        **texts,
        sub_jobs=(part,),
        request_id=f"{number:032x}",
    )


def main() -> None:
    """Render each format ROUNDS times and print the least of its seconds."""
    count = int(sys.argv[1])
    jobs = "".join(f"  job-{n}: {{job_id: job-{n}}}\n" for n in range(1, count + 1))
    text = (
        "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p}}\n"
        f"defaults: {{expect: {{status: success, job_type: bind_ldap, error_code: null}}}}\njobs:\n{jobs}"
    )
    manifest = load_manifests(["-"], now=NOW, stdin=io.BytesIO(text.encode()))
    observations = [make_observation(n) for n in range(1, count + 1)]
    plan = make_plan(manifest, observations, now=NOW, origins={"otc": "http://127.0.0.1:8080"})
    for name in FORMATS:
        seconds = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            render_plan(plan, format_name=name, style=PLAIN)
            seconds.append(time.perf_counter() - began)
        print(name, min(seconds))  # noqa: T201


if __name__ == "__main__":
    main()
