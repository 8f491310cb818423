"""Two hundred weakenings, tightenings and rewrites, drawn from each way to weaken each kind of key."""

import json
import random
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from reconcile.cli.judging import make_judge
from reconcile.manifest import load_manifests
from reconcile.model.review import Relation
from reconcile.review import review_manifests

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PROVIDERS = {"otc": {"api": "sfs-turbo", "cloud": "otc", "region": "eu-de", "project_id": "p1"}}
DEFAULTS = {"expect": {"status": ["running", "success"]}}
JOBS = 200
CLAIMS = (Relation.WEAKER, Relation.DIFFERENT)
TEXTS = ["job_type", "error_code", "fail_reason"]
TIMES = ["begin_time", "end_time"]
LENGTHS = ["duration", "age"]

# --- Ways to weaken what one key expects: (rng) -> its strong and its weak value, None in the place of a weak one that
# --- is not there.


def draw_words(rng):
    return rng.sample(["bind", "create", "delete", "extend", "SFS.0001", "SFS.0005", "quota exceeded"], 3)


def widen(rng):
    first, second, third = draw_words(rng)
    return first, rng.sample([first, second, third], 3)


def allow_none(rng):
    first, second, _ = draw_words(rng)
    return [first, second], [second, None, first]


def turn_into_glob(rng):
    first = draw_words(rng)[0]
    return first, {"glob": f"{first[: rng.randint(1, len(first))]}*"}


def widen_glob(rng):
    first = draw_words(rng)[0]
    return {"glob": f"{first}*"}, {"glob": f"{first[:-1]}{rng.choice(['*', '?*'])}"}


def stop_expecting(rng):
    return rng.choice([*draw_words(rng), draw_words(rng), {"glob": "?*a*"}]), None


TEXT_WAYS = [widen, allow_none, turn_into_glob, widen_glob, stop_expecting]


def write_instant(moment):
    return moment.isoformat().replace("+00:00", "Z")


def draw_bounds(rng):
    after = NOW - timedelta(hours=rng.randint(10, 200), seconds=rng.randint(0, 59))
    return after, after + timedelta(minutes=rng.randint(1, 20_000))


def begin_earlier(rng):
    after, before = draw_bounds(rng)
    earlier = after - timedelta(seconds=rng.choice([1, 60, 86_400]))
    return ({"after": write_instant(each), "before": write_instant(before)} for each in (after, earlier))


def end_later(rng):
    after, before = draw_bounds(rng)
    later = before + timedelta(seconds=rng.choice([1, 60, 86_400]))
    return ({"after": write_instant(after), "before": write_instant(each)} for each in (before, later))


def open_bound(rng):
    bounds = dict(zip(("after", "before"), map(write_instant, draw_bounds(rng)), strict=True))
    return bounds, dict([rng.choice(list(bounds.items()))])


def stop_expecting_time(rng):
    return dict([rng.choice(list(open_bound(rng)[0].items()))]), None


TIME_WAYS = [begin_earlier, end_later, open_bound, stop_expecting_time]


def draw_lengths(rng):
    least = rng.randint(5, 5_000)
    return least, least + rng.randint(1, 50_000)


def allow_longer(rng):
    least, most = draw_lengths(rng)
    return ({"min": f"{least}s", "max": f"{each}s"} for each in (most, most + rng.randint(1, 5_000)))


def allow_shorter(rng):
    least, most = draw_lengths(rng)
    return ({"min": f"{each}s", "max": f"{most}s"} for each in (least, rng.randint(1, least - 1)))


def open_length(rng):
    bounds = dict(zip(("min", "max"), (f"{each}s" for each in draw_lengths(rng)), strict=True))
    return bounds, dict([rng.choice(list(bounds.items()))])


def stop_expecting_length(rng):
    return {"max": f"{draw_lengths(rng)[1]}s"}, None


LENGTH_WAYS = [allow_longer, allow_shorter, open_length, stop_expecting_length]
KEYS = {
    **dict.fromkeys(TEXTS, TEXT_WAYS),
    **dict.fromkeys(TIMES, TIME_WAYS),
    **dict.fromkeys(LENGTHS, LENGTH_WAYS),
}


def weaken_status(rng):
    words = rng.sample(["running", "waiting", "failed"], rng.randint(1, 2))
    return "success", ["success", *words]


# --- Ways to weaken what is expected of sub-jobs -------------------------------------------------------------------


def end_of(key):
    """Return the status of what can have a key: only failures have a code and a reason."""
    return "failed" if key in ("error_code", "fail_reason") else "success"


