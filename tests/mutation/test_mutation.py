"""The room of mutants: what is made up and written is what is read, and few jobs decide as all do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import NOW, PROVIDER, SOURCE, job
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconcile.apis import load_api
from reconcile.fetch.replay import observe_exchange
from reconcile.judge import judge_job
from reconcile.manifest import load_manifests
from reconcile.model.manifest import Moment, MomentExpectation, Span, SpanExpectation
from reconcile.model.observation import Missing, Observed, SubJob
from reconcile.model.plan import ExitCode, Truth
from reconcile.mutation import Bystanders, isolate, list_mutants, make_up, make_up_all, write_answer
from reconcile.plan import make_plan, proves_something

MANIFESTS = sorted(Path(__file__).parent.glob("manifests/*.yaml"))
TODAY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REAL = replace(PROVIDER, api=load_api("sfs-turbo"))

texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
words = st.sampled_from(sorted(REAL.api.statuses))
record = {
    "status": words,
    "job_type": texts,
    "begin_time": texts,
    "end_time": texts,
    "error_code": texts,
    "fail_reason": texts,
}
sub_jobs = st.lists(st.builds(SubJob, **record, job_id=texts), max_size=3).map(tuple)
request_ids = st.none() | st.from_regex("[a-z0-9]{1,32}", fullmatch=True)
observations = st.builds(
    Observed, **record, job_id=st.just("id-a"), sub_jobs=sub_jobs, request_id=request_ids
) | st.builds(
    Missing,
    code=st.just("SFS.TURBO.0001"),
    message=st.text(min_size=1, max_size=9).filter(str.isascii),
    request_id=request_ids,
)


@given(observation=observations)
def test_what_is_written_as_an_answer_is_read_as_it_was(observation):
    asked = replace(job(), provider=REAL)
    exchange = write_answer(asked, observation, at=NOW)
    assert observe_exchange(asked, exchange, "http://localhost").observation == observation


@pytest.mark.parametrize("path", MANIFESTS, ids=[path.stem for path in MANIFESTS])
def test_a_mutant_is_decided_among_few_jobs_as_among_all(path):
    manifest = load_manifests([str(path)], now=TODAY)
    seen = make_up_all(manifest.jobs, now=TODAY)

    def decide(jobs, observations):
        return make_plan(replace(manifest, jobs=tuple(jobs)), observations, now=TODAY, origins={})

    whole = decide(manifest.jobs, seen)
    assert whole.exit_code is ExitCode.IN_SYNC
    bystanders = Bystanders(manifest, seen, [proves_something(each) for each in whole.jobs])
    for members in bystanders.remote_jobs():
        indexes = bystanders.find(members)
        for mutant in list_mutants([manifest.jobs[i] for i in members], seen[members[0]], now=TODAY, every_time=True):
            changed = observe_exchange(manifest.jobs[members[0]], mutant.exchange, "http://localhost").observation
            mutated = [changed if i in members else each for i, each in enumerate(seen)]
            among_few = decide(isolate([manifest.jobs[i] for i in indexes]), [mutated[i] for i in indexes])
            assert among_few.exit_code == decide(manifest.jobs, mutated).exit_code


def test_the_bystanders_do_not_grow_with_the_run():
    jobs = [job(name=f"j{number}") for number in range(500)]
    manifest = load_manifests([str(MANIFESTS[0])], now=TODAY)
    seen = [make_up([each], now=NOW) for each in jobs]
    bystanders = Bystanders(replace(manifest, jobs=tuple(jobs)), seen, [True] * len(jobs))
    assert max(len(bystanders.find(members)) for members in bystanders.remote_jobs()) <= 3


seconds = st.integers(0, 10_000)


@given(begin=seconds, length=seconds, age=seconds, slack=st.tuples(*[st.none() | seconds] * 6))
def test_times_are_found_wherever_there_are_some(begin, length, age, slack):
    """Bounds are drawn around times that meet them, so there are some; None leaves a bound out."""
    del begin
    ended = NOW - timedelta(seconds=age)
    began = ended - timedelta(seconds=length)
    after, before, least, most, youngest, oldest = slack

    def shift(instant, by):
        return None if by is None else instant + timedelta(seconds=by)

    bounds = []
    if after is not None or before is not None:
        bounds.append(
            MomentExpectation(
                moment=Moment.BEGIN_TIME,
                after=shift(began, None if after is None else -after),
                before=shift(began, before),
                source=SOURCE,
            )
        )
    if least is not None or most is not None:
        shortest = None if least is None else max(0, length - least)
        longest = None if most is None else length + most
        bounds.append(SpanExpectation(span=Span.DURATION, min=shortest, max=longest, source=SOURCE))
    if youngest is not None or oldest is not None:
        lowest = None if youngest is None else max(0, age - youngest)
        highest = None if oldest is None else age + oldest
        bounds.append(SpanExpectation(span=Span.AGE, min=lowest, max=highest, source=SOURCE))
    plain = job()
    asked = replace(plain, expect=replace(plain.expect, fields=(*plain.expect.fields, *bounds)))
    made_up = make_up([asked], now=NOW)
    assert {finding.truth for finding in judge_job(asked, made_up, now=NOW).findings} == {Truth.HOLDS}
