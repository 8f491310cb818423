"""A name server that does not answer, in namespaces of its own, where the system has them."""

import os
import subprocess
from pathlib import Path

import program
import pytest

UNSHARE = ("unshare", "--map-root-user", "--mount", "--net")
MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p}}
jobs: {a: {job_id: a}}
"""
SILENT = """
import socket, sys, time
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.53", 53))
print("ready", flush=True)
time.sleep(300)
"""
PATIENCE = "timeout:30 attempts:5"
"""How long the system waits for a name server: two and a half minutes in all, and the test allows a minute."""


def can_unshare() -> bool:
    try:
        return subprocess.run([*UNSHARE, "ip", "link"], capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.mark.skipif(not can_unshare(), reason="this system has no namespaces for us")
def test_d23_a_name_server_that_does_not_answer_keeps_no_run_from_its_deadline(tmp_path: Path) -> None:
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    (tmp_path / "resolv.conf").write_text(f"nameserver 127.0.0.53\noptions {PATIENCE}\n")
    (tmp_path / "silent.py").write_text(SILENT)
    script = (
        "set -e; ip link set lo up; mount --bind resolv.conf /etc/resolv.conf; "
        f"coproc SILENT {{ exec {program.COMMAND[0]} silent.py; }}; read -r -u ${{SILENT[0]}}; "
        f"set +e; {' '.join(program.COMMAND)} plan --timeout 2s; code=$?; kill $SILENT_PID; exit $code"
    )
    environ = {**os.environ, "RECONCILE_TOKEN": "a-token", "PEAK_MEMORY": str(tmp_path / "peak")}
    ran = subprocess.run(
        [*UNSHARE, "bash", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1, ran.stderr
    assert "RC005 no answer within the time limit of the run, 2 s" in ran.stdout
