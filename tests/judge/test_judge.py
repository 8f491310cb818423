"""What an answer says of a job, now and for every answer that can follow."""

from itertools import permutations

import pytest
from builders import NOW, SOURCE, STATUSES, expects, item, job, observed, sub_job, sub_jobs
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconcile.judge import judge_job
from reconcile.model.manifest import (
    Absence,
    Count,
    Glob,
    Item,
    Job,
    Match,
    MissingPolicy,
    Moment,
    MomentExpectation,
    Span,
    SpanExpectation,
)
from reconcile.model.observation import Missing, Observed, SubJob
from reconcile.model.plan import Kind, Truth

HOLDS, CAN, CANNOT, UNDECIDABLE = Truth.HOLDS, Truth.CAN_HOLD, Truth.CANNOT_HOLD, Truth.UNDECIDABLE
NOON = NOW


def truths(a_job, observation):
    return {finding.path: finding.truth for finding in judge_job(a_job, observation, now=NOW).findings}


def worst(a_job, observation):
    found = {finding.truth for finding in judge_job(a_job, observation, now=NOW).findings}
    return CANNOT if CANNOT in found else CAN if CAN in found else HOLDS


@pytest.mark.parametrize(
    ("accept", "status", "truth"),
    [
        ("success", "success", HOLDS),
        ("success", "waiting", CAN),
        ("success", "running", CAN),
        ("success", "failed", CANNOT),
        ("running", "waiting", CAN),
        ("running", "success", CANNOT),
        ("waiting", "running", CANNOT),
        (["running", "success"], "running", HOLDS),
        (["failed", "waiting"], "running", CAN),
    ],
)
def test_status_follows_the_order_of_the_words(accept, status, truth):
    assert truths(job(status=accept), observed(status)) == {"status": truth}


@pytest.mark.parametrize(
    ("accept", "actual", "status", "truth"),
    [
        ("bind_ldap", "bind_ldap", "success", HOLDS),
        ("bind_ldap", None, "running", CAN),
        ("bind_ldap", None, "success", CANNOT),
        ("bind_ldap", "create_share", "running", CANNOT),
        (None, None, "success", HOLDS),
        (None, "bind_ldap", "running", CANNOT),
        (["create_share", None], None, "success", HOLDS),
        ("bind_ldap", "BIND_LDAP", "success", CANNOT),
    ],
)
def test_a_value_that_is_there_stays(accept, actual, status, truth):
    found = truths(job(status=status, job_type=accept), observed(status, job_type=actual))
    assert found["job_type"] is truth


def test_a_missing_job_is_drift_and_nothing_is_said_of_its_fields():
    missing = Missing(code=None, message=None, request_id=None)
    (finding,) = judge_job(job(job_type="bind_ldap"), missing, now=NOW).findings
    assert (finding.path, finding.truth, finding.kind) == ("missing", CANNOT, Kind.MISSING)


EXACT = sub_jobs(Match.EXACT, item(job_type="a", status="success"), item(job_type="b", status="success"))


