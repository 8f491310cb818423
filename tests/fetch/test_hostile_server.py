"""The worst that a server can send, as the whole program meets it: in time, in little memory, as an error."""

import asyncio
import os
import subprocess

import program
import pytest
from proof.faults import FAULTS, PLAIN
from proof.hostile import try_server

MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, project_id: p1}}
jobs: {a: {job_id: id-a}}
"""


NUMBERED = [pytest.param(each, id=each.name) for each in FAULTS if each.name.startswith("D") and each.origin == PLAIN]
UNCONNECTED = [pytest.param(each, id=each.name) for each in FAULTS if each.origin != PLAIN and not each.tls]


@pytest.mark.parametrize("fault", NUMBERED)
def test_a_hostile_server_costs_an_error_and_little_memory_and_time(fault, serve, tmp_path):
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)

    async def attack():
        async with serve(fault.script) as server:
            environ = {
                **os.environ,
                "RECONCILE_TOKEN": "a-token",
                "RECONCILE_ENDPOINT": f"http://127.0.0.1:{server.port}",
            }
            options = {"cwd": tmp_path, "env": environ, "stdout": subprocess.PIPE}
            with program.start("plan", "--timeout", "2s", **options) as process:
                out, _ = await asyncio.to_thread(process.communicate, timeout=30)
            return process, out

    process, out = asyncio.run(attack())
    assert process.returncode == 1
    assert "1 error" in out
    assert process.memory <= 100 * 1024


@pytest.mark.parametrize("fault", UNCONNECTED)
def test_what_never_becomes_a_connection_ends_in_time_and_without_a_traceback(fault):
    assert asyncio.run(try_server(fault, asyncio.Semaphore(1))).failings == ()
