"""The README tells the truth: its commands are run, and what it shows is what they print."""

import re
import shutil
from pathlib import Path

import yaml
from measured import SECTION, write_measured
from program import main
from transcripts import CONSOLE_BLOCK, replay

from reconcile.document import read_document
from reconcile.simulator import load_scenario, running_simulator

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
QUICKSTART = ROOT / "examples" / "quickstart"


def test_every_console_block_is_what_the_program_prints(tmp_path, monkeypatch, check_golden):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path / "examples" / "quickstart")
    scenario = load_scenario(read_document("scenario.yaml"))
    with running_simulator(scenario) as url:
        environ = {"RECONCILE_TOKEN": "a-token", "RECONCILE_ENDPOINT": url}
        replayed = CONSOLE_BLOCK.sub(
            lambda block: f"```console\n{replay(block[1], environ)}```", README.read_text(encoding="utf-8")
        )
    check_golden(README, replayed)


def test_the_figures_are_those_that_were_kept(check_golden):
    text = README.read_text(encoding="utf-8")
    assert SECTION.search(text)
    check_golden(README, SECTION.sub(lambda _: write_measured(), text))


def test_the_manifest_on_the_first_screen_is_the_one_that_is_run():
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(shown.splitlines()) == 10
    run = yaml.safe_load((QUICKSTART / "drift.yaml").read_text(encoding="utf-8"))
    run.pop("name")
    assert yaml.safe_load(shown) == run


def test_the_commands_for_a_shell_are_those_of_the_makefile():
    text = README.read_text(encoding="utf-8")
    targets = set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE))
    assert targets
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_commands_for_a_shell_have_the_options_they_name(capsys):
    for line in re.findall(r"^reconcile (.+)$", README.read_text(encoding="utf-8"), re.MULTILINE):
        command, *options = line.split()
        main([command, "--help"], environ={})
        known = capsys.readouterr().out
        assert all(option in known for option in options if option.startswith("--"))


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
