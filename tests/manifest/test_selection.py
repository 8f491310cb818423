"""Which jobs a run is about: never fewer than was asked for, and never none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from steps import measure_growth

from reconcile.errors import DocumentError, UsageError
from reconcile.manifest.selection import read_target_file, select_jobs

JOBS = """
version: 1
providers:
  otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}
  other: {api: sfs-turbo, cloud: otc, region: eu-nl, project_id: p2}
defaults: {provider: otc}
jobs:
  bind-ldap: {job_id: "1", labels: {tier: web, zone: a}}
  bind-dns: {job_id: "2", labels: {tier: web, zone: b}}
  expand:
    for_each: {a: "3", "b*": "6"}
    job_id: "${each.value}"
    labels: {tier: db, note: ""}
  expand-late: {job_id: "4", provider: other}
  plain: {job_id: "5"}
"""


@pytest.fixture(scope="module")
def manifest(load):
    return load(JOBS)


def select(manifest, *targets, selectors=()):
    return [job.address for job in select_jobs(manifest, targets=targets, selectors=selectors).jobs]


def refuse(manifest, *targets, selectors=()):
    with pytest.raises(UsageError) as raised:
        select_jobs(manifest, targets=targets, selectors=selectors)
    return [(each.code.value, each.message, each.hint) for each in raised.value.diagnostics]


LDAP, DNS, LATE, PLAIN = "jobs.bind-ldap", "jobs.bind-dns", "jobs.expand-late", "jobs.plain"
A, B = 'jobs.expand["a"]', 'jobs.expand["b*"]'


@pytest.mark.parametrize(
    ("targets", "selected"),
    [
        ([], [LDAP, DNS, A, B, LATE, PLAIN]),
        ([LDAP], [LDAP]),
        ([PLAIN, LDAP, PLAIN], [LDAP, PLAIN]),
        (["jobs.expand"], [A, B]),
        ([A], [A]),
        ([B], [B]),
        (['jobs.expand["*"]'], [A, B]),
        (["jobs.bind-*", PLAIN], [LDAP, DNS, PLAIN]),
        (["jobs.expan?"], [A, B]),
        (["*"], [LDAP, DNS, A, B, LATE, PLAIN]),
    ],
    ids=lambda value: " ".join(value) or "none" if isinstance(value, list) else None,
)
def test_targets_are_a_union_in_the_order_of_the_manifest(manifest, targets, selected):
    assert select(manifest, *targets) == selected


@pytest.mark.parametrize(
    ("selectors", "selected"),
    [
        (["tier=web"], [LDAP, DNS]),
        (["tier==web"], [LDAP, DNS]),
        (["tier!=web"], [A, B, LATE, PLAIN]),
        (["tier"], [LDAP, DNS, A, B]),
        (["!tier"], [LATE, PLAIN]),
        (["note="], [A, B]),
        (["tier=web,zone!=a"], [DNS]),
        ([" tier = web , ! note "], [LDAP, DNS]),
        (["tier=web", "zone=a"], [LDAP]),
    ],
    ids=str,
)
def test_selectors_are_all_met(manifest, selectors, selected):
    assert select(manifest, selectors=selectors) == selected


def test_targets_and_selectors_both_hold(manifest):
    assert select(manifest, "jobs.bind-*", selectors=["zone=b"]) == [DNS]


def test_providers_that_nothing_is_asked_of_are_left_out(manifest):
    assert list(select_jobs(manifest, targets=[LDAP], selectors=[]).providers) == ["otc"]
    assert list(select_jobs(manifest, targets=["*"], selectors=[]).providers) == ["otc", "other"]


@pytest.mark.parametrize(
    ("targets", "selectors", "message", "hint"),
    [
        (["jobs.bind-ldpa"], [], "by --target 'jobs.bind-ldpa'", "did you mean 'jobs.bind-ldap'?"),
        (["jobs.zzz-*"], [], "by --target 'jobs.zzz-*'", "addresses here: jobs.bind-ldap, jobs.bind-dns, jobs.expand"),
        ([], ["tier=wbe"], "no job has 'tier=wbe'", "did you mean 'tier=web'? labels here: tier=web, zone=a, zone=b"),
        ([], ["tier=web,owner"], "no job among the 2 that the other options select has 'owner'", "labels here: tier"),
        (["jobs.plain"], ["tier=web"], "no job among the 1 that", "they have no labels"),
    ],
    ids=["C03-target", "C03-glob", "C03-selector", "C03-together", "C03-no-labels"],
)
def test_selecting_nothing_is_an_error_that_names_what_there_is(manifest, targets, selectors, message, hint):
    ((code, said, advice),) = refuse(manifest, *targets, selectors=selectors)
    assert code == "RC003"
    assert said.startswith("0 of 6 jobs selected")
    assert message in said
    assert advice.startswith(hint)


def test_each_target_that_names_nothing_is_told_even_beside_others__C04(manifest):
    told = refuse(manifest, LDAP, "jobs.bind-dsn", "jobs.expend", 'jobs.expand["c"]')
    assert [(code, hint) for code, _, hint in told] == [
        ("RC003", "did you mean 'jobs.bind-dns'?"),
        ("RC003", "did you mean 'jobs.expand'?"),
        ("RC003", """did you mean 'jobs.expand["a"]'?"""),
    ]


@pytest.mark.parametrize(
    "selector",
    ["", " ", ",", "tier=web,", "=web", "!tier=web", "tier=a=b", "tier in (web,db)", "tier>1", "!", "tièr=web"],
)
def test_a_malformed_selector_shows_the_grammar(manifest, selector):
    ((code, message, hint),) = refuse(manifest, selectors=[selector])
    assert code == "RC001"
    assert message.startswith(f"--selector '{selector}' cannot be read")
    assert "KEY!=VALUE" in hint


@given(key=st.sampled_from(["tier", "zone", "note", "other"]), value=st.sampled_from(["web", "a", "", "x"]))
def test_a_demand_and_its_opposite_part_the_jobs(manifest, key, value):
    for demand, opposite in ((f"{key}={value}", f"{key}!={value}"), (key, f"!{key}")):
        parts = []
        for selector in (demand, opposite):
            try:
                parts += select(manifest, selectors=[selector])
            except UsageError:
                continue
        assert sorted(parts) == sorted(select(manifest))


def test_the_work_grows_as_jobs_and_targets_do(manifest):
    def work(many):
        addresses = [f'jobs.expand["{n}"]' for n in range(many)]
        large = replace(manifest, jobs=tuple(replace(manifest.jobs[0], address=address) for address in addresses))
        assert len(select(large, *addresses[: many // 2])) == many // 2
        assert refuse(large, "jobs.*-nothing", "jobs.expnad")

    assert measure_growth(work, 1_000) < 2.5


# --- Files of targets, and exclusions --------------------------------------------------------------------------


def write(tmp_path, text):
    path = tmp_path / "targets.txt"
    path.write_text(text)
    return {str(path): read_target_file(str(path))}


def test_a_file_of_targets_adds_to_the_typed_ones(manifest, tmp_path):
    files = write(tmp_path, f"# the web tier\n\n  jobs.bind-* \n{A}\n#jobs.plain\n")
    selected = select_jobs(manifest, targets=[LATE], files=files)
    assert [job.address for job in selected.jobs] == [LDAP, DNS, A, LATE]
    assert selected.selection == (f"--target {LATE}", f"--target-file {tmp_path}/targets.txt")


def test_a_file_of_targets_names_the_line_of_each_that_names_no_job(manifest, tmp_path):
    files = write(tmp_path, "jobs.plain\n  jobs.bind-ldpa\njobs.x*\n")
    with pytest.raises(UsageError) as raised:
        select_jobs(manifest, files=files)
    first, second = raised.value.diagnostics
    assert (first.source.line, first.source.column, first.excerpt) == (2, 3, "  jobs.bind-ldpa")
    assert (first.message, first.hint) == (
        "0 of 6 jobs selected by 'jobs.bind-ldpa'",
        "did you mean 'jobs.bind-ldap'?",
    )
    assert second.source.line == 3


@pytest.mark.parametrize("text", ["", "\n\n", "# jobs.plain\n"], ids=repr)
def test_a_file_of_targets_that_names_none_is_no_selection(text, tmp_path):
    with pytest.raises(DocumentError, match="names no job"):
        write(tmp_path, text)


@pytest.mark.parametrize(
    ("options", "selected"),
    [
        ({"excluded": [PLAIN]}, [LDAP, DNS, A, B, LATE]),
        ({"excluded": ["jobs.expand", "jobs.bind-*"]}, [LATE, PLAIN]),
        ({"excluded": [B]}, [LDAP, DNS, A, LATE, PLAIN]),
        ({"targets": ["jobs.bind-*"], "excluded": [DNS]}, [LDAP]),
        ({"targets": ["jobs.bind-*"], "excluded": [DNS, PLAIN]}, [LDAP]),
        ({"excluded": [DNS], "selectors": ["tier=web"]}, [LDAP]),
    ],
    ids=str,
)
def test_excluded_jobs_are_not_selected(manifest, options, selected):
    assert [job.address for job in select_jobs(manifest, **options).jobs] == selected


def test_an_exclusion_that_names_no_job_is_an_error_like_a_target(manifest):
    with pytest.raises(UsageError) as raised:
        select_jobs(manifest, targets=["jobs.nope"], excluded=["jobs.plian", "jobs.z*"])
    assert [(each.message, each.hint) for each in raised.value.diagnostics][1:2] == [
        ("0 of 6 jobs excluded by --exclude 'jobs.plian'", "did you mean 'jobs.plain'?")
    ]
    assert len(raised.value.diagnostics) == 3


def test_to_exclude_everything_is_an_error(manifest):
    with pytest.raises(UsageError) as raised:
        select_jobs(manifest, targets=[LDAP], excluded=["jobs.bind-*"])
    (only,) = raised.value.diagnostics
    assert (only.code.value, only.message) == (
        "RC003",
        "0 of 6 jobs selected: --exclude 'jobs.bind-*' leaves none",
    )


def test_u44_of_many_wrong_targets_the_first_thousand_are_explained(load):
    many = load(JOBS + "".join(f'  j{n}: {{job_id: "n{n}"}}\n' for n in range(2_000)))
    with pytest.raises(UsageError) as raised:
        select_jobs(many, targets=[f"jobs.wrong-{n}" for n in range(2_000)])
    assert len(raised.value.diagnostics) == 1_000


def test_u44_the_work_of_targets_that_name_nothing_grows_as_they_and_the_jobs_do(manifest):
    def work(many):
        large = replace(
            manifest, jobs=tuple(replace(manifest.jobs[0], address=f"jobs.job-{number}") for number in range(many))
        )
        wrong = [f"{'z' * 40}{number}" for number in range(many // 10)]
        patterns = [f"jobs.none-{number}*" for number in range(many // 10)]
        assert len(refuse(large, *wrong, *patterns)) == len(wrong) + len(patterns)

    assert measure_growth(work, 1_000) < 2.5


def test_u44_more_patterns_than_there_is_time_for_are_refused(manifest):
    jobs = tuple(replace(manifest.jobs[0], address=f"jobs.job-{number}{'a' * 50}") for number in range(10_000))
    ((code, said, hint),) = refuse(replace(manifest, jobs=jobs), *(f"?{number}*" for number in range(100)))
    assert (code, "too many addresses" in said, "--selector" in hint) == ("RC105", True, True)
