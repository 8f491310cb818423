"""Servers that send what they should not, each a script for `fault_server.serve`, and how a run against it must end."""

import asyncio
import gzip
import json
from dataclasses import dataclass

from fault_server import Script, Wire

BOMB = gzip.compress(b"\0" * 200 * 1024 * 1024, 9)
BOMB_IN_BOMB = gzip.compress(BOMB, 9)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 1024 * 1024
PLAIN, SECURE = "http://127.0.0.1:{port}", "https://127.0.0.1:{port}"


async def send_bomb(wire: Wire) -> None:
    await wire.send(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB)


async def send_bomb_in_bomb(wire: Wire) -> None:
    head = b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB_IN_BOMB)
    await wire.send(OK + head + BOMB_IN_BOMB)


async def send_for_ever(wire: Wire) -> None:
    await wire.send(CHUNKED)
    while True:
        await wire.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


async def drip_body(wire: Wire) -> None:
    await wire.send(OK + b"Content-Length: 999\r\n\r\n")
    while True:
        await wire.send(b" ")
        await asyncio.sleep(0.1)


async def drip_head(wire: Wire) -> None:
    while True:
        await wire.send(OK if wire.reader.at_eof() else b"X")
        await asyncio.sleep(0.1)


async def flood_head(wire: Wire) -> None:
    await wire.send(OK)
    while True:
        await wire.send(b"X: " + b"x" * 1000 + b"\r\n")


async def send_headers(wire: Wire) -> None:
    await wire.send(OK + b"".join(b"X-%d: y\r\n" % n for n in range(3_000)) + b"Content-Length: 2\r\n\r\n{}")


async def send_one_header(wire: Wire) -> None:
    await wire.send(OK + b"X: " + b"y" * MEGABYTE + b"\r\nContent-Length: 2\r\n\r\n{}")


async def cut_body(wire: Wire) -> None:
    await wire.send(OK + b'Content-Length: 999\r\n\r\n{"job_id": ')


async def cut_head(wire: Wire) -> None:
    await wire.send(OK + b"Content-Len")


async def reset(wire: Wire) -> None:
    await wire.send(OK + b"Content-Length: 999\r\n\r\n{")
    wire.reset()


async def say_nothing(wire: Wire) -> None:
    await asyncio.sleep(60)


async def drip_handshake(wire: Wire) -> None:
    """Say that the first record of TLS comes, and let it come."""
    await wire.send(b"\x16\x03\x03\x40\x00")
    while True:
        await wire.send(b"\0")
        await asyncio.sleep(0.1)


