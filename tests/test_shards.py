"""Every job is in one shard, and only all shards of one run can be merged."""

import random
from datetime import timedelta

import pytest
from builders import NOW, PROVIDER, SOURCE, job, manifest, observed
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.errors import DocumentError, UsageError
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Deal, Order
from reconcile.model.observation import Timing
from reconcile.model.plan import ExitCode
from reconcile.model.value import SENSITIVE
from reconcile.plan import derive_plan, make_failed_evidence
from reconcile.report import FORMATS, render_plan
from reconcile.report.style import PLAIN
from reconcile.shards import measure_rates, merge_shards, take_shard

JOBS = 1_000


def evidence_of(declared, **changes):
    evidence = Evidence(
        tool="1",
        manifest=declared,
        observations=tuple(
            observed("failed" if each.job_id.endswith("7") else "success", job_id=each.job_id) for each in declared.jobs
        ),
        remarks=((),) * len(declared.jobs),
        origins={},
        judged_at=NOW,
        since=NOW,
        strict=False,
        soft_fail=False,
        ended_by=None,
    )
    return replace(evidence, **changes)


DECLARED = manifest(*(job(name=f"j{n}") for n in range(JOBS)))


def shards_of(total, declared=DECLARED, run="run 1"):
    return [(f"plan-{n}.json", evidence_of(take_shard(declared, n, total, run=run))) for n in range(1, total + 1)]


@pytest.mark.parametrize("total", range(1, 17))
def test_all_shards_in_any_order_are_the_plan_of_one_run(total):
    shards = shards_of(total)
    sizes = [len(evidence.manifest.jobs) for _, evidence in shards]
    assert max(sizes) - min(sizes) <= 1
    random.Random(total).shuffle(shards)
    merged, whole = derive_plan(merge_shards(shards)), derive_plan(evidence_of(DECLARED))
    assert merged == whole
    for name in ("text", "json", "junit"):
        assert name in FORMATS
        one, two = (render_plan(plan, format_name=name, style=PLAIN) for plan in (merged, whole))
        assert one == two


def test_the_deal_does_not_depend_on_the_order_of_the_jobs():
    turned = replace(DECLARED, jobs=DECLARED.jobs[::-1])
    assert {each.address for each in take_shard(DECLARED, 2, 7).jobs} == {
        each.address for each in take_shard(turned, 2, 7).jobs
    }


def test_each_shard_has_its_part_of_each_provider():
    """Its rate is a part of that of each, so a shard with more of one would take longer than all others."""
    providers = [replace(PROVIDER, name=name) for name in ("a", "b", "c")]
    jobs = [replace(job(name=f"j{n}"), provider=providers[n % 5 % 3]) for n in range(JOBS)]
    shards = [take_shard(manifest(*jobs), index, 7) for index in range(1, 8)]
    for provider in providers:
        counts = [sum(each.provider is provider for each in shard.jobs) for shard in shards]
        assert max(counts) - min(counts) <= 1


def test_more_shards_than_jobs_would_check_nothing():
    with pytest.raises(UsageError, match=r"RC003 4 shards are too many for 3 jobs"):
        take_shard(replace(DECLARED, jobs=DECLARED.jobs[:3]), 1, 4)
    first = job(name="first")
    second = replace(job(name="second"), after=Order(address=first.address, source=SOURCE))
    with pytest.raises(UsageError, match=r"for 1 job or chain of jobs linked by 'after'"):
        take_shard(manifest(first, second), 1, 2)


