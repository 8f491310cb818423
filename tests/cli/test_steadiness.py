"""Jobs that have to settle, must not get stuck or come after others, as an operator meets them, in virtual time."""

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
import pytest
from program import main
from virtual_api import VirtualApi

from reconcile.fetch import Pace
from reconcile.model.observation import Looks

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\njobs:\n"
SETTLES = "{settle: {reads: 3, over: 30s}}"
EARLY, LATE = {"begin_time": "2026-11-20 10:00:00"}, {"begin_time": "2026-11-20 11:00:00"}


@pytest.fixture
def gate(tmp_path, monkeypatch, capsys):
    """Run a command; `answers` has, by job id, what the looks at each job show, the last one for ever."""
    monkeypatch.chdir(tmp_path)

    def run(*argv, jobs=None, answers=None):
        if jobs is not None:
            text = "".join(f"  {name}: {{job_id: {name}, {rest}}}\n" for name, rest in jobs.items())
            Path("reconcile.yaml").write_text(HEAD + text)

        def answer(asked):
            known = answers[asked.job_id]
            said = known[min(asked.number, len(known)) - 1]
            fields = {"status": said} if isinstance(said, str) else said
            ends = {"end_time": "2026-11-20 10:30:00"} if fields["status"] in ("success", "failed") else {}
            return httpx.Response(200, json={"job_id": asked.job_id, **ends, **fields})

        run.api = api = VirtualApi(answer)
        environ = {"RECONCILE_TOKEN": "a-token", "RECONCILE_RUN_ID": "run 1"}
        options = {"client": api, "timer": api.now, "pace": Pace(rng=Random(1)), "clock": lambda: NOW}
        code = main(argv, environ=environ, **options)
        return code, *capsys.readouterr()

    return run


def test_one_look_never_settles_and_the_plan_says_what_to_do(gate):
    code, out, _ = gate("plan", "--out", "plan.json", jobs={"a": f"expect: {SETTLES}"}, answers={"a": ["success"]})
    assert (code, '"looks"' in Path("plan.json").read_text()) == (3, False)
    assert '? settle      = {reads: 3, over: "30s"} -> {reads: 1, over: "0s"}' in out
    assert "spread over 30s: wait for them with reconcile plan --wait 10m\n" in out


def test_a_run_that_waits_looks_as_often_as_it_has_to_and_no_more(gate):
    code, out, _ = gate("plan", "--wait", "10m", jobs={"a": f"expect: {SETTLES}"}, answers={"a": ["success"]})
    assert code == 0
    assert "fetched 3 times in 30s" in out
    assert gate.api.times("a") == pytest.approx([0, 15, 30], abs=0.3)
    answers = {"a": ["success", "running", "success", "success", "running", "success"]}
    assert gate("plan", "--wait", "10m", answers=answers)[0] == 0
    assert len(gate.api.times("a")) == 8


@pytest.mark.parametrize("wait", ["29s", "20m"])
def test_a_job_that_never_settles_is_pending_and_is_not_asked_more_and_more(gate, wait):
    jobs, flapping = {"a": "expect: {settle: {reads: 9, over: 9s}}"}, {"a": ["success", "success", "running"] * 999}
    assert gate("plan", "--wait", wait, jobs=jobs, answers=flapping)[0] == 3
    assert len(gate.api.times("a")) < 60


def test_a_jobs_own_timeout_leaves_no_time_to_settle(gate):
    jobs = {"a": f"timeout: 31s, expect: {SETTLES}"}
    code, out, _ = gate("plan", "--wait", "20m", jobs=jobs, answers={"a": ["running", "success"]})
    assert (code, gate.api.now() < 34) == (3, True)
    assert 'settle      = {reads: 3, over: "30s"} -> {reads: 3, over: ' in out


def test_a_drift_is_decided_by_one_look(gate):
    code, _, _ = gate("plan", "--wait", "10m", jobs={"a": f"expect: {SETTLES}"}, answers={"a": ["failed", "success"]})
    assert (code, gate.api.times("a")) == (2, [0])


def test_a_job_that_does_not_change_is_stuck_and_that_is_seen_at_once(gate):
    jobs = {"a": "expect: {stuck: 50s}"}
    code, out, _ = gate("plan", "--wait", "10m", jobs=jobs, answers={"a": ["waiting", "running"]})
    assert code == 2
    assert '~ stuck       = "50s" -> "running, and nothing changed for 50s"' in out
    _, second, *_, last = gate.api.times("a")
    assert last - second == pytest.approx(50, abs=0.3)
    assert gate("plan", answers={"a": ["running"]})[0] == 3
    assert gate("plan", answers={"a": ["success"]})[0] == 0
    parts = [{"status": "running", "sub_jobs": [{"status": "success", "job_type": "x"}] * n} for n in range(30)]
    assert gate("plan", "--wait", "3m", answers={"a": [*parts]})[0] == 3
    assert gate("plan", "--wait", "30m", answers={"a": [*parts]})[0] == 2


