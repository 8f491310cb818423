"""What is checked after every run would be noticed if it were not true."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conformance import CASES, FAULTS, NOT_APPLICABLE, find_numbers
from program import Run, check

FOLDER = Path(__file__).parent
PROVEN = {
    "exit_code": 0,
    "verdict": "in_sync",
    "soft_fail": False,
    "complete": True,
    "errors": [],
    "summary": {"selected": 2, "in_sync": 2, "waived": 0},
}
UNSEEN = {"verdict": "waived", "observed": None}
GOOD = Run(
    argv=("plan", "-o", "json", "--timeout", "1s"),
    environ={"RECONCILE_TOKEN": "canary-token"},
    code=0,
    out=json.dumps(PROVEN),
    err="",
    seconds=2.9,
    memory=1000,
    written=frozenset(),
    folder=Path(),
)


def saying(**changes):
    return {"out": json.dumps({**PROVEN, **changes})}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"argv": ("plan",)}, "G1"),
        ({"argv": (*GOOD.argv, "--report", "tap=nowhere")}, "G1"),
        (saying(summary={"selected": 0, "in_sync": 0, "waived": 0}), "G1"),
        (saying(summary={"selected": 2, "in_sync": 1, "waived": 0}), "G1"),
        (saying(summary={"selected": 2, "in_sync": 0, "waived": 2}), "G1"),
        (
            saying(summary={"selected": 1, "in_sync": 0, "waived": 1}, jobs=[{"verdict": "waived", "observed": None}]),
            "G1",
        ),
        (saying(complete=False), "G1"),
        (saying(errors=[{}]), "G1"),
        ({"err": "a canary-token"}, "G2"),
        ({"err": "\x1b[31mred"}, "G3"),
        ({"err": "\u202e"}, "G3"),
        ({"out": '{"a": NaN}'}, "G4"),
        ({"out": '{"a": 1, "a": 1}'}, "G4"),
        (saying(exit_code=2), "G5"),
        (saying(verdict="drift"), "G5"),
        ({"code": 2}, "G5"),
        ({"seconds": 3.1}, "G6"),
        ({"memory": 151 * 1024}, "G7"),
    ],
)
def test_a_run_of_which_it_is_not_true_fails(changes, says):
    check(GOOD)
    with pytest.raises(AssertionError, match=says):
        check(replace(GOOD, **changes))


def test_no_test_runs_the_program_in_another_way():
    words = ("reconcile.cli.main import main", '"-m", "reconcile"')
    found = {
        str(path.relative_to(FOLDER))
        for path in FOLDER.rglob("*.py")
        if not {"bench", "proof"} & set(path.parts) and any(word in path.read_text(encoding="utf-8") for word in words)
    }
    # Imports are counted, a checkout is hostile, packages that are not installed are run, a shell completes.
    others = {
        "cli/test_main.py",
        "cli/test_commands.py",
        "cli/test_completion.py",
        "cli/test_import_path.py",
        "test_shipped.py",
        "test_program.py",
    }
    assert found - others == set()


def test_numbers_are_read_from_names():
    assert find_numbers("test_f17_g01_an_error__C29[A05-query-f17-e0]") == ["F17", "G01", "C29", "A05"]
    assert find_numbers("test_i03_u14_u15_one[I12]") == ["I03", "U14", "U15", "I12"]
    assert find_numbers("test_x[1e10-ab12-a1234-j01]") == []


def test_the_numbers_are_all_there_and_what_does_not_apply_is_explained():
    assert len(CASES) == 192
    assert len(FAULTS) == 57
    text = (FOLDER.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [number for number in NOT_APPLICABLE if number not in CASES or number not in text] == []
