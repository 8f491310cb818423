"""`reconcile review`: exit codes, formats, revisions of a repository, and what a change is judged by."""

import io
import json
import re
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator
from program import main
from report.schemas import check_against

from reconcile.shipped import load_schema

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
JOB = "  a: {job_id: id-1, expect: {job_type: bind_ldap, error_code: null}}\n"
BOTH = f"{HEAD}jobs:\n{JOB}  b: {{job_id: id-2}}\n"
GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def review(here):
    """Review two texts, or what is named; return the exit code, stdout and stderr."""

    def run(old, new, *argv, environ=None):
        for name, text in (("old.yaml", old), ("new.yaml", new)):
            if "\n" in text:
                (here / name).write_text(text)
        names = ["old.yaml" if "\n" in old else old, "new.yaml" if "\n" in new else new]
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = main(["review", *names, *argv], environ=environ or {"PATH": "/usr/bin:/bin"}, clock=lambda: NOW)
        return code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()

    return run


@pytest.fixture
def jobs(review):
    """Review two texts; return the exit code, and relation and reason of each job."""

    def run(old, new, *argv, **options):
        code, out, _ = review(old, new, *argv, "-o", "json", **options)
        document = json.loads(out)
        Draft202012Validator(load_schema("review.v1")).validate(document)
        assert document["exit_code"] == code
        for job in document["jobs"]:
            assert (job["witness"] is None) == (job["relation"] not in ("weaker", "different")), job
        return code, {job["address"]: (job["relation"], job["reason"]) for job in document["jobs"]}

    return run


def test_the_text_shows_the_smallest_answer_and_why_the_old_manifest_stops_it(review):
    code, out, _ = review(BOTH, BOTH.replace("error_code: null", "error_code: [null, SFS.TURBO.0005]"))
    assert (code, out) == (
        2,
        """\
reconcile: old.yaml -> new.yaml, 2 jobs

  # jobs.a is weaker      new.yaml:4
  - The job API answers: the job's status is "success", its job_type "bind_ldap", and its error_code "SFS.TURBO.0005".
  - The old manifest stops this: drift, error_code: expected null, observed "SFS.TURBO.0005".
  - The new manifest lets it pass.
      HTTP 200 {"error_code": "SFS.TURBO.0005", "job_id": "id-1", "job_type": "bind_ldap", "status": "success", \
"sub_jobs": []}

Review: 2 jobs: 1 weaker, 1 equal.
""",
    )


@pytest.mark.parametrize(
    ("old", "new", "code", "expected"),
    [
        pytest.param(BOTH, BOTH, 0, {"jobs.a": ("equal", None), "jobs.b": ("equal", None)}, id="nothing"),
        pytest.param(
            BOTH,
            BOTH.replace(JOB, ""),
            2,
            {"jobs.a": ("weaker", "it is no longer checked"), "jobs.b": ("equal", None)},
            id="a job that is gone",
        ),
        pytest.param(
            BOTH.replace(JOB, ""),
            BOTH,
            0,
            {"jobs.b": ("equal", None), "jobs.a": ("stronger", "it is new")},
            id="a job that is new",
        ),
        pytest.param(
            BOTH,
            BOTH.replace("  a:", "  c:"),
            0,
            {"jobs.a": ("equal", "it is called jobs.c now"), "jobs.b": ("equal", None)},
            id="another name",
        ),
        pytest.param(
            BOTH,
            BOTH.replace("project_id: p1", "project_id: p2"),
            2,
            {f"jobs.{name}": ("different", "it is another remote job now, with another project") for name in "ab"},
            id="another project",
        ),
        pytest.param(
            BOTH,
            BOTH.replace("id-1", "id-3"),
            2,
            {"jobs.a": ("different", "it is another remote job now, with another job id"), "jobs.b": ("equal", None)},
            id="another id",
        ),
        pytest.param(
            BOTH,
            BOTH.replace("bind_ldap", "create_share"),
            2,
            {"jobs.a": ("different", None), "jobs.b": ("equal", None)},
            id="another type",
        ),
        pytest.param(
            f"{HEAD}jobs: {{a: {{job_id: id-1, expect: {{absent: true}}}}}}\n",
            f"{HEAD}jobs: {{a: {{job_id: id-1}}}}\n",
            2,
            {"jobs.a": ("different", None)},
            id="absent",
        ),
        pytest.param(
            f"{HEAD}jobs: {{a: {{for_each: [id-1, id-2], job_id: '${{each.key}}'}}}}\n",
            f"{HEAD}jobs: {{a: {{for_each: [id-1], job_id: '${{each.key}}'}}}}\n",
            2,
            {'jobs.a["id-1"]': ("equal", None), 'jobs.a["id-2"]': ("weaker", "it is no longer checked")},
            id="for_each shrinks",
        ),
        pytest.param(
            f"{HEAD}jobs: {{a: {{for_each: [id-1], job_id: '${{each.key}}'}}}}\n",
            f"{HEAD}variables: {{ids: {{default: [id-1]}}}}\n"
            "jobs: {a: {for_each: '${var.ids}', job_id: '${each.key}'}}\n",
            2,
            {'jobs.a["id-1"]': ("weaker", "whether it is checked depends on var.ids")},
            id="for_each can shrink",
        ),
        pytest.param(
            f"{HEAD}variables: {{t: {{default: bind_ldap}}}}\n"
            "jobs: {a: {job_id: id-1, expect: {job_type: '${var.t}'}}}\n",
            f"{HEAD}variables: {{t: {{default: [bind_ldap, create_share]}}}}\n"
            "jobs: {a: {job_id: id-1, expect: {job_type: '${var.t}'}}}\n",
            2,
            {"jobs.a": ("weaker", None)},
            id="the default of a variable",
        ),
    ],
)
def test_each_job_is_judged_by_what_it_lets_through(jobs, old, new, code, expected):
    assert jobs(old, new) == (code, expected)