@pytest.mark.parametrize(
    ("expectation", "answer", "found"),
    [
        pytest.param(
            EXACT,
            observed("success", sub_job("success", "b"), sub_job("success", "a")),
            {},
            id="any order",
        ),
        pytest.param(
            EXACT,
            observed("success", sub_job("failed", "a"), sub_job("success", "c")),
            {"sub_jobs[0].status": CANNOT, "sub_jobs[1]": CANNOT, "sub_jobs[+1]": CANNOT},
            id="one failed, one missing, one unexpected",
        ),
        pytest.param(
            EXACT,
            observed("running", sub_job("failed", "a")),
            {"sub_jobs[0].status": CANNOT, "sub_jobs[1]": CAN},
            id="failed inside a running job is drift now",
        ),
        pytest.param(
            EXACT,
            observed("running", sub_job("running", "c")),
            {"sub_jobs[0]": CAN, "sub_jobs[1]": CAN, "sub_jobs[+0]": CANNOT},
            id="unexpected inside a running job is drift now",
        ),
        pytest.param(
            EXACT,
            observed("success", sub_job("success", "a"), sub_job("running", "b")),
            {"sub_jobs[1].status": CANNOT},
            id="nothing changes any more in a terminal job",
        ),
        pytest.param(
            sub_jobs(Match.EXACT),
            observed("success", sub_job("success", "a")),
            {"sub_jobs[+0]": CANNOT},
            id="none expected",
        ),
        pytest.param(
            sub_jobs(Match.ORDERED, item(job_type="a"), item(job_type="b")),
            observed("success", sub_job("success", "b"), sub_job("success", "a")),
            {"sub_jobs[1]": CANNOT, "sub_jobs[+0]": CANNOT},
            id="wrong order",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, item(job_type="a", at_least=2, at_most=None)),
            observed("success", sub_job("success", "a"), sub_job("success", "z")),
            {"sub_jobs[0].count": CANNOT},
            id="too few among others",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, item(job_type="a", at_least=0, at_most=1)),
            observed("running", sub_job("running", "a"), sub_job("running", "a")),
            {"sub_jobs[0].count": CANNOT},
            id="too many among others",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, item(status="running", at_least=0, at_most=0)),
            observed("running", sub_job("running", "a")),
            {"sub_jobs[0].count": CAN},
            id="too many now, but they move on",
        ),
        pytest.param(
            sub_jobs(Match.NONE, item(status="failed")),
            observed("success", sub_job("success", "a"), sub_job("failed", "b")),
            {"sub_jobs[+1]": CANNOT},
            id="D10 failed sub-job of a successful job",
        ),
        pytest.param(
            sub_jobs(Match.NONE, item(status="running")),
            observed("running", sub_job("running", "a")),
            {"sub_jobs[+0]": CAN},
            id="described now, but it moves on",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, each=expects(status="success")),
            observed("success"),
            {"sub_jobs.each": CANNOT},
            id="each over nothing is no proof",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, each=expects(status="success")),
            observed("running", sub_job("success", "a"), sub_job("failed", "b")),
            {"sub_jobs[+1].status": CANNOT},
            id="each over all",
        ),
        pytest.param(
            sub_jobs(Match.CONTAINS, count=Count(min=2, max=3)),
            observed("running", sub_job("success", "a")),
            {"sub_jobs.count": CAN},
            id="too few, more can appear",
        ),
        pytest.param(
            sub_jobs(Match.EXACT, item(job_type="a"), count=Count(min=2, max=None)),
            observed("success", sub_job("success", "a")),
            {"sub_jobs.count": CANNOT},
            id="items as expected, but not their number",
        ),
        pytest.param(
            sub_jobs(Match.EXACT, item(job_type="a"), each=expects(status="failed")),
            observed("success", sub_job("success", "a")),
            {"sub_jobs[+0].status": CANNOT},
            id="items as expected, but not each of them",
        ),
    ],
)
def test_sub_jobs(expectation, answer, found):
    found_there = truths(job(expectation, status=["running", "success"]), answer)
    assert {path: truth for path, truth in found_there.items() if truth is not HOLDS} == found


BEGAN, ENDED = "2026-11-21 11:00:00", "2026-11-21 11:10:00"  # an hour, and fifty minutes, before NOW


def timed(status, begin=None, end=None, *listed):
    return replace(observed(status, *listed), begin_time=begin, end_time=end)


def moment(name, after=None, before=None):
    return MomentExpectation(moment=Moment(name), after=after, before=before, source=SOURCE)


def span(name, least=None, most=None):
    return SpanExpectation(span=Span(name), min=least, max=most, source=SOURCE)


