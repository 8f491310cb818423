"""Several runners ask one job API, and keep to what it allows them together."""

import os
import time
from bisect import bisect_left

import program

from reconcile.document import Text, parse_text
from reconcile.simulator import load_scenario, running_simulator

RUNNERS = 8
JOBS = 96
RATE = 32
MANIFEST = f"""
version: 1
providers: {{otc: {{api: sfs-turbo, project_id: p1}}}}
variables: {{ids: {{default: [{", ".join(f"job-{n}" for n in range(1, JOBS + 1))}]}}}}
jobs: {{each: {{for_each: "${{var.ids}}", job_id: "${{each.value}}"}}}}
"""
SCENARIO = f"version: 1\napi: sfs-turbo\ngenerate: {{count: {JOBS}, job: {{status: success}}}}\n"


def test_u70_eight_processes_together_never_exceed_the_rate(tmp_path):
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    arrivals = []

    def clock():
        arrivals.append(time.monotonic())
        return arrivals[-1]

    with running_simulator(load_scenario(parse_text(Text("s.yaml", SCENARIO), is_json=False)), clock=clock) as url:
        arrivals.clear()  # the scenario begins
        environ = {**os.environ, "RECONCILE_TOKEN": "a-token", "RECONCILE_ENDPOINT": url, "RECONCILE_RUN_ID": "1"}
        plan = ("plan", "--rate", f"{RATE}/s", "--quiet")
        runs = [
            program.start(*plan, "--shard", f"{n}/{RUNNERS}", "--out", f"{n}.json", cwd=tmp_path, env=environ)
            for n in range(1, RUNNERS + 1)
        ]
        for run in runs:
            run.communicate(timeout=60)
    assert [run.returncode for run in runs] == [0] * RUNNERS
    assert len(arrivals) == JOBS
    most = max(bisect_left(arrivals, begin + 1.0) - at for at, begin in enumerate(arrivals))
    assert most <= 1.1 * RATE  # what is sent in a second arrives in one and what the network takes

    plans = [f"{n}.json" for n in range(1, RUNNERS + 1)]
    merged = program.run("merge", *plans, cwd=tmp_path, env=environ)
    assert merged.returncode == 0
    assert f"reconcile: provider otc: {JOBS} requests by {RUNNERS} shards in " in merged.stderr
    assert "/m together\n" in merged.stderr


def test_merge_without_plans_says_what_to_pass(capsys):
    assert program.main(["merge"], environ={}) == 1
    assert "pass the plans of all shards, such as plan-*.json" in capsys.readouterr().err
