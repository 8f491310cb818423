"""
What each guard is for: `make baseline`.

The same faults, over a real socket and real files, meet the gate and `naive.py`. The gate has to do the right thing in
every case; what the naive script does is told as it is.
"""

import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from proof.result import conclude, show_table

GATE = (sys.executable, "-P", "-m", "reconcile", "plan", "--timeout", "8s")
NAIVE = (sys.executable, "-P", str(Path(__file__).with_name("naive.py")))

TOKEN = "canary-7f3a9c51"
PATIENCE = 25.0
"""Seconds after which a process is killed; both give up earlier where nothing comes at all."""
MOST_MEMORY = 100 * 1024  # KiB

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p1}}\n"
ONE = f"{HEAD}jobs: {{a: {{job_id: id-a}}}}\n"
TWO = f"{HEAD}jobs: {{a: {{job_id: id-a}}, b: {{job_id: id-b}}}}\n"

MEANINGS = {0: "in sync", 1: "error", 2: "drift", 3: "pending"}


# --- A job API that does as it is told -------------------------------------------------------------------------


@dataclass(kw_only=True)
class Wire:
    """One request: the job that it asks for, how many came before, and how to answer."""

    job_id: str
    number: int
    send: Callable[[bytes], None]

    def answer(self, body: bytes, *, status: str = "200 OK", headers: str = "Content-Type: application/json") -> None:
        """Answer as a server does."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers.split("\n")]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def tell(self, **fields: object) -> None:
        """Answer as the job API does, for the job that was asked for."""
        self.answer(json.dumps({"job_id": self.job_id, "status": "success", **fields}).encode())


Script = Callable[[Wire], None]


@dataclass(kw_only=True)
class Server:
    """A listening socket on loopback, and what it was told of the token."""

    url: str = ""
    requests: int = 0
    got_token: bool = False


@contextmanager
def serve(script: Script) -> Iterator[Server]:
    state = Server()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                request = self.rfile.readline().decode("latin-1").split(" ")
                if len(request) != 3:  # a connection that was closed without a request
                    return
                while (line := self.rfile.readline()).strip():
                    state.got_token |= TOKEN.encode() in line
                number, state.requests = state.requests, state.requests + 1
                script(Wire(job_id=request[1].rsplit("/", 1)[-1], number=number, send=self.wfile.write))

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Listener(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()


# --- The cases -------------------------------------------------------------------------------------------------


ESCAPES = "\x1b[2J\x1b]0;all is well\x07"
DUPLICATE = '{"job_id": "id-a", "status": "failed", "status": "success"}'
GZIP = "Content-Type: application/json\nContent-Encoding: gzip"
SUCCESS = '{"job_id": "id-a", "status": "success"}'
NO_SUCH_JOB = '{"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Job Id"}'


def succeed(wire: Wire) -> None:
    wire.tell()


def telling(**fields: object) -> Script:
    return lambda wire: wire.tell(**fields)


def answering(body: str | bytes, **answer: str) -> Script:
    return lambda wire: wire.answer(body if isinstance(body, bytes) else body.encode(), **answer)


def one_by_one(wire: Wire) -> None:
    wire.tell(status="failed" if wire.job_id == "id-a" else "success")


def drift_and_error(wire: Wire) -> None:
    if wire.job_id == "id-a":
        wire.tell(status="failed")
    else:
        wire.answer(b'{"errCode": "SFS.TURBO.0001", "errMsg": "parameter error"}', status="400 Bad Request")


def fail_twice(wire: Wire) -> None:
    if wire.number < 2:
        wire.answer(b'{"errCode": "SFS.TURBO.0005", "errMsg": "internal"}', status="500 Internal Server Error")
    else:
        wire.tell()


def pack_bomb() -> bytes:
    """Pack a good answer and 200 MiB of blanks, a MiB at a time."""
    deflate = zlib.compressobj(1, wbits=31)
    parts = [deflate.compress(SUCCESS.encode()), *(deflate.compress(b" " * (1 << 20)) for _ in range(200))]
    return b"".join([*parts, deflate.flush()])


def send_for_ever(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        wire.send(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
        time.sleep(0.05)


def drip_body(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    while True:
        wire.send(b" ")
        time.sleep(0.3)


def drip_head(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        wire.send(b"X")
        time.sleep(0.3)


def say_nothing(_: Wire) -> None:
    time.sleep(PATIENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One numbered case of safety, and the exit code that is right.

    `options` are those of the gate and of the naive script alike; `strict` is for the gate, which has the word.
    `proxy` is what a server says that `HTTP_PROXY` names; None for no proxy.
    """

    number: str
    what: str
    code: int
    script: Script = succeed
    manifest: str = ONE
    options: tuple[str, ...] = ()
    strict: bool = False
    token: str = TOKEN
    proxy: Script | None = None
    stdout: str | None = None


