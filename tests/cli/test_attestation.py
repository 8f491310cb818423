"""Receipts, as a pipeline writes and checks them."""

import base64
import json
import os
import random
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from program import main

from reconcile.document import Text, parse_text
from reconcile.fetch import Pace
from reconcile.simulator import load_scenario, running_simulator

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MANIFEST = (
    "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p1}}\njobs:\n  a: {job_id: id-a}\n  b:\n"
    "    job_id: id-b\n    waivers: [{fields: [status], reason: known, expires: 2026-12-31}]\n"
)
SUBJECT = f"registry.test/app@sha256:{'a' * 64}"
ATTEST = ("--out", "plan.json", "--attest", "receipt.json", "--sign-with", "gate.pem", "--subject", SUBJECT)
VERIFY = ("verify", "plan.json", "--manifest", "reconcile.yaml", "--attestation", "receipt.json")
KEY = ("--verify-with", "gate.pub.pem")
FLIPS = int(os.environ.get("RECONCILE_FLIPS", "25"))
"""So many bytes of each file are flipped."""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, write_keys):
    """Run a command in a folder with a manifest and keys; with statuses of `a` and `b`, plan."""
    monkeypatch.chdir(tmp_path)
    Path("reconcile.yaml").write_text(MANIFEST)
    write_keys("gate", "other")

    def command(*argv, statuses=None):
        if statuses is None:
            code = main(argv, environ={}, clock=lambda: NOW)
        else:
            jobs = "".join(f"  id-{name}: {{{status}}}\n" for name, status in zip("ab", statuses, strict=True))
            scenario = parse_text(Text("s.yaml", f"version: 1\napi: sfs-turbo\njobs:\n{jobs}"), is_json=False)
            with running_simulator(load_scenario(scenario)) as url:
                argv = ["plan", "--endpoint", url, *argv]
                code = main(argv, environ={"RECONCILE_TOKEN": "t"}, clock=lambda: NOW, pace=Pace(attempts=1))
        return code, *capsys.readouterr()

    return command


def read_statement():
    return json.loads(base64.b64decode(json.loads(Path("receipt.json").read_text())["payload"]))


@pytest.mark.parametrize(
    ("statuses", "options", "code", "result"),
    [
        (("status: success", "status: success"), (), 0, "PASSED"),
        (("status: success", "status: failed"), (), 0, "WARNED"),
        (("status: failed", "status: failed"), (), 2, "FAILED"),
        (("status: failed", "status: success"), ("--soft-fail",), 0, "FAILED"),
        (("status: running", "status: failed"), (), 3, None),
        (("status: running", "status: success"), ("--soft-fail",), 0, None),
        (("answer: server_error", "status: success"), (), 1, None),
        (("answer: server_error", "status: failed"), ("--strict",), 1, None),
    ],
)
def test_a_receipt_states_what_was_decided_and_an_old_one_is_gone(run, statuses, options, code, result):
    Path("receipt.json").write_text("an old one")
    assert run(*ATTEST, *options, statuses=statuses)[0] == code
    if result is None:
        assert not Path("receipt.json").exists()
        return
    statement = read_statement()
    assert statement["predicate"]["result"] == result
    assert statement["subject"] == [{"name": "registry.test/app", "digest": {"sha256": "a" * 64}}]
    digests = [each["digest"]["sha256"] for each in statement["predicate"]["configuration"]]
    assert digests == [sha256(Path(name).read_bytes()).hexdigest() for name in ("reconcile.yaml", "plan.json")]
    checked = run(*VERIFY, *KEY, "--subject", SUBJECT)
    assert checked[0] == {"PASSED": 0, "WARNED": 0, "FAILED": 2}[result]
    assert run("verify", "plan.json", *KEY)[0] == checked[0]


def test_a_failed_run_leaves_no_receipt(run):
    Path("receipt.json").write_text("an old one")
    Path("reconcile.yaml").write_text(f"{MANIFEST}expcet: 1\n")
    assert run("plan", *ATTEST)[0] == 1
    assert not Path("receipt.json").exists()
    Path("receipt.json").write_text("an old one")
    assert run("plan", "--no-such-option", *ATTEST)[0] == 1
    assert not Path("receipt.json").exists()


def test_a_receipt_is_about_one_subject_one_key_and_one_plan(run):
    green = ("status: success", "status: success")
    run(*ATTEST, statuses=green)
    other = SUBJECT.replace("a" * 64, "b" * 64)
    for argv, why in (
        ((*VERIFY, *KEY, "--subject", other), f"it is about {SUBJECT}, and --subject is {other}"),
        ((*VERIFY, *KEY, "--subject", f"x{SUBJECT}"), f"it is about {SUBJECT}, and --subject is x{SUBJECT}"),
        ((*VERIFY, "--verify-with", "other.pub.pem", "--subject", SUBJECT), "RC014"),
        ((*VERIFY, "--subject", SUBJECT), "--attestation needs --verify-with KEY and --subject"),
        ((*VERIFY, *KEY), "--attestation needs --verify-with KEY and --subject"),
        (("verify", "plan.json", "--subject", SUBJECT), "add --attestation FILE"),
        ((*VERIFY, *KEY, "--subject", "app"), "expected NAME@sha256:HEX"),
        ((*VERIFY, *KEY, "--subject", SUBJECT.upper()), "expected NAME@sha256:HEX"),
    ):
        code, _, err = run(*argv)
        assert (code, why in err) == (1, True), err
    Path("first.json").write_bytes(Path("receipt.json").read_bytes())
    run(*ATTEST, statuses=("status: failed", "status: success"))
    Path("receipt.json").write_bytes(Path("first.json").read_bytes())
    code, _, err = run(*VERIFY, *KEY, "--subject", SUBJECT)
    assert (code, "RC022" in err, "it does not follow from this saved plan" in err) == (1, True, True)