async def redirect(wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 302 Found\r\nLocation: /v1/p1/sfs-turbo/jobs/again\r\nContent-Length: 0\r\n\r\n")


async def redirect_inside(wire: Wire) -> None:
    target = b"http://169.254.169.254/latest/meta-data/?" + b"x" * 50_000
    await wire.send(b"HTTP/1.1 307 X\r\nLocation: " + target + b"\r\nContent-Length: 0\r\n\r\n")


async def promise_for_ever(wire: Wire) -> None:
    while True:
        await wire.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


async def answer_twice(wire: Wire) -> None:
    await wire.send((OK + b"Content-Length: 2\r\n\r\n{}") * 2)


async def speak_another_protocol(wire: Wire) -> None:
    await wire.send(b"SSH-2.0-OpenSSH_9.6\r\n" + bytes(range(256)) * 100)


async def announce_too_much(wire: Wire) -> None:
    await wire.send(OK + b"Content-Length: 99999999999999999999999999\r\n\r\n")


async def throttle(wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 429 X\r\nRetry-After: 99999999999\r\nContent-Length: 0\r\n\r\n")


def answering(body: bytes) -> Script:
    """Return a script that answers with a body in JSON."""

    async def script(wire: Wire) -> None:
        await wire.send(OK + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    return script


def listing(count: int, size: int) -> Script:
    """Return a script that answers with a job of so many failed sub-jobs, all different, of so many bytes in all."""
    length = size // count - 40
    sub_jobs = json.dumps(
        [
            {"status": "failed", "job_type": f"{n:t>{length // 4}}", "fail_reason": f"{n:r>{length // 2}}"}
            for n in range(count)
        ]
    )

    async def script(wire: Wire) -> None:
        job_id = wire.server.requests[-1].split(b" ")[1].rpartition(b"/")[2].decode()
        await answering(f'{{"job_id": "{job_id}", "status": "success", "sub_jobs": {sub_jobs}}}'.encode())(wire)

    return script


def saying(size: int) -> Script:
    """Return a script that answers with a failed job that says so many bytes of why."""

    async def script(wire: Wire) -> None:
        job_id = wire.server.requests[-1].split(b" ")[1].rpartition(b"/")[2].decode()
        reason = "\U0001f4a3" + "r" * (size - 200)  # One character that makes each of the others take four bytes.
        job = {"job_id": job_id, "status": "failed", "fail_reason": reason}
        await answering(json.dumps(job, ensure_ascii=False).encode())(wire)

    return script


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    A way to hurt.

    `jobs` is how many the server is asked about, and `code` the exit code of a run against it. `origin` is how it is
    called, and `tls` whether it speaks it. `options` are those of the run.
    """

    name: str
    script: Script
    jobs: int = 64
    code: int = 1
    origin: str = PLAIN
    tls: bool = False
    options: tuple[str, ...] = ()


def _fault(
    name: str, answer: Script, *, jobs: int = 64, code: int = 1, tls: bool = False, options: tuple[str, ...] = ()
) -> Fault:
    async def script(wire: Wire) -> None:
        await wire.read_request()
        await answer(wire)

    return Fault(
        name=name, script=script, jobs=jobs, code=code, origin=SECURE if tls else PLAIN, tls=tls, options=options
    )


FAULTS = (
    _fault("D17 a compressed bomb of 200 MiB", send_bomb),
    _fault("D17 a bomb in a bomb", send_bomb_in_bomb),
    _fault("D18 a body without end", send_for_ever),
    _fault("D19 a body that drips", drip_body),
    _fault("D20 a head that drips", drip_head),
    _fault("D21 a head without end", flood_head),
    _fault("3,000 headers", send_headers),
    _fault("a header of 1 MiB", send_one_header),
    _fault("a body that is cut", cut_body),
    _fault("a head that is cut", cut_head),
    _fault("a reset", reset),
    _fault("silence", say_nothing),
    _fault("a redirect without end", redirect),
    _fault("a redirect to metadata", redirect_inside),
    _fault("interim answers without end", promise_for_ever),
    _fault("two answers to one request", answer_twice),
    _fault("another protocol", speak_another_protocol),
    _fault("a length of 26 digits", announce_too_much),
    _fault("throttling for 3,000 years", throttle),
    _fault("1 MiB of brackets", answering(b"[" * (MEGABYTE - 1))),
    _fault("1 MiB of one key", answering(b"{" + b'"a":1,' * (MEGABYTE // 6 - 1) + b'"a":1}')),
    _fault("1 MiB of quotes", answering(b'"' * MEGABYTE)),
    _fault("a number of 1 MiB", answering(b"9" * MEGABYTE)),
    _fault("5,000 failed sub-jobs", listing(5_000, MEGABYTE)),
    _fault("1,000 failed sub-jobs in 1 MiB", listing(1_000, MEGABYTE)),
    _fault("1,000 failed sub-jobs in 100 KiB", listing(1_000, 100 * 1024)),
    _fault("1,000 failed sub-jobs, one job", listing(1_000, MEGABYTE), jobs=1, code=2),
    _fault("a reason of 1 MiB", saying(MEGABYTE)),
    _fault("a reason of 1 MiB, one job", saying(MEGABYTE), jobs=1, code=2),
    _fault("1,000 failed sub-jobs in 1 MiB, JUnit", listing(1_000, MEGABYTE), options=("-o", "junit")),
    _fault("1,000 failed sub-jobs in 100 KiB, GitHub", listing(1_000, 100 * 1024), options=("-o", "github")),
    _fault("a reason of 1 MiB, JSON", saying(MEGABYTE), options=("-o", "json")),
    _fault("a reason of 1 MiB, recorded", saying(MEGABYTE), options=("--record", "recording")),
    _fault("a reason of 1 MiB, TLS", saying(MEGABYTE), tls=True),
    _fault("1,000 failed sub-jobs in 1 MiB, TLS", listing(1_000, MEGABYTE), tls=True),
    Fault(name="a TLS handshake that drips", script=drip_handshake, origin=SECURE),
    Fault(name="a TLS handshake that never begins", script=say_nothing, origin=SECURE),
)
