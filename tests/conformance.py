"""
The numbered cases of safety, as a pytest plugin: which tests prove them, and the table of `make conformance`.

A test proves the cases whose numbers stand in its name or in the name of its parameters: `test_f17_a_usage_error`,
`test_as_fast_C29`, `[A05-query]`. It is marked with them, so that `pytest -m case` runs these tests alone. A case holds
if at least one test proves it and none of those that name it fails.
"""

import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

MOST_NOT_APPLICABLE = 5

_FOLDER = Path(__file__).parent
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-Ha-h][0-9]{2}(?![A-Za-z0-9])")
_PARTS = tomllib.loads((_FOLDER / "safety_cases.toml").read_text(encoding="utf-8"))

NOT_APPLICABLE: dict[str, str] = _PARTS.pop("not-applicable")
"""Number to reason."""

CASES: dict[str, str] = {number: title for part in _PARTS.values() for number, title in part.items()}
"""Number to title."""


def find_numbers(name: str) -> list[str]:
    """Return the numbers of the cases that the name of a test says, each once."""
    return list(dict.fromkeys(number.upper() for number in _NUMBER.findall(name)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--conformance", action="store_true", help="run what proves a numbered case, and print the table")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "case(*numbers): the numbered cases of safety_cases.toml that the test proves")
    if config.getoption("--conformance"):
        config.pluginmanager.register(_Table(), "conformance-table")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if numbers := find_numbers(item.name):
            item.add_marker(pytest.mark.case(*numbers))


class _Table:
    """Keeps what came of every case, says so last, and ends with an error if one of them does not hold."""

    def __init__(self) -> None:
        self._outcomes: dict[str, Counter[str]] = defaultdict(Counter)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        proofs = [item for item in items if item.get_closest_marker("case")]
        for item in proofs:
            if unknown := [number for number in find_numbers(item.name) if number not in CASES]:
                raise pytest.UsageError(f"{item.nodeid}: there is no case {', '.join(unknown)}")
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("case") is None])
        items[:] = proofs

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A test that does not fail says so when it is called, and one that is skipped or breaks says so once.
        if report.when == "call" or report.outcome != "passed":
            for number in find_numbers(report.nodeid.rpartition("::")[2]):
                self._outcomes[number][report.outcome] += 1

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.exitstatus == pytest.ExitCode.OK and any(self._complaints()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        """Print the table, after pytest's own summary."""
        said = {number: self._say(number) for number in CASES}
        lines = [f"{number}  {what:16}  {CASES[number]}" for number, what in said.items()]
        passed = sum(what.startswith("passed") for what in said.values())
        excused = f", {len(NOT_APPLICABLE)} not applicable" if NOT_APPLICABLE else ""
        done = passed + len(NOT_APPLICABLE)
        figure = f"{done} of {len(CASES)}: {passed} passed{excused}"
        sys.stdout.write("\n".join(["", *lines, "", *self._complaints(), figure, ""]))

    def _say(self, number: str) -> str:
        outcomes = self._outcomes[number]
        if outcomes["failed"]:
            return "FAILED"
        if number in NOT_APPLICABLE:
            return "not applicable"
        return f"passed ({outcomes['passed']})" if outcomes["passed"] else "NOT RUN"

    def _complaints(self) -> Iterator[str]:
        missing = [number for number in CASES if self._say(number).isupper()]
        if missing:
            yield f"no passing test: {', '.join(missing)}"
        if proven := [number for number in NOT_APPLICABLE if self._outcomes[number]["passed"]]:
            yield f"not applicable, and yet there is a test: {', '.join(proven)}"
        if len(NOT_APPLICABLE) > MOST_NOT_APPLICABLE:
            yield f"more than {MOST_NOT_APPLICABLE} cases are not applicable"
