"""What a plan is told of sub-jobs, finding by finding, and which sub-job serves which item."""

from functools import partial

import pytest
from builders import NOW, SOURCE, expects, item, job, observed, sub_job, sub_jobs
from msgspec.structs import replace

from reconcile.judge import judge_job
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Count, Glob, Match, Moment, MomentExpectation, Span, SpanExpectation
from reconcile.model.plan import Finding, Kind, Truth

HOLDS, CAN, CANNOT, UNDECIDABLE = Truth.HOLDS, Truth.CAN_HOLD, Truth.CANNOT_HOLD, Truth.UNDECIDABLE
BEGAN, ENDED = "2026-11-21 11:00:00", "2026-11-21 11:10:00"  # an hour, and fifty minutes, before NOW
HERE = Source(file="reconcile.yaml", line=20, column=9)
ITEM = Source(file="reconcile.yaml", line=30, column=11)


def judge(expectation, *listed, status="success"):
    """Judge sub-jobs of a job; return what is found of them alone."""
    answer = observed(status, *listed)
    expectation = replace(expectation, source=HERE)
    return list(judge_job(job(expectation, status=["running", "success"]), answer, now=NOW).findings[1:])


def truths(*args, **options):
    return {finding.path: finding.truth for finding in judge(*args, **options)}


def wanted(*, sensitive=False, at_least=1, at_most=1, **accepts):
    made = item(at_least=at_least, at_most=at_most, **accepts)
    fields = tuple(replace(each, sensitive=sensitive) for each in made.fields)
    return replace(made, fields=fields, source=ITEM)


def lasting(**bounds):
    return SpanExpectation(span=Span.DURATION, **{"min": None, "max": None, **bounds}, source=SOURCE)


def asserting(*fields, **counts):
    return replace(wanted(**counts), fields=fields)


def part(status="success", job_type="a", **fields):
    return replace(sub_job(status, job_type), **fields)


OF_ALL = partial(Finding, source=HERE)
OF_ITEM = partial(Finding, source=ITEM)
OF_FIELD = partial(Finding, source=SOURCE, kind=Kind.CHANGED)
NOTHING_ELSE = OF_ALL(path="sub_jobs", truth=HOLDS, kind=Kind.UNEXPECTED, expected=None, actual=None)
TYPE_A = OF_FIELD(path="sub_jobs[0].job_type", truth=HOLDS, expected="a", actual="a", label="a")
COUNT = partial(OF_ALL, path="sub_jobs.count", kind=Kind.CHANGED, expected={"min": 2, "max": 3})
COUNT_OF_ITEM = partial(OF_ITEM, path="sub_jobs[0].count", kind=Kind.CHANGED, label="a")
NO_ITEM = partial(OF_ITEM, path="sub_jobs[0]", truth=CANNOT, kind=Kind.MISSING, actual=None)
UNEXPECTED = partial(OF_ALL, path="sub_jobs[+0]", truth=CANNOT, kind=Kind.UNEXPECTED, expected=None)
TWO_OR_THREE = sub_jobs(Match.CONTAINS, count=Count(min=2, max=3))


