"""
The tests fail when the code is broken on purpose: `make mutants`.

mutmut makes the mutants, each with one small change of what judges, plans, escapes or tries again, and runs the tests
that reach the change, as pyproject.toml says. A mutant that no test notices has to be explained in `survivors.toml`;
one that is not, fails the command, and so does what cannot be tried. By default a sample is tried, a tenth: those whose
number in their function ends in `DIGIT`. LONG=1 tries all, and also asks that each explanation is of a mutant that
still survives.
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutmut.stats import status_by_exit_code
from proof.result import CORES, LONG, conclude, show_table

ROOT = Path(__file__).parents[2]
MUTANTS = ROOT / "mutants"
EXPLAINED = Path(__file__).with_name("survivors.toml")

GOAL = 0.95
"""The part of the mutants that is killed at least."""
SEED = 20
DIGIT = random.Random(SEED).randrange(10)

# mutmut's words for how the tests of a mutant ended; after any other, nothing is known of it.
_KILLED = ("killed", "timeout")
_SURVIVED = ("survived", "no tests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """
    One mutant that was tried.

    `change` is "function: what stood there => what stands there now", which stays when numbers and lines shift;
    `end` is how its tests ended, in mutmut's words.
    """

    module: str
    change: str
    end: str

    @property
    def key(self) -> tuple[str, str]:
        """By what an explanation names it."""
        return self.module, self.change


def make_and_try() -> None:
    """Make all mutants anew and run the tests on all or the sample; examples and order are the same every time."""
    shutil.rmtree(MUTANTS, ignore_errors=True)
    chosen = [] if LONG else [f"*__mutmut_*{DIGIT}"]
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(CORES), *chosen]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # hypothesis draws no chance where CI is set.
    environ |= {"CI": "1", "PYTHONHASHSEED": "0"}
    ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"mutmut ended with {ran.returncode}:\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}")


def read_mutants() -> Iterator[Mutant]:
    """Read what came of each mutant that was tried."""
    for path in sorted(MUTANTS.glob("reconcile/**/*.meta")):
        source = path.with_suffix("")
        codes: dict[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        functions = dict(_find_functions(source.read_text(encoding="utf-8")))
        for name, code in codes.items():
            number = name.rpartition("_")[2]
            if LONG or number.endswith(str(DIGIT)):
                yield Mutant(
                    module=str(source.relative_to(MUTANTS)),
                    change=_tell_change(name.rpartition(".")[2], functions),
                    end=status_by_exit_code[code],
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


def count_module(module: str, mutants: Sequence[Mutant], explained: set[tuple[str, str]]) -> dict[str, object]:
    """Count what came of the mutants of one module."""
    survivors = [mutant for mutant in mutants if mutant.end in _SURVIVED]
    known = sum(mutant.key in explained for mutant in survivors)
    return {
        "module": module,
        "mutants": len(mutants),
        "killed": sum(mutant.end in _KILLED for mutant in mutants),
        "explained": known,
        "unexplained": len(survivors) - known,
    }


def find_failings(mutants: Sequence[Mutant], explained: set[tuple[str, str]]) -> Iterator[str]:
    """Say what is wrong, a line each."""
    survivors = {mutant.key for mutant in mutants if mutant.end in _SURVIVED}
    for module, change in sorted(survivors - explained):
        yield f"survives unexplained: {module} {change}"
    for mutant in mutants:
        if mutant.end not in (*_KILLED, *_SURVIVED):
            yield f"could not be tried ({mutant.end}): {mutant.module} {mutant.change}"
    if LONG:
        for module, change in sorted(explained - survivors):
            yield f"is explained, but no survivor: {module} {change}"
    if sum(mutant.end in _KILLED for mutant in mutants) < GOAL * len(mutants) or not mutants:
        yield f"less than {GOAL:.0%} are killed"


def main() -> None:
    make_and_try()
    mutants, explained = list(read_mutants()), read_explained()
    modules = dict.fromkeys(mutant.module for mutant in mutants)
    rows = [count_module(module, [each for each in mutants if each.module == module], explained) for module in modules]
    show_table(f"Mutants ({'all' if LONG else f'a tenth: numbers that end in {DIGIT}, drawn with seed {SEED}'})", rows)
    killed, known, unknown = (
        sum(int(str(row[each])) for row in rows) for each in ("killed", "explained", "unexplained")
    )
    figure = (
        f"mutants: {killed:,} of {len(mutants):,} killed ({killed / max(len(mutants), 1):.1%}, goal {GOAL:.0%}), "
        f"{known} survivors explained, {unknown} not"
    )
    conclude("mutants", figure, rows=rows, failings=list(find_failings(mutants, explained)))


if __name__ == "__main__":
    main()
