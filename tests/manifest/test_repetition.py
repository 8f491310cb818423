"""Jobs that are written alike are read as if no two of them were."""

import io

import pytest
from builders import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconcile.document import Text
from reconcile.errors import DocumentError
from reconcile.manifest import load_manifests
from reconcile.manifest.repetition import parse_repetitive

HEAD = (
    "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p}, eu: {api: sfs-turbo, project_id: q}}\n"
    "defaults:\n  provider: otc\n  labels: {d: e}\n  expect: {error_code: null}\njobs:\n"
)
LABELS = ["labels: {{tier: t{n}, n: {w}}}", "labels:\n      tier: {w}\n      zone: z{n}", 'labels: {{a: "b", c: {w}}}']
JOB_ID = ["job_id: id-{n}", 'job_id: "{n}e65"', "job_id: same # {n}", "x-note: {{job_id: no}}\n    job_id: {w}{n}"]
OTHER = [
    "provider: eu",
    "timeout: 9m",
    "expect: {{status: [running, success], sub_jobs: [a, b]}}",
    "expect:\n      job_type: bind_ldap\n      sub_jobs:\n        match: contains\n        items:\n"
    "          - {{job_type: a, status: success}}\n        each: {{status: success}}",
    "expect: {{absent: true}}",
    "expect:\n      age: {{max: 24h}}\n      end_time: {{after: 2026-11-01T00:00:00Z}}",
    'waivers:\n      - {{fields: [duration], reason: "a, b", expires: 2026-12-01}}',
]
JOB = st.tuples(st.sampled_from(JOB_ID), st.sampled_from(["", *LABELS]), st.sampled_from(["", *OTHER])).flatmap(
    lambda parts: st.permutations([part for part in parts if part])
)
WORD = st.sampled_from(["a", "web", "eu-de-01", "x" * 30])


def write(kinds, words, *, behind=""):
    """Write jobs, with something behind each name."""
    jobs = "".join(
        f"  job-{n}:{behind.format(n=n)}\n"
        + "".join(f"    {line.format(n=n, w=word)}\n" for line in kinds[n % len(kinds)])
        for n, word in enumerate(words)
    )
    return HEAD + jobs


def twice(job):
    return "".join(f"  {name}:\n" + (job.format(n=name) if "{n}" in job else job) for name in ("a", "b"))


def load(content):
    return load_manifests(["-"], now=NOW, stdin=io.BytesIO(content.encode()))


def mean(content):
    """Return what a manifest means, or what is wrong with it; not which file it is."""
    try:
        return replace(load(content), files=())
    except DocumentError as error:
        return [(each.code, each.message, each.source) for each in error.diagnostics]


@settings(max_examples=60, deadline=None)
@given(kinds=st.lists(JOB, min_size=1, max_size=3), words=st.lists(WORD, min_size=12, max_size=16))
def test_jobs_that_are_written_alike_mean_what_they_would_mean_alone(kinds, words):
    content = write(kinds, words)
    # A comment behind the heading, and no entry is looked for.
    unlike = content.replace("jobs:\n", "jobs: #\n")
    assert parse_repetitive(Text("m", unlike)) is None
    assert mean(content) == mean(unlike) == mean(write(kinds, words, behind=" # {n}"))


def test_jobs_that_are_written_alike_are_read_once():
    abridged = parse_repetitive(Text("m", write([[JOB_ID[0], LABELS[0], OTHER[2]]], ["web"] * 50)))
    assert abridged
    assert len(abridged.document.root["jobs"]) == 1
    assert len(abridged.stanzas) == 50


@pytest.mark.parametrize(
    "job",
    [
        "    # {n}: job_id: no\n    job_id: id-{n}  # {n}\n",
        "    job_id: {n}-{n} # labels: {{a: {n}}}\n    labels: {{a: b}}\n  # of the next one\n",
        '    job_id: "{n}" # {n}\n    expect: {{sub_jobs: [a]}} # it\'s |> "{n}"\n',
    ],
)
def test_jobs_may_have_comments_of_their_own(job):
    content = HEAD + "".join(f"  job-{n}:\n{job.format(n=n)}" for n in range(10, 30))
    abridged = parse_repetitive(Text("m", content))
    assert abridged
    assert len(abridged.document.root["jobs"]) == 1
    assert mean(content) == mean(content.replace("jobs:\n", "jobs: #\n"))


def test_jobs_share_what_names_no_place_in_them():
    first, *others = load(write([[JOB_ID[0]]], ["web"] * 50)).jobs
    assert all(job.expect is first.expect for job in others)
    assert len({job.source.line for job in others}) == 49


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("  a: {job_id: x,\n  b: y}\n  c: {job_id: x,\n  d: y}\n", id="stanzas within a flow mapping"),
        pytest.param(
            "  a:\n    job_id: x\n  b: '\n  c:\n    job_id: y\n  '\n  d:\n    job_id: z\n", id="within quotes"
        ),
        pytest.param(
            "  a:\n    job_id: x\n    # no\n      more\n  b:\n    job_id: y\n    # no\n      more\n", id="odd"
        ),
        pytest.param("  a:\n    job_id: z\n    x: >\n     # b\n  b:\n    job_id: z\n    x: >\n     # c\n", id="folded"),
        pytest.param(
            "  a:\n    job_id: z\n    x: '\n     # b'\n  b:\n    job_id: z\n    x: '\n     # c'\n", id="quoted"
        ),
        pytest.param("  a:\n    job_id: x\n      y\n  b:\n    job_id: z\n      y\n", id="an id on two lines"),
        pytest.param("  a:\n    job_id: x\n  A:\n    job_id: y\n", id="names that are alike"),
        pytest.param("  a:\n    job_id: x\n  b:\n    job_id: y\njobs:\n", id="two sections"),
        pytest.param(twice('    job_id: x\n    "for\\u005feach": [x]\n'), id="a declaration in disguise"),
        pytest.param(twice("    # labels: {{a: {n}}}\n    labels: {{a: 'b'}}\n"), id="labels in a comment"),
    ],
)
def test_what_is_not_certainly_alike_is_read_in_full(content):
    assert parse_repetitive(Text("m", HEAD + content)) is None


@pytest.mark.parametrize(
    ("last", "line", "column"),
    [
        pytest.param("    job_id: 26e65\n", 1, 13, id="a number"),
        pytest.param("    job_id: id-1\n    expcet: {}\n", 2, 5, id="an unknown key"),
        pytest.param("    job_id: id-1\n    labels: {a: null}\n", 2, 17, id="a label that is null"),
        pytest.param("    job_id: [\n", 2, 1, id="no YAML"),
        pytest.param("    job_id: id-1\n    expect: {absent: true}\n", 0, 3, id="a contradiction"),
    ],
)
def test_one_wrong_job_among_many_is_told_in_its_place(last, line, column):
    content = write([[JOB_ID[0], OTHER[1]]], ["web"] * 30)
    begin = content.count("\n") + 1
    with pytest.raises(DocumentError) as caught:
        load(content + "  wrong:\n" + last)
    assert [(each.source.line, each.source.column) for each in caught.value.diagnostics] == [(begin + line, column)]


def test_a_warning_is_told_of_each_job_that_it_is_about():
    waiver = "waivers: [{{fields: [age], reason: r, expires: 2026-11-01}}]"
    manifest = load(write([[JOB_ID[0], waiver]], ["web"] * 30))
    assert len({each.source.line for each in manifest.warnings}) == 30
