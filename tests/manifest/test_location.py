import pytest

from reconcile.codes import Code
from reconcile.errors import UsageError
from reconcile.manifest import find_manifest


@pytest.mark.parametrize("name", ["reconcile.yaml", "reconcile.yml", "reconcile.json"])
def test_the_manifest_of_a_directory_is_found(tmp_path, name):
    (tmp_path / name).write_text("")
    assert find_manifest(None, tmp_path) == find_manifest(str(tmp_path)) == str(tmp_path / name)


@pytest.mark.parametrize("argument", ["-", "storage.yaml", "gone/reconcile.yaml"])
def test_a_file_is_taken_as_it_is_named(argument, tmp_path):
    assert find_manifest(argument, tmp_path) == argument


def test_the_current_directory_is_the_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yml").write_text("")
    assert find_manifest(None) == "reconcile.yml"


def test_no_manifest_is_an_error_that_says_what_was_looked_for__C02(tmp_path):
    with pytest.raises(UsageError) as raised:
        find_manifest(str(tmp_path))
    (found,) = raised.value.diagnostics
    assert found.code is Code.NO_SUCH_FILE
    assert "reconcile.yaml, reconcile.yml or reconcile.json" in found.message
    assert str(tmp_path) in found.message


def test_several_manifests_are_never_a_choice_of_the_program(tmp_path):
    (tmp_path / "reconcile.yaml").write_text("")
    (tmp_path / "reconcile.json").symlink_to("gone")
    with pytest.raises(UsageError) as raised:
        find_manifest(None, tmp_path)
    assert "reconcile.yaml, reconcile.json" in raised.value.diagnostics[0].message
