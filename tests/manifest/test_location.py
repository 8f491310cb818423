from pathlib import Path

import pytest
from builders import NOW

from reconcile.codes import Code
from reconcile.errors import DocumentError, UsageError
from reconcile.manifest import find_manifests, load_manifests

HEAD = "version: 1\nname: there\nproviders: {p: {api: sfs-turbo, project_id: a}}\n"


def write(folder, *names):
    for name in names:
        (folder / name).write_text("")


def refuse(*arguments, directory="."):
    with pytest.raises(UsageError) as raised:
        find_manifests(arguments, directory)
    return raised.value.diagnostics


@pytest.mark.parametrize("name", ["reconcile.yaml", "reconcile.yml", "reconcile.json", "prod.reconcile.yaml"])
def test_the_manifest_of_a_directory_is_found(tmp_path, name):
    write(tmp_path, name, "scenario.yaml", "reconcile.yaml.orig", "notreconcile.yaml")
    assert find_manifests([], tmp_path) == find_manifests([str(tmp_path)]) == (str(tmp_path / name),)


def test_all_manifests_of_a_directory_are_taken_in_order(tmp_path):
    write(tmp_path, "reconcile.yaml", "b.reconcile.yml", "a.reconcile.json")
    names = [path.rpartition("/")[2] for path in find_manifests([str(tmp_path)])]
    assert names == ["a.reconcile.json", "b.reconcile.yml", "reconcile.yaml"]


@pytest.mark.parametrize("argument", ["-", "storage.yaml", "gone/reconcile.yaml", "envs/*.yaml"])
def test_a_file_is_taken_as_it_is_named(argument, tmp_path):
    assert find_manifests([argument], tmp_path) == (argument,)


def test_what_is_not_there_is_named_beside_what_is__C02(tmp_path, monkeypatch):
    """A shell leaves a glob that nothing matches as it is: one of two that is wrong must not be a smaller run."""
    monkeypatch.chdir(tmp_path)
    Path("there.yaml").write_text(f"{HEAD}jobs: {{a: {{job_id: i}}}}\n")
    paths = find_manifests(["there.yaml", "gone.yaml", "envs/*.yaml"])
    with pytest.raises(DocumentError) as raised:
        load_manifests(paths, now=NOW)
    assert [(fault.code, fault.message) for fault in raised.value.diagnostics] == [
        (Code.NO_SUCH_FILE, "there is no file gone.yaml"),
        (Code.NO_SUCH_FILE, "there is no file envs/*.yaml"),
    ]


def test_what_is_named_twice_is_taken_once(tmp_path):
    write(tmp_path, "reconcile.yaml", "b.reconcile.yaml")
    both = str(tmp_path / "b.reconcile.yaml"), str(tmp_path / "reconcile.yaml")
    assert find_manifests([both[1], str(tmp_path), f"{tmp_path}/./reconcile.yaml"]) == (both[1], both[0])


def test_the_current_directory_is_the_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "reconcile.yml")
    assert find_manifests([]) == ("reconcile.yml",)


def test_every_directory_without_a_manifest_is_named__C02(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    write(tmp_path / "b", "reconcile.yaml")
    found = refuse(*(str(tmp_path / name) for name in ("a", "b", "c")))
    assert [fault.code for fault in found] == [Code.NO_SUCH_FILE] * 2
    assert "reconcile.yaml, reconcile.yml or reconcile.json" in found[0].message
    assert str(tmp_path / "a") in found[0].message
    assert str(tmp_path / "c") in found[1].message


def test_a_link_out_of_its_directory_is_refused_unread__C30(tmp_path):
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "reconcile.yaml").symlink_to("../secret")
    (found,) = refuse(str(tmp_path / "in"))
    assert found.code is Code.UNREADABLE
    assert "hunter2" not in repr(found)


def test_links_in_a_circle_are_left_to_the_reader(tmp_path):
    (tmp_path / "reconcile.yaml").symlink_to("reconcile.yaml")
    assert find_manifests((str(tmp_path),)) == (str(tmp_path / "reconcile.yaml"),)


def test_a_link_within_its_directory_is_followed(tmp_path):
    write(tmp_path, "common.yaml")
    (tmp_path / "reconcile.yaml").symlink_to("common.yaml")
    assert find_manifests([str(tmp_path)]) == (str(tmp_path / "reconcile.yaml"),)