@pytest.mark.parametrize("total", range(2, 17))
def test_a_shard_that_is_dropped_doubled_or_swapped_is_found(total):
    chance = random.Random(total)
    at = chance.randrange(total)
    shards = shards_of(total)
    dropped = shards[:at] + shards[at + 1 :]
    doubled = [*shards, shards[at]]
    replaced = [*dropped, dropped[0]]
    foreign = [*dropped, shards_of(total, replace(DECLARED, jobs=DECLARED.jobs[1:]))[at]]
    for wrong in (dropped, doubled, replaced, foreign):
        with pytest.raises(DocumentError, match=r"RC015"):
            merge_shards(wrong)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"tool": "2"}, "another version"),
        ({"origins": {"otc": "https://elsewhere"}}, "other endpoints"),
        ({"strict": True}, "another --strict"),
        ({"soft_fail": True}, "another --soft-fail"),
    ],
)
def test_shards_of_different_runs_are_told_apart(change, what):
    (_, one), (name, two) = shards_of(2)
    with pytest.raises(DocumentError, match=what):
        merge_shards([("a", one), (name, replace(two, **change))])


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        (("run 1", "run 2"), "from different runs: run 2 and not run 1"),
        (("run 1", None), "from different runs: a run without an id and not run 1"),
    ],
)
def test_equal_shards_of_runs_with_other_names_are_told_apart(runs, told):
    one, two = (shards_of(2, run=run)[number] for number, run in enumerate(runs))
    with pytest.raises(DocumentError, match=told):
        merge_shards([one, two])


@pytest.mark.parametrize(("total", "strict", "codes"), [(2, False, ["RC018"]), (2, True, []), (1, False, [])])
def test_shards_of_a_run_without_a_name_are_doubted(total, strict, codes):
    shards = [(name, replace(evidence, strict=strict)) for name, evidence in shards_of(total, run=None)]
    plan = derive_plan(merge_shards(shards))
    assert [warning.code for warning in plan.warnings] == codes
    assert [error.code for error in plan.errors] == (["RC018"] if strict else [])


def test_shards_of_other_manifests_or_variables_are_told_apart():
    (_, one), (_, two) = shards_of(2)
    (file,) = two.manifest.files
    for other in (replace(file, sha256="0"), replace(file, variables={"tier": "db"})):
        with pytest.raises(DocumentError, match="another manifest or other variables"):
            merge_shards([("a", one), ("b", replace(two, manifest=replace(two.manifest, files=(other,))))])


def test_shards_with_sensitive_variables_are_refused():
    declared = replace(DECLARED, files=(replace(DECLARED.files[0], variables={"code": SENSITIVE}),))
    with pytest.raises(DocumentError, match="sensitive variables"):
        merge_shards(shards_of(2, declared))


def test_jobs_that_were_exchanged_between_shards_are_found():
    (_, one), (_, two) = shards_of(2)
    jobs = (two.manifest.jobs[1], two.manifest.jobs[0], *two.manifest.jobs[2:])
    with pytest.raises(DocumentError, match="not the selected ones"):
        merge_shards([("a", one), ("b", replace(two, manifest=replace(two.manifest, jobs=jobs)))])


def test_u07_a_shard_that_a_signal_cut_short_is_not_merged():
    (name, evidence), second = shards_of(2)
    with pytest.raises(DocumentError, match=r"plan-1\.json: this run was cut short by a signal"):
        merge_shards([(name, replace(evidence, ended_by=ExitCode.TERMINATED)), second])


def test_of_a_shard_that_ended_early_only_that_is_told():
    one, (_, two) = shards_of(2)
    failed = make_failed_evidence([Diagnostic(code=Code.NO_CREDENTIALS, message="no credential")], now=NOW)
    with pytest.raises(DocumentError) as caught:
        merge_shards([("failed.json", failed), one, ("plan-2.json", two)])
    assert [each.message for each in caught.value.diagnostics] == ["failed.json: this run failed: no credential"]


@pytest.mark.parametrize("name", ["positions", "observations", "remarks"])
def test_a_shard_that_does_not_tell_of_each_of_its_jobs_once_is_refused(name):
    (plan, evidence), *others = shards_of(3)
    shard = evidence.manifest.shard
    short = (
        replace(evidence, manifest=replace(evidence.manifest, shard=replace(shard, positions=shard.positions[1:])))
        if name == "positions"
        else replace(evidence, **{name: getattr(evidence, name)[1:]})
    )
    with pytest.raises(DocumentError, match=r"plan-1\.json: it does not list each of its jobs exactly once"):
        merge_shards([(plan, short), *others])