def set_key(tree, key, value):
    return tree if value is None else {**tree, key: value}


def weaken_item(rng, match, key, way):
    first, second, third = draw_words(rng)
    others = [{"job_type": first}, {"job_type": second, "status": "success"}][: rng.randint(0, 2)]
    item = {"job_type": third, "status": end_of(key)} if key != "job_type" else {"status": "success"}
    pair = [{"match": match, "items": [*others, set_key(item, key, each)]} for each in way(rng)]
    return pair if match != "none" else pair[::-1]


def weaken_each(rng, key, way):
    return [{"each": set_key({"status": end_of(key)}, key, each), "count": {"max": 9}} for each in way(rng)]


def weaken_match(rng, strong, weak):
    items = [{"job_type": each} for each in draw_words(rng)[: rng.randint(2, 3)]]
    return [{"match": each, "items": items} for each in (strong, weak)]


def drop_item(rng):
    items = [{"job_type": each} for each in draw_words(rng)]
    match = rng.choice(["contains", "none"])
    kept = [each for each in items if each is not rng.choice(items)][:2]
    return [{"match": match, "items": each} for each in (items, kept)]


def weaken_count_of_items(rng, match):
    least, most = rng.randint(1, 3), rng.randint(3, 5)
    weaker = rng.choice([{"min": least - 1, "max": most}, {"min": least, "max": most + 1}, {"min": least}])
    items = [[{"job_type": draw_words(rng)[0], "count": each}] for each in ({"min": least, "max": most}, weaker)]
    items[1][0]["job_type"] = items[0][0]["job_type"]
    return [{"match": match, "items": each} for each in items]


def weaken_count(rng):
    least, most = rng.randint(1, 20), rng.randint(20, 40)
    weaker = rng.choice([{"min": least - 1, "max": most}, {"min": least, "max": most + 1}, {"max": most}])
    return [{"count": each} for each in ({"min": least, "max": most}, weaker)]


def drop_sub_jobs(rng):
    words = draw_words(rng)
    return rng.choice([words, {"match": "contains", "items": [{"job_type": words[0]}]}]), None


# --- Ways to weaken a job ------------------------------------------------------------------------------------------


def add_waiver(rng):
    fields = rng.sample(["status", "job_type", "sub_jobs", "duration"], rng.randint(1, 3))
    waiver = {"fields": fields, "reason": "known", "expires": write_day(rng.randint(0, 60))}
    return {}, {"waivers": [waiver]}


def lengthen_waiver(rng):
    days = rng.randint(0, 60)
    waivers = [{"fields": ["status"], "reason": "known", "expires": write_day(each)} for each in (days, days + 1)]
    return ({"waivers": [each]} for each in waivers)


def widen_waiver(rng):
    expires = write_day(rng.randint(0, 60))
    fields = rng.sample(["status", "job_type", "sub_jobs", "duration"], 4)
    return ({"waivers": [{"fields": each, "reason": "known", "expires": expires}]} for each in (fields[:2], fields))


def write_day(days):
    return (NOW + timedelta(days=days)).date().isoformat()


def wait_for_missing(rng):
    return {"missing": "drift"}, {"missing": "wait"}


def wait_longer(rng):
    minutes = rng.randint(1, 90)
    return {"timeout": f"{minutes}m"}, rng.choice([{"timeout": f"{minutes + 1}m"}, {}])


WAIVED = {"job_type": "bind", "duration": {"max": "1h"}, "sub_jobs": ["create"]}


def list_ways():
    """List all ways to weaken a job, by name: (rng) -> the parts of a strong and of a weak job."""
    ways = {"status": expect("status", weaken_status)}
    pairs = [(key, way) for key, of_key in KEYS.items() for way in of_key]
    for key, way in pairs:
        ways[f"{key} {way.__name__}"] = expect(key, way, end_of(key))
    for number, (key, way) in enumerate((key, way) for key, way in pairs if key != "age"):  # sub-jobs have no age
        match = ("exact", "ordered", "contains", "none")[number % 4]
        of_each = partial(weaken_each, key=key, way=way)
        of_item = partial(weaken_item, match=match, key=key, way=way)
        ways[f"each {key} {way.__name__}"] = expect("sub_jobs", of_each, end_of(key))
        ways[f"item of {match} {key} {way.__name__}"] = expect("sub_jobs", of_item, end_of(key))
    for strong, weak in (("ordered", "exact"), ("exact", "contains"), ("ordered", "contains")):
        ways[f"{strong} to {weak}"] = expect("sub_jobs", partial(weaken_match, strong=strong, weak=weak))
    for match in ("exact", "ordered", "contains"):
        ways[f"count of {match}"] = expect("sub_jobs", partial(weaken_count_of_items, match=match))
    for way in (drop_item, weaken_count, drop_sub_jobs):
        ways[way.__name__] = expect("sub_jobs", way)
    for way in (add_waiver, lengthen_waiver, widen_waiver, wait_for_missing, wait_longer):
        ways[way.__name__] = partial(weaken_job, way=way)
    return ways


