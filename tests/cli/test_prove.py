"""Mutants that leave the gate green are found, all of them, and nothing else is called so."""

import io
import json
import re
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator
from program import main
from transcripts import find_descriptions

from reconcile.fetch import Pace
from reconcile.manifest import load_manifests
from reconcile.model.observation import Observed
from reconcile.mutation import list_mutants, make_up, make_up_all, write_answer
from reconcile.shipped import load_schema, shipped_folder

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SEEDED = sorted(Path(__file__).parents[1].glob("mutation/manifests/*.yaml"))
WEAK = ("typo.yaml", "weak.yaml")
"""Examples of what is wrong, and of what is not enough."""
EXAMPLES = [
    path
    for path in sorted(shipped_folder("examples").glob("*/*.yaml"))
    if re.search("^providers:", path.read_text(encoding="utf-8"), re.MULTILINE) and path.name not in WEAK
]
TOKEN = {"RECONCILE_TOKEN": "a-token"}


def run(*argv, transport=None, environ=TOKEN):
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main(argv, environ=environ, clock=lambda: NOW, pace=Pace(attempts=1), transport=transport)
    return code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()


def prove(path, *argv, **options):
    """Prove; return the exit code and the document, which is as its schema says."""
    code, out, _ = run("prove", str(path), "-o", "json", *argv, **options)
    document = json.loads(out)
    Draft202012Validator(load_schema("prove.v1")).validate(document)
    assert document["exit_code"] == code
    return code, document


def serve(exchanges):
    """Answer with an exchange for each job id."""

    def answer(request):
        exchange = exchanges[request.url.raw_path.decode().rpartition("/")[2]]
        if exchange.status_code is None:
            raise httpx.ReadTimeout(exchange.failure)
        return httpx.Response(exchange.status_code, headers=dict(exchange.headers), content=exchange.body)

    return httpx.MockTransport(answer)


def members_of(path):
    """Return the jobs of each remote job, by job id."""
    members = {}
    for job in load_manifests([str(path)], now=NOW).jobs:
        members.setdefault(job.job_id, []).append(job)
    return members


@pytest.mark.parametrize("path", SEEDED, ids=[path.stem for path in SEEDED])
def test_a_weak_manifest_has_exactly_the_survivors_it_was_seeded_with(path):
    seeds = yaml.safe_load(path.read_text())["jobs"]
    code, document = prove(path)
    found = {name: Counter() for name in seeds}
    for survivor in document["survivors"]:
        found[survivor["address"].removeprefix("jobs.")][survivor["path"]] += 1
    assert found == {name: Counter(job["x-survivors"]) for name, job in seeds.items()}
    assert code == (2 if document["survivors"] else 0)


@pytest.mark.parametrize("path", SEEDED, ids=[path.stem for path in SEEDED])
def test_the_real_gate_is_green_for_the_survivors_and_what_is_permitted_and_for_no_other_mutant(path):
    members = members_of(path)
    declared = [job for jobs in members.values() for job in jobs]
    seen = dict(zip([job.job_id for job in declared], make_up_all(declared, now=NOW), strict=True))
    answers = {job_id: write_answer(jobs[0], seen[job_id], at=NOW) for job_id, jobs in members.items()}
    assert run("plan", str(path), "-q", transport=serve(answers))[0] == 0
    green, red = Counter(), 0
    for job_id, jobs in members.items():
        for mutant in list_mutants(jobs, seen[job_id], now=NOW, every_time=True):
            transport = serve({**answers, job_id: mutant.exchange})
            if run("plan", str(path), "-q", transport=transport)[0] == 0:
                green[None if mutant.permitted else (jobs[0].address, mutant.path, mutant.change)] += 1
            else:
                red += 1
    _, document = prove(path, "--mutants", "all")
    reported = Counter((each["address"], each["path"], each["change"]) for each in document["survivors"])
    assert green.pop(None, 0) == document["summary"]["permitted"]
    assert green == reported
    assert red == document["summary"]["killed"] > 0


