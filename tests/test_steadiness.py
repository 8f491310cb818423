"""
Jobs that must settle and must not get stuck: decided as a naive definition says, and no later than logic allows.

RECONCILE_RUNS sets how many flapping servers there are; with 10000, all traces up to a length of 7 are tried as well.
"""

import json
import os
from random import Random

import httpx
import pytest
from builders import NOW, SOURCE, job, manifest, observed
from msgspec.structs import replace
from program import main
from virtual_api import VirtualApi

from reconcile.fetch.looks import LookHistory
from reconcile.model.manifest import Settle, Stuck
from reconcile.model.plan import Verdict
from reconcile.plan import is_final, make_plan

RUNS = int(os.environ.get("RECONCILE_RUNS", "480"))
LONGEST = 7 if RUNS >= 10_000 else 5

WORDS = ("waiting", "running", "success", "failed")
ENDED = ("success", "failed")
LATER = {
    "waiting": {"running", "success", "failed"},
    "running": {"success", "failed"},
    "success": set(),
    "failed": set(),
}

IN_SYNC, DRIFT, PENDING = Verdict.IN_SYNC, Verdict.DRIFT, Verdict.PENDING


# --- All traces ------------------------------------------------------------------------------------------------


def define(words, accept, settle, stuck):
    """Judge what each look of a run has shown, one a second: the definition, as a reader of the manifest takes it."""
    now = words[-1]
    stretches = [words[i : j + 1] for i in range(len(words)) for j in range(i, len(words))]
    if stuck is not None and any(
        len(set(each)) == 1 and each[0] not in ENDED and len(each) - 1 >= stuck for each in stretches
    ):
        return DRIFT
    if now not in accept:
        return PENDING if LATER[now] & set(accept) else DRIFT
    if stuck is not None and now not in ENDED:
        return PENDING
    last = [words[i:] for i in range(len(words)) if set(words[i:]) == {now}]
    reads, over = settle or (1, 0)
    return IN_SYNC if any(len(each) >= reads and len(each) - 1 >= over for each in last) else PENDING


def judge(words, the_job):
    """Return the verdict after the last of these looks, and whether the run would look again."""
    history, before = LookHistory(), None
    for second, word in enumerate(words):
        seen = observed(word)
        looks = history.add(before, seen, asked=second, answered=second, age=None, ended=word in ENDED)
        before = replace(seen, looks=looks)
    plan = make_plan(manifest(the_job), [before], now=NOW, origins={})
    return plan.verdict, is_final(the_job, before, now=NOW, strict=False)


def list_traces(longest):
    traces = [()]
    for _ in range(longest):
        traces = [(*trace, word) for trace in traces for word in WORDS]
        yield from traces


def may_follow(words, accept, settle, stuck):
    """
    Find verdicts that looks to come can lead to; that all of them say the same is enough to find any.

    A job that has ended may turn out to have ended otherwise, or there would be nothing to settle.
    """
    for word in {*LATER[words[-1]], words[-1], *(ENDED if words[-1] in ENDED else ())}:
        for more in range(1, 6):
            yield define([*words, *[word] * more], accept, settle, stuck)


@pytest.mark.parametrize(
    ("accept", "settle", "stuck"),
    [
        (("success",), (2, 1), None),
        (("success",), (3, 2), None),
        (("success",), (2, 3), 2),
        (("success",), (4, 1), 3),
        (("success",), None, 1),
        (("success",), None, 3),
        (("running", "success"), (2, 2), None),
        (("running", "success"), (3, 1), 2),
        (("failed",), (2, 1), 2),
    ],
)
def test_u72_every_trace_is_decided_as_defined_and_no_later_than_logic_allows(accept, settle, stuck):
    the_job = job(status=accept)
    expect = replace(
        the_job.expect,
        settle=settle and Settle(reads=settle[0], over=settle[1], source=SOURCE),
        stuck=stuck and Stuck(limit=stuck, source=SOURCE),
    )
    the_job = replace(the_job, expect=expect)
    for words in list_traces(LONGEST):
        verdict, settled = judge(words, the_job)
        assert verdict is define(words, accept, settle, stuck), words
        assert settled is (verdict is not PENDING), words
        if verdict is PENDING:
            assert {IN_SYNC, DRIFT} <= {*may_follow(words, accept, settle, stuck)}, words


# --- Servers that flap -----------------------------------------------------------------------------------------

READS, OVER = 3, 30.0


class FlappingServer:
    """
    What one server says of its job, by when it is asked and how often it was before.

    It says that the job has succeeded long before it is so, but never READS times in a row, or never for OVER seconds,
    nor so that a look every few seconds could miss that it said something else. Then it says what is true.
    """

    def __init__(self, seed):
        rng = Random(seed)
        self.truth = rng.choice(["success", "failed", "running"])
        self.by_time = rng.random() < 0.5
        early = [("success", ()), ("success", ("create_share",))]
        self.stretches = []
        for _ in range(rng.randint(1, 5)):
            length = rng.uniform(1, OVER - 1) if self.by_time else rng.randint(1, READS - 1)
            self.stretches.append((early[rng.random() < 0.2], length))
            between = rng.uniform(OVER / (READS - 1) + 1, 60) if self.by_time else rng.randint(1, 3)
            self.stretches.append((("running", ()), between))

    def answer(self, asked):
        passed = asked.time if self.by_time else asked.number - 1
        status, parts = (self.truth, ())
        for said, length in self.stretches:
            if passed < length:
                status, parts = said
                break
            passed -= length
        sub_jobs = [{"job_id": "p", "job_type": each, "status": "success"} for each in parts]
        return httpx.Response(200, json={"job_id": asked.job_id, "status": status, "sub_jobs": sub_jobs})


def run_gate(count, folder, expect):
    """Let the gate wait for one job of each flapping server; return how many greens are true and how many false."""
    servers = {f"job-{seed}": FlappingServer(seed) for seed in range(count)}
    provider = {"api": "sfs-turbo", "cloud": "otc", "region": "eu-de", "project_id": "0123456789abcdef" * 2}
    jobs = {name: {"job_id": name} for name in servers}
    text = json.dumps({"version": 1, "providers": {"otc": provider}, "defaults": {"expect": expect}, "jobs": jobs})
    (folder / "reconcile.json").write_text(text)
    api = VirtualApi(lambda asked: servers[asked.job_id].answer(asked))
    argv = ["plan", str(folder / "reconcile.json"), "--wait", "30m", "--rate", "100000/s", "--report"]
    argv += [f"json={folder / 'plan.json'}", "-q", "--concurrency", "1024"]
    main(argv, environ={"RECONCILE_TOKEN": "a-token"}, client=api, timer=api.now)
    plan = json.loads((folder / "plan.json").read_text())
    greens = [servers[each["job_id"]].truth for each in plan["jobs"] if each["verdict"] == "in_sync"]
    return greens.count("success"), len(greens) - greens.count("success"), servers


def test_u72_no_server_that_flaps_turns_the_gate_green_if_its_job_has_to_settle(tmp_path):
    true, false, servers = run_gate(RUNS, tmp_path, {"settle": {"reads": READS, "over": f"{OVER:g}s"}})
    assert false == 0
    assert true == sum(each.truth == "success" for each in servers.values())


def test_servers_that_flap_turn_the_gate_green_if_nothing_has_to_settle(tmp_path):
    _, false, _ = run_gate(RUNS, tmp_path, {})
    assert false > RUNS / 4
