"""The hook, by the real pre-commit: it installs a commit of ours into an environment of its own, and checks offline."""

import re
import shutil
import sys

import pytest
import yaml
from homes.rehearsal import EXAMPLES, ROOT, commit, copy_sources


@pytest.fixture
def hook(rehearse, tmp_path):
    """Run the hook over all files of a checkout."""
    ours = copy_sources(tmp_path / "ours")
    config = yaml.safe_load((EXAMPLES / "pre-commit" / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    config["repos"][0] |= {"repo": str(ours), "rev": commit(ours)}
    (rehearse.checkout / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))

    def run(*, commits=True):
        if commits:
            commit(rehearse.checkout)
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"]
        return rehearse(command, PRE_COMMIT_HOME=str(tmp_path / "cache"))

    run.checkout = rehearse.checkout
    return run


def test_the_hook_passes_what_is_valid_and_shows_what_is_not(hook):
    passed = hook()
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert re.search(r"reconcile validate\.+Passed", passed.stdout)
    shutil.copy(EXAMPLES / "quickstart" / "typo.yaml", hook.checkout / "typo.reconcile.yaml")
    failed = hook()
    assert failed.returncode == 1
    assert "typo.reconcile.yaml:15:5: RC102 unknown key 'expcet'" in failed.stdout


def test_the_hook_of_reviews_shows_what_a_change_lets_through(hook):
    assert hook().returncode == 0
    manifest = hook.checkout / "reconcile.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("job_type: bind_ldap, ", ""), encoding="utf-8")
    failed = hook(commits=False)
    assert failed.returncode == 1
    assert re.search(r"reconcile review\.+Failed", failed.stdout)
    assert "# jobs.bind-ldap is weaker" in failed.stdout


def test_the_hook_takes_the_names_that_the_gate_finds():
    declared, review = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert re.compile(review["files"]).search(review["args"][-1])
    assert not re.compile(review["files"]).search(f"infra/{review['args'][-1]}")
    taken = re.compile(declared["files"])
    names = ["reconcile.yaml", "a/reconcile.yml", "reconcile.json", "a/b.reconcile.yaml", "b.reconcile.json"]
    assert all(taken.search(name) for name in names)
    assert not any(taken.search(name) for name in ("xreconcile.yaml", "reconcile.yaml.bak", ".reconcile.yaml"))