@pytest.mark.parametrize("path", [path for path in SEEDED if path.stem != "waived"], ids=lambda path: path.stem)
def test_what_is_said_to_kill_a_survivor_kills_it(path, tmp_path):
    manifest = yaml.safe_load(path.read_text())
    for survivor in prove(path, "--mutants", "all")[1]["survivors"]:
        job = manifest["jobs"][survivor["address"].removeprefix("jobs.")]
        assert survivor["expect"]
        job["expect"] = {**job.get("expect", {}), **survivor["expect"]}
    mended = tmp_path / "reconcile.yaml"
    mended.write_text(json.dumps(manifest))
    code, document = prove(mended, "--mutants", "all")
    assert (code, document["survivors"]) == (0, [])


def test_a_job_of_two_manifests_is_mutated_once_and_both_are_asked(tmp_path):
    head = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
    head += "defaults: {expect: {status: success, error_code: null}}\n"
    expectations = {"a": "{job_type: bind_ldap, sub_jobs: []}", "b": "{duration: {max: 10m}}"}
    for name, expect in expectations.items():
        content = f"name: {name}\n{head}jobs: {{j: {{job_id: id-a, expect: {expect}}}}}\n"
        (tmp_path / f"{name}.reconcile.yaml").write_text(content)
    code, document = prove(tmp_path)
    assert code == 2
    assert [(each["address"], each["path"]) for each in document["survivors"]] == [("a.jobs.j", "fail_reason")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_examples_kill_every_mutant(path):
    described = find_descriptions(path.parent)
    values = [("--var-file", str(file)) for file in path.parent.glob("*.json") if str(file) not in described]
    code, document = prove(path, *chain(*values, *(("--api", file) for file in described)))
    assert (code, document["survivors"]) == (0, [])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_u10_the_examples_need_no_values_offline(path):
    described = [*chain(*(("--api", file) for file in find_descriptions(path.parent)))]
    assert run("validate", str(path), *described)[0] == 0
    code, document = prove(path, *described)
    assert (code, document["survivors"]) == (0, [])


def test_u10_a_job_of_which_nobody_can_tell_what_is_expected_is_left_out(tmp_path):
    manifest = tmp_path / "reconcile.yaml"
    head = "version: 1\nvariables: {id: {}, type: {}}\nproviders: {otc: {api: sfs-turbo, project_id: p1}}\n"
    exact = "status: failed, error_code: E, fail_reason: F, job_type: bind_ldap, sub_jobs: []"
    known = f"a: {{job_id: '${{var.id}}', expect: {{{exact}}}}}"
    undecided = "b: {job_id: b, expect: {job_type: '${var.type}'}}"
    manifest.write_text(f"{head}jobs:\n  {known}\n  {undecided}\n")
    code, out, err = run("prove", str(manifest))
    assert (code, "1 job generated" in out) == (0, True)
    assert "1 job left out: expectations depend on variables without a value: id, type" in err
    two = head.replace("{otc:", "{ecs: {api: ecs, project_id: p1}, otc:")
    manifest.write_text(f"{two}jobs:\n  {known[:-1]}, provider: otc}}\n  b: {{job_id: b, provider: '${{var.type}}'}}\n")
    code, _, err = run("prove", str(manifest))
    assert (code, "1 job left out: " in err) == (0, True)
    manifest.write_text(f"{head}jobs:\n  {undecided}\n")
    code, _, err = run("prove", str(manifest))
    assert (code, "RC212" in err) == (1, True)


def test_a_refusal_or_silence_is_an_error_and_never_only_drift():
    path = next(path for path in SEEDED if path.stem == "nothing-said")
    ((job_id, jobs),) = members_of(path).items()
    mutants = list_mutants(jobs, make_up(jobs, now=NOW), now=NOW)
    refusals = [each for each in mutants if each.path == "answer"]
    assert {each.exchange.status_code for each in refusals} >= {401, 403, 404, 429, 500, None}
    for mutant in refusals:
        assert run("plan", str(path), "-q", transport=serve({job_id: mutant.exchange}))[0] == 1


@pytest.fixture
def weak(tmp_path, monkeypatch):
    """Write a weak manifest of one job, where `prove` finds it; return what its API answers."""
    monkeypatch.chdir(tmp_path)
    text = next(path for path in SEEDED if path.stem == "nothing-said").read_text()
    (tmp_path / "reconcile.yaml").write_text(text)
    ((job_id, (job,)),) = members_of("reconcile.yaml").items()
    observed = make_up([job], now=NOW)
    assert isinstance(observed, Observed)
    return {job_id: write_answer(job, observed, at=NOW)}


def test_a_recording_and_live_jobs_are_mutated_like_what_is_made_up(weak):
    assert run("plan", "-q", "--record", "tape", transport=serve(weak))[0] == 0
    made_up = prove("reconcile.yaml")[1]
    replayed = prove("reconcile.yaml", "--replay", "tape")[1]
    live = prove("reconcile.yaml", "--live", transport=serve(weak))[1]
    assert [each["baseline"] for each in (made_up, replayed, live)] == ["manifest", "recording", "live"]
    assert made_up["survivors"] == replayed["survivors"] == live["survivors"]
    assert made_up["summary"] == replayed["summary"] == live["summary"]


def test_so_many_survivors_as_are_allowed_are_put_up_with(weak):
    assert [run("prove", "--allow-survivors", number)[0] for number in ("3", "4", "5")] == [2, 0, 0]


@pytest.mark.parametrize(("status", "verdict"), [("failed", "drift"), ("running", "pending")])
def test_what_is_not_in_sync_to_begin_with_cannot_be_proven(weak, status, verdict):
    body = json.dumps({"job_id": "id-a", "status": status}).encode()
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
    code, document = prove("reconcile.yaml", "--live", transport=transport)
    assert (code, document["summary"]) == (1, None)
    (error,) = document["errors"]
    assert error["code"] == "RC017"
    assert f"it is {verdict} (status" in error["message"]


def test_what_cannot_be_observed_cannot_be_proven(weak):
    transport = httpx.MockTransport(lambda request: httpx.Response(401))
    code, document = prove("reconcile.yaml", "--live", transport=transport)
    assert (code, [error["code"] for error in document["errors"]]) == (1, ["RC401"])


def test_a_job_that_nothing_satisfies_is_named(weak):
    text = Path("reconcile.yaml").read_text()
    Path("reconcile.yaml").write_text(text + '    expect: {begin_time: {after: "2027-01-01T00:00:00Z"}}\n')
    code, _, err = run("prove")
    assert code == 1
    assert "jobs.a is not in sync to begin with: no observation could be invented that satisfies it (begin_time)" in err


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--replay", "tape", "--live"], "--live and --replay are both given"),
        (["--endpoint", "http://127.0.0.1:1", "--wait", "1m"], "without --live no request is sent"),
        (["--replay", "nowhere"], "is not a recording"),
        (["--target", "jobs.b"], "0 of 1 jobs selected"),
        (["--allow-survivors", "-1"], "-1 is not in the range"),
    ],
)
def test_what_makes_no_sense_is_an_error(weak, argv, why):
    code, out, err = run("prove", *argv)
    assert (code, out) == (1, "")
    assert why in err


