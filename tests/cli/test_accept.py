"""Drifts that are accepted: what was observed is expected, nothing else is touched, and what is a guess is refused."""

import json
import os
import random
import shlex
import shutil
from pathlib import Path

import httpx
import program
import pytest
from layouts import draw_text, find_comments
from program import main, run
from transcripts import NOW, replay

from reconcile.document import Text, parse_text, read_document
from reconcile.errors import DocumentError
from reconcile.fetch import Pace
from reconcile.manifest import load_manifests
from reconcile.simulator import load_scenario, running_simulator

HERE = Path(__file__).parent / "accept"
ENVIRON = {"RECONCILE_TOKEN": "a-token"}
HEAD = {"version": 1, "providers": {"otc": {"api": "sfs-turbo", "cloud": "otc", "region": "eu-de", "project_id": "p1"}}}


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_whole_way_and_everything_that_is_refused(work, check_golden):
    for path in HERE.glob("*.yaml"):
        shutil.copy(path, work)
    transcript = HERE / "transcript.txt"
    with running_simulator(load_scenario(read_document("scenario.yaml"))) as url:
        replayed = replay(transcript.read_text(encoding="utf-8"), {**ENVIRON, "RECONCILE_ENDPOINT": url})
    check_golden(transcript, replayed)


# --- Laws ------------------------------------------------------------------------------------------------------

TYPES = ["create_share", "bind_ldap", "delete_share"]
CODES = [None, "SFS.TURBO.0005", "26e65", "a: b # c"]


def draw_record(rng):
    status = rng.choice(["success", "failed"])
    return {
        "status": status,
        "job_type": rng.choice(TYPES),
        "error_code": rng.choice(CODES) if status == "failed" else None,
        "fail_reason": rng.choice(CODES) if status == "failed" else None,
        "begin_time": "2026-11-20 10:00:00",
        "end_time": f"2026-11-20 {rng.randrange(10, 14)}:{rng.randrange(60):02}:{rng.randrange(60):02}",
    }


def draw_job(rng):
    return {**draw_record(rng), "sub_jobs": [draw_record(rng) for _ in range(rng.choice([0, 0, 1, 2, 3]))]}


def draw_fields(rng, record):
    """Draw expectations of a record, many of which it meets."""
    fields = {
        "status": rng.choice([record["status"], "success", "failed", ["success", "running"]]),
        "job_type": rng.choice([record["job_type"], "bind_ldap", [*TYPES[:2]], {"glob": "create*"}]),
        "error_code": rng.choice([record["error_code"], None, "SFS.TURBO.0001", ["SFS.TURBO.0005", None]]),
        "duration": rng.choice([{"max": "1h"}, {"min": "30m"}, {"min": "10m", "max": "2h"}]),
        "end_time": rng.choice([{"after": "2026-11-20T11:00:00Z"}, {"before": "2026-11-20 12:00:00"}]),
    }
    return {key: value for key, value in fields.items() if rng.random() < 0.4}


def draw_sub_jobs(rng, sub_jobs):
    kind = rng.choice(["types", "types", "exact", "ordered", "contains", "none", "count"])
    if kind == "types":
        return [each["job_type"] for each in sub_jobs] + rng.choice([[], [], ["bind_ldap"]])
    if kind == "count":
        return {"count": {"min": rng.randrange(1, 3), "max": rng.randrange(2, 5)}}
    plain = rng.random() < 0.5
    items = [
        {"job_type": each["job_type"], **({"status": "success"} if plain else draw_fields(rng, each))}
        for each in sub_jobs
    ]
    return {"match": kind, "items": items or [{"job_type": "bind_ldap"}]}


def draw_manifest(rng, jobs):
    manifest = {**HEAD, "x-note": "two\nlines", "jobs": {}}
    if rng.random() < 0.5:
        manifest["defaults"] = {
            "expect": rng.choice([{"error_code": None}, {"duration": {"max": "1h"}}, {"sub_jobs": []}])
        }
    for name, job in jobs.items():
        declared = {"job_id": name, "labels": {"tier": rng.choice(["web", "a # b"])}}
        if rng.random() < 0.8:
            expect = draw_fields(rng, job)
            if rng.random() < 0.6:
                expect["sub_jobs"] = draw_sub_jobs(rng, job["sub_jobs"])
            if expect or rng.random() < 0.5:
                declared["expect"] = expect
        manifest["jobs"][name] = dict(rng.sample(list(declared.items()), len(declared)))
    return dict(rng.sample(list(manifest.items()), len(manifest)))


