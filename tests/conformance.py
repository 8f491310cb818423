"""
The numbered cases of safety and the faults that users met, as a pytest plugin, and the table of `make conformance`.

A test proves what the numbers in its name or in the name of its parameters say: `test_f17_a_usage_error`,
`test_as_fast_C29`, `[A05-query]`, `test_u03_a_key`. It is marked with them, so that `pytest -m case` and `pytest -m
fault` run these tests alone, and `pytest -k u03` those of one number. A number holds if at least one test proves it and
none of those that name it fails.
"""

import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

MOST_NOT_APPLICABLE = 5

_FOLDER = Path(__file__).parent
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-IUa-iu][0-9]{2}(?![A-Za-z0-9])")
_PARTS = tomllib.loads((_FOLDER / "safety_cases.toml").read_text(encoding="utf-8"))

NOT_APPLICABLE: dict[str, str] = _PARTS.pop("not-applicable")
"""Number to reason."""

CASES: dict[str, str] = {number: title for part in _PARTS.values() for number, title in part.items()}
"""Number of a case to its title."""

_FAULTS = tomllib.loads((_FOLDER / "faults.toml").read_text(encoding="utf-8"))

FAULTS: dict[str, str] = _FAULTS["faults"]
"""Number of a fault to its title."""

FAULTS_ARE_COMPLETE: bool = _FAULTS["complete"]
"""Whether a fault without a test is an error, rather than listed."""


def find_numbers(name: str) -> list[str]:
    """Return the numbers of the cases and faults that the name of a test says, each once."""
    return list(dict.fromkeys(number.upper() for number in _NUMBER.findall(name)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--conformance", action="store_true", help="run what proves a numbered case, and print the table")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "case(*numbers): the numbered cases of safety_cases.toml that the test proves")
    config.addinivalue_line("markers", "fault(*numbers): the faults of faults.toml that the test keeps away")
    if config.getoption("--conformance"):
        config.pluginmanager.register(_Table(), "conformance-table")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        numbers = find_numbers(item.name)
        if faults := [number for number in numbers if number.startswith("U")]:
            item.add_marker(pytest.mark.fault(*faults))
        if cases := [number for number in numbers if number not in faults]:
            item.add_marker(pytest.mark.case(*cases))


class _Table:
    """Keeps what came of every number, says so last, and ends with an error if one of them does not hold."""

    def __init__(self) -> None:
        self._outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self._tests: dict[str, dict[str, None]] = defaultdict(dict)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        proofs = [item for item in items if find_numbers(item.name)]
        for item in proofs:
            if unknown := [number for number in find_numbers(item.name) if number not in {**CASES, **FAULTS}]:
                raise pytest.UsageError(f"{item.nodeid}: there is no case or fault {', '.join(unknown)}")
        config.hook.pytest_deselected(items=[item for item in items if not find_numbers(item.name)])
        items[:] = proofs

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A test that does not fail says so when it is called, and one that is skipped or breaks says so once.
        if report.when == "call" or report.outcome != "passed":
            for number in find_numbers(report.nodeid.partition("::")[2]):
                self._outcomes[number][report.outcome] += 1
                self._tests[number][report.nodeid.partition("[")[0]] = None

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.exitstatus == pytest.ExitCode.OK and any(self._complaints()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        """Print the tables, after pytest's own summary."""
        cases = [self._row(number, title) for number, title in CASES.items()]
        faults = [line for number, title in FAULTS.items() for line in (self._row(number, title), *self._names(number))]
        figures = [self._figure("cases", CASES), self._figure("faults", FAULTS)]
        sys.stdout.write("\n".join(["", *cases, "", *faults, "", *self._complaints(), *self._open(), *figures, ""]))

    def _row(self, number: str, title: str) -> str:
        return f"{number}  {self._say(number):16}  {title}"

    def _names(self, number: str) -> Iterator[str]:
        """Yield the tests of a number, each once."""
        return (f"{'':23}{name}" for name in self._tests[number])

    def _figure(self, what: str, titles: Mapping[str, str]) -> str:
        passed = sum(self._say(number).startswith("passed") for number in titles)
        excused = sum(number in NOT_APPLICABLE for number in titles)
        note = f", {excused} not applicable" if excused else ""
        return f"{what}: {passed + excused} of {len(titles)}: {passed} passed{note}"

    def _say(self, number: str) -> str:
        outcomes = self._outcomes[number]
        if outcomes["failed"]:
            return "FAILED"
        if number in NOT_APPLICABLE:
            return "not applicable"
        return f"passed ({outcomes['passed']})" if outcomes["passed"] else "NOT RUN"

    def _complaints(self) -> Iterator[str]:
        numbers = [*CASES, *(FAULTS if FAULTS_ARE_COMPLETE else self._failed(FAULTS))]
        if missing := [number for number in numbers if self._say(number).isupper()]:
            yield f"no passing test: {', '.join(missing)}"
        if proven := [number for number in NOT_APPLICABLE if self._outcomes[number]["passed"]]:
            yield f"not applicable, and yet there is a test: {', '.join(proven)}"
        if len(NOT_APPLICABLE) > MOST_NOT_APPLICABLE:
            yield f"more than {MOST_NOT_APPLICABLE} cases are not applicable"

    def _open(self) -> Iterator[str]:
        """Yield the faults that have no test yet, where that is no error."""
        missing = [number for number in FAULTS if self._say(number) == "NOT RUN"]
        if missing and not FAULTS_ARE_COMPLETE:
            yield f"no test yet: {', '.join(missing)}"

    def _failed(self, numbers: Iterable[str]) -> list[str]:
        return [number for number in numbers if self._say(number) == "FAILED"]
