"""
Reviews against brute force: random pairs of expectations, and every answer that a bounded domain has.

The domain holds all statuses, two types and two codes, a third one of each that no manifest names, none at all, and up
to three sub-jobs, whose times are missing, in bounds, beyond them, or unreadable. An answer of a review that has more
sub-jobs than that must be one that no shorter list could be.
"""

import random
from datetime import timedelta
from itertools import combinations_with_replacement, islice, product

import builders
from builders import NOW, SOURCE, STATUSES, observed, sub_job
from msgspec.structs import replace

from reconcile.apis import load_api
from reconcile.judge import judge_job
from reconcile.model.manifest import (
    Absence,
    Count,
    Expectation,
    Field,
    FieldExpectation,
    Glob,
    Item,
    Job,
    Manifest,
    Match,
    MissingPolicy,
    Span,
    SpanExpectation,
    SubJobsExpectation,
    Waiver,
)
from reconcile.model.observation import Missing, Observed
from reconcile.model.plan import ExitCode, Truth
from reconcile.plan import make_plan
from reconcile.review.gaps import list_gaps
from reconcile.review.terms import state_terms

PROVIDER = replace(builders.PROVIDER, api=load_api("sfs-turbo"))
WORDS = list(STATUSES)
TYPES = ["create_share", "bind_ldap"]
CODES = ["SFS.TURBO.0001", "SFS.TURBO.0005"]
VALUES = {"job_type": TYPES, "error_code": CODES}
GLOBS = {"job_type": ["create*", "?*"], "error_code": ["SFS.*", "?*"]}
BEYOND = {"job_type": ["other", "created"], "error_code": ["other", "SFS.1"]}
"""Values that no manifest names; a glob accepts the second of each."""
LENGTHS = [(None, 60.0), (60.0, None), (30.0, 60.0)]
"""Bounds of the duration of sub-jobs, in seconds."""
NO_TIMES = (None, None)
TIMES = [
    NO_TIMES,
    ("2026-11-21 11:00:00", "2026-11-21 11:00:15"),
    ("2026-11-21 11:00:00", "2026-11-21 11:00:45"),
    ("2026-11-21 11:00:00", "2026-11-21 11:01:00"),
    ("2026-11-21 11:00:00", "2026-11-21 11:01:15"),
    ("yesterday", "2026-11-21 11:00:00"),
]
"""Begin and end of sub-jobs: one pair for each set of bounds that holds, and one that cannot be read."""
MOST_SUB_JOBS = 3
MOST_LISTS = 2_000
"""Lists of sub-jobs that are judged for one pair; where there are more, they are shorter by one."""
GONE = Missing(code=None, message=None, request_id=None)


# --- Drawing ---------------------------------------------------------------------------------------------------


def draw_job(rng, *, waived=True):
    """Draw one declaration of the remote job."""
    expect = draw_expectation(rng) if rng.random() < 0.95 else Absence(source=SOURCE)
    waivers = ()
    if waived and rng.random() < 0.3:
        names = ["status", "job_type", "error_code", "missing", "sub_jobs"] if rng.random() < 0.9 else ["absent"]
        last = NOW.date() + timedelta(days=rng.choice([-1, 0, 5, 40]))
        fields = tuple(rng.sample(names, rng.randint(1, min(2, len(names)))))
        waivers = (Waiver(fields=fields, reason="known", expires=last, source=SOURCE),)
    return Job(
        address="jobs.a",
        provider=PROVIDER,
        job_id="id-a",
        labels={},
        expect=expect,
        source=SOURCE,
        waivers=waivers,
        missing=rng.choice([MissingPolicy.DRIFT, MissingPolicy.DRIFT, MissingPolicy.WAIT]),
    )


def draw_expectation(rng):
    status = draw_status(rng, ["success"])
    fields = [status, *(draw_text(rng, name) for name in VALUES if rng.random() < 0.3)]
    return Expectation(fields=tuple(fields), sub_jobs=draw_sub_jobs(rng) if rng.random() < 0.75 else None)


def draw_status(rng, usual):
    words = usual if rng.random() < 0.6 else rng.sample(WORDS, rng.randint(1, 3))
    return FieldExpectation(field=Field.STATUS, accept=tuple(words), source=SOURCE)


