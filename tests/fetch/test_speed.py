"""The extra `speed` changes how long a run takes and nothing that is printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reconcile.document import Text, parse_text
from reconcile.fetch import MANY
from reconcile.simulator import load_scenario, running_simulator

pytest.importorskip("uvloop", reason="the extra 'speed' is not installed: pip install 'reconcile-jobs[speed]'")

SCENARIO = """
version: 1
api: sfs-turbo
project_id: p
jobs:
  good: {status: success, job_type: bind_ldap}
  bad: {status: failed, job_type: bind_ldap, error_code: SFS.TURBO.0005}
  slow: {status: running, job_type: bind_ldap}
"""
MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, project_id: p}}
jobs:
  good: {job_id: good}
  bad: {job_id: bad}
  slow: {job_id: slow}
"""
MANIFEST += "".join(f"  gone-{n}: {{job_id: gone-{n}}}\n" for n in range(MANY))
PROGRAM = "import sys; sys.modules['uvloop'] = None if sys.argv.pop(1) == 'without' else __import__('uvloop')"


def _plan(folder: Path, url: str, which: str, *options: str) -> tuple[int, str, str]:
    program = f"{PROGRAM}; from reconcile.__main__ import run; run()"
    finished = subprocess.run(
        [sys.executable, "-c", program, which, "plan", "--endpoint", url, *options],
        cwd=folder,
        env={"RECONCILE_TOKEN": "any"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return finished.returncode, finished.stdout, finished.stderr


@pytest.mark.parametrize("format_name", ["text", "json"])
def test_results_are_the_same_with_and_without_it(tmp_path: Path, format_name: str) -> None:
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    told = []
    for which in ("with", "without"):
        scenario = load_scenario(parse_text(Text("scenario.yaml", SCENARIO), is_json=False))
        with running_simulator(scenario, port=0) as url:
            code, out, err = _plan(tmp_path, url, which, "-o", format_name)
        told.append((code, *(re.sub(r"\b[0-9a-f]{32}\b", "ID", text.replace(url, "URL")) for text in (out, err))))
    assert told[0] == told[1]
    assert told[0][0] == 2


def test_a_refused_connection_is_told_the_same(tmp_path: Path) -> None:
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    url = "https://127.0.0.1:1"
    told = [_plan(tmp_path, url, which, "--timeout", "1s") for which in ("with", "without")]
    assert [each[0] for each in told] == [1, 1]
    assert "Connection refused" in told[0][1]
    assert "Connection refused" in told[1][1]
