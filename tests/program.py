"""
Runs of the program, each held to what is true of every run.

Tests run the program through here and nowhere else: `main` in this process, `run` and `start` as a process of its own.
After each run is checked, whatever the test is about:

G1  0 is said only if a job was selected, every selected job was proven or waived, and every output is there;
G2  no credential of the environment stands in any output;
G3  no control or bidirectional character stands raw in any output;
G4  JSON and XML are strict;
G5  the JSON plan says the exit code and verdict of the process;
G6  the run ends within two seconds of its deadline;
G7  it takes no more than 150 MiB; in this process, no more than it had before and 150 MiB.
"""

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
from clients import TransportClient

from reconcile.cli import main as command_line
from reconcile.duration import parse_duration

COMMAND = (sys.executable, "-P", str(Path(__file__).with_name("launcher.py")))
"""What `reconcile` is in a process; PEAK_MEMORY has to name a file."""

MOST_MEMORY = 150 * 1024  # KiB
SLACK = 2.0  # seconds
DEFAULT_DEADLINE = 300.0

_JUDGING = ("plan", "verify", "merge")
_JSON = ("json", "sarif", "ctrf", "gitlab", "otlp")
_SECRET = re.compile(r"TOKEN|PASSWORD|SECRET|_SK$")
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_VERDICTS = {0: "in_sync", 1: "error", 2: "drift", 3: "pending"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    One run that is over.

    `out` and `err` are None where they went elsewhere, `memory` is KiB, and None where it is not known. `written` are
    the files that the run made or changed, of those that it was asked for; `folder` is where it ran.
    """

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    code: int
    out: str | None
    err: str | None
    seconds: float
    memory: int | None
    written: frozenset[Path]
    folder: Path

    @property
    def judges(self) -> bool:
        """Whether the run judges jobs, rather than helps or refuses to."""
        return self.argv[:1] in [(name,) for name in _JUDGING] and not {"-h", "--help"} & set(self.argv)

    def documents(self) -> Iterator[tuple[str, str]]:
        """Yield format and text of every plan that was written and can be read."""
        if self.judges and self.out:
            yield next(reversed(_values(self.argv, "-o", "--output")), "text"), self.out
        for name, path in _reports(self.argv, self.folder):
            if path in self.written:
                yield name, path.read_text(encoding="utf-8", errors="surrogateescape")


# --- Running ---------------------------------------------------------------------------------------------------


def main(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
    **collaborators: Any,
) -> int:
    """
    Run the program in this process, as `reconcile.cli.main.main` does; stdout and stderr get what it writes.

    `transport` answers its requests; None is the network.
    """
    if transport is not None:
        collaborators["client"] = TransportClient(transport)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        witnessed = _with_witness(argv, Path(folder, "witness.json"), Path())
        states = _states_of(_reports(witnessed, Path()))
        before, started = _forget_peak(), time.monotonic()
        with signals_restored(), redirect_stdout(out), redirect_stderr(err):
            code = command_line.main(witnessed, environ=environ, **collaborators)
        check(
            Run(
                argv=tuple(witnessed),
                environ=os.environ if environ is None else environ,
                code=code,
                out=_text_of(out),
                err=_text_of(err),
                seconds=time.monotonic() - started,
                memory=_read_peak(Path("/proc/self/status")) - before,
                written=_changed_since(states),
                folder=Path(),
            )
        )
    sys.stdout.write(_text_of(out))
    sys.stderr.write(_text_of(err))
    return code


@contextmanager
def signals_restored() -> Iterator[None]:
    """Let this process handle signals as before, once a run has set its own handlers."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


class Process(subprocess.Popen[str]):
    """The program in a process of its own. The run is checked when it has ended and been `communicate`d with."""

    def __init__(
        self, *argv: str, prefix: Sequence[str] = COMMAND, env: Mapping[str, str] | None = None, **options: Any
    ):
        self._folder = tempfile.TemporaryDirectory()
        self._cwd = Path(options.get("cwd") or "")
        self._argv = _with_witness(argv, Path(self._folder.name, "witness.json"), self._cwd)
        self._environ = {**(os.environ if env is None else env), "PEAK_MEMORY": str(self._peak)}
        self._states = _states_of(_reports(self._argv, self._cwd))
        self._started = time.monotonic()
        super().__init__([*prefix, *self._argv], env=self._environ, text=True, **options)

    @property
    def _peak(self) -> Path:
        return Path(self._folder.name, "peak")

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[Any, Any]:
        """Wait for the end and check the run."""
        out, err = super().communicate(input, timeout)
        if self._peak.parent.exists():
            self._check(out, err)
            self._folder.cleanup()
        return out, err

    def _check(self, out: str | None, err: str | None) -> None:
        # A process that was killed says nothing any more.
        self.memory = _read_peak(self._peak) if self.returncode >= 0 else None
        check(
            Run(
                argv=tuple(self._argv),
                environ=self._environ,
                code=self.returncode,
                out=out,
                err=err,
                seconds=time.monotonic() - self._started,
                memory=self.memory,
                written=_changed_since(self._states),
                folder=self._cwd,
            )
        )


def start(*argv: str, **options: Any) -> Process:
    """Start the program as a process; `options` are those of Popen."""
    return Process(*argv, **options)


def run(*argv: str, input: str | None = None, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program as a process and return what came of it; stdout and stderr are captured if not sent elsewhere."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with start(*argv, **{"stdin": subprocess.PIPE if input is not None else None, **streams}) as process:
        try:
            out, err = process.communicate(input, timeout)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


_TIMES = re.compile(
    r'"(?:elapsed_ms|duration|start|stop)": ?\d+|"(?:start|judg)ed_at": ?"[^"]+"| time(?:stamp)?="[^"]+"'
    r'|_seconds\{manifest=[^\n]+| in \d+[.]\d s(?=[.,; (\n"&<])'
)


def without_times(text: str) -> str:
    """Take out of a report when its run was and how long it took, which differ from run to run."""
    return _TIMES.sub("", text)


# --- What is true of every run ---------------------------------------------------------------------------------


def check(run: Run) -> None:
    """Raise AssertionError if something is not true of this run that is true of every run."""
    told = f"reconcile {shlex.join(run.argv)} ended with {run.code}"
    texts = [text for text in (run.out, run.err) if text is not None]
    documents = list(run.documents())
    plans = [_read_json(text) for name, text in documents if name == "json"]
    if run.judges and run.code == 0:
        assert plans, f"G1: {told} and left no plan"
        for path in _outputs(run):
            assert path.exists(), f"G1: {told} without {path}"
    # What is written before another output fails cannot know of it; stderr names both.
    lost = run.code == 1 and "RC004" in (run.err or "")
    for plan in plans if not lost else ():
        _check_plan(plan, run.code, told)
    for text in [*texts, *(text for _, text in documents)]:
        _check_text(text, run, told)
    for name, text in documents:
        if name in _JSON:
            _read_json(text)
        elif name == "junit":
            ElementTree.fromstring(text)
    assert run.seconds <= _deadline(run.argv) + SLACK, f"G6: {told} after {run.seconds:.1f} s"
    assert (run.memory or 0) <= MOST_MEMORY, f"G7: {told} and took {run.memory} KiB"


def _check_plan(plan: dict[str, Any], code: int, told: str) -> None:
    assert plan["exit_code"] == code, f"G5: {told}, and its plan says {plan['exit_code']}"
    softened = plan["soft_fail"] and plan["verdict"] in ("drift", "pending")
    if code in _VERDICTS and not softened:
        assert plan["verdict"] == _VERDICTS[code], f"G5: {told}, and its plan says {plan['verdict']}"
    if code == 0:
        counts = plan["summary"]
        assert counts["selected"] >= 1, f"G1: {told}"
        assert plan["complete"], f"G1: {told}"
        assert plan["errors"] == [], f"G1: {told}"
        assert softened or counts["in_sync"] + counts["waived"] == counts["selected"], f"G1: {told}"
        # What proves a job beside a waived drift was observed.
        passing = [job for job in plan.get("jobs", ()) if job["verdict"] == "waived" and job["observed"]]
        assert softened or counts["in_sync"] >= 1 or passing, f"G1: {told}"


def _check_text(text: str, run: Run, told: str) -> None:
    for name, value in run.environ.items():
        if _SECRET.search(name) and len(value.strip()) >= 5:
            assert value.strip() not in text, f"G2: {told} and told of {name}"
    coloured = run.environ.get("FORCE_COLOR") or "always" in " ".join(run.argv)
    plain = _COLOUR.sub("", text) if coloured else text
    raw = {f"U+{ord(each):04X}" for each in set(plain) if _is_raw(each)}
    assert not raw, f"G3: {told} and wrote {raw}"


def _is_raw(character: str) -> bool:
    category = unicodedata.category(character)
    return (category == "Cc" and character != "\n") or category == "Cs" or character in _BIDIRECTIONAL


def _read_json(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"G4: {constant} is no JSON")

    def unite(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), "G4: a key stands twice"
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=unite)


# --- What was asked for ----------------------------------------------------------------------------------------


def _with_witness(argv: Sequence[str], path: Path, folder: Path) -> list[str]:
    """Ask for the JSON plan of a run that judges, too, if the test does not."""
    kept = [
        place for name, place in _reports(argv, folder) if name == "json" and (place.is_file() or not place.exists())
    ]
    asks_for_json = "json" in _values(argv, "-o", "--output") or kept
    return [*argv, *(["--report", f"json={path}"] if argv[:1] and argv[0] in _JUDGING and not asks_for_json else [])]


def _values(argv: Sequence[str], *names: str) -> list[str]:
    """Return the values of an option, in the forms in which tests write it."""
    apart = [argv[i + 1] for i, each in enumerate(argv[:-1]) if each in names]
    return apart + [each.partition("=")[2] for each in argv if each.partition("=")[0] in names and "=" in each]


def _reports(argv: Sequence[str], folder: Path) -> list[tuple[str, Path]]:
    pairs = [value.partition("=") for value in _values(argv, "--report")]
    return [(name, folder / path) for name, _, path in pairs]


def _states_of(reports: Iterable[tuple[str, Path]]) -> dict[Path, os.stat_result | None]:
    """Return what can be seen of files from outside, None for what is no file."""
    return {path: path.stat() if path.is_file() else None for _, path in reports}


def _changed_since(states: Mapping[Path, os.stat_result | None]) -> frozenset[Path]:
    now = _states_of(("", path) for path in states)
    return frozenset(path for path, state in now.items() if state is not None and state != states[path])


def _outputs(run: Run) -> list[Path]:
    others = _values(run.argv, "--out", "--record", "--github-summary", "--github-output")
    return [*(path for _, path in _reports(run.argv, run.folder)), *(run.folder / path for path in others)]


def _deadline(argv: Sequence[str]) -> float:
    try:
        timeouts, waits = ([parse_duration(text) for text in _values(argv, name)] for name in ("--timeout", "--wait"))
    except ValueError:
        return DEFAULT_DEADLINE
    return min(timeouts, default=DEFAULT_DEADLINE + max(waits, default=0.0))


def _text_of(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode("utf-8")  # type: ignore[attr-defined]


def _forget_peak() -> int:
    """Let the kernel measure the peak of this process anew; return what it has now, in KiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _read_peak(Path("/proc/self/status"))


def _read_peak(path: Path) -> int:
    found = re.search(r"VmHWM:\s+([0-9]+) kB", path.read_text())
    assert found is not None
    return int(found[1])