def draw_text(rng, name):
    values = [*VALUES[name], None]
    accept = rng.sample(values, rng.randint(1, 2))
    if rng.random() < 0.25:
        accept.append(Glob(pattern=rng.choice(GLOBS[name])))
    return FieldExpectation(field=Field(name), accept=tuple(accept), source=SOURCE)


def draw_sub_jobs(rng):
    match = rng.choice(list(Match))
    items = tuple(draw_item(rng, match) for _ in range(rng.randint(0, 3)))
    if items and rng.random() < 0.25:
        items = tuple(rng.choices(items, k=3))
    each = tuple(draw_record(rng)) if rng.random() < 0.25 else ()
    return SubJobsExpectation(
        match=match,
        items=items if rng.random() < 0.9 else None,
        each=each,
        count=draw_count(rng) if rng.random() < 0.25 else None,
        source=SOURCE,
    )


def draw_record(rng):
    fields = []
    if rng.random() < 0.8:
        fields.append(draw_text(rng, "job_type"))
    if rng.random() < 0.6:
        fields.append(draw_status(rng, ["success"]))
    if rng.random() < 0.08:
        fields.append(draw_text(rng, "error_code"))
    if rng.random() < 0.08:
        least, most = rng.choice(LENGTHS)
        fields.append(SpanExpectation(span=Span.DURATION, min=least, max=most, source=SOURCE))
    return fields


def draw_item(rng, match):
    count = Count(min=1, max=1) if match in (Match.EXACT, Match.ORDERED) else Count(min=1, max=None)
    if match is not Match.NONE and rng.random() < 0.3:
        count = draw_count(rng)
    return Item(fields=tuple(draw_record(rng)), count=count, source=SOURCE)


def draw_count(rng):
    least = rng.randint(0, 2)
    return Count(min=least, max=rng.choice([None, least, least + 1]))


def change_job(rng, job):
    """Draw a job that differs from another one in one thing, or in nothing."""
    other = draw_job(rng)
    if rng.random() < 0.2 or isinstance(job.expect, Absence) or isinstance(other.expect, Absence):
        return other
    changed = rng.choice(["fields", "sub_jobs", "waivers", "missing", "items", "each", "count", "match"])
    if changed in ("waivers", "missing"):
        return replace(job, **{changed: getattr(other, changed)})
    if changed in ("fields", "sub_jobs"):
        return replace(job, expect=replace(job.expect, **{changed: getattr(other.expect, changed)}))
    if job.expect.sub_jobs is None or other.expect.sub_jobs is None:
        return other
    mixed = replace(job.expect.sub_jobs, **{changed: getattr(other.expect.sub_jobs, changed)})
    return replace(job, expect=replace(job.expect, sub_jobs=mixed))


# --- The domain ------------------------------------------------------------------------------------------------


def find_by_force(passing, stopping, at):
    """Find an answer of the domain that one job lets through and the other stops, by judging them all; or None."""
    jobs = [passing, stopping]
    if lets_through(passing, GONE, at) and not lets_through(stopping, GONE, at):
        return GONE
    lists, _ = list_sub_jobs(jobs)
    values = [list(dict.fromkeys([*each, None])) for each in _list_values(_list_fields(jobs))]
    for status in WORDS:
        bare = observed(status)
        heads = [replace(bare, job_type=each, error_code=code) for each, code in product(*values)]
        # A finding is about the job's own fields or about its sub-jobs, so each of them is judged once.
        own = [[lets_through(_without_sub_jobs(job), head, at) for job in jobs] for head in heads]
        parts = [
            [lets_through(_with_sub_jobs_alone(job), replace(bare, sub_jobs=each), at) for job in jobs]
            for each in lists
        ]
        for (head, ours), (listed, theirs) in product(zip(heads, own, strict=True), zip(lists, parts, strict=True)):
            if ours[0] and theirs[0] and not (ours[1] and theirs[1]):
                return replace(head, sub_jobs=listed)
    return None


def lets_through(job, answer, at):
    """Judge one answer: everything holds, or is wrong for good and waived."""
    waived = {name for each in job.waivers if at.date() <= each.expires for name in each.fields}
    findings = judge_job(job, answer, now=at).findings
    return all(
        each.truth is Truth.HOLDS
        or (each.truth is Truth.CANNOT_HOLD and each.path.split("[")[0].split(".")[0] in waived)
        for each in findings
    )


