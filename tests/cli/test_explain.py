"""Every error code is explained, and what its explanation shows is true."""

import io
import re
from datetime import UTC, datetime
from textwrap import dedent

import pytest
from program import main

from reconcile.cli.explain import _OTHER_WORDS
from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.manifest import load_manifests
from reconcile.model.plan import Verdict
from reconcile.shipped import shipped_folder

EXPLANATIONS = {path.stem: path.read_text(encoding="utf-8") for path in shipped_folder("explanations").glob("RC*.md")}
WORDS = sorted(path.stem for path in shipped_folder("explanations").glob("[!R]*.md"))
SECTIONS = ["What", "Why", "Fix", "Example"]
EXAMPLE = re.compile(r"(?:^    .*\n)+", re.MULTILINE)

NOW = datetime(2026, 11, 22, tzinfo=UTC)

ABOUT_MANIFESTS = [code.value for code in Code if code.value[:3] in ("RC1", "RC2")]
NO_MANIFEST_SHOWS = {
    "RC100": "it is about the file itself",
    "RC106": "it is about bytes and characters that a page cannot show",
    "RC114": "it is about the description of a job API",
    "RC115": "it is about the description of a job API",
    "RC116": "it is about the description of a job API",
    "RC205": "no job API that ships lacks a status word of the language",
    "RC210": "what a waiver covers is only known beside an observation",
    "RC218": "it takes two manifests",
}

REST = {
    "version": "version: 1\n",
    "providers": "providers: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: 0123456789abcdef}}\n",
    "jobs": "jobs: {bind-ldap: {job_id: 26f6b565-0000}}\n",
}


def find_codes(example):
    """Return the codes of everything that is wrong, or not quite right, with an example made whole."""
    missing = [text for key, text in REST.items() if not re.search(rf"^{key}:", example, re.MULTILINE)]
    try:
        manifest = load_manifests(["-"], now=NOW, stdin=io.BytesIO("".join([*missing, example]).encode()))
    except DocumentError as error:
        return {each.code.value for each in error.diagnostics}
    return {each.code.value for each in manifest.warnings}


def test_each_code_is_explained_and_nothing_else():
    assert sorted(EXPLANATIONS) == sorted(Code)


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_an_explanation_says_what_why_how_to_mend_and_shows_it(code):
    text = EXPLANATIONS[code]
    assert text.startswith(f"# {code}: ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert all(part.strip() for part in re.split(r"^#.*$", text, flags=re.MULTILINE)[2:])
    assert EXAMPLE.search(text)
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("code", [code for code in ABOUT_MANIFESTS if code not in NO_MANIFEST_SHOWS])
def test_the_wrong_example_gives_the_code_and_the_right_one_nothing(code):
    wrong, right = (dedent(example) for example in EXAMPLE.findall(EXPLANATIONS[code]))
    assert find_codes(wrong) == {code}
    assert find_codes(right) == set()


def test_the_list_has_every_code_with_its_title(capsys):
    assert main(["explain"], environ={}) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [*Code, *WORDS]
    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith("RC102")] == ["Unknown key"]


@pytest.mark.parametrize("word", ["RC102", "rc102", " Rc102 "])
def test_a_code_is_found_in_any_case(word, capsys):
    assert main(["explain", word], environ={}) == 0
    assert capsys.readouterr().out == EXPLANATIONS["RC102"]


@pytest.mark.parametrize("word", [verdict.value for verdict in Verdict])
def test_every_verdict_is_explained(word, capsys):
    assert main(["explain", word], environ={}) == 0
    assert capsys.readouterr().out.startswith(f"# {word}: ")


def test_a_code_of_a_job_api_is_explained_by_each_api_that_has_it(capsys):
    assert main(["explain", "sfs.turbo.0010"], environ={}) == 0
    assert "SFS.TURBO.0010 (SFS Turbo): the quota of the project is used up\n" in capsys.readouterr().out


def test_a_code_of_the_gateway_says_nothing_about_the_job(capsys):
    assert main(["explain", "APIG.9999"], environ={}) == 0
    assert "the gate is red" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["RC1022", "102", "../RC102"])
def test_an_unknown_code_is_an_error_with_a_suggestion(word, capsys):
    assert main(["explain", word], environ={}) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "did you mean 'RC102'?" in err


def test_a_code_that_is_far_from_all_others_suggests_none(capsys):
    assert main(["explain", "RC999"], environ={}) == 1
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "is_told"),
    [("validate", True), ("plan", True), ("plan -q", False), ("plan -o json", False), ("validate -o json", False)],
)
def test_a_failed_run_says_once_how_to_learn_more(command, is_told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text("version: 1\njob: {}\nprovider: {}\n")
    assert main(command.split(), environ={}) == 1
    told = re.findall("^To learn more: reconcile explain (.*)$", capsys.readouterr().err, re.MULTILINE)
    assert told == (["RC109"] if is_told else [])


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        (["2"], "# drift: "),
        (["missing"], "# drift: "),
        (["settle"], "# Manifest"),
        (["Witness"], "# Evidence: "),
        (["threat", "model"], "# Security: "),
        (["exit", "codes"], "0  in_sync: every expectation was proven\n1  error: "),
    ],
)
def test_a_page_is_found_by_other_words(words, begins, capsys):
    assert main(["explain", *words], environ={}) == 0
    assert capsys.readouterr().out.startswith(begins)


def test_every_other_word_leads_to_a_page():
    assert {*_OTHER_WORDS.values()} <= {*WORDS}
    assert not _OTHER_WORDS.keys() & {*WORDS}
