"""Packages without what they import for nothing."""

import json
import subprocess
import sys

import pytest

from reconcile.lean import standing_in

LOOK = "import json, sys; import {module}; heavy = {heavy} & {{*sys.modules}}; {then}; print(json.dumps(sorted(heavy)))"


@pytest.mark.parametrize(
    ("module", "heavy", "then"),
    [
        ("reconcile.fetch.proxy", {"rich", "pygments", "click", "httpx._main"}, "import httpx._main"),
        ("reconcile.model", {"typing_extensions"}, "from typing_extensions import get_type_hints"),
        (
            "reconcile.report.table",
            {"importlib.metadata", "zipfile", "email"},
            "from importlib.metadata import version; assert version('tabulate')",
        ),
    ],
)
def test_a_package_comes_without_what_nothing_here_calls_which_can_be_imported_later(module, heavy, then):
    code = LOOK.format(module=module, heavy=heavy, then=then)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []


def test_what_is_imported_already_stays():
    with standing_in("json", dumps=None):
        import json as seen
    assert seen is json
    assert json.dumps


def test_a_stand_in_is_gone_also_after_a_failure():
    with pytest.raises(ImportError), standing_in("reconcile.not_there", answer=42):
        from reconcile.not_there import answer, question  # noqa: F401
    assert "reconcile.not_there" not in sys.modules