def test_what_a_verdict_stands_on_is_in_the_saved_plan_and_in_the_recording(gate):
    jobs = {"a": f"expect: {SETTLES}", "b": "expect: {stuck: 1m}, owner: x"}
    answers = {"a": ["success"], "b": ["running"]}
    saved = ["--wait", "10m", "--out", "plan.json", "--record", "tape"]
    code, out, _ = gate("plan", *saved, jobs=jobs, answers=answers)
    assert code == 2
    plan = json.loads(Path("plan.json").read_text())
    settled, stuck = (each["looks"] for each in plan["jobs"])
    assert (settled["alike"], settled["span"] >= 30, settled["idle"]) == (3, True, 0)
    assert (stuck["alike"] > 1, stuck["idle"] >= 60) == (True, True)
    assert [Looks(**each["looks"]) for each in plan["evidence"]["observations"]] == [Looks(**settled), Looks(**stuck)]
    assert gate("verify", "plan.json")[0] == 2
    assert gate("show", "plan.json")[1] == out
    assert gate("plan", "--replay", "tape")[:2] == (2, out)

    tape = Path("tape/jobs/otc/a.json")
    honest = tape.read_text()
    tape.write_text(honest.replace('"alike": 3', '"alike": 4'))
    code, out, _ = gate("plan", "--replay", "tape", "--target", "jobs.a")
    assert (code, "more reads agree than there are answers" in out) == (1, True)
    tape.write_text(honest.replace('"alike": 3', '"alike": 1'))
    assert gate("plan", "--replay", "tape", "--target", "jobs.a")[0] == 3
    recorded = json.loads(honest)
    del recorded["looks"]
    tape.write_text(json.dumps(recorded))
    assert gate("plan", "--replay", "tape", "--target", "jobs.a")[0] == 3


def test_shards_are_merged_with_their_looks(gate):
    jobs, answers = {"a": f"expect: {SETTLES}", "b": ""}, {"a": ["success"], "b": ["success"]}
    for shard in ("1/2", "2/2"):
        argv = ["plan", "--wait", "10m", "--shard", shard, "--out", f"{shard[0]}.json"]
        assert gate(*argv, jobs=jobs, answers=answers)[0] == 0
    assert gate("merge", "1.json", "2.json")[0] == 0


def test_a_resumed_run_lets_no_job_settle_by_answers_of_another_one(gate):
    jobs = {"a": f"expect: {SETTLES}", "b": ""}
    answers = {"a": ["success"], "b": ["success"]}
    assert gate("plan", "--record", "tape", jobs=jobs, answers=answers)[0] == 3
    assert gate("plan", "--resume", "tape", answers=answers)[0] == 3
    assert gate("plan", "--resume", "tape", "--wait", "10m", answers=answers)[0] == 0
    assert (len(gate.api.times("a")), gate.api.times("b")) == (3, [])


def test_accepting_and_comparing_leave_a_stuck_job_as_it_is(gate):
    jobs = {"a": "expect: {stuck: 30s}"}
    for name, times in (("old", 9), ("new", 12)):
        argv = ["plan", "--wait", "10m", "--out", f"{name}.json", "--baseline", "old.json"]
        _, _, err = gate(*argv[: None if name == "new" else -2], jobs=jobs, answers={"a": ["running"] * times})
        assert "reconcile accept" not in err
    assert "0 new differences, 1 persisting, 0 fixed" in gate("show", "new.json", "--baseline", "old.json")[1]
    code, _, err = gate("accept", "new.json", "jobs.a")
    assert (code, "it is running, and its result is not known yet" in err, "--wait" in err) == (1, True, False)
    assert "find out why it does not go on; if it only needs longer, raise 'stuck' by hand" in err


def test_every_way_to_be_unsteady_is_killed(gate):
    expect = "{settle: {reads: 3, over: 30s}, stuck: 1m, job_type: create_share, error_code: null, fail_reason: null"
    code, out, _ = gate("prove", jobs={"a": f"expect: {expect}, sub_jobs: []}}"})
    assert (code, "0 survived" in out) == (0, True)
    answers = {"a": [{"status": "success", "job_type": "create_share", "sub_jobs": []}]}
    code, _, err = gate("prove", "--live", answers=answers)
    assert (code, "it is pending (settle)" in err) == (1, True)
    assert gate("prove", "--live", "--wait", "5m", answers=answers)[0] == 0


def test_drifts_of_looks_and_of_an_order_can_be_waived(gate):
    waiver = "waivers: [{fields: [%s], reason: known, expires: 2026-12-24}]"
    stuck = f"{waiver % 'stuck'}, expect: {{status: [running, success], stuck: 30s}}"
    answers = {"a": [*["running"] * 8, "success"], "b": ["success"]}
    code, out, _ = gate("plan", "--wait", "10m", jobs={"a": stuck, "b": ""}, answers=answers)
    assert (code, "waived" in out) == (0, True)
    jobs = {"a": "", "b": f"after: jobs.a, {waiver % 'after'}", "c": ""}
    answers = {name: [{"status": "success", **EARLY}] for name in "abc"}
    code, out, _ = gate("plan", jobs=jobs, answers=answers)
    assert (code, "1 waived" in out) == (0, True)


def test_steadiness_is_no_proof_of_anything_else(gate):
    waiver = "waivers: [{fields: [status, sub_jobs], reason: known, expires: 2026-12-24}]"
    jobs = {"a": f"expect: {SETTLES}, {waiver}"}
    code, out, err = gate("plan", "--wait", "10m", jobs=jobs, answers={"a": ["failed"]})
    assert (code, "the drift of every job is waived" in out + err) == (1, True)
    assert "covers every" in out + err


def test_an_order_that_is_broken_ends_the_waiting_and_the_run(gate):
    running = {"status": "running", **EARLY}
    jobs = {"a": "", "b": "after: jobs.a", "c": ""}
    answers = {"a": [{"status": "waiting"}, {"status": "running", **LATE}], "b": [running], "c": ["waiting"]}
    assert gate("plan", "--wait", "5m", jobs=jobs, answers=answers)[0] == 2
    assert len(gate.api.times("b")) <= 3 < len(gate.api.times("a"))
    assert gate("plan", "--wait", "5m", "--fail-fast", answers=answers)[0] == 2
    assert gate.api.now() < 10