def _without_sub_jobs(job):
    if isinstance(job.expect, Absence):
        return job
    return replace(job, expect=replace(job.expect, sub_jobs=None))


def _with_sub_jobs_alone(job):
    """Return the job without assertions that are judged with its head."""
    return job if isinstance(job.expect, Absence) else replace(job, expect=replace(job.expect, fields=()))


def _list_fields(jobs):
    return [field for job in jobs if isinstance(job.expect, Expectation) for field in job.expect.fields]


def list_sub_jobs(jobs):
    """List all lists of the domain, in every order only where that counts."""
    listed = [job.expect.sub_jobs for job in jobs if isinstance(job.expect, Expectation) and job.expect.sub_jobs]
    parts = [part for each in listed for part in (each.each, *(item.fields for item in each.items or ()))]
    asserted = [field for part in parts for field in part]
    texts = [field for field in asserted if isinstance(field, FieldExpectation)]
    times = [NO_TIMES] if texts == asserted else TIMES
    bare = [sub_job(*each) for each in product(WORDS, *_list_values(texts))]
    records = [replace(each, begin_time=begin, end_time=end) for each, (begin, end) in product(bare, times)]
    ordered = any(each.match is Match.ORDERED for each in listed)
    lists, longest = [()], 0
    for size in range(1, MOST_SUB_JOBS + 1) if listed else ():
        longer = product(records, repeat=size) if ordered else combinations_with_replacement(records, size)
        longer = list(islice(longer, MOST_LISTS))
        if len(lists) + len(longer) > MOST_LISTS:
            break
        lists += longer
        longest = size
    return lists, longest


def _list_values(assertions):
    """List the values of each field, None where it matters: of a field that nobody asserts, or may be absent."""
    return [list(_list_values_of(name, [each for each in assertions if each.field == name])) for name in VALUES]


def _list_values_of(name, assertions):
    accepted = [accepted for each in assertions for accepted in each.accept]
    globs = any(isinstance(each, Glob) for each in accepted)
    if not assertions or None in accepted or globs:
        yield None
    if assertions:
        yield from VALUES[name]
        yield from BEYOND[name][: 2 if globs else 1]


def passes(job, answer, at):
    """Ask the gate itself, beside another job that is in sync."""
    other = replace(job, address="jobs.b", job_id="id-b", waivers=(), expect=_SUCCESS)
    manifest = Manifest(files=(), providers={"otc": PROVIDER}, jobs=(job, other))
    plan = make_plan(manifest, [answer, observed("success", job_id="id-b")], now=at, origins={})
    return plan.exit_code is ExitCode.IN_SYNC


_SUCCESS = Expectation(
    fields=(FieldExpectation(field=Field.STATUS, accept=("success",), source=SOURCE),), sub_jobs=None
)


# --- Trials ----------------------------------------------------------------------------------------------------


def try_pair(seed):
    """Compare one random pair with brute force; return what is wrong, in a line, or None."""
    rng = random.Random(seed)
    old = draw_job(rng)
    new = change_job(rng, old)
    terms = [state_terms(job, NOW.date()) for job in (old, new)]
    gaps = list_gaps([terms[1]], terms[0], NOW)
    confirmed = None
    for gap in gaps:
        answer = replace(gap.answer, job_id="id-a") if isinstance(gap.answer, Observed) else gap.answer
        if passes(new, answer, gap.at) and not passes(old, answer, gap.at):
            confirmed = gap
            break
        if gap.certain:
            return f"seed {seed}: {gap} is no witness for {old} and {new}"
    days = {0, *((each.expires - NOW.date()).days + 1 for job in (old, new) for each in job.waivers)}
    instants = [NOW + timedelta(days=each) for each in sorted(days) if each >= 0]
    found = next((found for at in instants if (found := find_by_force(new, old, at)) is not None), None)
    if found and not confirmed and all(gap.certain for gap in gaps):
        return f"seed {seed}: {found} was not found for {old} and {new}"
    size = len(confirmed.answer.sub_jobs) if confirmed and isinstance(confirmed.answer, Observed) else 0
    if confirmed and not found and size <= list_sub_jobs([old, new])[1]:
        return f"seed {seed}: brute force misses {confirmed}"
    return None