@pytest.mark.parametrize(
    ("assertion", "answer", "truth", "actual"),
    [
        (span("duration", most=600), timed("success", BEGAN, ENDED), HOLDS, "10m"),
        (span("duration", most=599), timed("success", BEGAN, ENDED), CANNOT, "10m"),
        (span("duration", least=601), timed("success", BEGAN, ENDED), CANNOT, "10m"),
        (span("duration", most=3599), timed("running", BEGAN), CANNOT, "1h"),
        (span("duration", most=3600), timed("running", BEGAN), CAN, "1h"),
        (span("duration", least=60), timed("running", BEGAN), CAN, "1h"),
        (span("duration", most=60), timed("waiting"), CAN, None),
        (span("duration", most=60), timed("success"), CANNOT, None),
        (span("duration", most=7200), timed("success", BEGAN), CANNOT, "1h"),
        (span("duration", most=60), timed("success", ENDED, BEGAN), UNDECIDABLE, None),
        (span("duration", most=60), timed("success", "soon", ENDED), UNDECIDABLE, None),
        (span("age", most=3000), timed("success", BEGAN, ENDED), HOLDS, "50m"),
        (span("age", most=2999), timed("success", BEGAN, ENDED), CANNOT, "50m"),
        (span("age", least=3001), timed("success", BEGAN, ENDED), CAN, "50m"),
        (span("age", most=60), timed("running", BEGAN), CAN, None),
        (span("age", most=60), timed("success", BEGAN, "2026-11-21 12:00:59"), HOLDS, "0s"),
        (span("age", most=60), timed("success", BEGAN, "2026-11-21 12:02:00"), UNDECIDABLE, None),
        (moment("end_time", after=NOON), timed("success", BEGAN, ENDED), CANNOT, "2026-11-21T11:10:00Z"),
        (moment("end_time", before=NOON), timed("success", BEGAN, ENDED), HOLDS, "2026-11-21T11:10:00Z"),
        (moment("begin_time", after=NOON), timed("waiting"), CAN, None),
        (moment("begin_time", after=NOON), timed("failed"), CANNOT, None),
        (moment("begin_time", after=NOON), timed("running", "2026-11-21T12:00:00Z"), UNDECIDABLE, None),
    ],
)
def test_d12_times(assertion, answer, truth, actual):
    a_job = job(status=answer.status)
    a_job = replace(a_job, expect=replace(a_job.expect, fields=(assertion,)))
    (finding,) = judge_job(a_job, answer, now=NOW).findings
    assert finding.truth is truth
    assert finding.actual == actual or truth is UNDECIDABLE


TOMORROW = "2026-11-22 12:00:00"


@pytest.mark.parametrize(
    ("assertion", "answer", "reason"),
    [
        (moment("begin_time", after=NOON), timed("running", TOMORROW), f"'{TOMORROW}' is in the future"),
        (moment("end_time", after=NOON), timed("success", BEGAN, TOMORROW), f"'{TOMORROW}' is in the future"),
        (moment("begin_time", before=NOON), timed("success", ENDED, BEGAN), "is before the begin"),
        (moment("end_time", before=NOON), timed("success", ENDED, BEGAN), "is before the begin"),
        (span("duration", most=600), timed("running", TOMORROW), f"'{TOMORROW}' is in the future"),
        (span("duration", most=999_999), timed("success", BEGAN, TOMORROW), f"'{TOMORROW}' is in the future"),
        (span("duration", most=600), timed("success", TOMORROW, TOMORROW), f"'{TOMORROW}' is in the future"),
        (span("age", most=99_999), timed("success", BEGAN, TOMORROW), f"'{TOMORROW}' is in the future"),
        (span("age", most=99_999), timed("success", ENDED, BEGAN), f"the end '{BEGAN}' is before the begin '{ENDED}'"),
    ],
)
def test_u60_asserted_times_that_cannot_be_true_are_undecidable(assertion, answer, reason):
    a_job = job(status=answer.status)
    a_job = replace(a_job, expect=replace(a_job.expect, fields=(*a_job.expect.fields, assertion)))
    _, finding = judge_job(a_job, answer, now=NOW).findings
    assert finding.truth is UNDECIDABLE
    assert reason in finding.actual
    unasserted = judge_job(job(status=answer.status), answer, now=NOW).findings
    assert {each.truth for each in unasserted} == {HOLDS}


@pytest.mark.parametrize(
    ("assertion", "answer"),
    [
        (moment("end_time", after=NOON), timed("success", BEGAN, "2026-11-21 12:01:00")),  # clocks differ by a minute
        (moment("begin_time", before=NOON), timed("success", BEGAN, TOMORROW)),
        (moment("begin_time", before=NOON), timed("success", BEGAN, "soon")),
        (moment("end_time", before=NOON), timed("success", BEGAN, BEGAN)),
        (span("age", most=3600), timed("success", "soon", ENDED)),
    ],
)
def test_u60_nothing_but_what_is_asserted_has_to_make_sense(assertion, answer):
    a_job = job(status=answer.status)
    a_job = replace(a_job, expect=replace(a_job.expect, fields=(assertion,)))
    assert [finding.truth for finding in judge_job(a_job, answer, now=NOW).findings] == [HOLDS]