WITH_VARIABLE = (
    f"{HEAD}variables: {{t: {{}}}}\njobs: {{a: {{job_id: id-1, expect: {{job_type: '${{var.t}}', EXTRA}}}}}}\n"
)


def test_what_depends_on_a_variable_without_a_value_has_to_be_the_same(jobs):
    strict, loose = WITH_VARIABLE.replace("EXTRA", "error_code: null"), WITH_VARIABLE.replace(", EXTRA", "")
    assert jobs(strict, strict)[0] == 0
    assert jobs(strict, loose) == (2, {"jobs.a": ("weaker", None)})
    assert jobs(loose, strict) == (0, {"jobs.a": ("stronger", None)})
    changed = loose.replace("'${var.t}'", "[other, '${var.t}']")
    code, found = jobs(loose, changed)
    reason = "what depends on variables without a value has changed: review it with --var t=VALUE"
    assert (code, found["jobs.a"]) == (1, ("undecided", reason))
    assert jobs(loose, changed, "--var", "t=x") == (2, {"jobs.a": ("weaker", None)})


@pytest.mark.parametrize(
    ("declared", "field", "given"),
    [
        ("job_id: id-1, expect: {job_type: '${var.t}'}", "job_type", "bind_ldap"),
        ("job_id: id-1, expect: '${var.t}'", "status", None),
        ("job_id: id-1, after: '${var.t}'", "after", "jobs.b"),
    ],
    ids=["a value", "the expectation", "the order"],
)
def test_a_waiver_of_what_depends_on_a_variable_without_a_value_is_never_equal(jobs, declared, field, given):
    plain = f"{HEAD}variables: {{t: {{}}}}\njobs:\n  a: {{{declared}}}\n  b: {{job_id: id-2}}\n"
    waiver = f"waivers: [{{fields: [{field}], reason: known, expires: 2026-12-10}}]"
    waived = plain.replace(declared, f"{declared}, {waiver}")
    code, found = jobs(plain, waived)
    assert code != 0
    assert found["jobs.a"][0] in ("undecided", "weaker")
    assert given is None or jobs(plain, waived, "--var", f"t={given}")[0] == 2
    assert jobs(waived, plain)[0] == 0


def test_a_waived_order_is_not_kept_by_way_of_another_job(jobs):
    """It still stops times that make no sense, which the orders of other jobs do not."""
    waiver = "waivers: [{fields: [after], reason: known, expires: 2026-12-10}]"
    status = "expect: {status: [success, failed]}"
    first = f"  a: {{job_id: id-1, {status}}}\n  b: {{job_id: id-2, after: jobs.a, {status}}}\n"
    old, new = (
        f"{HEAD}jobs:\n{first}  c: {{job_id: id-3, after: {before}, {waiver}}}\n" for before in ("jobs.a", "jobs.b")
    )
    code, found = jobs(old, new)
    assert code != 0
    assert found["jobs.c"][0] in ("different", "weaker", "undecided")


