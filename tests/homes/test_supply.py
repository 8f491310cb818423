"""What is installed is what was locked, or what a tag names."""

import re
import subprocess
from hashlib import sha256
from pathlib import Path

from homes.rehearsal import ROOT, commit, copy_sources

from reconcile import __version__


def test_h01_an_installation_by_hashes_ends_at_one_changed_byte(machine, tmp_path):
    (wheel,) = Path(machine["HOME"]).glob("reconcile_jobs-*.whl")
    content = wheel.read_bytes()
    locked = tmp_path / "requirements.txt"
    locked.write_text(f"reconcile-jobs=={__version__} --hash=sha256:{sha256(content).hexdigest()}\n")
    at = len(content) // 2
    for name, found in (("right", content), ("wrong", content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])):
        folder = tmp_path / name
        folder.mkdir()
        (folder / wheel.name).write_bytes(found)
        command = ["pip", "install", "--quiet", "--require-hashes", "--target", folder / "there", "-r", locked]
        environ = {**machine, "PIP_FIND_LINKS": str(folder)}
        done = subprocess.run(command, env=environ, cwd="/", capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is (name == "right"), done.stderr
        assert ("THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr) is (name == "wrong")


def test_readme_installs_a_tag_before_there_is_a_release(machine, tmp_path):
    sources = copy_sources(tmp_path / "sources")
    subprocess.run(["git", "tag", f"v{__version__}", commit(sources)], cwd=sources, check=True)
    named = re.findall(r"git\+https://\S+/reconcile@(\S+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(named) == {f"v{__version__}"}
    # pipx and uvx hand this to an installer as it is.
    command = ["pip", "install", "--quiet", "--target", tmp_path / "there", f"git+file://{sources}@{named[0]}"]
    subprocess.run(command, env=machine, cwd="/", check=True)
    environ = {**machine, "PYTHONPATH": f"{tmp_path / 'there'}:{machine['PYTHONPATH']}"}
    command = [tmp_path / "there" / "bin" / "reconcile", "--version"]
    assert __version__ in subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