def test_what_was_checked_is_shown(run):
    run(*ATTEST, statuses=("status: success", "status: success"))
    _, _, err = run(*VERIFY, *KEY, "--subject", SUBJECT)
    assert ", judged 0s ago, signed with the key of gate.pub.pem\n" in err
    assert f"reconcile: receipt.json: PASSED for {SUBJECT}, signed with the key of gate.pub.pem\n" in err
    assert "signed with" not in run(*VERIFY, *KEY, "--subject", SUBJECT, "-q")[2]
    assert "signed with" not in run("verify", "plan.json")[2]


def test_the_subject_of_a_receipt_is_not_shown_before_its_signature_is_checked(run):
    run(*(each.replace("gate", "other").replace("app", "forged") for each in ATTEST), statuses=["status: success"] * 2)
    forged = Path("receipt.json").read_bytes()
    run(*ATTEST, statuses=("status: success", "status: success"))
    Path("receipt.json").write_bytes(forged)
    code, _, err = run(*VERIFY, *KEY, "--subject", SUBJECT)
    assert (code, "it is not signed with this key" in err, "forged" in err) == (1, True, False)


def test_the_plan_of_a_failed_run_names_its_error_instead_of_a_signature(run):
    Path("reconcile.yaml").write_text(f"{MANIFEST}expcet: 1\n")
    run("plan", *ATTEST)
    code, _, err = run("verify", "plan.json", *KEY)
    assert (code, "RC014" in err, "sign it" in err) == (1, True, False)
    assert "it is not signed, because its run failed: RC" in err
    assert "expcet" in err


def test_a_receipt_of_another_key_is_refused_although_the_plan_is_signed(run):
    run(*ATTEST, statuses=("status: success", "status: success"))
    plan = Path("plan.json").read_bytes()
    forged = json.loads(Path("receipt.json").read_text())
    run(*(each.replace("gate", "other") for each in ATTEST), statuses=("status: success", "status: success"))
    forged["signatures"] = json.loads(Path("receipt.json").read_text())["signatures"]
    Path("plan.json").write_bytes(plan)
    Path("receipt.json").write_text(json.dumps(forged) + "\n")
    code, _, err = run(*VERIFY, *KEY, "--subject", SUBJECT)
    assert (code, "it is not signed with this key" in err) == (1, True)


@pytest.mark.parametrize("missing", ["--out", "--sign-with", "--subject", "--attest"])
def test_a_receipt_needs_all_its_options(run, missing):
    at = ATTEST.index(missing)
    code, _, err = run("plan", *ATTEST[:at], *ATTEST[at + 2 :])
    assert (code, "RC001" in err) == (1, True)
    assert not Path("receipt.json").exists()


@pytest.mark.parametrize("part", [["--target", "jobs.a"], ["--exclude", "jobs.b"], ["-l", "x=y"], ["--shard", "1/2"]])
def test_there_is_no_receipt_about_a_part(run, part):
    code, _, err = run("plan", *ATTEST, *part)
    assert (code, "a receipt is about all jobs of its manifests" in err) == (1, True)


def test_there_is_no_receipt_about_a_run_that_may_end_early(run):
    code, _, err = run("plan", *ATTEST, "--fail-fast")
    assert (code, "--fail-fast may leave some unchecked" in err) == (1, True)


@pytest.mark.parametrize("option", ["--replay", "--resume"])
def test_there_is_no_receipt_about_a_recording(run, option):
    code, _, err = run("plan", *ATTEST, option, "tape")
    assert (code, "a receipt is about what was observed in this run" in err) == (1, True)


@pytest.mark.parametrize("name", ["receipt.json", "plan.json", "reconcile.yaml"])
def test_every_byte_counts(run, name):
    run(*ATTEST, statuses=("status: success", "status: success"))
    assert run(*VERIFY, *KEY, "--subject", SUBJECT)[0] == 0
    whole = Path(name).read_bytes()
    chance = random.Random(16)
    chosen = chance.sample(range(len(whole)), min(FLIPS, len(whole)))
    if name == "receipt.json":
        # The last character of a signature has bits that Base64 does not use.
        chosen.append(whole.rindex(b"=") - 2)
    for at in chosen:
        for bit in {0, chance.randrange(1, 8)}:
            Path(name).write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            assert run(*VERIFY, *KEY, "--subject", SUBJECT)[0] == 1, (name, at, bit)