@pytest.mark.parametrize(("name", "told"), [("total", r"\d+ of \d+ shards missing: 3, .*"), ("selected", "each once")])
def test_numbers_that_nobody_can_count_to_are_refused(name, told):
    shards = [
        (
            plan,
            replace(
                evidence, manifest=replace(evidence.manifest, shard=replace(evidence.manifest.shard, **{name: 2**70}))
            ),
        )
        for plan, evidence in shards_of(2)
    ]
    with pytest.raises(DocumentError, match=told):
        merge_shards(shards)


def test_a_whole_run_is_no_shard_and_a_merged_plan_is_as_old_as_its_oldest_part():
    with pytest.raises(DocumentError, match="not of a shard"):
        merge_shards([("a", evidence_of(DECLARED))])
    (_, one), (_, two) = shards_of(2)
    merged = merge_shards([("a", one), ("b", replace(two, judged_at=NOW + timedelta(minutes=5)))])
    assert (merged.since, merged.judged_at) == (NOW, NOW + timedelta(minutes=5))


def test_whole_providers_are_dealt_evenly_and_merged_again():
    sizes = {"a": 5, "b": 4, "c": 3, "d": 2, "e": 2}
    jobs = [
        replace(job(name=f"{name}{n}"), provider=replace(PROVIDER, name=name))
        for name, size in sizes.items()
        for n in range(size)
    ]
    random.Random(1).shuffle(jobs)
    declared = replace(DECLARED, jobs=tuple(jobs), providers={name: replace(PROVIDER, name=name) for name in sizes})
    parts = [take_shard(declared, n, 3, run="run 1", deal=Deal.PROVIDER) for n in (1, 2, 3)]
    dealt = [{each.provider.name for each in part.jobs} for part in parts]
    assert sorted(name for names in dealt for name in names) == sorted(sizes)
    assert sorted(len(part.jobs) for part in parts) == [5, 5, 6]
    assert {part.shard.rate_share for part in parts} == {(1, 1)}
    shards = [(f"{n}.json", evidence_of(part)) for n, part in enumerate(parts)]
    assert derive_plan(merge_shards(shards)).jobs == derive_plan(evidence_of(declared)).jobs
    with pytest.raises(DocumentError, match="another --by"):
        merge_shards([*shards[:2], ("3.json", evidence_of(take_shard(declared, 3, 3, run="run 1")))])
    with pytest.raises(UsageError, match=r"RC003 6 shards are too many for 5 providers"):
        take_shard(declared, 1, 6, deal=Deal.PROVIDER)


def test_the_joint_rate_counts_each_request_once():
    declared = replace(DECLARED, jobs=(*DECLARED.jobs[:3], DECLARED.jobs[0]))
    first = Timing(attempts=3, started=1.0, elapsed=2.0)
    timings = (first, Timing(attempts=1, started=0.5, elapsed=0.1), Timing(), first)
    evidence = evidence_of(declared, timings=timings)
    assert list(measure_rates(evidence)) == [("otc", 4, 2.5)]


@pytest.mark.parametrize("deal", Deal)
def test_a_job_is_in_the_shard_of_the_one_that_it_must_come_after(deal):
    providers = {name: replace(PROVIDER, name=name) for name in "xyz"}
    names = [f"j{n}" for n in range(30)]
    jobs = [replace(job(name=name), provider=providers["xyz"[n % 3]]) for n, name in enumerate(names)]
    for later, earlier in [(3, 0), (6, 3), (9, 3), (25, 4)]:
        jobs[later] = replace(jobs[later], after=Order(address=f"jobs.j{earlier}", source=SOURCE))
    declared = replace(DECLARED, jobs=tuple(jobs), providers=providers)
    dealt = {each.address: number for number in (1, 2, 3) for each in take_shard(declared, number, 3, deal=deal).jobs}
    assert len(dealt) == len(jobs)
    assert all(each.after is None or dealt[each.address] == dealt[each.after.address] for each in jobs)
