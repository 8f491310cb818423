"""
Reviews of orders against brute force: random pairs of manifests of three jobs, and every run that a bounded domain has.

Each job has failed, or has succeeded and began and ended at one of two times, or never. If there is a run that the new
manifest lets through and the old one stops, a review must not call all jobs equal or stronger. The way back is not
checked: a review compares job by job, and what it claims of one may be stopped by another one, whatever comes.
"""

import random
from datetime import timedelta
from itertools import product

from builders import NOW, SOURCE, expects, observed
from msgspec.structs import replace
from proof.review import PROVIDER, lets_through

from reconcile.cli.judging import make_judge
from reconcile.instant import write_time
from reconcile.model.manifest import Expectation, Job, Manifest, Moment, MomentExpectation, Order, Waiver
from reconcile.model.plan import Verdict
from reconcile.model.review import Relation
from reconcile.plan import make_plan
from reconcile.review import review_manifests

NAMES = "abc"
INSTANTS = [NOW - timedelta(hours=2), NOW - timedelta(hours=1)]
RED = {Relation.WEAKER, Relation.DIFFERENT, Relation.UNDECIDED}


def draw_job(rng, name):
    """Draw a job that comes after one that stands before it, or after none."""
    words = ("success", *rng.choice([(), ("failed",)]))
    bounds = [draw_bound(rng, moment) for moment in Moment if rng.random() < 0.2]
    waived = rng.choice([(), (), (), ("after",), ("begin_time",), ("after", "begin_time")])
    last = NOW.date() + timedelta(days=rng.randint(-1, 1))
    others = [each for each in NAMES if each < name]
    return Job(
        address=f"jobs.{name}",
        provider=PROVIDER,
        job_id=f"id-{name}",
        labels={},
        expect=Expectation(fields=(*expects(status=words), *bounds), sub_jobs=None),
        source=SOURCE,
        waivers=(Waiver(fields=waived, reason="known", expires=last, source=SOURCE),) if waived else (),
        after=Order(address=f"jobs.{rng.choice(others)}", source=SOURCE) if others and rng.random() < 0.7 else None,
    )


def draw_bound(rng, moment):
    after, before = rng.choice([(INSTANTS[1], None), (None, INSTANTS[0]), (INSTANTS[0], INSTANTS[1])])
    return MomentExpectation(moment=moment, after=after, before=before, source=SOURCE)


def change_jobs(rng, jobs):
    """Change one thing of a job or two, or leave one out that no other one comes after."""
    name = rng.choice(NAMES)
    last = rng.random() < 0.1 and all(job.after is None or job.after.address != f"jobs.{name}" for job in jobs.values())
    if last:
        return {each: job for each, job in jobs.items() if each != name}
    changed = dict(jobs)
    for each in rng.sample(NAMES, rng.randint(1, 2)):
        part = rng.choice(["after", "after", "waivers", "expect"])
        changed[each] = replace(jobs[each], **{part: getattr(draw_job(rng, each), part)})
    return changed


def list_answers(name):
    times = [write_time(each, PROVIDER.api.time_format) for each in INSTANTS]
    ended = replace(observed("success"), job_id=f"id-{name}")
    yield replace(ended, status="failed")
    for begin, end in product([None, *times, "yesterday"], [None, *times]):
        yield replace(ended, begin_time=begin, end_time=end)


ANSWERS = {name: list(list_answers(name)) for name in NAMES}


def list_passing(jobs, at):
    """List for each job, and the one that it comes after, which answers a run of these two lets through."""
    for name, job in jobs.items():
        run = [name, *((job.after.address[-1],) if job.after is not None else ())]
        parts = [[n for n, each in enumerate(ANSWERS[one]) if lets_through(jobs[one], each, at)] for one in run]
        yield run, {seen for seen in product(*parts) if judge([jobs[one] for one in run], run, seen, at)}


def judge(jobs, names, seen, at):
    """Return whether a run of jobs passes, beside another one that is in sync."""
    expect = Expectation(fields=expects(status="success"), sub_jobs=None)
    other = replace(jobs[0], address="jobs.z", job_id="id-z", expect=expect, waivers=(), after=None)
    manifest = Manifest(files=(), providers={"otc": PROVIDER}, jobs=(*jobs, other))
    answers = [ANSWERS[name][number] for name, number in zip(names, seen, strict=True)]
    plan = make_plan(manifest, [*answers, replace(observed("success"), job_id="id-z")], now=at, origins={})
    return plan.verdict is Verdict.IN_SYNC


def find_by_force(passing, stopping, at):
    """Find a run that one manifest lets through and the other one stops; None if the domain has none."""
    sides = [list(list_passing(jobs, at)) for jobs in (passing, stopping)]
    for seen in product(*(range(len(ANSWERS[name])) for name in NAMES)):
        numbers = dict(zip(NAMES, seen, strict=True))
        passed, kept = (all(tuple(numbers[each] for each in run) in good for run, good in side) for side in sides)
        if passed and not kept:
            return {name: ANSWERS[name][number] for name, number in numbers.items()}
    return None


def try_orders(seed):
    """Compare one random pair of manifests with brute force; return what is wrong, in a line, or None."""
    rng = random.Random(seed)
    old = {name: draw_job(rng, name) for name in NAMES}
    new = change_jobs(rng, old)
    manifests = [Manifest(files=(), providers={"otc": PROVIDER}, jobs=tuple(jobs.values())) for jobs in (old, new)]
    relations = {each.relation for each in review_manifests(*manifests, make_judge(), now=NOW).jobs}
    days = [NOW + timedelta(days=day) for day in range(3)]
    found = next((found for at in days if (found := find_by_force(new, old, at)) is not None), None)
    if found and not relations & RED:
        return f"seed {seed}: {found} was not found for {old} and {new}"
    return None