@pytest.mark.parametrize(
    "text", ["0001-01-01 00:00:00", "9999-12-31 23:59:59", "0001-01-01T00:00:00+01:00", "0000-00-00 00:00:00"]
)
@pytest.mark.parametrize("name", ["begin_time", "end_time", "duration", "age"])
def test_u22_an_answer_at_the_edge_of_time_is_a_reason(name, text):
    assertion = moment(name, after=NOON) if name.endswith("time") else span(name, most=60)
    a_job = replace(job(), expect=replace(job().expect, fields=(assertion,)))
    (finding,) = judge_job(a_job, timed("success", text, text), now=NOW).findings
    assert finding.truth in (UNDECIDABLE, CANNOT)  # whether the year 1 can be read differs between systems


@pytest.mark.parametrize(
    ("time_format", "zero"),
    [
        ("rfc3339", "0001-01-01T00:00:00Z"),
        ("rfc3339", "1970-01-01T00:00:00Z"),
        ("go", "0001-01-01 00:00:00 +0000 UTC"),
        ("epoch-ms", "0000000000000"),
        ("%Y-%m-%d %H:%M:%S", "1970-01-01 00:00:00"),
    ],
)
@pytest.mark.parametrize(
    "assertion", [span("duration", most=60), span("age", least=1), moment("end_time", before=NOON)]
)
def test_d12_a_zero_time_proves_nothing(assertion, time_format, zero):
    a_job = replace(job(), expect=replace(job().expect, fields=(assertion,)))
    a_job = replace(a_job, provider=replace(a_job.provider, api=replace(a_job.provider.api, time_format=time_format)))
    (finding,) = judge_job(a_job, timed("success", zero, zero), now=NOW).findings
    assert (finding.truth, finding.actual) == (
        UNDECIDABLE,
        f"'{zero}' is a zero time, which says nothing about this job",
    )


def test_d12_times_that_make_no_sense_are_no_matter_where_nothing_is_asserted():
    assert worst(job(), timed("success", "soon", "yesterday")) is HOLDS


def test_what_cannot_be_read_does_not_pass_for_what_is_not_there():
    forbidden = Item(fields=(span("duration", most=60),), count=Count(min=1, max=None), source=SOURCE)
    odd = replace(sub_job("success", "a"), begin_time="soon", end_time="soon")
    for match in (Match.NONE, Match.CONTAINS):
        expectation = sub_jobs(match, replace(forbidden, count=Count(min=0, max=0)))
        found = {finding.truth for finding in judge_job(job(expectation), observed("success", odd), now=NOW).findings}
        assert UNDECIDABLE in found


def test_globs_match_whole_values():
    a_job = job(status="failed", error_code=[Glob(pattern="SFS.TURBO.*"), None])
    assert worst(a_job, observed("failed", error_code="SFS.TURBO.0005")) is HOLDS
    assert worst(a_job, observed("failed", error_code="xSFS.TURBO.0005")) is CANNOT
    assert worst(a_job, observed("failed")) is HOLDS


def test_a_sensitive_value_is_never_shown():
    a_job = job()
    secret = replace(expects(fail_reason="canary")[0], sensitive=True)
    a_job = replace(a_job, expect=replace(a_job.expect, fields=(secret,)))
    assert "canary" not in repr(
        [(f.expected, f.actual) for f in judge_job(a_job, observed("success", fail_reason="canary"), now=NOW).findings]
    )


def test_absence_is_the_404_and_nothing_else():
    a_job = replace(job(), expect=Absence(source=SOURCE))
    missing = Missing(code=None, message=None, request_id=None)
    assert truths(a_job, missing) == {"absent": HOLDS}
    assert truths(a_job, observed("success")) == {"absent": CANNOT}


def test_a_missing_job_may_be_waited_for():
    a_job = replace(job(), missing=MissingPolicy.WAIT)
    assert truths(a_job, Missing(code=None, message=None, request_id=None)) == {"missing": CAN}


def test_more_than_can_be_paired_is_not_judged():
    items = [item(job_type="a") for _ in range(600)]
    answer = observed("success", *[sub_job("success", "a")] * 600)
    assert truths(job(sub_jobs(Match.EXACT, *items)), answer)["sub_jobs"] is UNDECIDABLE
    many = item(job_type="a", at_least=1_000_000, at_most=None)
    assert truths(job(sub_jobs(Match.ORDERED, many)), answer)["sub_jobs"] is UNDECIDABLE
    assert truths(job(sub_jobs(Match.EXACT, many)), answer)["sub_jobs"] is HOLDS