def draw_valid(rng, is_json):
    """Return jobs as the API tells them, and the text of a valid manifest of them."""
    while True:
        jobs = {f"job-{number}": draw_job(rng) for number in range(rng.randrange(1, 4))}
        manifest = draw_manifest(rng, jobs)
        text = json.dumps(manifest, indent=rng.choice([None, 2])) if is_json else draw_text(rng, manifest)
        content = Text("m.json" if is_json else "m.yaml", text)
        try:
            load_manifests([content.file], now=NOW, texts=[content])
        except DocumentError:
            continue
        return jobs, content


def call(jobs, *argv):
    def answer(request):
        job_id = request.url.raw_path.decode().rpartition("/")[2]
        return httpx.Response(200, content=json.dumps({"job_id": job_id, **jobs[job_id]}))

    transport = httpx.MockTransport(answer)
    return main(argv, environ=ENVIRON, clock=lambda: NOW, transport=transport, pace=Pace(attempts=1))


@pytest.mark.parametrize("is_json", [False, True], ids=["yaml", "json"])
def test_only_what_drifted_is_edited_and_the_gate_is_green_with_it(is_json, work, capsys):
    accepted = 0
    for seed in range(60):
        rng = random.Random(seed)
        jobs, text = draw_valid(rng, is_json)
        mark = rng.choice([b"", b"\xef\xbb\xbf"])
        path = work / text.file
        path.write_bytes(mark + text.content.encode())
        planned = call(jobs, "plan", text.file, "--out", "plan.json", "-o", "json")
        verdicts = {job["address"]: job["verdict"] for job in json.loads(capsys.readouterr().out)["jobs"]}
        code = call(jobs, "accept", "plan.json", "--write")
        told = capsys.readouterr()
        after = path.read_bytes()
        if code or planned == 0:
            assert after == mark + text.content.encode(), f"seed {seed}"
            assert told.out == "", f"seed {seed}"
            assert ("RC016" in told.err) is bool(code), f"seed {seed}: {told.err}"
            continue
        accepted += 1
        edited = Text(text.file, after.removeprefix(mark).decode())
        assert after.startswith(mark)
        assert find_comments(edited.content) == find_comments(text.content), f"seed {seed}"
        _check_changes(parse_text(text, is_json=is_json).root, parse_text(edited, is_json=is_json).root, verdicts)
        assert call(jobs, "plan", text.file) == 0, f"seed {seed}"
        capsys.readouterr()
    assert accepted >= 20


def _check_changes(before, after, verdicts):
    """Hold an edit to the expectations of the jobs that have drifted."""
    for name, job in after["jobs"].items():
        if verdicts[f"jobs.{name}"] == "drift":
            assert "expect" in job
            job.pop("expect")
            before["jobs"][name].pop("expect", None)
    assert after == before


# --- Several manifests, and their variables -------------------------------------------------------------------


def declare(name, job, **more):
    return json.dumps({**HEAD, "name": name, **more, "jobs": {"one": job}})