def test_waiting_for_a_missing_job_is_compared_when_its_waiver_has_ended(jobs):
    """Until then, the old manifest lets it pass, and the new one waits."""
    waiver = "waivers: [{fields: [missing], reason: known, expires: 2026-12-10}]"
    old = f"{HEAD}jobs: {{a: {{job_id: id-1, {waiver}}}}}\n"
    assert jobs(old, old.replace("id-1,", "id-1, missing: wait,")) == (2, {"jobs.a": ("different", None)})


def test_a_longer_timeout_that_no_answer_shows_is_undecided(jobs):
    """The job is never waited for here, and the search cannot tell."""
    old = f"{HEAD}jobs: {{a: {{job_id: id-1, timeout: 1m, expect: {{status: [waiting, running, success]}}}}}}\n"
    code, found = jobs(old, old.replace("1m", "2h"))
    assert (code, found["jobs.a"][0]) == (1, "undecided")


ORDERED = BOTH.replace("id-2", "id-2, after: jobs.a")


@pytest.mark.parametrize("name", ["text", "json", "markdown", "github", "sarif"])
def test_a_dropped_order_is_shown_by_an_answer_about_each_of_both_jobs(review, name):
    code, out, _ = review(ORDERED, BOTH, "-o", name)
    assert code == 2
    if name == "json":
        begun, ended = json.loads(out)["jobs"][1]["witness"]["answers"]
        assert (begun["job"], begun["old"], begun["new"]) == ("jobs.b", "drift", "in_sync")
        assert (ended["job"], ended["old"], ended["new"]) == ("jobs.a", "in_sync", "in_sync")
    if name in ("text", "markdown"):
        assert '      jobs.b: HTTP 200 {"begin_time": "2026-11-22 11:59:59", "job_id": "id-2", ' in out
        assert '      jobs.a: HTTP 200 {"end_time": "2026-11-22 12:00:00", "job_id": "id-1", ' in out
    for told in (
        'The job API answers about this job: the job\'s status is "success", and its begin_time "2026-11-22 11:59:59".',
        'The job API answers about jobs.a: the job\'s status is "success", its job_type "bind_ldap", and its end_time'
        ' "2026-11-22 12:00:00".',
        'The old manifest stops this: drift, after: expected "jobs.a", observed "it began at 2026-11-22T11:59:59Z, and'
        ' jobs.a ended at 2026-11-22T12:00:00Z".',
        "The new manifest lets it pass.",
    ):
        assert told in (out.replace('\\"', '"') if name in ("json", "sarif") else out)


def test_a_job_whose_api_nobody_knows_yet_is_never_passed_over(jobs, review):
    """Without its API nothing of it could be compared, and a review that left it out would be green."""
    head = HEAD.replace("{otc:", "{ecs: {api: ecs, cloud: otc, region: eu-de, project_id: p1}, otc:")
    declared = "jobs:\n  a: {job_id: a, provider: '${var.p}'}\n  b: {job_id: b, provider: otc}\n"
    old = f"{head}variables: {{p: {{}}}}\n{declared}"
    new = old.replace("job_id: a,", "job_id: a, expect: {status: [success, failed]},")
    for pair in ((old, new), (new, old), (old, old)):
        code, _, err = review(*pair)
        assert (code, "RC212 " in err, "the job API of jobs.a depends on" in err) == (1, True, True)
    code, found = jobs(old, new, "--var", "p=ecs")
    assert (code, found["jobs.a"][0]) == (2, "weaker")


def test_what_is_undecided_can_be_allowed_and_is_shown_as_such(jobs, review):
    bound = BOTH.replace("error_code", "end_time: {before: 2026-11-20T00:00:00Z}, error_code")
    loose = bound.replace("id-2", "id-2, expect: {begin_time: {after: 2026-11-20T00:00:00Z}}")
    old = loose.replace("id-2", "id-2, after: jobs.a")
    assert jobs(old, loose)[0] == 1
    code, found = jobs(old, loose, "--allow", "jobs.b")
    assert (code, found["jobs.b"][0]) == (0, "undecided")
    weaker_too = loose.replace("job_type: bind_ldap, ", "")
    assert [jobs(old, weaker_too, "--allow", f"jobs.{name}")[0] for name in "ab*"] == [1, 2, 0]
    for name, shown in {
        "text": "jobs.b is undecided (allowed)",
        "markdown": "## reconcile review: what is weaker or undecided is allowed\n\n2 jobs: 1 undecided (1 allowed)",
        "github": "::notice file=new.yaml,line=5,",
        "sarif": '"justification": "--allow jobs.b"',
    }.items():
        code, out, _ = review(old, loose, "--allow", "jobs.b", "-o", name)
        assert (code, shown in out) == (0, True), out
        assert "--allow jobs.b: 1 weaker, different or undecided job accepted" in out


