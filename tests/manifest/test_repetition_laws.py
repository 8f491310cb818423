"""However a file is laid out, reading its jobs in short says what reading it in full says, errors included."""

import io
from itertools import chain

import pytest
from builders import NOW
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconcile.apis import load_api
from reconcile.document import Text, parse_yaml
from reconcile.document.tree import count_tokens
from reconcile.errors import DocumentError, ReconcileError
from reconcile.manifest import load_manifests
from reconcile.manifest.draft import Draft
from reconcile.manifest.repetition import Splitter, parse_repetitive
from reconcile.manifest.values import read_values
from reconcile.model import Manifest

HEAD = (
    "version: 1\n"
    "variables: {ids: {default: [a, b]}, word: {default: web}}\n"
    "providers: {otc: {api: sfs-turbo, project_id: p}, eu: {api: sfs-turbo, project_id: q}}\n"
    "defaults: {provider: otc, labels: {d: '${var.word}'}, expect: {job_type: '${var.ids}'}}\n"
    "x-ids: ignored\n"
    "jobs:\n"
)
IN_FULL = "jobs: #\n"
"""The same heading, in the same place, which the short reading does not know."""

KINDS = [
    "  {name}:\n    job_id: {id}\n",
    "  {name}:\n    job_id: {id}\n    labels: {{tier: {word}, zone: eu}}\n    expect: {{sub_jobs: [a, b]}}\n",
    "  {name}:\n    labels:\n      tier: {word}\n      t/1.2-x: {word}\n    job_id: {id}\n    timeout: 9m\n",
    "  {name}: {{job_id: {id}, labels: {{tier: {word}}}, expect: {{status: failed}}}}\n",
    "  {name}: {{labels: {{tier: {word}}}, job_id: {id}}} # of {{job_id: x}}\n",
    "  {name}:\n    # job_id: {id}\n    job_id: {id}  \n    provider: eu # {word}\n",
    "  {name}:\n    job_id: {id}\n    expect:\n      job_type: >-\n        a\n        job_id: b\n\n"
    "      age: {{max: 1h}}\n",
    "  {name}:\n    x-note: |\n      {word}:\n        job_id: {id}\n    job_id: {id}\n",
    "  {name}:\n    x-note: '\n      {word}:\n      job_id: {id}\n    '\n    job_id: {id}\n",
    "  {name}:\n    job_id: {id}\n    waivers:\n      - {{fields: [age], reason: '{word}', expires: 2026-12-01}}\n",
    "  {name}:\n    job_id: {id}\n    labels: {{a: '${{var.word}}'}}\n    expect: {{sub_jobs: '${{var.ids}}'}}\n",
    "  {name}:\n    for_each: [a, b]\n    job_id: ${{each.key}}\n",
    "  {name}:\n    job_id: {id}\n    expect: {{absent: true}}\n",
]
IDS = [
    "id-{n}",
    '"{n}-7"',
    "same",
    "26e65",
    "{n}e65",
    "{n}e-7",
    "{n}x-e",
    "0123",
    "12:30",
    "'q{n}'",
    "null",
    "a b",
    "{n}",
    "x{n}\n      y",
]
WORDS = ["web", "w{n}", "null", "true", "1.0", "no", "12:30", '"q"', "a/b", "x" * 70, "", "t, tier: u", "a b"]
NAMES = ["job-{n}", "J{n}", "job-{n}:x", "null", "x-{n}", '"q{n}"', "job", "'{n}'", "n" * 64 + "{n}"]

COMMON = st.tuples(st.just(NAMES[0]), st.sampled_from(IDS[:2]), st.sampled_from(WORDS[:2]))
ODD = st.tuples(st.sampled_from(NAMES), st.sampled_from(IDS), st.sampled_from(WORDS))
KINDS += [
    "  {name}:\n    job_id: {id}\n    x-note: |+\n      kept\n\n\n",
    "  {name}:\n    job_id: {id}\n    x-note:\n",
    "  # for {word}: job_id: {id}\n  {name}:\n    job_id: {id} # {{{word}}}\n    timeout: 9m  # '{word}\"\n",
    "  {name}: # {word}\n    labels: {{tier: {word}}} #\n    job_id: {id}\n#\n    # {word}\n    timeout: 9m\n",
    '  {name}: # {word}\n    job_id: {id} # \'{word}\n    expect: {{job_type: {{glob: "|>"}}}} #"\n',
    "  {name}:\n    job_id: {id}\n    expect: {{job_type: a\n      # {word}\n    }}\n",
    "  {name}:\n    job_id: {id}\n    expect: {{job_type: 'a\n      # {word}\n      b'}}\n",
    "  {name}:\n    job_id: {id}\n    expect:\n      job_type: >-\n        # {word}\n      sub_jobs: [a#{word}]\n",
    '  {name}:\n    job_id: {id}\n    expect: {{job_type: "a # {word}"}}\n',
]
TRICKS = [
    '  {name}:\n    job_id: {id}\n    expect: {{x-a: k"k, job_type: "a\n      # {word}\n      b", x-c: k"k}}\n',
    '  {name}:\n    job_id: {id}\n    expect: {{x-k"ey: "a\n      # {word}\n      b", job_type: "# {word}"}}\n',
    '  {name}:\n    job_id: {id}\n    x-note, "k: "a: "\n      # {word}\n      "\n',
    '  {name}:\n    job_id: {id}\n    x-note: a, "b: "c\n      # {word}\n      : "d"\n',
    '  {name}:\n    job_id: {id}\n    expect: {{job_type: "a\n      # {word}\n      : "}}\n',
]
"""What looks like a comment, where quotes look as if they were closed."""
INSERTED = [
    *(
        "\t",
        " ",
        "\n",
        "\r",
        "\r\n",
        "#",
        " # x\n",
        "'",
        '"',
        "&a ",
        "*a",
        "<<: *a\n",
        "<<: {}\n",
        "!!str ",
        "? ",
        "- ",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        ",",
        ": ",
        "|\n",
        ">+\n",
        "---\n",
        "...\n",
        "jobs:\n",
        "\n  x:\n",
        "\ufeff",
        "\\",
        "${",
        "%A\n",
    ),
    *("  job-1: {job_id: z}\n", "    job_id: z\n", "    labels: {a: b}\n", "\n  JOB-2:\n    job_id: z\n", "\x85", "é"),
]
"""What is put in anywhere: mostly it breaks the file, and otherwise means something else than it seems to."""