def test_each_manifest_is_edited_with_the_variables_of_the_plan(work, capsys):
    jobs = {
        "id-a": {"status": "failed"},
        "id-b": {"status": "success", "job_type": "bind_ldap"},
        "id-c": {"status": "failed"},
    }
    tier = {"tier": {"default": "web"}}
    given = {"job": {}, "unlike": {"default": 1}, "hidden": {"sensitive": True}}
    a = declare("a.b", {"job_id": "${var.job}", "labels": {"tier": "${var.tier}"}}, variables={**tier, **given})
    b = declare("b", {"job_id": "id-b", "expect": {"job_type": "other"}}, variables={"tier": {"default": "b"}})
    c = declare("c", {"job_id": "id-c", "expect": {"status": "failed"}})
    for name, text in {"a.yaml": a, "b.json": b, "c.yaml": c}.items():
        Path(name).write_text(text)
    values = ["--var", "job=id-a", "--var", "hidden=canary-1"]
    assert call(jobs, "plan", "a.yaml", "b.json", "c.yaml", *values, "--out", "plan.json") == 2
    assert call({}, "accept", "plan.json", "b.*", "--write") == 0
    assert (Path("a.yaml").read_text(), Path("c.yaml").read_text()) == (a, c)
    assert json.loads(Path("b.json").read_text())["jobs"]["one"]["expect"] == {"job_type": "bind_ldap"}
    assert call(jobs, "plan", "a.yaml", "b.json", "c.yaml", *values, "--out", "plan.json") == 2
    assert call({}, "accept", "plan.json", "--write") == 0
    assert call(jobs, "plan", "a.yaml", "b.json", "c.yaml", *values) == 0
    assert "canary-1" not in capsys.readouterr().out


@pytest.mark.parametrize("change", ["elsewhere", "edited", "comment"])
def test_a_plan_of_other_files_is_refused(change, work, capsys, monkeypatch):
    Path("m.json").write_text(declare("m", {"job_id": "id-a"}))
    call({"id-a": {"status": "failed"}}, "plan", "m.json", "--out", "plan.json")
    if change == "elsewhere":
        Path("other").mkdir()
        monkeypatch.chdir("other")
        Path("plan.json").write_text(Path("../plan.json").read_text())
    elif change == "edited":
        Path("m.json").write_text(declare("m", {"job_id": "id-b"}))
    else:
        Path("m.json").write_text(declare("m", {"job_id": "id-a"}) + "\n")
    capsys.readouterr()
    assert call({}, "accept", "plan.json", "--write") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert ("RC002" if change == "elsewhere" else "RC013 m.json has changed since") in told.err


# What the API tells of a job, what is expected of it, and what is expected once that is accepted, None if refused.
EXPECTATIONS = {
    "a bound moves, and no other": (
        {"end": 5},
        {"duration": {"min": "10m", "max": "1h"}},
        {"duration": {"min": "5m", "max": "1h"}},
    ),
    "a bound that would be none": ({"end": 0}, {"duration": {"min": "10m"}}, None),
    "a list becomes the one": ({"job_type": "c"}, {"job_type": ["a", "b"]}, {"job_type": "c"}),
    "what is absent is null": ({}, {"job_type": "a"}, {"job_type": None}),
    "hidden characters": ({"job_type": "a\u202eb"}, {"job_type": "a"}, None),
    "a reference in a text": ({"job_type": "${x} $${y}"}, {"job_type": "a"}, {"job_type": "$${x} $$${y}"}),
    "no end": ({"end": None}, {"duration": {"max": "10m"}}, None),
    "an item's text": (
        {"sub": [{"job_type": "a", "error_code": "E"}]},
        {"sub_jobs": {"items": [{"job_type": "a", "error_code": "F", "status": "failed"}]}},
        None,
    ),
    "an item's text where others are welcome": (
        {"sub": [{"job_type": "a", "status": "failed", "error_code": "E"}]},
        {"sub_jobs": {"match": "contains", "items": [{"job_type": "a", "error_code": "F", "status": "failed"}]}},
        {"sub_jobs": {"match": "contains", "items": [{"job_type": "a", "error_code": "E", "status": "failed"}]}},
    ),
    "too many, where so many may be": (
        {"sub": [{"job_type": "a"}] * 3},
        {"sub_jobs": {"match": "contains", "items": [{"job_type": "a", "count": {"max": 2, "min": 1}}]}},
        {"sub_jobs": {"match": "contains", "items": [{"job_type": "a", "count": {"max": 3, "min": 1}}]}},
    ),
    "the order": (
        {"sub": [{"job_type": "a"}, {"job_type": "b"}]},
        {"sub_jobs": {"match": "ordered", "items": [{"job_type": "b"}, {"job_type": "a"}]}},
        {
            "sub_jobs": {
                "match": "ordered",
                "items": [{"job_type": "a", "status": "success"}, {"job_type": "b", "status": "success"}],
            }
        },
    ),
    "none at all": ({}, {"sub_jobs": ["a"]}, {"sub_jobs": []}),
    "a success with a failed part": (
        {"sub": [{"job_type": "a", "status": "failed"}]},
        {"status": "failed"},
        {"status": "success", "sub_jobs": {"items": [{"job_type": "a", "status": "failed"}]}},
    ),
    "two of one item, of different kinds": (
        {"sub": [{"job_type": "a", "error_code": "E", "status": "failed"}, {"job_type": "a", "status": "failed"}]},
        {"sub_jobs": {"items": [{"job_type": "a", "error_code": "F", "count": {"min": 2, "max": 2}}]}},
        None,
    ),
}