def weaken_job(rng, way):
    return ({"expect": WAIVED, **each} for each in way(rng))


def expect(key, way, status="success"):
    """Return a way to weaken a job of this status by what one key expects, beside other expectations."""

    def weaken(rng):
        others = {"job_type": "bind", "duration": {"max": "9h"}, "sub_jobs": {"count": {"max": 50}}}
        kept = {name: value for name, value in others.items() if name != key and rng.random() < 0.4}
        if status != "success":
            kept["status"] = status
        return ({"expect": set_key(kept, key, value)} for value in way(rng))

    return weaken


WAYS = list_ways()


@pytest.fixture(scope="module")
def pairs():
    """Draw the jobs of two manifests, one strong and one weak, by name."""
    names = list(WAYS)
    strong, weak = {}, {}
    for number in range(JOBS):
        rng = random.Random(number)
        way = names[number % len(names)]
        name = f"j{number}-{way.replace(' ', '-')}"
        strong[name], weak[name] = ({"job_id": f"id-{number}", **each} for each in WAYS[way](rng))
    return strong, weak


@pytest.fixture
def compare(tmp_path):
    """Review two manifests, given as trees; return the jobs whose relation is not the one that is meant."""

    def load(tree, name):
        path = tmp_path / name
        path.write_text(json.dumps({"version": 1, "providers": PROVIDERS, **tree}, indent=1))
        return load_manifests([str(path)], now=NOW, offline=True)

    def run(old, new, meant):
        review = review_manifests(load(old, "old.json"), load(new, "new.yaml"), make_judge(), now=NOW)
        assert len(review.jobs) == JOBS
        assert all((job.witness is not None) == (job.relation in CLAIMS) for job in review.jobs)
        return [(job.address, job.relation) for job in review.jobs if job.relation is not meant]

    return run


def test_every_way_is_drawn_and_every_weakening_is_found(compare, pairs):
    assert len(WAYS) <= JOBS
    strong, weak = ({"jobs": each, "defaults": DEFAULTS} for each in pairs)
    assert compare(strong, weak, Relation.WEAKER) == []


def test_no_tightening_is_taken_for_a_weakening(compare, pairs):
    strong, weak = ({"jobs": each, "defaults": DEFAULTS} for each in pairs)
    assert compare(weak, strong, Relation.STRONGER) == []


# --- The same in other words ---------------------------------------------------------------------------------------


def inline_defaults(jobs):
    return {"jobs": {name: {**job, "expect": {**DEFAULTS["expect"], **job["expect"]}} for name, job in jobs.items()}}


def reorder(jobs):
    return {"defaults": DEFAULTS, "jobs": turn(jobs)}


def turn(tree):
    if isinstance(tree, dict):
        return {key: turn(tree[key]) for key in reversed(tree)}
    if isinstance(tree, list) and not any(isinstance(each, dict) for each in tree):
        return tree[::-1] if None in tree else tree
    return [turn(each) for each in tree] if isinstance(tree, list) else tree


def use_for_each(jobs):
    """Make a for_each over one id of each job, under another name."""
    each = {f"of-{name}": {**job, "for_each": [job["job_id"]], "job_id": "${each.value}"} for name, job in jobs.items()}
    return {"defaults": DEFAULTS, "jobs": each}


def use_variables(jobs):
    """Give the ids by defaults of variables."""
    variables = {f"v{number}": {"default": job["job_id"]} for number, job in enumerate(jobs.values())}
    own = {name: {**job, "job_id": f"${{var.v{number}}}"} for number, (name, job) in enumerate(jobs.items())}
    return {"defaults": DEFAULTS, "variables": variables, "jobs": own}


@pytest.mark.parametrize("rewrite", [inline_defaults, reorder, use_for_each, use_variables], ids=lambda x: x.__name__)
def test_the_same_in_other_words_is_equal(compare, pairs, rewrite):
    for jobs in pairs:
        old = {"defaults": DEFAULTS, "jobs": jobs}
        assert compare(old, rewrite(jobs), Relation.EQUAL) == []
        assert compare(rewrite(jobs), old, Relation.EQUAL) == []