@st.composite
def manifests(draw):
    """Write files of a few kinds of job, one of which is odd, perhaps, and damaged, perhaps, in one or two places."""
    kinds = draw(st.lists(st.sampled_from(KINDS + TRICKS), min_size=1, max_size=2))
    words = [draw(COMMON)] * 2
    count = draw(st.sampled_from([4, 5, 6, 7, 8, 9, 40, 50]))
    odd = draw(st.integers(0, 2 * count))
    jobs = []
    for number in range(count):
        name, job_id, word = draw(ODD) if number == odd else words[number % 2]
        kind = kinds[number % len(kinds)]
        jobs.append(kind.format(name=name.format(n=number), id=job_id.format(n=number), word=word.format(n=number)))
    content = HEAD + "".join(jobs) + draw(st.sampled_from(["", "x-end: 1\n", "# end", "name: n\n", "jobs: {}\n"]))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(len(HEAD) - len("jobs:\n"), len(content)))
        taken = draw(st.sampled_from([0, 0, 1, 3]))
        content = content[:at] + draw(st.sampled_from(["", *INSERTED])) + content[at + taken :]
    if draw(st.integers(0, 9)) == 0:
        content = content.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "", "", "\ufeff"])) + content


def tell(content):
    """Return the manifest, or all that is wrong; less what differs with the heading: excerpts, the file's digest."""
    try:
        manifest = load_manifests(["-"], now=NOW, stdin=io.BytesIO(content.encode("utf-8", "surrogatepass")))
        return replace(manifest, files=tuple(replace(file, sha256="") for file in manifest.files))
    except ReconcileError as error:
        return [(each.code, each.message, each.hint, each.source, each.width) for each in error.diagnostics]


def is_read_in_short(content, told):
    """Tell whether there was a short reading, and nothing to tell of it that is told of a full one alone."""
    return isinstance(told, Manifest) and not told.warnings and parse_repetitive(Text("m", content)) is not None


def read_in_full(content):
    return tell(content.replace("jobs:\r\n", "jobs: #\r\n", 1).replace("jobs:\n", IN_FULL, 1))


@settings(max_examples=300, deadline=None)
@given(manifests())
def test_a_short_reading_tells_what_a_full_one_tells(content):
    told = tell(content)
    event("in short" if is_read_in_short(content, told) else "in full")
    assert told == read_in_full(content)


@settings(max_examples=300, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(KINDS + TRICKS), min_size=1, max_size=3),
    alike=COMMON,
    others=st.lists(st.tuples(st.sampled_from(KINDS), ODD), min_size=1, max_size=3),
)
def test_what_is_written_often_is_split_as_if_it_were_seen_for_the_first_time(kinds, alike, others):
    written = [(kind, alike) for kind in kinds] * 20 + [(kind, odd) for kind in kinds for _, odd in others] + others
    splitter = Splitter()
    for number, (kind, (name, job_id, word)) in enumerate(written):
        stanza = kind.format(name=name.format(n=number), id=job_id.format(n=number), word=word.format(n=number))
        assert splitter.split(f"#\n{stanza}#", 2, 2 + len(stanza)) == Splitter().split(stanza, 0, len(stanza))


@pytest.mark.parametrize("kind", KINDS[:5] + KINDS[6:7] + KINDS[9:11] + KINDS[12:])
def test_the_law_is_about_files_that_are_read_in_short(kind):
    content = HEAD + "".join(kind.format(name=f"job-{n}", id=f"id-{n}", word="web") for n in range(8))
    told = tell(content)
    assert is_read_in_short(content, told)
    assert len(told.jobs) == 8
    assert parse_repetitive(Text("m", content.replace("jobs:\n", IN_FULL))) is None
    assert told == read_in_full(content)