@pytest.mark.parametrize("case", EXPECTATIONS)
def test_what_is_expected_once_it_is_accepted(case, work, capsys):
    answer, expect, accepted = EXPECTATIONS[case]
    end = answer.get("end", 30)
    job = {
        "status": "success",
        "job_type": answer.get("job_type"),
        "begin_time": "2026-11-20 10:00:00",
        "end_time": None if end is None else f"2026-11-20 10:{end:02}:00",
        "sub_jobs": [{"status": "success", **each} for each in answer.get("sub", [])],
    }
    Path("m.json").write_text(declare("m", {"job_id": "id-a", "expect": expect}))
    assert call({"id-a": job}, "plan", "m.json", "--out", "plan.json") == 2
    advised = "reconcile accept plan.json" in capsys.readouterr().err
    code = call({}, "accept", "plan.json", "--write")
    assert code == (accepted is None), capsys.readouterr().err
    assert advised or accepted is None
    assert json.loads(Path("m.json").read_text())["jobs"]["one"]["expect"] == (accepted or expect)


@pytest.mark.parametrize(
    "job",
    [
        {"job_id": "id-a", "expect": {"age": {"max": "1h"}}},
        {"job_id": "id-a", "expect": {"absent": True}},
        {"job_id": "${each.value}", "for_each": ["id-a"], "expect": {"job_type": "x"}},
        {"job_id": "id-a", "expect": {"sub_jobs": {"match": "contains", "items": [{"job_type": "x"}]}}},
        {"job_id": "id-a", "expect": {"sub_jobs": {"match": "none", "items": [{"job_type": "a"}]}}},
        {"job_id": "id-a", "expect": {"sub_jobs": {"each": {"job_type": "x"}}}},
        {"job_id": "going"},
    ],
)
def test_accepting_is_advised_only_where_something_can_be_accepted(job, work, capsys):
    times = {"begin_time": "2026-11-20 10:00:00", "end_time": "2026-11-20 10:10:00"}
    parts = [{"status": "success", "job_type": "a"}]
    answers = {
        "id-a": {"status": "success", **times, "sub_jobs": parts},
        "going": {"status": "running", "sub_jobs": [{"status": "failed", "job_type": "a"}]},
        "id-b": {"status": "success"},
    }
    there = {"job_id": "id-b"}
    for other, advised in ((there, False), ({**there, "expect": {"job_type": "x"}}, True)):
        Path("m.json").write_text(json.dumps({**HEAD, "jobs": {"one": job, "two": other}}))
        assert call(answers, "plan", "m.json", "--out", "plan.json") == 2
        assert ("reconcile accept plan.json" in capsys.readouterr().err) is advised
    assert call(answers, "accept", "plan.json", "jobs.one*") == 1
    assert call(answers, "accept", "plan.json", "jobs.two") == 0