CONTROLS = ("D01", "D02", "D03", "D34", "F26")
"""Cases that show that the naive script works: it has to be right in them, too."""

CASES = (
    Case(number="A11", what="HTTP_PROXY is set, and the proxy answers", code=2, script=one_by_one, proxy=succeed),
    Case(number="A17", what="the token ends with a line break", code=1, token=f"{TOKEN}\n"),
    Case(
        number="A20",
        what="the server repeats the token",
        code=2,
        script=telling(status="failed", fail_reason=f"bad token {TOKEN}"),
    ),
    Case(number="B01", what="a job id climbs out of its path", code=1, manifest=ONE.replace("id-a", "../../../v3")),
    Case(number="B06", what="a job id is an unquoted number", code=1, manifest=ONE.replace("id-a", "00012345")),
    Case(number="C01", what="no job is declared", code=1, manifest=f"{HEAD}jobs: {{}}\n"),
    Case(number="C08", what="the manifest is nested 20,000 deep", code=1, manifest="[" * 20_000),
    Case(
        number="C10",
        what="a job is declared twice under one name",
        code=1,
        script=one_by_one,
        manifest=f"{HEAD}jobs:\n  a: {{job_id: id-a}}\n  a: {{job_id: id-b}}\n",
    ),
    Case(number="C17", what="the manifest is two documents", code=1, manifest=f"{ONE}---\n{ONE}"),
    Case(
        number="C21",
        what="the key of an expectation is misspelt",
        code=1,
        script=telling(job_type="create_share"),
        manifest=f"{HEAD}jobs: {{a: {{job_id: id-a, expcet: {{job_type: bind_ldap}}}}}}\n",
    ),
    Case(number="D01", what="the job has succeeded", code=0),
    Case(number="D02", what="the job has failed", code=2, script=telling(status="failed")),
    Case(number="D03", what="the job is running", code=3, script=telling(status="running")),
    Case(number="D04", what="the status is a word that nobody knows", code=1, script=telling(status="SUCCEED")),
    Case(number="D05", what="the answer has no status", code=1, script=answering('{"job_id": "id-a"}')),
    Case(number="D06", what="the answer is no object", code=1, script=answering("[]")),
    Case(number="D07", what="the answer is for another job", code=1, script=telling(job_id="id-b")),
    Case(number="D09", what="the answer has two statuses, the last is good", code=1, script=answering(DUPLICATE)),
    Case(
        number="D10",
        what="a sub-job of the successful job has failed",
        code=2,
        script=telling(sub_jobs=[{"status": "failed", "job_type": "bind_ldap"}]),
    ),
    Case(
        number="D13",
        what="a portal answers with a page",
        code=1,
        script=answering("<html>Sign in</html>", headers="Content-Type: text/html"),
    ),
    Case(number="D14", what="the answer is UTF-16", code=1, script=answering(SUCCESS.encode("utf-16"))),
    Case(number="D17", what="the answer unpacks to 200 MiB", code=1, script=answering(pack_bomb(), headers=GZIP)),
    Case(number="D18", what="the answer never ends", code=1, script=send_for_ever),
    Case(number="D19", what="the body comes a byte at a time", code=1, script=drip_body),
    Case(number="D20", what="the headers come a byte at a time", code=1, script=drip_head),
    Case(number="D22", what="the server accepts and says nothing", code=1, script=say_nothing),
    Case(
        number="D28",
        what="the API does not know the job",
        code=2,
        script=answering(NO_SUCH_JOB, status="404 Not Found"),
    ),
    Case(
        number="D29",
        what="a 404 that is not the API's",
        code=1,
        script=answering("<html>no such page</html>", status="404 Not Found", headers="Content-Type: text/html"),
    ),
    Case(
        number="D30",
        what="absence, while nothing else was seen there",
        code=1,
        script=answering(NO_SUCH_JOB, status="404 Not Found"),
        manifest=f"{HEAD}jobs: {{a: {{job_id: id-a, expect: absent}}}}\n",
    ),
    Case(number="D34", what="500 twice, then the answer", code=0, script=fail_twice),
    Case(
        number="D37",
        what="a cache answers, a day old (--strict)",
        code=1,
        script=answering(SUCCESS, headers="Content-Type: application/json\nAge: 86400"),
        strict=True,
    ),
    Case(
        number="D38", what="206: a part of an answer", code=1, script=answering(SUCCESS, status="206 Partial Content")
    ),
    Case(
        number="E01",
        what="a reason holds commands for the terminal",
        code=2,
        script=telling(status="failed", fail_reason=ESCAPES),
    ),
    Case(
        number="E04",
        what="a reason holds a command for the CI runner",
        code=2,
        script=telling(status="failed", fail_reason="x\n::add-mask::a"),
    ),
    Case(number="F02", what="standard output is full", code=1, stdout="/dev/full"),
    Case(number="F17", what="an unknown option", code=1, options=("--no-such-option",)),
    Case(number="F26", what="the first job failed, the last did not", code=2, script=one_by_one, manifest=TWO),
    Case(number="F27", what="drift in one job, an error in another", code=1, script=drift_and_error, manifest=TWO),
)


