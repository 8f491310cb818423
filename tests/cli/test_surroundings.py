"""Files are named by their path in the repository, wherever the gate is started and however they are named."""

import json
import re
from pathlib import Path

import pytest
from program import main

from reconcile.cli.surroundings import find_docs_url, find_paths, find_run_url
from reconcile.codes import Code
from reconcile.model.diagnostic import Diagnostic, Source

MANIFEST = """version: 1
providers: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}
jobs: {a: {job_id: id-a, labels: {x: 1}}}
"""
WAYS = [
    (".", "infra/prod/reconcile.yaml"),
    (".", "./infra/prod/reconcile.yaml"),
    (".", "infra/prod/../prod/reconcile.yaml"),
    (".", "{root}/infra/prod/reconcile.yaml"),
    (".", "infra/prod"),
    ("infra/prod", "reconcile.yaml"),
    ("infra/prod", "../prod/reconcile.yaml"),
    ("infra", "prod/reconcile.yaml"),
    ("elsewhere", "../infra/prod/reconcile.yaml"),
]


def find(file, environ):
    source = Source(file=file, line=1, column=1)
    return find_paths(None, [Diagnostic(code=Code.SYNTAX, message="x", source=source)], environ).get(file, file)


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repo"
    for folder in ("infra/prod", "elsewhere", ".git"):
        (root / folder).mkdir(parents=True)
    (root / "infra/prod/reconcile.yaml").write_text(MANIFEST)
    return root


@pytest.mark.parametrize("name", [None, "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY"])
@pytest.mark.parametrize(("folder", "file"), WAYS)
def test_u30_every_format_names_the_file_by_its_path_in_the_repository(
    repository, monkeypatch, capsys, folder, file, name
):
    monkeypatch.chdir(repository / folder)
    if name:  # what the CI system says is enough
        (repository / ".git").rmdir()
    environ = {name: str(repository)} if name else {}
    found = {}
    for form in ("sarif", "github", "azure", "gitlab", "junit", "ctrf", "tap", "markdown"):
        code = main(["plan", "-q", file.format(root=repository), "-o", form], environ=environ)
        assert code == 1
        text = capsys.readouterr().out
        found[form] = set(re.findall(r"[\w./-]*reconcile\.yaml", text.replace("reconcile/infra", "infra")))
    assert found == {form: {"infra/prod/reconcile.yaml"} for form in found}


def test_u30_without_a_repository_it_is_the_path_from_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert find("./a/../a/b/m.yaml", {}) == "a/b/m.yaml"
    assert find(str(tmp_path / "a/m.yaml"), {}) == "a/m.yaml"
    assert find("/somewhere/else/m.yaml", {}) == "/somewhere/else/m.yaml"
    assert find("-", {"GITHUB_WORKSPACE": str(tmp_path)}) == "-"


def test_u30_a_repository_that_is_reached_by_a_link_is_the_same(repository, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(repository)
    monkeypatch.chdir(tmp_path)
    file = str(repository / "infra/prod/reconcile.yaml")
    assert find(file, {"GITHUB_WORKSPACE": str(tmp_path / "link")}) == "infra/prod/reconcile.yaml"


def test_u30_a_saved_plan_keeps_the_paths_for_readers_elsewhere(repository, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(repository / "infra/prod")
    assert main(["plan", "-q", "--out", "../../plan.json", "-o", "json"], environ={}) == 1
    plan = json.loads(capsys.readouterr().out)
    assert plan["errors"][0]["file"] == "reconcile.yaml"
    monkeypatch.chdir(tmp_path)
    assert main(["show", str(repository / "plan.json"), "-o", "gitlab"], environ={}) == 0
    assert json.loads(capsys.readouterr().out)[0]["location"]["path"] == "infra/prod/reconcile.yaml"
    assert Path("repo/plan.json").exists()


GITHUB = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}
AZURE = {"SYSTEM_COLLECTIONURI": "https://dev.azure.com/o/", "SYSTEM_TEAMPROJECT": "my p", "BUILD_BUILDID": "7"}


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, None),
        (GITHUB, "https://github.com/o/r/actions/runs/7"),
        ({**GITHUB, "GITHUB_RUN_ID": "7>)"}, "https://github.com/o/r/actions/runs/7%3E%29"),
        ({"GITHUB_RUN_ID": "7"}, None),
        ({"CI_JOB_URL": "https://gitlab.com/o/r/-/jobs/7"}, "https://gitlab.com/o/r/-/jobs/7"),
        ({"CI_JOB_URL": "javascript:alert(1)"}, None),
        ({"CI_JOB_URL": "https://a/ [x](https://b)"}, None),
        (AZURE, "https://dev.azure.com/o/my%20p/_build/results?buildId=7"),
    ],
)
def test_u36_the_page_of_a_ci_run_is_known_by_the_variables_of_its_system(environ, url):
    assert find_run_url(environ) == url


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://docs.example.com", "https://docs.example.com"),
        ("https://docs.example.com:8443/a/b/", "https://docs.example.com:8443/a/b"),
        ("http://docs.example.com", None),
        ("https://user:secret@docs.example.com", None),
        ("https://docs.example.com/?key=secret", None),
        ("https://docs.example.com/#a", None),
        ("https://docs.example.com/a b", None),
        ("https://", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_a_place_of_the_documentation_that_is_no_plain_https_url_is_an_error(value, url, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    environ = {"RECONCILE_DOCS_URL": value}
    assert find_docs_url(environ) == url
    assert main(["plan", "nowhere.yaml"], environ=environ) == 1
    out, err = capsys.readouterr()
    assert ("RC001 RECONCILE_DOCS_URL is not the URL of a site" in err) == (url is None)
    assert (f"To learn more: {url}/errors/RC002/\n" in err) == (url is not None)
    assert "secret" not in out + err
