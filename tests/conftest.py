"""What all tests have: the option to rewrite goldens."""

import pytest

pytest_plugins = ["conformance"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="rewrite goldens with what the program says now")


@pytest.fixture
def check_golden(request):
    """Compare a text with a golden file, or rewrite the file."""

    def check(path, actual):
        if request.config.getoption("--rewrite"):
            path.write_text(actual, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == actual

    return check
