"""A saved plan holds what its plan follows from, no secret, and nothing that was changed."""

import random
from datetime import date

import pytest
from builders import NOW, expects, item, job, manifest, observed, sub_job, sub_jobs
from msgspec.structs import replace
from report.plans import PLANS, each_plan, load_plan, plan_mixed, plan_of

from reconcile.errors import DocumentError
from reconcile.model.manifest import (
    Expectation,
    Field,
    FieldExpectation,
    Glob,
    Match,
    Moment,
    MomentExpectation,
    Span,
    SpanExpectation,
    Waiver,
)
from reconcile.model.observation import Heading
from reconcile.model.plan import ExitCode
from reconcile.plan import derive_plan
from reconcile.report import FORMATS, render_plan
from reconcile.report.json import plan_to_json
from reconcile.report.style import PLAIN
from reconcile.saved import hide_secrets, is_document_of, read_saved_plan, write_saved_plan
from reconcile.shards import take_shard

FLIPS = 10_000


def save(evidence):
    return write_saved_plan(plan_to_json(derive_plan(evidence)), evidence)


@each_plan
def test_evidence_is_saved_whatever_texts_it_holds(evidence_of, name):
    evidence = evidence_of(load_plan(name))
    content = write_saved_plan({}, evidence)
    assert content.isascii()
    assert read_saved_plan("plan.json", content).evidence == evidence


@pytest.mark.parametrize("name", sorted(PLANS.keys() - {"many", "hostile", "unicode"}))
def test_from_what_was_saved_follows_the_same_plan_in_every_format(evidence_of, name):
    evidence = evidence_of(load_plan(name))
    content = save(evidence)
    saved = read_saved_plan("plan.json", content)
    plan, again = derive_plan(evidence), derive_plan(saved.evidence)
    assert is_document_of(saved.document, plan_to_json(again))
    assert save(saved.evidence) == content
    for format_name in FORMATS:
        one, two = (render_plan(each, format_name=format_name, style=PLAIN) for each in (plan, again))
        assert one == two


def test_everything_that_can_be_expected_can_be_saved(evidence_of):
    place = job().source
    declared = job(
        sub_jobs(Match.CONTAINS, item(at_least=0, at_most=None, job_type=("a", None)), each=expects(status="success")),
        error_code=None,
    )
    fields = (
        *declared.expect.fields,
        FieldExpectation(field=Field.FAIL_REASON, accept=(Glob(pattern="a*"), None), source=place, implied=True),
        MomentExpectation(moment=Moment.END_TIME, after=NOW, before=None, source=place),
        SpanExpectation(span=Span.AGE, min=None, max=1.5, source=place),
    )
    waiver = Waiver(fields=("age",), reason="known", expires=date(2026, 12, 1), source=place)
    declared = replace(declared, expect=replace(declared.expect, fields=fields), waivers=(waiver,), timeout=2.5)
    evidence = evidence_of(plan_of((declared, observed("success", sub_job("success", "a")))))
    evidence = replace(evidence, manifest=take_shard(evidence.manifest, 1, 1), ended_by=ExitCode.TERMINATED)
    assert read_saved_plan("plan.json", save(evidence)).evidence == evidence


def test_no_byte_can_be_changed(evidence_of):
    content = save(evidence_of(plan_mixed()))
    chance = random.Random(6)
    for number in range(FLIPS):
        at = number * len(content) // FLIPS
        other = chance.choice([chr(ord(content[at]) ^ 1 << chance.randrange(7)), "0", '"', " ", "e"])
        if other != content[at]:
            with pytest.raises(DocumentError, match=r"RC011"):
                read_saved_plan("plan.json", content[:at] + other + content[at + 1 :])


@pytest.mark.parametrize(
    "content", ["", "null", "[]", "{}", "{", "[" * 100_000, '{"evidence": 1, "digest": 2}', "NaN", '{"a": 1e999}']
)
def test_what_is_no_saved_plan_is_refused(content):
    with pytest.raises(DocumentError, match=r"RC011"):
        read_saved_plan("plan.json", content)


@pytest.mark.parametrize("name", ["judged_at", "since"])
def test_a_time_without_its_offset_is_refused(evidence_of, name):
    evidence = replace(evidence_of(plan_mixed()), **{name: NOW.replace(tzinfo=None)})
    with pytest.raises(DocumentError, match=r"RC011"):
        read_saved_plan("plan.json", write_saved_plan({}, evidence))


def test_a_plan_that_does_not_follow_from_its_evidence_shows(evidence_of):
    evidence = evidence_of(plan_of((job(), observed("failed"))))
    green = plan_to_json(derive_plan(evidence_of(plan_of((job(), observed("success"))))))
    saved = read_saved_plan("plan.json", write_saved_plan(green, evidence))
    assert not is_document_of(saved.document, plan_to_json(derive_plan(saved.evidence)))


# --- Secrets -----------------------------------------------------------------------------------------------------


def secret_job(*, job_type, accept):
    """Declare a job whose error code, and that of its sub-job, is compared with what nobody may see."""
    secret = FieldExpectation(field=Field.ERROR_CODE, accept=accept, source=job().source, sensitive=True)
    part = replace(item(job_type=job_type), fields=(*expects(job_type=job_type), secret))
    return replace(
        job(), expect=Expectation(fields=(*expects(status="failed"), secret), sub_jobs=sub_jobs(Match.EXACT, part))
    )


@pytest.mark.parametrize(
    "accept", [(None,), ("canary-1",), ("canary-1", None), (Glob(pattern="canary-?"),), ("other-canary",)]
)
@pytest.mark.parametrize("said", ["canary-1", "canary-22", None, "canary" * 4000])
def test_a_secret_is_not_saved_and_the_same_plan_follows(evidence_of, accept, said):
    answer = observed("failed", sub_job("failed", "a", error_code="canary-1"), error_code=said)
    about = Heading(before=0, job_id=None, job_type="b", shown={"message": "canary"})
    answer = replace(answer, shown={"message": "canary"}, headings=(about,))
    evidence = evidence_of(plan_of((secret_job(job_type="a", accept=accept), answer)))
    evidence = replace(evidence, observations=(answer,))
    content = save(evidence)
    assert "canary" not in content
    assert is_document_of(plan_to_json(derive_plan(evidence)), plan_to_json(derive_plan(hide_secrets(evidence))))
    assert derive_plan(read_saved_plan("plan.json", content).evidence).verdict is derive_plan(evidence).verdict


def test_evidence_without_secrets_is_kept_as_it_is(evidence_of):
    evidence = evidence_of(plan_mixed())
    assert hide_secrets(evidence) is evidence
    assert manifest().shard is None
