"""A table is the same bytes on every machine."""

import os
import subprocess
import sys

import pytest

ROWS = "[['日本語', 'a'], ['26e65', 'b']]"


def draw(place):
    code = f"from reconcile.report.table import draw_table; print(*draw_table({ROWS}, ['Job', 'Verdict']), sep='|')"
    environ = {**os.environ, "PYTHONPATH": str(place), "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environ)
    return run.stdout.decode()


@pytest.mark.parametrize("wide", [2, 5])
def test_a_package_that_happens_to_be_installed_changes_no_table(wide, tmp_path):
    plain = draw(tmp_path)
    assert plain == "Job    Verdict|-----  ---------|日本語    a|26e65  b\n"
    (tmp_path / "wcwidth.py").write_text(f"def wcswidth(text): return {wide} * len(text)\nwcwidth = wcswidth\n")
    assert draw(tmp_path) == plain