def test_a_shard_mutates_its_own_jobs_only():
    path = next(path for path in SEEDED if path.stem == "numbers")
    parts = [prove(path, "--shard", f"{number}/2")[1] for number in (1, 2)]
    whole = prove(path)[1]
    assert all(part["summary"]["jobs"] for part in parts)
    assert sum(part["summary"]["jobs"] for part in parts) == whole["summary"]["jobs"]


@pytest.mark.parametrize(
    ("expect", "codes"),
    [
        ('end_time: {after: "0001-01-01T00:00:00Z", before: "2026-12-31T23:59:59Z"}', {0, 2}),
        ('end_time: {after: "2020-01-01T00:00:00Z", before: "9999-12-31T23:59:59Z"}', {0, 2}),
        ("age: {min: 1s, max: 999999999h}", {0, 2}),
        ("duration: {min: 1s, max: 999999999h}", {0, 2}),
        ('end_time: {before: "0001-01-02T00:00:00Z"}, duration: {min: 1000h}', {1}),
        ('begin_time: {after: "9999-12-31T23:59:59Z"}', {1}),
        ('begin_time: {after: "0001-01-01T00:00:00+01:00"}', {1}),
    ],
)
def test_u22_bounds_at_the_edge_of_time_are_proven_or_refused(tmp_path, expect, codes):
    head = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
    path = tmp_path / "reconcile.yaml"
    path.write_text(f"{head}jobs: {{a: {{job_id: id-a, expect: {{{expect}}}}}}}\n")
    code, out, err = run("prove", str(path), "--mutants", "all")
    assert code in codes
    assert "RC009" not in out + err