def test_a_text_that_is_too_long_is_not_compared():
    a_job = job(fail_reason=[Glob(pattern="*a" * 200), None])
    assert truths(a_job, observed("success", fail_reason="a" * 1_000_000))["fail_reason"] is UNDECIDABLE


# --- The laws --------------------------------------------------------------------------------------------------

WORDS = list(STATUSES)
TYPES = ["a", "b", None]
CODES = [None, "X"]


def accepted(values):
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


@st.composite
def items(draw: st.DrawFn, match: Match) -> Item:
    fields = {"job_type": accepted(["a", "b"]), "status": accepted(WORDS), "error_code": accepted(CODES)}
    named = draw(st.lists(st.sampled_from(list(fields)), min_size=1, unique=True))
    low = draw(st.integers(0, 2))
    high = draw(st.none() | st.integers(max(low, 1), 3))
    return item(at_least=low, at_most=high, **{field: draw(fields[field]) for field in named})


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    match = draw(st.sampled_from(Match))
    expectation = sub_jobs(match, *draw(st.lists(items(match), max_size=3)))
    return job(
        draw(st.none() | st.just(expectation)),
        status=draw(accepted(WORDS)),
        job_type=draw(accepted(TYPES)),
        error_code=draw(accepted(CODES)),
    )


answered_sub_jobs = st.builds(
    sub_job, st.sampled_from(WORDS), st.sampled_from(TYPES), error_code=st.sampled_from(CODES)
)
answers = st.builds(
    lambda status, listed, **fields: observed(status, *listed, **fields),
    st.sampled_from(WORDS),
    st.lists(answered_sub_jobs, max_size=4),
    job_type=st.sampled_from(TYPES),
    error_code=st.sampled_from(CODES),
)


