"""Laws that hold for every manifest."""

import json
from datetime import date

import pytest
from builders import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from reconcile.apis import SHIPPED
from reconcile.document import Text, find_schema, parse_text
from reconcile.document.schema_errors import explain_errors
from reconcile.duration import format_duration
from reconcile.errors import ReconcileError
from reconcile.judge.sub_jobs import show_count, show_fields, show_item
from reconcile.manifest import load_manifests
from reconcile.manifest.reader import ManifestReader
from reconcile.manifest.variables import read_values
from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.model.manifest import Absence
from reconcile.shipped import shipped_folder

PROVIDERS = {"otc": {"api": "sfs-turbo", "project_id": "p"}, "eu": {"api": "sfs-turbo", "project_id": "q"}}


def strip(value):
    """Return a value of the model without the places where it was written."""
    if isinstance(value, Source):
        return None
    if isinstance(value, Struct):
        return type(value).__name__, {name: strip(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [strip(each) for each in value]
    return value


# --- A manifest, written from what it means ----------------------------------------------------------------------


def render(manifest):
    """Write a manifest that means the same, with nothing left to defaults."""
    providers = {name: {"api": p.api.name, "project_id": p.project_id} for name, p in manifest.providers.items()}
    jobs = {f"j{number}": render_job(job) for number, job in enumerate(manifest.jobs)}
    return json.dumps({"version": 1, "providers": providers, "jobs": jobs})


def render_job(job):
    labels = {name: value.replace("${", "$${") for name, value in job.labels.items()}
    rendered = {"job_id": job.job_id, "provider": job.provider.name, "labels": labels, "missing": job.missing.value}
    if job.timeout is not None:
        rendered["timeout"] = format_duration(job.timeout)
    texts = {"owner": job.owner, "runbook": job.runbook}
    rendered |= {key: text.replace("${", "$${") for key, text in texts.items() if text is not None}
    if job.waivers:
        rendered["waivers"] = [
            {"fields": waiver.fields, "reason": waiver.reason, "expires": waiver.expires.isoformat()}
            for waiver in job.waivers
        ]
    if isinstance(job.expect, Absence):
        del rendered["missing"]
        return {**rendered, "expect": {"absent": True}}
    expect = show_fields([field for field in job.expect.fields if not getattr(field, "implied", False)])
    if job.expect.sub_jobs and not job.expect.sub_jobs.implied:
        expect["sub_jobs"] = render_sub_jobs(job.expect.sub_jobs)
    return {**rendered, "expect": expect}


def render_sub_jobs(sub_jobs):
    rendered = {"match": sub_jobs.match.value}
    if sub_jobs.items is not None:
        rendered["items"] = [{**show_item(item), "count": show_count(item.count)} for item in sub_jobs.items]
        if sub_jobs.match.value == "none":
            rendered["items"] = [show_fields(item.fields) for item in sub_jobs.items]
    if sub_jobs.each:
        rendered["each"] = show_fields(sub_jobs.each)
    if sub_jobs.count is not None:
        rendered["count"] = show_count(sub_jobs.count)
    return rendered


# --- Manifests of all kinds --------------------------------------------------------------------------------------

WORD = st.sampled_from(["bind_ldap", "create_share", "a b", "no", "ü", "SFS.TURBO.0005"])
ACCEPTED = WORD | st.none() | st.builds(lambda word: {"glob": f"*{word}?"}, WORD)
TEXT = ACCEPTED | st.lists(ACCEPTED, min_size=1, max_size=3, unique_by=repr)
TIME = st.sampled_from(["2026-11-20T01:02:03Z", "2026-11-20 01:02:03", "2026-11-21T00:00:00.5+02:00"])
BOUND = st.sampled_from(["90s", "1h30m", "250ms", "2h"])
STATUS = st.sampled_from(["failed", "running", ["success", "failed"]])
FIELDS = {
    "job_type": TEXT,
    "error_code": TEXT,
    "fail_reason": TEXT,
    "begin_time": st.fixed_dictionaries({"after": TIME}),
    "end_time": st.fixed_dictionaries({"after": TIME}),
    "duration": st.fixed_dictionaries({"max": BOUND}),
}
ITEM = st.fixed_dictionaries({"status": STATUS}, optional={**FIELDS, "count": st.just({"min": 1, "max": 2})})
MATCHES = st.sampled_from(["exact", "ordered", "contains"])
EACH = st.fixed_dictionaries({"status": st.just("success")}, optional={"job_type": TEXT})
SUB_JOBS = (
    st.lists(WORD, max_size=3)
    | st.fixed_dictionaries({"match": MATCHES, "items": st.lists(ITEM, min_size=1, max_size=3)})
    | st.fixed_dictionaries({"each": EACH})
    | st.just({"match": "none", "items": [{"status": "failed"}], "count": {"min": 1}})
)
EXPECT = st.fixed_dictionaries(
    {"status": STATUS},
    optional={**FIELDS, "age": st.fixed_dictionaries({"min": BOUND}), "sub_jobs": SUB_JOBS},
)
JOB = st.fixed_dictionaries(
    {"provider": st.sampled_from(["otc", "${var.where}"])},
    optional={
        "labels": st.dictionaries(st.sampled_from(["tier", "a/b"]), st.sampled_from(["${var.word}", "$${x}", "web"])),
        "timeout": st.just("90s"),
        "missing": st.sampled_from(["wait", "drift"]),
        "owner": st.sampled_from(["Jörg", "${var.word}"]),
        "runbook": st.sampled_from(["https://wiki", "https://wiki/?q=${var.where}#x"]),
        "expect": EXPECT,
        "waivers": st.just([{"fields": ["age"], "reason": "r", "expires": date(2026, 12, 1).isoformat()}]),
    },
)


DEFAULTS = st.fixed_dictionaries(
    {},
    optional={
        "timeout": st.just("1h"),
        "labels": st.just({"d": "e"}),
        "owner": st.just("everyone"),
        "expect": EXPECT,
    },
)


@st.composite
def manifests(draw):
    jobs = {}
    for number in range(draw(st.integers(1, 3))):
        many = draw(st.booleans())
        job_id = f"id-{number}-${{each.key}}" if many else f"id-{number}"
        jobs[f"j{number}"] = {"job_id": job_id, **draw(JOB), **({"for_each": ["a", "b"]} if many else {})}
    jobs["gone"] = {"job_id": "gone", "provider": "eu", "expect": {"absent": True}}
    defaults = draw(DEFAULTS)
    variables = {"where": {"default": "eu"}, "word": {"default": "$${var.where}"}}
    return json.dumps(
        {"version": 1, "variables": variables, "providers": PROVIDERS, "defaults": defaults, "jobs": jobs}
    )


@settings(deadline=None)
@given(manifests())
def test_a_manifest_written_from_what_it_means_means_the_same(load, content):
    manifest = load(content)
    again = load(render(manifest))
    wanted, found = ([strip(job)[1] | {"address": None} for job in each.jobs] for each in (manifest, again))
    assert found == wanted


# --- Validity ----------------------------------------------------------------------------------------------------

BROKEN = st.sampled_from([None, True, 0, 1.0, "", "x\n", "a/b", "${each.key}", "${var.word}", [], [[]], {}, {"x-a": 1}])


def list_places(node):
    """Yield each container of a value with each of its keys or indices."""
    if isinstance(node, dict | list):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            yield from list_places(node[key])


@settings(deadline=None)
@given(content=manifests(), data=st.data())
def test_both_validators_agree_on_manifests_right_and_wrong(content, data):
    manifest, schema = json.loads(content), find_schema("manifest.v1")
    for _ in range(data.draw(st.integers(0, 2))):
        places = list(list_places({"jobs": manifest["jobs"]}))[1:] + list(list_places(manifest["providers"]))
        container, key = places[data.draw(st.integers(0, len(places) - 1))]
        container[key] = data.draw(BROKEN)
    document = parse_text(Text("m", json.dumps(manifest)), is_json=True)
    ManifestReader(document, values=read_values([], {}, None), apis=SHIPPED, schema=schema)
    errors = list(explain_errors(document.root, schema, None, document=document, operator_only={}))
    assert schema.is_valid_so_far(document.root) is (not errors)


# --- Typing errors -----------------------------------------------------------------------------------------------

EXAMPLES = sorted(
    path
    for path in (shipped_folder("examples") / "quickstart").glob("*.yaml")
    if path.name not in ("scenario.yaml", "typo.yaml")
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_a_character_less_is_the_same_or_an_error_at_a_place_in_the_file(path, tmp_path):
    content = path.read_text(encoding="utf-8")
    copy = tmp_path / "m.yaml"
    copy.write_text(content, encoding="utf-8")
    whole = [strip(job) for job in load_manifests([str(copy)], now=NOW).jobs]
    changed = 0
    for at in range(len(content)):
        copy.write_text(content[:at] + content[at + 1 :], encoding="utf-8")
        try:
            jobs = load_manifests([str(copy)], now=NOW).jobs
        except ReconcileError as error:
            check_places(error.diagnostics, copy.read_text(encoding="utf-8"))
        else:
            changed += [strip(job) for job in jobs] != whole
    # What is a name, an id or another word of people's own can lose a letter and stay a word.
    assert changed < len(content) / 2


def check_places(diagnostics: tuple[Diagnostic, ...], content: str):
    lines = content.split("\n")
    for diagnostic in diagnostics:
        source = diagnostic.source
        assert source, diagnostic
        assert 1 <= source.line <= len(lines)
        assert 1 <= source.column <= len(lines[source.line - 1]) + 1


PIECES = ["version: 1\n", "jobs:\n", "  a: ", "{job_id: i, ", "for_each: ", "[a]", "${var.x}", "${", "}", "\n", "x"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_text_makes_it_stumble(refuse, text):
    assert refuse(text)