# --- What comes of them ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a process ended; `code` is None if it had to be killed, `memory` is its peak in KiB."""

    code: int | None
    text: str
    memory: int
    proxied: bool


def run(argv: tuple[str, ...], case: Case) -> End:
    """Run one of the two on a case, with a server and files of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "reconcile.yaml").write_text(case.manifest)
        server = stack.enter_context(serve(case.script))
        proxy = stack.enter_context(serve(case.proxy)) if case.proxy is not None else None
        environ = {**os.environ, "RECONCILE_TOKEN": case.token, "RECONCILE_ENDPOINT": server.url}
        if proxy is not None:
            environ["HTTP_PROXY"] = proxy.url
        told = folder / "told"
        end = _wait([*argv, *case.options], folder, environ, told, Path(case.stdout) if case.stdout else told)
        text = told.read_text(encoding="utf-8", errors="replace")
        return End(code=end[0], text=text, memory=end[1], proxied=proxy is not None and proxy.got_token)


def _wait(
    argv: list[str], folder: Path, environ: Mapping[str, str], told: Path, stdout: Path
) -> tuple[int | None, int]:
    """Run a process to its end, or to the end of patience; return its exit code and its peak of memory in KiB."""
    with told.open("ab") as err, stdout.open("ab") as out:
        process = subprocess.Popen(argv, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        killer = threading.Timer(PATIENCE, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        killed = killer.finished.is_set()
        killer.cancel()
    code = process.returncode = os.waitstatus_to_exitcode(status)
    return None if killed else code, usage.ru_maxrss


def tell_end(case: Case, end: End) -> str:
    """Say what a process did: "right", or what it did instead."""
    lines = end.text.splitlines()
    if end.code is None:
        return "hangs until killed"
    if end.code == 0 != case.code:
        said = "passes wrongly"
    elif "Traceback (most recent call last)" in end.text:
        said = "traceback"
    elif end.code != case.code:
        said = f"says {MEANINGS.get(end.code, f'exit code {end.code}')} wrongly"
    else:
        said = "right"
    harms = [
        harm
        for harm, done in {
            "tells the token": TOKEN in end.text,
            "gives the token to the proxy": end.proxied,
            "lets the terminal obey": "\x1b" in end.text,
            "lets the runner obey": any(line.lstrip().startswith("::") for line in lines),
            f"takes {end.memory // 1024} MiB": end.memory > MOST_MEMORY,
        }.items()
        if done
    ]
    return ", ".join(harms if said == "right" and harms else [said, *harms])


def run_naive(case: Case) -> End:
    return run(NAIVE, case)


def run_gate(case: Case) -> End:
    return run((*GATE, "--strict") if case.strict else GATE, case)


def tell_case(case: Case, naive: End, gate: End) -> dict[str, object]:
    return {
        "case": case.number,
        "what happens": case.what,
        "right is": MEANINGS[case.code],
        "naive script": tell_end(case, naive),
        "reconcile": tell_end(case, gate),
    }


def main() -> None:
    with ThreadPoolExecutor(12) as pool:  # most of them wait most of the time
        naives, gates = pool.map(run_naive, CASES), pool.map(run_gate, CASES)
        rows = [tell_case(*ends) for ends in zip(CASES, naives, gates, strict=True)]
    show_table("The same faults against a naive script and against the gate", rows)
    failings = [f"{row['case']}: reconcile {row['reconcile']}" for row in rows if row["reconcile"] != "right"]
    failings += [
        f"{row['case']}: the naive script {row['naive script']}, and is no baseline"
        for row in rows
        if row["case"] in CONTROLS and row["naive script"] != "right"
    ]
    naive = [str(row["naive script"]) for row in rows]
    passes = sum(said.startswith("passes wrongly") for said in naive)
    figure = (
        f"baseline: of {len(rows)} cases the naive script is right in {naive.count('right')} and passes wrongly in "
        f"{passes}; reconcile is right in {sum(row['reconcile'] == 'right' for row in rows)}"
    )
    conclude("baseline", figure, rows=rows, failings=failings)


if __name__ == "__main__":
    main()
