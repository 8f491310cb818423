"""
Transcripts: what a person types, and what the program says.

A transcript is a text in which `$ reconcile ...` lines are commands and the lines that follow are their output, as
in a terminal; `$ echo $?` tells the exit code of the command before. Standard error comes before standard output.
"""

import io
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from program import main

from reconcile.apis import KnownApis
from reconcile.cli.own_apis import choose_api
from reconcile.fetch import Pace

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""When all transcripts were written."""

CONSOLE_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A transcript inside Markdown."""

_FILE_BLOCK = re.compile(
    r"^```(?:yaml|json) (?P<name>\S+)(?: in (?P<encoding>\S+))?(?: (?P<times>\d+) times)?\n(?P<content>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]+=")
_ELAPSED = re.compile(r'("elapsed_ms": |"duration": )[0-9]+|( time=")[0-9.]+')
"""How long fetching took, which differs from run to run."""
_WAITED = re.compile(r"(fetched [0-9]+ times in |nothing changed for )[1-9][0-9]*s")
"""How long a run has waited, in seconds, of which a busy machine takes more."""
_LOOPBACK = re.compile(r"http://127\.0\.0\.1:[0-9]+")


def find_descriptions(folder: Path) -> list[str]:
    """List the files in a folder that describe job APIs of their own."""
    return sorted(map(str, folder.glob("x-*.json")))


def find_apis(folder: Path) -> KnownApis:
    """Return the job APIs that ship and those that a folder describes."""
    own = [choose_api(path, None) for path in find_descriptions(folder)]
    return KnownApis({api.name: api for api in own})


def replay(transcript: str, environ: Mapping[str, str]) -> str:
    """Run every command of a transcript in the current directory; return the transcript as it should be."""
    return "".join(_replay_lines(transcript.splitlines(), environ))


def find_files(markdown: str) -> Iterator[tuple[str, bytes]]:
    """
    Yield the name and the content of each file that stands in Markdown, in the order of the text.

    Its name follows the language of its block: `yaml passes.yaml`, `yaml fails.yaml in latin-1`, or `yaml fails.yaml
    400000 times` for a file that is so often what stands there.
    """
    for block in _FILE_BLOCK.finditer(markdown):
        yield block["name"], (block["content"] * int(block["times"] or 1)).encode(block["encoding"] or "utf-8")


def _replay_lines(lines: list[str], environ: Mapping[str, str]) -> Iterator[str]:
    code = None
    for line in lines:
        if not line.startswith("$ "):
            continue
        words = shlex.split(line.removeprefix("$ "), comments=True)
        assigned = dict(word.split("=", 1) for word in takewhile(_ASSIGNMENT.match, words))
        command = words[len(assigned) :]
        yield f"{line}\n"
        if command == ["echo", "$?"]:
            yield f"{code}\n"
        elif command[:1] == ["reconcile"]:
            code, output = _run(command[1:], {**environ, **assigned})
            output = _ELAPSED.sub(lambda found: f"{found[1] or found[2]}0", output)
            output = _WAITED.sub(r"\g<1>1s", output)
            yield _LOOPBACK.sub("http://127.0.0.1:PORT", output).replace(str(Path.cwd()), "$PWD")
        else:
            raise ValueError(f"a transcript cannot run {line!r}")


def _run(argv: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main(argv, environ=environ, clock=lambda: NOW, pace=Pace(attempts=1))
    return code, "".join(stream.buffer.getvalue().decode("utf-8") for stream in (err, out))
