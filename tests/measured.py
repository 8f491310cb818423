"""The README's section of figures, written from the kept results of the commands that measure."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_PROVING = ("chaos", "fuzz", "kill9", "hostile", "mutants")
"""The commands whose figure says all, in the order of the section."""

SECTION = re.compile(r"^## Measured\n.*?(?=^## )", re.DOTALL | re.MULTILINE)


def write_measured() -> str:
    """Return the section: what each command found, on which day and machine, goals that were missed as well."""
    return "\n".join(_write_lines())


def _write_lines() -> Iterator[str]:
    kept = {name: _read(f"proof/results/{name}.json") for name in (*_PROVING, "baseline")}
    bench = _read("bench/result.json")
    baseline, machine = kept["baseline"], bench["machine"]
    yield "## Measured"
    yield ""
    yield "Each figure is the last one that its command has kept, and anyone can have it again:"
    yield ""
    yield "| command | what it found | date, machine |"
    yield "|---|---|---|"
    for name in _PROVING:
        result = kept[name]
        figure = result["figure"].removeprefix(f"{name}: ")
        yield f"| `{result['command']}` | {figure} | {result['date']}, {result['machine']} |"
    yield ""
    yield f"`make baseline` ({baseline['date']}) holds a naive script, tests/proof/naive.py, and the gate against the"
    yield f"same faults: {baseline['figure'].removeprefix('baseline: ')}."
    yield "Where the script is green and must not be:"
    yield ""
    yield "| case | what happens | right is | the script | reconcile |"
    yield "|---|---|---|---|---|"
    for row in baseline["rows"]:
        if "passes wrongly" in row["naive script"]:
            cells = (row["case"], row["what happens"], row["right is"], row["naive script"], row["reconcile"])
            yield f"| {' | '.join(cells)} |"
    yield ""
    yield f"`make bench` ({machine['system']}, {machine['cores']} cores, Python {machine['python']}), time or memory of"
    yield "reconcile as a multiple of the peer's, medians, in turn in one run; `load` is what else the machine did:"
    yield ""
    yield "| what | against | ratio | goal | date, load |"
    yield "|---|---|---|---|---|"
    for figure in bench["figures"].values():
        for row in figure["rows"]:
            if row.get("goal") is not None:
                met = "met" if row["met"] else "**missed**"
                when = f"{figure['date']}, {figure['load']}"
                yield f"| {row['what']} | {row['peer']} | {row['ratio']:.2f} | {row['goal']:g}: {met} | {when} |"
    yield ""
    yield ""


def _read(path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_FOLDER / path).read_text(encoding="utf-8"))
    return document
