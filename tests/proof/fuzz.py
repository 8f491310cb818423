"""
No bytes of others end in a traceback: `make fuzz`.

atheris, which sees what each input reaches, searches for bytes on which one of `targets.py` raises: each target in a
process of its own, one on each core, from the corpus on. What it finds is kept, to be put in the corpus. Where there is
no atheris for this Python, the corpus alone is tried.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from proof.result import CORES, LONG, conclude, show_table
from proof.targets import CORPUS, TARGETS, list_corpus

from reconcile.shipped import load_schema

SECONDS = 300 if LONG else 8
"""For each target, after its start."""
LONGEST = 640
"""Bytes of one input, if none in the corpus is longer; what is longer than 512 characters is cut in reports."""
GOAL = 500_000
"""Executions per minute on two cores."""
FOUND = Path(tempfile.gettempdir(), "reconcile-fuzz")

_WORDS = ("version: 1", "${var.", "${each.key}", "$${", "[", "{", "- ", "&a", "*a", "!!", "---", "##vso[", "::error")
_WORDS += (
    "HTTP/1.1 200 OK\r\n",
    "Transfer-Encoding: chunked\r\n\r\n",
    "Content-Length: ",
    "\r\n\r\n",
    "\u202e",
    "\x1b[",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What the search with one target has come to; `failing` is None if it has found nothing."""

    target: str
    executions: int
    seconds: float
    memory: int
    failing: str | None


def search(target: str) -> Search:
    """Fuzz one target in a process of its own."""
    found = FOUND / target
    longest = max(LONGEST, *(path.stat().st_size for path in list_corpus(target)))
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        argv = [sys.executable, "-m", "proof.fuzzing", target, folder, str(CORPUS / target)]
        argv += [f"-max_total_time={SECONDS}", f"-max_len={longest}", "-timeout=10", "-print_final_stats=1"]
        argv += [f"-dict={_write_dictionary(Path(folder).with_suffix('.dict'))}", f"-artifact_prefix={found}/"]
        started = time.perf_counter()
        with subprocess.Popen(argv, stdout=said, stderr=subprocess.STDOUT, env=os.environ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        Path(folder).with_suffix(".dict").unlink()
        said.seek(0)
        text = said.read().decode(errors="replace")
    executed = re.search(r"stat::number_of_executed_units:\s+([0-9]+)", text)
    return Search(
        target=target,
        executions=int(executed[1]) if executed else 0,
        seconds=usage.ru_utime + usage.ru_stime if executed else seconds,
        memory=usage.ru_maxrss,
        failing=None if process.returncode == 0 and executed else f"{target}, kept in {found}:\n{text[-3000:]}",
    )


def _write_dictionary(path: Path) -> Path:
    """Write what libFuzzer puts into inputs: the keys of the language, and what else one would not hit by chance."""
    keys = re.findall(r'"([a-z_]{2,20})": ?\{', json.dumps(load_schema("manifest.v1")))
    words = sorted({*_WORDS, *(f"{key}: " for key in keys)})
    path.write_text("".join(f'"{_encode_word(word)}"\n' for word in words))
    return path


def _encode_word(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def try_corpus() -> list[str]:
    """Try every file of the corpus; return what was raised, with its file."""
    failings = []
    for name, target in TARGETS.items():
        for path in list_corpus(name):
            try:
                target(path.read_bytes())
            except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
                failings.append(f"{name}/{path.name}:\n{traceback.format_exc()}")
    return failings


def main() -> None:
    """Fuzz every target and tell what was found."""
    failings = try_corpus()
    tried = sum(len(list_corpus(name)) for name in TARGETS)
    if importlib.util.find_spec("atheris") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"There is no atheris for Python {version} on this machine: the fixed corpus alone is tried.")
        figure = f"fuzz: {len(failings)} tracebacks in the {tried} inputs of the fixed corpus, for want of atheris"
        conclude("fuzz", figure, rows=[], failings=failings)
    with ThreadPoolExecutor(CORES) as pool:
        searches = list(pool.map(search, TARGETS))
    failings += [each.failing for each in searches if each.failing]
    executions, seconds = sum(each.executions for each in searches), sum(each.seconds for each in searches)
    rows = [
        {
            "target": each.target,
            "executions": f"{each.executions:,}",
            "per second and core": f"{each.executions / each.seconds:,.0f}",
            "peak MiB": each.memory // 1024,
            "failed": "yes" if each.failing else "no",
        }
        for each in searches
    ]
    show_table("Inputs that atheris has tried, the start of each process included in its time", rows)
    # In seconds of the processor, so that what else a machine does says nothing of this program.
    rate = executions / seconds * 60 * 2
    figure = (
        f"fuzz: {len(failings)} tracebacks in {executions:,} executions, "
        f"{rate:,.0f} per minute of two cores (goal {GOAL:,})"
    )
    conclude("fuzz", figure, rows=rows, failings=failings)


if __name__ == "__main__":
    main()
