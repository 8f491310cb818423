"""What is installed is what was locked."""

import subprocess
from hashlib import sha256
from pathlib import Path

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