def test_a_value_that_only_one_of_them_knows_is_no_error_and_one_that_none_knows_is(review):
    declared = WITH_VARIABLE.replace(", EXTRA", "")
    assert review(BOTH, declared, "--var", "t=x")[0] == 2
    code, _, err = review(BOTH, declared, "--var", "typo=x")
    assert (code, "RC211" in err) == (1, True)


def test_an_allowed_job_is_shown_in_every_format(review):
    new = BOTH.replace(JOB, "")
    for name in ("text", "markdown", "github", "sarif"):
        code, out, _ = review(BOTH, new, "--allow", "jobs.[a]", "--allow", "jobs.a*", "-o", name)
        assert (code, "--allow jobs.a*: 1 weaker, different or undecided job accepted" in out) == (0, True)
        assert "--allow jobs.[a]: 0 weaker, different or undecided jobs accepted" in out
    code, out, _ = review(BOTH, new, "--allow", "jobs.a*", "-o", "json")
    document = json.loads(out)
    assert (code, document["allowed"], document["jobs"][0]["allowed"]) == (0, ["jobs.a*"], True)


def test_no_new_name_makes_a_job_allowed(jobs):
    renamed = BOTH.replace("a: {job_id", "legacy-a: {job_id").replace("job_type: bind_ldap, ", "")
    assert [jobs(BOTH, renamed, "--allow", glob)[0] for glob in ("jobs.legacy-*", "jobs.a")] == [2, 0]


def test_a_waiver_is_judged_on_the_day_after_the_old_one_ends(review):
    waived = BOTH.replace("expect:", "waivers: [{fields: [job_type], reason: known, expires: 2026-12-01}], expect:")
    code, out, _ = review(waived, waived.replace("2026-12-01", "2026-12-24"), "-o", "json")
    witness = json.loads(out)["jobs"][0]["witness"]
    assert (code, witness["judged_at"]) == (2, "2026-12-02T00:00:00Z")
    assert "answers on 2026-12-02T00:00:00Z: " in witness["sentence"]


@pytest.mark.parametrize(
    ("key", "first", "later"),
    [("missing: wait", "there is no such job", "1s"), ("timeout: 20m", 'the job\'s status is "waiting"', "10m1s")],
)
def test_patience_is_told_by_two_answers(review, key, first, later):
    old = BOTH.replace("job_id: id-1", "job_id: id-1, timeout: 10m")
    new = (
        BOTH.replace("job_id: id-1", f"job_id: id-1, {key}")
        if "timeout" in key
        else old.replace("id-1", f"id-1, {key}")
    )
    code, out, _ = review(old, new)
    assert code == 2
    assert f"The job API answers: {first}." in out
    assert f'The job API answers {later} later, with --wait: the job\'s status is "success"' in out


def test_a_sensitive_value_is_no_part_of_a_witness(review):
    secret = f"{HEAD}variables: {{s: {{sensitive: true}}}}\njobs: {{a: {{job_id: id-1, expect: {{job_type: T}}}}}}\n"
    old, new = secret.replace("T", "other"), secret.replace("T", "'${var.s}'")
    for name in ("text", "json", "markdown", "github", "sarif"):
        code, out, err = review(old, new, "--var", "s=hunter2", "-o", name)
        assert (code, "hunter2" in out + err) == (2, False)
    assert "(sensitive value)" in review(old, new, "--var", "s=hunter2")[1]
    after = new.replace("}}}\n", "}}, b: {job_id: id-2, after: jobs.a}}\n")
    _, out, _ = review(after, after.replace(", after: jobs.a", ""), "--var", "s=hunter2", "-o", "json")
    assert [job["relation"] for job in json.loads(out)["jobs"]] == ["equal", "weaker"]
    assert ("hunter2" in out, out.count("(sensitive value)")) == (False, 2)


