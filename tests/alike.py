"""Jobs of which much the same is expected, and which answer much the same: for laws of judging many."""

from datetime import timedelta

from builders import API, NOW, PROVIDER, SOURCE, STATUSES, expects
from hypothesis import strategies as st
from msgspec.structs import replace

from reconcile.model import (
    Absence,
    Assertion,
    Count,
    Expectation,
    Glob,
    Item,
    Job,
    Match,
    Missing,
    MissingPolicy,
    Moment,
    MomentExpectation,
    Observed,
    Span,
    SpanExpectation,
    SubJob,
    SubJobsExpectation,
    Waiver,
)

ONLY_FAILS = {**STATUSES, "waiting": replace(STATUSES["waiting"], then=frozenset({"failed"}))}
ELSEWHERE = replace(PROVIDER, name="elsewhere", api=replace(API, statuses=ONLY_FAILS, job_types=("a",)))
"""A provider whose API has other rules."""

WORDS = st.sampled_from(list(STATUSES))
TYPES = st.sampled_from(["a", "b", None])
CODES = st.sampled_from([None, "X", "Y"])
BEGINNINGS = st.sampled_from([None, "2026-11-21 11:00:00", "2026-11-21 11:59:00", "soon"])
ENDS = st.sampled_from([None, "2026-11-21 11:00:30", "2026-11-21 11:59:30", "2026-11-21 13:00:00"])
IDS = st.sampled_from([None, "one", "other"])
BOUNDS = st.sampled_from([None, 30.0, 3600.0])
INSTANTS = st.sampled_from([None, NOW - timedelta(hours=1), NOW])
TEXTS = {
    "status": st.sampled_from([*STATUSES, Glob(pattern="*ing")]),
    "job_type": st.sampled_from(["a", "b", None, Glob(pattern="?")]),
    "error_code": st.sampled_from(["X", None, Glob(pattern="*")]),
    "fail_reason": st.sampled_from(["X", None]),
}


@st.composite
def assertions(draw: st.DrawFn) -> tuple[Assertion, ...]:
    named = draw(st.lists(st.sampled_from([*TEXTS, *Moment, *Span]), min_size=1, max_size=4, unique=True))
    sensitive = draw(st.sampled_from([False, False, False, True]))

    def make(name):
        if isinstance(name, Moment):
            return MomentExpectation(moment=name, after=draw(INSTANTS), before=draw(INSTANTS), source=SOURCE)
        if isinstance(name, Span):
            return SpanExpectation(span=name, min=draw(BOUNDS), max=draw(BOUNDS), source=SOURCE)
        (made,) = expects(**{name: draw(st.lists(TEXTS[name], min_size=1, max_size=2, unique=True))})
        return replace(made, sensitive=sensitive and name != "status")

    return tuple(make(name) for name in named)


counts = st.builds(Count, min=st.integers(0, 2), max=st.none() | st.integers(2, 3))
items = st.builds(Item, fields=assertions(), count=counts, source=st.just(SOURCE))
sub_job_expectations = st.builds(
    SubJobsExpectation,
    match=st.sampled_from(Match),
    items=st.none()
    | st.lists(st.builds(Item, fields=assertions(), count=counts, source=st.just(SOURCE)), max_size=2).map(tuple),
    each=st.just(()) | assertions(),
    count=st.none() | counts,
    source=st.just(SOURCE),
)
expectations = st.builds(Expectation, fields=assertions(), sub_jobs=st.none() | sub_job_expectations)

FIELDS = {
    "status": WORDS,
    "job_id": IDS,
    "job_type": TYPES,
    "begin_time": BEGINNINGS,
    "end_time": ENDS,
    "error_code": CODES,
    "fail_reason": CODES,
}
parts = st.builds(SubJob, **FIELDS)
answers = st.builds(Observed, **FIELDS, sub_jobs=st.lists(parts, max_size=3).map(tuple), request_id=IDS)
missing = st.builds(Missing, code=CODES, message=CODES, request_id=IDS)


@st.composite
def nearly_alike(draw: st.DrawFn, answer: Observed) -> Observed:
    """Change at most one thing of an answer."""
    listed = list(answer.sub_jobs)
    change = draw(st.sampled_from(["nothing", "job", "request", "sub-job", "order", "more", "fewer"]))
    if change == "job":
        field = draw(st.sampled_from(list(FIELDS)))
        return replace(answer, **{field: draw(FIELDS[field])})
    if change == "request":
        return replace(answer, request_id=draw(IDS))
    if change == "more":
        listed.insert(draw(st.integers(0, len(listed))), draw(parts))
    elif listed and change == "sub-job":
        at, field = draw(st.integers(0, len(listed) - 1)), draw(st.sampled_from(list(FIELDS)))
        listed[at] = replace(listed[at], **{field: draw(FIELDS[field])})
    elif listed and change == "fewer":
        del listed[draw(st.integers(0, len(listed) - 1))]
    elif change == "order":
        listed = draw(st.permutations(listed))
    return replace(answer, sub_jobs=tuple(listed))


waivers = st.builds(
    Waiver,
    fields=st.sampled_from([("status",), ("sub_jobs", "job_type"), ("missing", "error_code")]),
    reason=st.just("vendor ticket"),
    expires=st.sampled_from([NOW.date(), NOW.date() - timedelta(days=1)]),
    source=st.just(SOURCE),
)


@st.composite
def alike_jobs(draw: st.DrawFn) -> list[tuple[Job, Observed | Missing]]:
    """Draw jobs that share expectations and APIs, with answers of which each differs from one in little."""
    expected = draw(st.lists(expectations, min_size=1, max_size=2))
    waived = draw(st.lists(waivers, max_size=1))
    answer = draw(answers)
    jobs = []
    for number in range(draw(st.integers(2, 6))):
        a_job = Job(
            address=f"jobs.{number}",
            provider=draw(st.sampled_from([PROVIDER, PROVIDER, ELSEWHERE])),
            job_id=f"id-{number}",
            labels={},
            expect=Absence(source=SOURCE) if number == 4 else draw(st.sampled_from(expected)),
            source=SOURCE,
            waivers=tuple(waived) if number % 2 else (),
            missing=draw(st.sampled_from(MissingPolicy)),
        )
        alike = nearly_alike(answer)
        jobs.append((a_job, draw(alike | missing if number > 2 else alike)))
    return jobs
