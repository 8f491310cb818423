"""
The tests fail when the code is broken on purpose: `make mutants`.

mutmut makes the mutants, each with one small change of what judges, plans, escapes or tries again, and runs the tests
that reach the change, as pyproject.toml says. A mutant that no test notices has to be explained in `survivors.toml`;
one that is not, fails the command. By default a sample is tried: of each function the mutants with the numbers of
`SAMPLE`, drawn once. LONG=1 tries all, and also asks that each explanation is of a mutant that still survives.
"""

import ast
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proof.result import CORES, LONG, conclude, show_table

ROOT = Path(__file__).parents[2]
MUTANTS = ROOT / "mutants"
EXPLAINED = Path(__file__).with_name("survivors.toml")

GOAL = 0.95
"""The part of all mutants that is killed at least."""
SEED = 20
SAMPLE = sorted(random.Random(SEED).sample(range(1, 31), 2))

_SURVIVED, _UNTESTED = 0, 33  # how pytest ends where no test fails, and what mutmut says where none reaches the change


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """
    One mutant that was tried.

    `change` is "function: what stood there => what stands there now", which stays when numbers shift.
    """

    module: str
    change: str
    killed: bool


def make_and_try() -> None:
    """Make all mutants anew and run the tests on all or the sample; hypothesis draws the same examples every time."""
    shutil.rmtree(MUTANTS, ignore_errors=True)
    chosen = [] if LONG else [f"*__mutmut_{number}" for number in SAMPLE]
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(CORES), *chosen]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(command, cwd=ROOT, env={**environ, "CI": "1"}, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"mutmut ended with {ran.returncode}:\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}")


def read_mutants() -> Iterator[Mutant]:
    """Read what came of each mutant that was tried."""
    for path in sorted(MUTANTS.glob("reconcile/**/*.meta")):
        source = path.with_suffix("")
        codes: dict[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        functions = dict(_find_functions(source.read_text(encoding="utf-8")))
        for name, code in codes.items():
            if code is not None:
                yield Mutant(
                    module=str(source.relative_to(MUTANTS)),
                    change=_tell_change(name.rpartition(".")[2], functions),
                    killed=code not in (_SURVIVED, _UNTESTED),
                )


def _find_functions(source: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of every function of a module that mutmut wrote, methods too."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, "\n".join(lines[node.lineno - 1 : node.end_lineno])


def _tell_change(name: str, functions: dict[str, str]) -> str:
    stem, _, _ = name.rpartition("__mutmut_")
    # The first line of both is the head, with the names that mutmut gave them.
    old, new = (functions[each].split("\n")[1:] for each in (f"{stem}__mutmut_orig", name))
    lines = [line for line in difflib.unified_diff(old, new, n=0, lineterm="") if line[:3] not in ("---", "+++", "@@ ")]
    gone, come = (" ".join(" ".join(line[1:] for line in lines if line[0] == sign).split()) for sign in "-+")
    return f"{_name_function(stem)}: {gone} => {come}"


def _name_function(stem: str) -> str:
    """Return `Class.method` or `function` of mutmut's `xǁClassǁmethod` or `x_function`."""
    return stem[2:].replace("ǁ", ".") if stem.startswith("xǁ") else stem[2:]


def read_explained() -> set[tuple[str, str]]:
    """Read module and change of every survivor that has an explanation."""
    reasons = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["reason"]
    return {(reason["module"], change) for reason in reasons for change in reason["changes"] if reason["why"].strip()}


def tell_module(module: str, mutants: list[Mutant], explained: set[tuple[str, str]]) -> dict[str, object]:
    survivors = [mutant for mutant in mutants if not mutant.killed]
    known = sum((module, mutant.change) in explained for mutant in survivors)
    return {
        "module": module,
        "mutants": len(mutants),
        "killed": len(mutants) - len(survivors),
        "explained": known,
        "unexplained": len(survivors) - known,
    }


def find_failings(mutants: list[Mutant], explained: set[tuple[str, str]]) -> list[str]:
    survivors = {(mutant.module, mutant.change) for mutant in mutants if not mutant.killed}
    failings = [f"survives unexplained: {module} {change}" for module, change in sorted(survivors - explained)]
    if LONG:
        failings += [
            f"is explained, but no survivor: {module} {change}" for module, change in sorted(explained - survivors)
        ]
        killed = sum(mutant.killed for mutant in mutants)
        if killed < GOAL * len(mutants):
            failings.append(f"less than {GOAL:.0%} are killed")
    return failings


def main() -> None:
    make_and_try()
    mutants, explained = list(read_mutants()), read_explained()
    modules = dict.fromkeys(mutant.module for mutant in mutants)
    rows = [tell_module(module, [each for each in mutants if each.module == module], explained) for module in modules]
    which = "all" if LONG else f"a sample: numbers {', '.join(map(str, SAMPLE))} of each function, seed {SEED}"
    show_table(f"Mutants ({which})", rows)
    killed = sum(mutant.killed for mutant in mutants)
    failings = find_failings(mutants, explained)
    if not mutants:
        failings.append("no mutant was tried")
    known = sum(int(str(row["explained"])) for row in rows)
    unknown = sum(int(str(row["unexplained"])) for row in rows)
    figure = (
        f"mutants: {killed} of {len(mutants)} killed ({killed / max(len(mutants), 1):.1%}), "
        f"{known} survivors explained, {unknown} not"
    )
    conclude("mutants", figure, rows=rows, failings=failings)


if __name__ == "__main__":
    main()