ALIKE = "".join(f"  job-{n}:\n    job_id: id-{n}\n" for n in range(30))


def test_a_label_that_is_called_job_id_is_no_job_id():
    # What is left of both jobs is the same, but the brackets of the second are not closed.
    closed = "  j: {job_id: 'x', labels: {a: b}}\n"
    unclosed = "  k: {job_id: 'x', labels: {job_id: abcd}\n"
    assert "RC101" in {each[0].value for each in tell(HEAD + closed + unclosed)}
    assert tell(HEAD + closed + unclosed) == read_in_full(HEAD + closed + unclosed)


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        pytest.param("  job-7:\n    job_id: other\n", "RC103", id="C10-name-of-another-stanza"),
        pytest.param("  JOB-7:\n    job_id: other\n", "RC206", id="B08-name-in-other-case"),
        pytest.param('  "job-7":\n    job_id: other\n', "RC103", id="C10-quoted-name"),
        pytest.param('  "job-\\u0037":\n    job_id: other\n', "RC103", id="C10-escaped-name"),
        pytest.param('  "JOB-7":\n    job_id: other\n', "RC206", id="B08-quoted-name-in-other-case"),
        pytest.param("  jоb-7:\n    job_id: other\n", "RC108", id="B08-confusable-name"),
        pytest.param("  odd:\n    job_id: 26e65\n", "RC110", id="B06-C12-exponent"),
        pytest.param('  odd:\n    job_id: ""\n', "RC108", id="empty-id"),
        pytest.param("  odd:\n    job_id: 0123\n", "RC110", id="B06-C12-octal"),
        pytest.param("  odd:\n    job_id: 12:30\n", "RC108", id="B06-C12-sexagesimal"),
        pytest.param("  odd:\n    <<: {}\n    job_id: x\n", "RC104", id="merge-key"),
        pytest.param("  odd: &a\n    job_id: x\n", "RC104", id="anchor"),
        pytest.param("  odd:\n    job_id: !!str x\n", "RC104", id="C15-tag"),
        pytest.param("  odd:\n    job_id: x\n    job_id: x\n", "RC103", id="C10-nested-key"),
        pytest.param("  odd:\n    job_id: x\n    labels: {a: 1}\n", "RC110", id="label-that-is-no-string"),
        pytest.param("  odd:\n    job_id: x\n    labels: {a: b, a: c}\n", "RC103", id="C10-label"),
        pytest.param("  odd:\n    job_id: x\n    expcet: {}\n", "RC102", id="C21-misspelt-key"),
    ],
)
@pytest.mark.parametrize("before", [0, 15, 30])
def test_one_odd_job_is_told_wherever_it_stands(odd, code, before):
    jobs = ALIKE.splitlines(keepends=True)
    content = HEAD + "".join(chain(jobs[: 2 * before], [odd], jobs[2 * before :]))
    told = tell(content)
    assert code in {each[0].value for each in told}
    assert told == read_in_full(content)


# --- Bounds --------------------------------------------------------------------------------------------------------


def write_alike(count, body):
    return "".join(f"  j{n:06}:\n    job_id: i-{n:06}\n{body}" for n in range(count))


def test_what_is_left_out_counts_as_if_it_were_read():
    text = Text("m", HEAD + write_alike(9, "    labels: {a: b, c: d}\n    expect: {sub_jobs: [a, b]}\n"))
    abridged = parse_repetitive(text)
    assert abridged
    assert count_tokens(abridged.document.root) + abridged.count_blanked() == count_tokens(parse_yaml(text).root)


def test_alike_jobs_with_other_numbers_of_labels_are_not_one_way_to_write_a_job():
    labels = ["{a: b, c: d, e: f}", "{aaaa: bbbb, c: d}", "{aaaaaaaa: bbbbbbb}"]
    jobs = "".join(f"  j{n}:\n    labels: {labels[n % 3]}\n    job_id: i{n}\n" for n in range(12))
    abridged = parse_repetitive(Text("m", HEAD + jobs))
    assert abridged
    assert len(abridged.document.root["jobs"]) == 3


def test_more_than_a_file_may_hold_is_not_read_in_short_though_it_is_alike():
    fits, too_much = (HEAD + write_alike(40_000, f"    x-n: [{'a,' * count}]\n") for count in (90, 100))
    assert parse_repetitive(Text("m", fits))
    assert parse_repetitive(Text("m", too_much)) is None


def test_a_large_variable_counts_for_each_job_that_refers_to_it():
    values, fits = read_values([], {}, None), write_alike(500, "    expect: {sub_jobs: '${var.ids}'}\n")
    large = HEAD.replace("[a, b]", str([f"t{n}" for n in range(20_000)]))
    drafts = [parse_repetitive(Text("m", head + fits)) for head in (HEAD, large)]
    Draft(drafts[0].document, values, load_api, abridged=drafts[0])
    with pytest.raises(DocumentError, match="too large, taken together"):
        Draft(drafts[1].document, values, load_api, abridged=drafts[1])
