"""What is compared with a sensitive value is shown nowhere, of the job and of its sub-jobs alike."""

import pytest
from builders import NOW, SOURCE, expects, item, job, observed, sub_job, sub_jobs
from msgspec.structs import replace

from reconcile.judge import judge_job
from reconcile.judge.sensitive import hide_fields
from reconcile.model.manifest import Absence, Field, Match
from reconcile.model.observation import Heading, Missing

CANARY, COVERED = "canary", "(sensitive value)"


def secret(**accepts):
    return tuple(replace(each, sensitive=True) for each in expects(**accepts))


def show(a_job, answer):
    return judge_job(a_job, answer, now=NOW).shown


def part(**fields):
    return replace(sub_job("success", "a"), **fields)


def asserting(fields=(), parts=None):
    a_job = job()
    expectation = replace(a_job.expect, fields=(*a_job.expect.fields, *fields), sub_jobs=parts)
    return replace(a_job, expect=expectation)


SECRET_ITEM = replace(item(), fields=secret(fail_reason=CANARY))


@pytest.mark.parametrize(
    "a_job",
    [
        pytest.param(asserting(secret(fail_reason=CANARY)), id="of the job"),
        pytest.param(asserting(parts=sub_jobs(Match.EXACT, SECRET_ITEM)), id="of an item"),
        pytest.param(asserting(parts=sub_jobs(Match.CONTAINS, each=secret(fail_reason=CANARY))), id="of each sub-job"),
        pytest.param(
            asserting(parts=replace(sub_jobs(Match.CONTAINS, each=secret(fail_reason=CANARY)), items=None)),
            id="of each sub-job, without items",
        ),
    ],
)
def test_the_field_is_covered_everywhere_and_nothing_else_is(a_job):
    answer = observed("failed", part(fail_reason=CANARY), part(error_code="E"), fail_reason=CANARY, error_code="E")
    covered = observed("failed", part(fail_reason=COVERED), part(error_code="E"), fail_reason=COVERED, error_code="E")
    assert show(a_job, answer) == covered


def test_what_is_only_shown_may_repeat_it_and_is_covered_too():
    said = {"message": f"says {CANARY}"}
    heading = Heading(before=0, job_id=None, job_type=CANARY, shown=said)
    answer = replace(observed("failed", part(shown=said, depth=2)), shown=said, headings=(heading,))
    covered = show(asserting(secret(job_type=CANARY)), answer)
    assert CANARY not in str(covered)
    assert covered.headings[0].job_type == covered.shown["message"] == COVERED
    assert show(asserting(), answer) == answer


def test_what_is_not_there_is_not_covered():
    answer = observed("success", part())
    assert show(asserting(secret(fail_reason=CANARY)), answer) == answer


def test_that_a_sensitive_field_is_absent_is_covered_where_it_is_compared():
    *_, finding = judge_job(asserting(secret(fail_reason=None)), observed("success"), now=NOW).findings
    assert (finding.expected, finding.actual) == (COVERED, COVERED)


def test_a_value_of_the_job_is_covered_where_only_an_item_is_sensitive():
    a_job = asserting(expects(fail_reason="because"), sub_jobs(Match.EXACT, SECRET_ITEM))
    answer = observed("failed", part(fail_reason=CANARY), fail_reason=CANARY)
    _, finding, *_ = judge_job(a_job, answer, now=NOW).findings
    assert (finding.path, finding.expected, finding.actual) == ("fail_reason", "because", COVERED)


def test_where_nothing_is_sensitive_everything_is_shown():
    answer = observed("failed", part(fail_reason="because"), fail_reason="because")
    assert show(asserting(expects(fail_reason="because")), answer) == answer


def test_what_is_not_compared_is_shown():
    absent = replace(job(), expect=Absence(source=SOURCE))
    missing = Missing(code="X", message="because", request_id=None)
    assert show(absent, observed("success", fail_reason="because")).fail_reason == "because"
    assert show(asserting(secret(fail_reason=CANARY)), missing) == missing


@pytest.mark.parametrize("status", ["success", "failed"])
@pytest.mark.parametrize("match", [Match.EXACT, Match.ORDERED, Match.CONTAINS])
@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        pytest.param((), secret(job_type=CANARY), id="of an item, that labels findings"),
        pytest.param(secret(job_type=CANARY), expects(status="success"), id="of the job, that sub-jobs have as well"),
    ],
)
def test_no_finding_holds_what_is_sensitive(fields, wanted, match, status):
    listed = [replace(part(job_type=CANARY), status=status), part(job_type=CANARY)]
    expected = replace(item(), fields=wanted)
    a_job = asserting(fields, sub_jobs(match, expected, each=expects(error_code=None)))
    findings = judge_job(a_job, observed("success", *listed, job_type=CANARY), now=NOW).findings
    assert CANARY not in repr([(each.path, each.label, each.actual, each.expected) for each in findings])


def test_what_is_only_shown_is_covered_beside_a_secret_and_nowhere_else():
    shown = part(shown={"server": CANARY})
    assert hide_fields(shown, frozenset()) == shown
    assert hide_fields(shown, frozenset({Field.FAIL_REASON})).shown == {"server": COVERED}