def test_a_job_that_must_come_after_another_one_is_accepted_beside_it(work):
    text = declare("m", {"job_id": "id-a"})
    document = json.loads(text)
    document["jobs"]["two"] = {"job_id": "id-b", "after": "jobs.one", "expect": {"job_type": "x"}}
    Path("m.json").write_text(json.dumps(document))
    times = ("2026-11-20 10:00:00", "2026-11-20 10:10:00", "2026-11-20 10:20:00")
    jobs = {
        "id-a": {"status": "success", "begin_time": times[0], "end_time": times[1]},
        "id-b": {"status": "success", "begin_time": times[1], "end_time": times[2], "job_type": "y"},
    }
    assert call(jobs, "plan", "m.json", "--out", "plan.json") == 2
    assert call({}, "accept", "plan.json", "--write") == 0
    assert json.loads(Path("m.json").read_text())["jobs"]["two"]["expect"] == {"job_type": "y"}
    jobs["id-b"] |= {"begin_time": times[0], "job_type": "z"}
    assert call(jobs, "plan", "m.json", "--out", "plan.json") == 2
    assert call({}, "accept", "plan.json", "--write") == 1


def test_what_is_waived_stays(work, capsys):
    waiver = {"fields": ["duration"], "reason": "known", "expires": "2026-12-01"}
    expect = {"duration": {"max": "1m"}, "job_type": "a"}
    Path("m.json").write_text(declare("m", {"job_id": "id-a", "expect": expect, "waivers": [waiver]}))
    job = {"status": "success", "begin_time": "2026-11-20 10:00:00", "end_time": "2026-11-20 10:10:00"}
    assert call({"id-a": job}, "plan", "m.json", "--out", "plan.json") == 2
    assert call({}, "accept", "plan.json", "--write") == 0
    edited = json.loads(Path("m.json").read_text())["jobs"]["one"]["expect"]
    assert edited == {"duration": {"max": "1m"}, "job_type": None}
    assert "1 job" in capsys.readouterr().err


def test_a_job_that_is_not_decided_is_refused_by_name_and_told_otherwise(work, capsys):
    text = json.dumps({**HEAD, "jobs": {"a": {"job_id": "id-a"}, "b": {"job_id": "id-b"}, "c": {"job_id": "id-c"}}})
    Path("m.json").write_text(text)
    call(
        {"id-a": {"status": "failed"}, "id-b": {"status": "running"}, "id-c": {"status": "?"}},
        "plan",
        "m.json",
        "--out",
        "plan.json",
    )
    capsys.readouterr()
    assert call({}, "accept", "plan.json", "*") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "jobs.b cannot be accepted: it is running" in told.err
    assert "jobs.c cannot be accepted: it was not observed" in told.err
    assert call({}, "accept", "plan.json") == 1
    told = capsys.readouterr()
    assert "2 of 3 jobs are undecided and were left alone: jobs.b, jobs.c" in told.err
    assert '"status": "failed"' in told.out
    assert call({}, "accept", "plan.json", "jobs.a") == 0


@pytest.mark.parametrize(
    ("undecided", "code"), [(("running",), 3), (("running", "waiting"), 3), (("?",), 1), (("running", "?"), 1)]
)
def test_an_edit_that_leaves_undecided_jobs_alone_is_not_all(undecided, code, work, capsys):
    """A script that goes on after a 0 would take it for accepted."""
    jobs = {"a": {"job_id": "id-a"}} | {f"b{n}": {"job_id": f"id-{n}"} for n in range(len(undecided))}
    Path("m.json").write_text(json.dumps({**HEAD, "jobs": jobs}))
    statuses = {f"id-{n}": {"status": status} for n, status in enumerate(undecided)}
    call({"id-a": {"status": "failed"}, **statuses}, "plan", "m.json", "--out", "plan.json")
    assert call({}, "accept", "plan.json", "--write") == code
    assert json.loads(Path("m.json").read_text())["jobs"]["a"]["expect"]["status"] == "failed"
    assert "left alone: jobs.b0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("undecided", "told"),
    [
        ({"status": "running"}, "m.json:1:149: RC016 jobs.b cannot be accepted: it is running"),
        ({"status": "?"}, "m.json:1:149: RC016 jobs.b cannot be accepted: it was not observed"),
    ],
)
def test_that_nothing_has_drifted_is_not_said_while_jobs_are_undecided(undecided, told, work, capsys):
    text = json.dumps({**HEAD, "jobs": {"a": {"job_id": "id-a"}, "b": {"job_id": "id-b"}}})
    Path("m.json").write_text(text)
    call({"id-a": {"status": "success"}, "id-b": undecided}, "plan", "m.json", "--out", "plan.json")
    capsys.readouterr()
    assert call({}, "accept", "plan.json", "--write") == 1
    out, err = capsys.readouterr()
    assert (out, told in err) == ("", True), err
    assert Path("m.json").read_text() == text


