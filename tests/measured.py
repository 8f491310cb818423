"""CONTRIBUTING's section of figures, written from the kept results of the commands that measure."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_PROVING = ("chaos", "fuzz", "kill9", "hostile", "mutants")
"""The commands whose figure says all, in the order of the section."""

SECTION = re.compile(r"^## Measured\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)


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
    yield f"`make bench` ({machine['system']}, {machine['cores']} cores, Python {machine['python']}) runs reconcile"
    yield "and a peer in turn and compares medians. Manifests come in three shapes: `for_each` over ids from a file,"
    yield "written out alike, and written out all different. A goal that names no shape is for the worst one, which is"
    yield "shown here. `load` is that of the machine when the figure was begun."
    yield ""
    yield "| what | shape | against | ratio | goal | date, load |"
    yield "|---|---|---|---|---|---|"
    for figure in bench["figures"].values():
        for row in _choose_rows(figure["rows"]):
            goal = "" if row["goal"] is None else f"{row['goal']:g}: {'met' if row['met'] else '**missed**'}"
            cells = (row["what"], row.get("shape", ""), row["peer"], f"{row['ratio']:.2f}", goal)
            yield f"| {' | '.join(cells)} | {figure['date']}, {figure['load']} |"
    yield ""
    yield ""


def _choose_rows(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choose the worst shape of everything that is measured against a goal, and of every goal that it has."""
    worst: dict[tuple[str, str, float | None], dict[str, Any]] = {}
    for row in rows:
        key = (row["what"], row["peer"], row["goal"])
        if row["ratio"] is not None and (key not in worst or row["ratio"] > worst[key]["ratio"]):
            worst[key] = row
    with_goals = {(what, peer) for what, peer, goal in worst if goal is not None}
    return [row for (what, peer, _), row in worst.items() if (what, peer) in with_goals]


def _read(path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_FOLDER / path).read_text(encoding="utf-8"))
    return document
