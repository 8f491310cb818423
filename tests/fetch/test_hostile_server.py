"""The worst that a server can send, as the whole program meets it: in time, in little memory, as an error."""

import asyncio
import gzip
import os
import subprocess

import program
import pytest

MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, project_id: p1}}
jobs: {a: {job_id: id-a}}
"""
BOMB = gzip.compress(b"\0" * 200 * 1024 * 1024, 9)
OK = b"HTTP/1.1 200 OK\r\n"


async def send_bomb(wire):
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
    await wire.send(head + BOMB)


async def send_for_ever(wire):
    await wire.send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await wire.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


async def drip_body(wire):
    await wire.send(OK + b"Content-Length: 999\r\n\r\n")
    while True:
        await wire.send(b" ")
        await asyncio.sleep(0.1)


async def drip_head(wire):
    while True:
        await wire.send(OK if wire.reader.at_eof() else b"X")
        await asyncio.sleep(0.1)


async def flood_head(wire):
    await wire.send(OK)
    while True:
        await wire.send(b"X: " + b"x" * 1000 + b"\r\n")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(send_bomb, id="D17"),
        pytest.param(send_for_ever, id="D18"),
        pytest.param(drip_body, id="D19"),
        pytest.param(drip_head, id="D20"),
        pytest.param(flood_head, id="D21"),
    ],
)
def test_a_hostile_server_costs_an_error_and_little_memory_and_time(fault, serve, tmp_path):
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)

    async def script(wire):
        await wire.read_request()
        await fault(wire)

    async def attack():
        async with serve(script) as server:
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
