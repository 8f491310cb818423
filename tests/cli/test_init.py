"""A manifest to begin with: valid, complete, and never in the place of another."""

import io
import os
import re
from datetime import UTC, datetime

import pytest
from program import main

from reconcile.apis import api_names, load_api
from reconcile.authoring import compose_starter
from reconcile.manifest import load_manifests
from reconcile.shipped import load_schema, shipped_folder

SHOWN = shipped_folder("examples") / "starter" / "reconcile.yaml"
STARTER = compose_starter(load_api("sfs-turbo"))
EXAMPLE = re.compile(r"^#( *)(?=[-a-z_]+: |[-a-z_]+:$|- \{|# )", flags=re.MULTILINE)
"""What makes an example of a line."""


def find_keys(schema):
    """Return every key that a schema has a name for."""
    children = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    keys = set(schema.get("properties", {})) if isinstance(schema, dict) else set()
    return keys.union(*map(find_keys, children))


@pytest.mark.parametrize("argv", [["init"], ["init", "."], ["init", "storage"]], ids=" ".join)
def test_it_is_written_where_it_should_be_and_is_valid(argv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "storage").mkdir()
    assert main(argv, environ={}) == 0
    folder = tmp_path.joinpath(*argv[1:])
    assert (folder / "reconcile.yaml").read_text(encoding="utf-8") == STARTER
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["reconcile.yaml"]
    out, err = capsys.readouterr()
    assert out == ""
    assert "reconcile validate" in err
    assert main(["validate", *argv[1:]], environ={}) == 0


def test_it_may_be_read_by_whoever_may_read_other_new_files(tmp_path):
    assert main(["init", str(tmp_path)], environ={}) == 0
    (tmp_path / "other").touch()
    assert (tmp_path / "reconcile.yaml").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("name", ["reconcile.yaml", "reconcile.yml", "reconcile.json"])
@pytest.mark.parametrize("lay", [os.mkfifo, lambda path: path.symlink_to("/nowhere"), lambda path: path.write_text("")])
def test_nothing_is_overwritten_nor_followed(name, lay, tmp_path, capsys):
    lay(tmp_path / name)
    before = (tmp_path / name).lstat()
    assert main(["init", str(tmp_path)], environ={}) == 1
    assert "RC004" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).lstat() == before


@pytest.mark.parametrize("directory", ["nowhere", "a-file", ""])
def test_the_directory_has_to_exist(directory, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").touch()
    assert main(["init", directory or "no/where"], environ={}) == 1
    assert "RC002 there is no directory" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_an_error_and_stays_as_it_is(capsys):
    assert main(["init", "/proc/self"], environ={}) == 1
    assert "RC004 cannot write /proc/self/reconcile.yaml" in capsys.readouterr().err


def test_the_starter_among_the_examples_is_what_is_written(check_golden):
    check_golden(SHOWN, STARTER)


def test_it_mentions_every_key_of_the_language():
    starters = STARTER + compose_starter(load_api("sfs-turbo-du-task"))
    written = set(re.findall(r"([a-z_]+):", starters))
    assert find_keys(load_schema("manifest.v1")) - written == set()


def test_it_is_valid_too_with_every_example_in_use():
    manifest = load_used(STARTER)
    assert [job.address for job in manifest.jobs][:2] == ["jobs.first", "jobs.second"]
    assert len(manifest.jobs) == 5
    assert manifest.warnings == ()


def load_used(text):
    """Load a starter with all its examples in use."""
    used = EXAMPLE.sub(r"\1", text[text.index("version:") :])
    return load_manifests(["-"], now=datetime(2026, 11, 22, tzinfo=UTC), stdin=io.BytesIO(used.encode()))


@pytest.mark.parametrize("name", api_names())
def test_there_is_one_for_every_api_and_its_comments_are_true(name, tmp_path, capsys):
    assert main(["init", str(tmp_path), "--api", name], environ={}) == 0
    assert main(["prove", str(tmp_path)], environ={}) == 0, capsys.readouterr().out
    api, text = load_api(name), (tmp_path / "reconcile.yaml").read_text(encoding="utf-8")
    assert {job.provider.api.name for job in load_used(text).jobs} == {name}
    assert max(map(len, text.splitlines())) <= 120
    assert ("have no sub-jobs" in text) is (api.parts is None)
    assert ("absent: true" in text) is api.can_be_missing
    assert [word for word, state in api.words.items() if state == api.failure and word not in text] == []