@pytest.mark.parametrize("name", ["text", "json", "markdown", "github", "sarif"])
def test_what_cannot_be_read_is_an_error_in_every_format(review, name):
    code, out, err = review(BOTH, f"{HEAD}jbos: {{}}\n", "-o", name)
    assert (code, "RC102" in err) == (1, True)
    assert ("jbos" in out) == (name != "text")


def test_a_comment_of_any_outcome_has_the_same_marker(review):
    for new in (BOTH, BOTH.replace(JOB, ""), f"{HEAD}jbos: {{}}\n"):
        assert review(BOTH, new, "-o", "markdown")[1].splitlines().count("<!-- reconcile-review -->") == 1


def test_sarif_is_what_its_schema_says(review):
    for new in (BOTH.replace(JOB, ""), f"{HEAD}jbos: {{}}\n"):
        check_against("sarif-schema-2.1.0.json", json.loads(review(BOTH, new, "--allow", "jobs.a", "-o", "sarif")[1]))


def test_many_alike_are_told_once(review):
    many = HEAD + "jobs:\n" + "".join(f"  j{n}: {{job_id: id-{n}}}\n" for n in range(20))
    code, out, _ = review(many, many.replace("id-", "x-"), "-o", "github")
    assert (code, out.count("::error ")) == (2, 1)
    assert "The same holds for jobs.j1, jobs.j2, jobs.j3, jobs.j4, jobs.j5 and 14 more." in out
    assert (
        "    # the same holds for jobs.j1, jobs.j2, jobs.j3, jobs.j4, jobs.j5 and 14 more\n"
        in review(many, HEAD + "jobs: {o: {job_id: o}}\n")[1]
    )


# --- Revisions -------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(here):
    """Make a repository with one commit, and a weaker manifest beside it that is not committed."""
    (here / "infra").mkdir()
    (here / "infra" / "reconcile.yaml").write_text(BOTH)
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "x"]):
        subprocess.run([*GIT, *command], cwd=here, check=True)
    (here / "infra" / "reconcile.yaml").write_text(BOTH.replace(JOB, ""))
    return here


@pytest.mark.parametrize("old", ["HEAD:infra/reconcile.yaml", "main:infra", "main:infra/", "HEAD^{commit}:infra"])
def test_the_old_manifest_may_be_that_of_a_revision(repository, review, old):
    code, out, _ = review(old, "infra", "-o", "json")
    document = json.loads(out)
    assert (code, document["summary"]["weaker"]) == (2, 1)
    assert document["old"] == [f"{old.partition(':')[0]}:infra/reconcile.yaml"]


@pytest.mark.parametrize(
    ("old", "told"),
    [
        ("nowhere:infra", "git knows no revision 'nowhere'"),
        ("--upload-pack=touch planted:infra", "git knows no revision"),
        ("HEAD:gone.yaml", "there is no 'gone.yaml' at HEAD"),
        ("HEAD:../x", "leads out of the repository"),
        ("HEAD:*", "there is no '*' at HEAD"),
        ("HEAD:", "there is no manifest in '.' at HEAD"),
    ],
)
def test_a_revision_that_is_not_there_is_an_error(repository, review, old, told):
    code, out, err = review("--", old, "infra")
    assert (code, out) == (1, "")
    assert told in err
    assert not (repository / "planted").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [("HEAD:new.yaml", "new.yaml"), ("HEAD:new", "new"), ("HEAD:new/reconcile.yaml", "new"), ("HEAD:", ".")],
)
def test_a_manifest_that_the_revision_does_not_have_yet_is_called_new(repository, review, old, new):
    (repository / "new").mkdir()
    for name in ("new.yaml", "new/reconcile.yaml", "reconcile.yaml"):
        (repository / name).write_text(BOTH)
    code, out, err = review(old, new)
    assert (code, out) == (1, "")
    assert f"the manifest is new: there is none at {old}, so there is nothing to compare it with" in err
    assert "skip the review for this change, or compare with the commit that adds it" in err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("HEAD", "infra/reconcile.yaml", "add the path from its top: HEAD:infra/reconcile.yaml"),
        (
            "infra",
            "HEAD:infra",
            "there is no file HEAD:infra: NEW must be a file or directory, only OLD may be REV:PATH",
        ),
        ("gone.yaml", "infra", "there is no file gone.yaml\nTo learn more"),
    ],
)
def test_a_revision_in_the_wrong_form_or_place_is_an_error_that_shows_the_right_one(repository, review, old, new, told):
    code, out, err = review(old, new)
    assert (code, out, told in err) == (1, "", True), err


