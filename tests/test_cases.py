"""
Every folder of tests/cases and of examples is a test: its transcript is replayed against its scenario.

A folder holds `transcript.txt`, what the transcript reads, and usually `scenario.yaml`, the job API's answers.
"""

from pathlib import Path

import pytest
from transcripts import find_apis, replay

from reconcile.document import read_document
from reconcile.simulator import load_scenario, running_simulator

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent for part in ("tests/cases", "examples") for path in ROOT.glob(f"{part}/**/transcript.txt"))


@pytest.mark.parametrize("folder", FOLDERS, ids=[str(folder.relative_to(ROOT)) for folder in FOLDERS])
def test_transcript(folder, monkeypatch, check_golden):
    monkeypatch.chdir(folder)
    transcript = folder / "transcript.txt"
    text = transcript.read_text(encoding="utf-8")
    environ = {"RECONCILE_TOKEN": "a-token", "CI_PROJECT_DIR": str(ROOT)}
    if (folder / "scenario.yaml").exists():
        with running_simulator(load_scenario(read_document("scenario.yaml"), find_apis(folder))) as url:
            replayed = replay(text, {**environ, "RECONCILE_ENDPOINT": url})
    else:
        replayed = replay(text, environ)
    check_golden(transcript, replayed)


def test_every_example_is_run():
    """Those that are places where the gate lives have no transcript: tests of their own run them there."""
    transcribed = {parent for folder in FOLDERS for parent in (folder, *folder.parents)}
    homes = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/*/test_*.py"))
    examples = [path for path in ROOT.glob("examples/*") if path not in transcribed]
    assert [path.name for path in examples if f'EXAMPLES / "{path.name}"' not in homes] == []