@pytest.mark.parametrize(
    ("expectation", "listed", "findings"),
    [
        pytest.param(sub_jobs(Match.EXACT, wanted(job_type="a")), [part()], [TYPE_A, NOTHING_ELSE], id="as expected"),
        pytest.param(
            sub_jobs(Match.EXACT, wanted(job_type="a")),
            [part(job_type="c")],
            [
                NO_ITEM(expected={"job_type": "a"}, label="a"),
                UNEXPECTED(actual={"status": "success", "job_type": "c"}, label="c"),
            ],
            id="another type",
        ),
        pytest.param(
            sub_jobs(Match.EXACT, wanted(job_type="a", sensitive=True)),
            [part(job_type="c")],
            [
                NO_ITEM(expected={"job_type": "(sensitive value)"}),
                UNEXPECTED(actual={"status": "success", "job_type": "(sensitive value)"}, label="(sensitive value)"),
            ],
            id="a sensitive type",
        ),
        pytest.param(
            replace(sub_jobs(Match.NONE, wanted(status="failed")), implied=True),
            [part("failed", error_code="E")],
            [
                UNEXPECTED(
                    actual={"status": "failed", "job_type": "a", "error_code": "E"},
                    label="a",
                    implied=True,
                )
            ],
            id="what must not be",
        ),
        pytest.param(
            replace(sub_jobs(Match.NONE, wanted(status="failed")), implied=True),
            [part()],
            [replace(NOTHING_ELSE, implied=True)],
            id="what must not be is not",
        ),
        pytest.param(
            sub_jobs(Match.EXACT, wanted(job_type="a", at_least=2, at_most=3)),
            [part()],
            [TYPE_A, COUNT_OF_ITEM(truth=CANNOT, expected={"min": 2, "max": 3}, actual=1), NOTHING_ELSE],
            id="too few of an item",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, wanted(job_type="a", at_most=None)),
            [],
            [NO_ITEM(expected={"job_type": "a", "count": {"min": 1}}, label="a")],
            id="none of an item without a maximum",
        ),
        pytest.param(
            sub_jobs(Match.EXACT, wanted(job_type="a", at_least=2, at_most=2)),
            [],
            [NO_ITEM(expected={"job_type": "a", "count": {"min": 2, "max": 2}}, label="a"), NOTHING_ELSE],
            id="none of two",
        ),
        pytest.param(
            sub_jobs(Match.EXACT, wanted(status="success", job_type=["a", "b"])),
            [],
            [NO_ITEM(expected={"status": "success", "job_type": ["a", "b"]}), NOTHING_ELSE],
            id="an item of several types has no label",
        ),
        pytest.param(
            sub_jobs(Match.EXACT, wanted(job_type=[Glob(pattern="a*")])),
            [],
            [NO_ITEM(expected={"job_type": {"glob": "a*"}}), NOTHING_ELSE],
            id="a pattern is no label",
        ),
        pytest.param(
            sub_jobs(Match.EXACT, wanted(status="success")),
            [],
            [NO_ITEM(expected={"status": "success"}), NOTHING_ELSE],
            id="a status is no label",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, wanted(job_type="a", at_least=0, at_most=1)),
            [part()],
            [COUNT_OF_ITEM(truth=HOLDS, expected={"min": 0, "max": 1}, actual=1)],
            id="as many as may be",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, wanted(job_type="a", at_least=0, at_most=1)),
            [part(), part()],
            [COUNT_OF_ITEM(truth=CANNOT, expected={"min": 0, "max": 1}, actual=2)],
            id="more than may be",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, wanted(job_type="a", at_most=None)),
            [part(), part()],
            [TYPE_A],
            id="what is more than enough is not judged",
        ),
        pytest.param(TWO_OR_THREE, [part()], [COUNT(truth=CANNOT, actual=1)], id="one of two to three"),
        pytest.param(TWO_OR_THREE, [part()] * 2, [COUNT(truth=HOLDS, actual=2)], id="two of two to three"),
        pytest.param(TWO_OR_THREE, [part()] * 3, [COUNT(truth=HOLDS, actual=3)], id="three of two to three"),
        pytest.param(TWO_OR_THREE, [part()] * 4, [COUNT(truth=CANNOT, actual=4)], id="four of two to three"),
        pytest.param(
            sub_jobs(Match.CONTAINS, count=Count(min=2, max=None)),
            [part()] * 4,
            [COUNT(truth=HOLDS, expected={"min": 2}, actual=4)],
            id="four of two or more",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, each=expects(status="success")),
            [],
            [
                OF_ALL(
                    path="sub_jobs.each",
                    truth=CANNOT,
                    kind=Kind.MISSING,
                    expected={"status": "success"},
                    actual=None,
                )
            ],
            id="each of none",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, each=expects(status="success")),
            [part()],
            [OF_FIELD(path="sub_jobs[+0].status", truth=HOLDS, expected="success", actual="success", label="a")],
            id="each of one",
        ),
        pytest.param(
            sub_jobs(Match.NONE, asserting(*expects(job_type="a"), lasting(max=60))),
            [part(begin_time="soon", end_time="soon")],
            [
                OF_FIELD(
                    path="sub_jobs[+0].duration",
                    truth=UNDECIDABLE,
                    expected={"max": "1m"},
                    actual="'soon' is not a time as the API writes it",
                    label="a",
                ),
                NOTHING_ELSE,
            ],
            id="what cannot be read may be what must not be",
        ),
        pytest.param(
            sub_jobs(Match.EXACT, *[wanted(job_type="a")] * 501),
            [part()] * 500,
            [
                OF_ALL(
                    path="sub_jobs",
                    truth=UNDECIDABLE,
                    kind=Kind.CHANGED,
                    expected=None,
                    actual="501 items and 500 sub-jobs are too many to pair",
                )
            ],
            id="too many to pair",
        ),
    ],
)
def test_what_a_plan_is_told(expectation, listed, findings):
    assert judge(expectation, *listed) == findings


def test_as_many_as_can_be_paired_are():
    some = sub_jobs(Match.ORDERED, wanted(job_type="a", at_least=0, at_most=100))
    found = truths(some, *[part()] * 1000)
    assert found["sub_jobs[0].job_type"] is HOLDS
    assert UNDECIDABLE not in found.values()


@pytest.mark.parametrize("match", [Match.EXACT, Match.CONTAINS])
def test_what_would_take_minutes_to_pair_cannot_be_judged(match):
    """Two hundred sub-jobs of one type, of which each differs from each of two hundred items in its own way."""
    found = []
    for size in (50, 200):
        items = [wanted(job_type="a", error_code=f"e{n % 7}", fail_reason=f"r{n % 31}") for n in range(size)]
        parts = [part(error_code=f"e{n % 11}", fail_reason=f"r{n % 37}") for n in range(size)]
        found.append(judge(sub_jobs(match, *items), *parts))
    paired, (given_up,) = found
    assert len(paired) > 50
    assert UNDECIDABLE not in [finding.truth for finding in paired]
    assert (given_up.path, given_up.truth) == ("sub_jobs", UNDECIDABLE)
    assert given_up.actual == "200 items and 200 sub-jobs are too many to pair"