def test_a_revision_of_no_repository_is_an_error(review):
    code, _, err = review("HEAD:infra", BOTH)
    assert (code, "new.yaml is not in a git repository" in err, "fatal" in err) == (1, True, False)


def test_a_hostile_checkout_runs_nothing(repository, review):
    """Its configuration, hooks, attributes and programs of the working directory are those of a pull request."""
    trap = repository / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {repository}/planted\ncat\n")
    trap.chmod(0o755)
    (repository / "git").write_text(trap.read_text())
    (repository / "git").chmod(0o755)
    settings = ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "filter.x.smudge", "core.editor")
    for name in (*settings, "alias.ls-tree", "alias.rev-parse", "diff.x.textconv", "credential.helper"):
        subprocess.run([*GIT, "config", name, f"!{trap}" if name.startswith("alias") else str(trap)], check=True)
    (repository / ".gitattributes").write_text("* filter=x diff=x\n")
    for hook in ("post-checkout", "pre-commit", "post-index-change"):
        (repository / ".git" / "hooks" / hook).write_text(trap.read_text())
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    (repository / "planted").unlink(missing_ok=True)  # git config itself may have set a trap off
    environ = {
        "PATH": ".::/usr/bin:/bin",
        "GIT_DIR": "/nowhere",
        "GIT_EXTERNAL_DIFF": str(trap),
        "GIT_PAGER": str(trap),
    }
    assert review("HEAD:infra", "infra", environ=environ)[0] == 2
    assert not (repository / "planted").exists()


def test_a_link_of_a_revision_is_not_followed(repository, review):
    (repository / "link.yaml").symlink_to("infra/reconcile.yaml")
    for command in (["add", "link.yaml"], ["commit", "--quiet", "-m", "x"]):
        subprocess.run([*GIT, *command], check=True)
    code, _, err = review("HEAD:link.yaml", "infra")
    assert (code, "is not a regular file" in err) == (1, True)


def test_without_git_a_revision_is_an_error(repository, review):
    code, _, err = review("HEAD:infra", "infra", environ={"PATH": "."})
    assert (code, "needs git" in err) == (1, True)


def test_a_file_with_a_colon_in_its_name_is_a_file(here, review):
    (here / "a:b.yaml").write_text(BOTH)
    assert review("./a:b.yaml", BOTH)[0] == 0
    assert review(str(here / "a:b.yaml"), BOTH)[0] == 0


@pytest.mark.parametrize("old", ["HEAD^1:infra/reconcile.yaml", "origin/main:infra", "HEAD^1:x.yaml", ":infra"])
def test_no_file_of_the_checkout_is_taken_for_a_revision(repository, review, old):
    planted = repository / old
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text((repository / "infra" / "reconcile.yaml").read_text())
    code, out, err = review(old, "infra")
    assert (code, out, "git knows no revision" in err) == (1, "", True)
    assert "a file with ':' in its name is ./NAME" in err


def test_a_revision_about_which_git_is_in_doubt_is_an_error(repository, review):
    subprocess.run([*GIT, "commit", "--quiet", "-am", "weaker"], check=True)
    subprocess.run([*GIT, "config", "core.warnAmbiguousRefs", "false"], check=True)
    assert review("main^:infra", "infra")[0] == 2
    subprocess.run([*GIT, "tag", "main"], check=True)
    for old in ("main:infra", "main^:infra"):
        code, out, err = review(old, "infra")
        assert (code, out, "refname 'main' is ambiguous" in err) == (1, "", True)
    assert review("refs/heads/main^:infra", "infra")[0] == 2


def test_a_comment_fits_into_its_limit_and_holds_no_mention(review):
    many = (
        HEAD
        + "jobs:\n"
        + "".join(f"  j{n}: {{job_id: id-{n}, expect: {{job_type: '```@org/team{n}'}}}}\n" for n in range(700))
    )
    code, out, _ = review(many, HEAD + "jobs: {o: {job_id: o}}\n", "-o", "markdown")
    assert (code, len(out.encode()) < 65_536) == (2, True)
    assert re.findall("^```", out, re.MULTILINE) == ["```", "```"]