@st.composite
def later(draw: st.DrawFn, now: Observed) -> Observed:
    """An answer that can follow: an independent statement of what can change in a job."""
    if now.status in ("success", "failed"):
        return now

    def moved(word: str) -> str:
        return draw(st.sampled_from([word, *sorted(STATUSES[word].then)]))

    def filled(value: str | None, values: list[str | None]) -> str | None:
        return value if value is not None else draw(st.sampled_from(values))

    def grown(part: SubJob) -> SubJob:
        if part.status in ("success", "failed"):
            return part
        return sub_job(moved(part.status), filled(part.job_type, TYPES), filled(part.error_code, CODES))

    listed = [grown(part) for part in now.sub_jobs]
    for new in draw(st.lists(answered_sub_jobs, max_size=2)):
        listed.insert(draw(st.integers(0, len(listed))), new)
    return observed(
        moved(now.status),
        *listed,
        job_type=filled(now.job_type, TYPES),
        error_code=filled(now.error_code, CODES),
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_drift_is_never_undone(data):
    a_job, now = data.draw(jobs()), data.draw(answers)
    if worst(a_job, now) is CANNOT:
        assert worst(a_job, data.draw(later(now))) is CANNOT


@settings(max_examples=100, deadline=None)
@given(jobs(), answers.filter(lambda now: STATUSES[now.status].terminal), st.data())
def test_a_terminal_answer_is_decided_whatever_its_sub_jobs_say(a_job, now, data):
    # Nothing follows a terminal answer, so nothing of it may be left open, and nothing that follows it can undo it.
    assert CAN not in truths(a_job, now).values()
    assert data.draw(later(now)) == now


def completions(a_job, now):
    """
    Every terminal answer that adds at most what the items lack, from a finite world.

    Only for expectations of exact items, whose completion is to fill what is undecided.
    """
    for status in sorted({now.status, *STATUSES[now.status].then}):
        for listed in _completed_lists(a_job, now):
            for job_type in [now.job_type] if now.job_type else TYPES:
                for code in [now.error_code] if now.error_code else CODES:
                    yield observed(status, *listed, job_type=job_type, error_code=code)


def _completed_lists(a_job, now):
    wanted = a_job.expect.sub_jobs.items if a_job.expect.sub_jobs else ()
    new = [sub_job(item.fields[1].accept[0], item.fields[0].accept[0]) for item in wanted]

    def states(part):
        words = [part.status, *sorted(STATUSES[part.status].then)]
        frozen = STATUSES[part.status].terminal
        types = [part.job_type] if part.job_type or frozen else TYPES
        return [sub_job(word, job_type, part.error_code) for word in words for job_type in types]

    grown = [[]]
    for part in now.sub_jobs:
        grown = [[*rest, state] for rest in grown for state in states(part)]
    for listed in grown:
        for size in range(len(new) + 1):
            for added in permutations(new, size):
                yield [*listed, *added]


@st.composite
def simple_jobs(draw: st.DrawFn) -> Job:
    wanted = draw(
        st.lists(
            st.builds(
                lambda t, s: item(job_type=t, status=s),
                st.sampled_from(["a", "b"]),
                st.sampled_from(["success", "failed"]),
            ),
            max_size=2,
        )
    )
    return job(
        sub_jobs(Match.EXACT, *wanted), status=draw(accepted(["success", "failed"])), job_type=draw(accepted(TYPES))
    )


@settings(max_examples=50, deadline=None)
@given(
    simple_jobs(),
    st.builds(
        lambda status, listed, job_type: observed(status, *listed, job_type=job_type),
        st.sampled_from(["waiting", "running"]),
        st.lists(st.builds(sub_job, st.sampled_from(WORDS), st.sampled_from(TYPES)), max_size=2),
        st.sampled_from(TYPES),
    ),
)
def test_pending_is_undone_by_at_least_one_later_answer(a_job, now):
    verdict = worst(a_job, now)
    reachable = any(worst(a_job, answer) is HOLDS for answer in completions(a_job, now))
    assert (verdict is CANNOT) is not reachable


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_order_of_sub_jobs_never_changes_an_unordered_verdict(data):
    a_job = data.draw(jobs().filter(lambda j: j.expect.sub_jobs and j.expect.sub_jobs.match is not Match.ORDERED))
    now = data.draw(answers)
    shuffled = data.draw(st.permutations(now.sub_jobs))
    again = observed(now.status, *shuffled, job_type=now.job_type, error_code=now.error_code)
    assert worst(a_job, now) is worst(a_job, again)


terminal_lists = st.lists(
    st.builds(sub_job, st.sampled_from(["success", "failed"]), st.sampled_from(["a", "b"]), st.sampled_from(CODES)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(terminal_lists, st.sampled_from([Match.EXACT, Match.ORDERED]), st.data())
def test_equal_lists_give_no_drift_and_one_changed_field_exactly_that_path(listed, match, data):
    wanted = [item(job_type=s.job_type, status=s.status, error_code=s.error_code, fail_reason=None) for s in listed]
    a_job = job(sub_jobs(match, *wanted))
    assert worst(a_job, observed("success", *listed)) is HOLDS
    at = data.draw(st.integers(0, len(listed) - 1))
    old = listed[at]
    changed = sub_job(old.status, old.job_type, "changed")
    now = observed("success", *listed[:at], changed, *listed[at + 1 :])
    false = [finding.path for finding in judge_job(a_job, now, now=NOW).findings if finding.truth is not HOLDS]
    # Items that are alike are interchangeable: which of them is said to differ is free, in a list.
    alike = [i for i, part in enumerate(listed) if part == old]
    assert len(false) == 1
    assert false[0] in {f"sub_jobs[{i}].error_code" for i in alike}


TEXTS = {"job_type": ["a", "b", None], "status": WORDS, "error_code": CODES, "fail_reason": [None, "X", "x" * 20_000]}


@st.composite
def nearly_equal(draw: st.DrawFn):
    """Draw items that describe all of some sub-jobs, and these in any order, with at most one thing changed."""
    different = st.builds(dict, **{name: st.sampled_from(values) for name, values in TEXTS.items()})
    listed = draw(st.lists(st.sampled_from(draw(st.lists(different, min_size=1, max_size=2))), max_size=4))
    named = ["job_type", *draw(st.lists(st.sampled_from(list(TEXTS)[1:]), unique=True))][draw(st.integers(0, 1)) :]
    wanted = [item(**{name: part[name] for name in named or ["status"]}) for part in listed]
    listed = draw(st.permutations(listed) | st.just(listed))
    if listed and draw(st.booleans()):
        at = draw(st.integers(0, len(listed) - 1))
        listed = [*listed[:at], {**draw(st.sampled_from(listed)), **draw(changes)}, *listed[at + 1 :]]
    if wanted and draw(st.booleans()):
        at = draw(st.integers(0, len(wanted) - 1))
        wanted[at] = draw(changed_item(wanted[at]))
    parts = [replace(sub_job(part["status"]), **part) for part in listed]
    return sub_jobs(draw(st.sampled_from(Match)), *wanted), parts


changes = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in TEXTS.items()})


@st.composite
def changed_item(draw: st.DrawFn, wanted: Item) -> Item:
    first, *rest = wanted.fields
    match draw(st.sampled_from(["accept", "implied", "sensitive", "count", "order", "more"])):
        case "accept":
            first = replace(first, accept=(*first.accept, draw(st.sampled_from([Glob(pattern="*"), None, "b"]))))
        case "implied":
            first = replace(first, implied=True)
        case "sensitive":
            first = replace(first, sensitive=first.field != "status")
        case "count":
            return replace(wanted, count=Count(min=draw(st.integers(0, 2)), max=2))
        case "order":
            return replace(wanted, fields=(*rest, first))
        case "more":
            return replace(wanted, fields=(first, *rest, span("duration", least=60)))
    return replace(wanted, fields=(first, *rest))


def assert_equal_to_pairing(expectation, listed, status):
    """Compare the judgement with that of the optimal pairing, which a count that is always met leads to."""
    accepting = ["running", "success"]
    answer = observed(status, *listed)
    paired = job(replace(expectation, count=Count(min=0, max=None)), status=accepting)
    others = [each for each in judge_job(paired, answer, now=NOW).findings if each.path != "sub_jobs.count"]
    assert list(judge_job(job(expectation, status=accepting), answer, now=NOW).findings) == others


A, B, UNTYPED = [sub_job("success", job_type) for job_type in ("a", "b", None)]
LONG = replace(A, fail_reason="x" * 20_000)
OF_A, OF_B = item(job_type="a"), item(job_type="b")
UNTYPED_ITEM = item(job_type=None, error_code=None)


@pytest.mark.parametrize(
    ("match", "items", "listed"),
    [
        pytest.param(Match.EXACT, [OF_A, OF_B], [B, A], id="equal"),
        pytest.param(Match.ORDERED, [OF_A, OF_B], [A, B], id="equal in order"),
        pytest.param(Match.ORDERED, [OF_A, OF_B], [B, A], id="in another order"),
        pytest.param(Match.CONTAINS, [OF_A, OF_B], [B, A], id="contained"),
        pytest.param(Match.NONE, [OF_A, OF_B], [B, A], id="none of them"),
        pytest.param(Match.EXACT, [OF_A, OF_A, OF_B], [A, B, B], id="not as often"),
        pytest.param(Match.EXACT, [OF_A, OF_B], [A], id="one missing"),
        pytest.param(
            Match.EXACT,
            [UNTYPED_ITEM, replace(UNTYPED_ITEM, fields=UNTYPED_ITEM.fields[::-1])],
            [UNTYPED] * 2,
            id="other order of fields",
        ),
        pytest.param(Match.EXACT, [OF_A, item(job_type="b", status="success")], [A, B], id="more fields"),
        pytest.param(
            Match.EXACT, [replace(OF_A, fields=(*OF_A.fields, span("duration", least=60)))], [A], id="a length of time"
        ),
        pytest.param(Match.EXACT, [item(status="success")], [A], id="any type"),
        pytest.param(Match.EXACT, [item(job_type=["a", "b"])], [A], id="several values"),
        pytest.param(Match.EXACT, [item(job_type=[Glob(pattern="*")])], [B], id="a glob"),
        pytest.param(Match.EXACT, [item(job_type="a", at_least=0)], [A], id="may be missing"),
        pytest.param(Match.EXACT, [item(job_type="a", at_least=2, at_most=2)], [A, A], id="twice"),
        pytest.param(Match.EXACT, [item(job_type="a", fail_reason=LONG.fail_reason)], [LONG], id="too long"),
        pytest.param(Match.EXACT, [replace(OF_A, fields=(replace(OF_A.fields[0], implied=True),))], [A], id="implied"),
        pytest.param(
            Match.EXACT, [replace(OF_A, fields=(replace(OF_A.fields[0], sensitive=True),))], [A], id="sensitive"
        ),
    ],
)
def test_sub_jobs_that_are_as_expected_or_nearly_so(match, items, listed):
    for status in ("running", "success"):
        assert_equal_to_pairing(sub_jobs(match, *items), listed, status)


@settings(max_examples=500, deadline=None)
@given(nearly_equal(), st.sampled_from(["running", "success"]))
def test_sub_jobs_that_are_just_as_expected_are_judged_as_all_others_are(drawn, status):
    assert_equal_to_pairing(*drawn, status)