@pytest.mark.parametrize(("globs", "judged"), [(3, True), (30, False)])
@pytest.mark.parametrize("place", ["item", "each"])
def test_globs_that_would_read_too_much_cannot_be_judged(place, globs, judged):
    accept = [Glob(pattern=f"*{n}x") for n in range(globs)]
    parts = [part(fail_reason="r" * 1000)] * 300
    if place == "item":
        expectation = sub_jobs(Match.CONTAINS, wanted(fail_reason=accept))
    else:
        expectation = sub_jobs(Match.CONTAINS, each=expects(fail_reason=accept))
    assert (UNDECIDABLE not in truths(expectation, *parts).values()) is judged


@pytest.mark.parametrize("match", [Match.EXACT, Match.ORDERED, Match.NONE])
def test_count_and_each_are_judged_beside_the_items(match):
    expectation = sub_jobs(match, wanted(job_type="a"), each=expects(status="success"), count=Count(min=2, max=2))
    paths = truths(expectation, part())
    assert paths["sub_jobs.count"] is CANNOT
    assert paths["sub_jobs[+0].status"] is HOLDS


def test_what_contains_names_may_stand_in_any_order():
    expectation = sub_jobs(Match.CONTAINS, wanted(job_type="a"), wanted(job_type="b"))
    assert set(truths(expectation, part(job_type="b"), part(job_type="a")).values()) == {HOLDS}


# --- What may change while the job goes on ---------------------------------------------------------------------


def at(**bounds):
    moment = MomentExpectation(moment=Moment.BEGIN_TIME, **{"after": None, "before": None, **bounds}, source=SOURCE)
    return asserting(moment)


@pytest.mark.parametrize(
    ("forbidden", "there", "truth"),
    [
        pytest.param(at(before=NOW), part("running", begin_time=BEGAN), CANNOT, id="when it began stays"),
        pytest.param(
            asserting(lasting(max=600)),
            part("running", begin_time=BEGAN, end_time=ENDED),
            CANNOT,
            id="how long it lasted stays",
        ),
        pytest.param(
            asserting(SpanExpectation(span=Span.AGE, min=None, max=3000, source=SOURCE)),
            part("running", begin_time=BEGAN, end_time=ENDED),
            CAN,
            id="it grows older",
        ),
        pytest.param(
            wanted(status=["running", "success", "failed"]), part("running"), CANNOT, id="whatever it becomes"
        ),
        pytest.param(wanted(status=["running", "success"]), part("running"), CAN, id="it may become another"),
    ],
)
def test_what_must_not_be_is_drift_at_once_if_it_stays_so(forbidden, there, truth):
    assert truths(sub_jobs(Match.NONE, forbidden), there, status="running") == {"sub_jobs[+0]": truth}


def test_what_must_not_be_stays_so_in_a_terminal_job():
    assert truths(sub_jobs(Match.NONE, wanted(status="running")), part("running")) == {"sub_jobs[+0]": CANNOT}


def test_in_a_running_job_another_sub_job_may_come_that_is_as_expected():
    expectation = sub_jobs(Match.CONTAINS, wanted(job_type="a", status="success", at_most=None))
    assert truths(expectation, part("failed"), status="running") == {"sub_jobs[0]": CAN}


def test_in_a_terminal_job_the_nearest_sub_job_is_blamed():
    expectation = sub_jobs(Match.CONTAINS, wanted(job_type="a", status="success", at_most=None))
    assert truths(expectation, part("failed")) == {"sub_jobs[0].job_type": HOLDS, "sub_jobs[0].status": CANNOT}


# --- Which sub-job serves an item ------------------------------------------------------------------------------

WHOLE = {"job_type": "a", "status": "success", "error_code": "E"}


@pytest.mark.parametrize("turned", [False, True], ids=["best last", "best first"])
@pytest.mark.parametrize(
    ("status", "accepts", "worse", "better"),
    [
        pytest.param("running", WHOLE, part("running", error_code="E"), part(error_code="E"), id="nothing or pending"),
        pytest.param("running", WHOLE, part("running"), part("running", error_code="E"), id="one or two pending"),
        pytest.param("success", WHOLE, part("failed"), part("failed", error_code="E"), id="one or two false"),
        pytest.param(
            "success", WHOLE, part("running"), part("failed", error_code="E"), id="nothing is pending any more"
        ),
    ],
)
def test_the_sub_job_that_differs_least_serves_an_item(status, accepts, worse, better, turned):
    listed = (better, worse) if turned else (worse, better)
    chosen = judge(sub_jobs(Match.CONTAINS, wanted(**accepts, at_most=None)), *listed, status=status)
    assert {finding.path.rpartition(".")[2]: finding.actual for finding in chosen} == {
        "job_type": better.job_type,
        "status": better.status,
        "error_code": better.error_code,
    }
