"""What a receipt states, over all verdicts."""

import json
from itertools import product

import pytest
from builders import NOW
from report.plans import KINDS, done, drifted, missing, pending, plan_failed, plan_of, unobserved, waived

from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.model.diagnostic import Problem
from reconcile.model.evidence import Subject
from reconcile.model.observation import Unobserved
from reconcile.model.plan import ExitCode, Verdict
from reconcile.plan import make_failed_plan
from reconcile.saved.attestation import make_statement, read_envelope, write_envelope

SUBJECT = Subject(name="registry.test/app", sha256="a" * 64)
DIGEST = "b" * 64


def state(plan):
    statement = make_statement(plan, SUBJECT, DIGEST)
    return None if statement is None else json.loads(statement)["predicate"]


@pytest.mark.parametrize("kinds", [*product([True, False], repeat=5)])
@pytest.mark.parametrize("soft_fail", [False, True])
def test_the_truth_table(kinds, soft_fail):
    """Every mix of jobs in sync, waived, drifted, pending and unobserved, in its own words."""
    given = [kind for kind, chosen in zip((done, waived, drifted, pending, unobserved), kinds, strict=True) if chosen]
    if not given:
        return
    plan = plan_of(*(kind(f"j{at}") for at, kind in enumerate(given)), soft_fail=soft_fail)
    predicate = state(plan)
    if unobserved in given or given == [waived]:
        expected = None
    elif drifted in given:
        expected = "FAILED"
    elif pending in given:
        expected = None
    else:
        expected = "WARNED" if waived in given else "PASSED"
    assert (predicate and predicate["result"]) == expected
    if predicate:
        lists = [predicate[name] for name in ("passedTests", "warnedTests", "failedTests")]
        verdicts = (Verdict.IN_SYNC, Verdict.WAIVED, Verdict.DRIFT)
        assert lists == [[job.job.address for job in plan.jobs if job.verdict is verdict] for verdict in verdicts]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", [ExitCode.HUNG_UP, ExitCode.INTERRUPTED, ExitCode.TERMINATED])
def test_a_run_that_a_signal_ended_states_nothing(kind, code):
    assert state(plan_of(kind("a"), done("b"), ended_by=code)) is None


def test_a_drift_that_ended_its_run_early_states_nothing():
    unreached = Unobserved(problem=Problem(code=Code.NOT_REACHED, message="not checked"))
    plan = plan_of(drifted("a"), (done("b")[0], unreached))
    assert (plan.verdict, state(plan)) == (Verdict.DRIFT, None)


def test_a_run_that_failed_states_nothing():
    assert state(plan_failed()) is None
    assert state(make_failed_plan(plan_failed().errors, now=NOW, ended_by=ExitCode.INTERRUPTED)) is None


def test_manifest_and_plan_are_named_by_digest():
    predicate = state(plan_of(done("a"), missing("b")))
    assert predicate["configuration"] == [
        {"name": "reconcile.yaml", "digest": {"sha256": ""}},
        {"name": "saved plan", "digest": {"sha256": DIGEST}},
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: "[]",
        lambda text: "[" * 100_000,
        lambda text: text.rstrip(),
        lambda text: text.replace('", "', '","'),
        lambda text: text.replace("in-toto", "other"),
        lambda text: text.replace('"sig"', '"sgi"'),
        lambda text: text.replace("}]", '}, {"keyid": "k", "sig": "s"}]'),
        lambda text: text.replace('{"payload"', '{"a": 1, "payload"'),
        lambda text: json.dumps(json.loads(text), indent=2) + "\n",
    ],
)
def test_only_what_was_written_is_an_envelope(change):
    text = write_envelope(b"{}", sign=lambda content: "ed25519:c2ln", keyid="k")
    assert read_envelope("r.json", text).signature == "c2ln"
    with pytest.raises(DocumentError) as caught:
        read_envelope("r.json", change(text))
    assert [each.code.value for each in caught.value.diagnostics] == ["RC022"]