def test_of_several_manifests_all_are_written_or_none(work, capsys):
    jobs = {"id-a": {"status": "failed"}, "id-b": {"status": "failed"}}
    texts = {"a.json": declare("a", {"job_id": "id-a"}), "b.json": declare("b", {"job_id": "id-b"})}
    texts["b.json"] = texts["b.json"].replace("{", f'{{"x-padding": "{"x" * 1024}", ', 1)
    for name, text in texts.items():
        Path(name).write_text(text)
    assert call(jobs, "plan", *texts, "--out", "plan.json") == 2
    # No file may become larger than 1 KiB.
    limited = ("bash", "-c", f'ulimit -f 1; exec {shlex.join(program.COMMAND)} "$@"', "bash")
    ran = program.run("accept", "plan.json", "--write", prefix=limited, cwd=work)
    assert (ran.returncode, "RC004 cannot write b.json: File too large" in ran.stderr) == (1, True)
    assert {name: Path(name).read_text() for name in texts} == texts
    assert sorted(path.name for path in work.iterdir()) == [*texts, "plan.json"]
    assert call({}, "accept", "plan.json", "--write") == 0
    assert call(jobs, "plan", *texts) == 0


def test_a_plan_is_accepted_only_with_the_signature_that_is_asked_for(work, write_keys, capsys):
    write_keys("mine", "other")
    Path("m.json").write_text(declare("m", {"job_id": "id-a"}))
    call({"id-a": {"status": "failed"}}, "plan", "m.json", "--out", "plan.json", "--sign-with", "mine.pem")
    assert call({}, "accept", "plan.json", "--verify-with", "mine.pub.pem") == 0
    capsys.readouterr()
    assert call({}, "accept", "plan.json", "--verify-with", "other.pub.pem", "--write") == 1
    out, err = capsys.readouterr()
    assert (out, "RC014" in err) == ("", True)
    assert Path("m.json").read_text() == declare("m", {"job_id": "id-a"})


# --- As an operator does it ------------------------------------------------------------------------------------


def test_the_edit_is_written_in_its_place_with_its_mode(work):
    shutil.copy(HERE / "reconcile.yaml", work)
    Path("reconcile.yaml").chmod(0o664)
    with running_simulator(load_scenario(read_document(str(HERE / "scenario.yaml")))) as url:
        environ = {**os.environ, **ENVIRON, "RECONCILE_ENDPOINT": url}
        assert run("plan", "--out", "plan.json", env=environ, cwd=work).returncode == 2
        before = Path("reconcile.yaml").read_text()
        shown = run("accept", "plan.json", env=environ, cwd=work)
        assert (shown.returncode, Path("reconcile.yaml").read_text()) == (0, before)
        assert run("accept", "plan.json", "--write", env=environ, cwd=work).stdout == shown.stdout
        assert run("plan", env=environ, cwd=work).returncode == 0
    assert Path("reconcile.yaml").stat().st_mode & 0o777 == 0o664
    assert sorted(path.name for path in work.iterdir()) == ["plan.json", "reconcile.yaml"]


def test_a_link_is_not_followed_and_nothing_is_shown_that_cannot_be_written(work):
    shutil.copy(HERE / "reconcile.yaml", work / "real.yaml")
    Path("reconcile.yaml").symlink_to("real.yaml")
    with running_simulator(load_scenario(read_document(str(HERE / "scenario.yaml")))) as url:
        environ = {**os.environ, **ENVIRON, "RECONCILE_ENDPOINT": url}
        run("plan", "--out", "plan.json", env=environ, cwd=work)
    refused = run("accept", "plan.json", "--write", cwd=work)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "RC004 cannot write reconcile.yaml: it is a symbolic link" in refused.stderr
    assert Path("real.yaml").read_text() == (HERE / "reconcile.yaml").read_text()
