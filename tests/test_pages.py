"""What people read is true: its commands are run, what it shows is what they print, and its links lead somewhere."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from measured import SECTION, write_measured
from pages import README, ROOT, find_links, list_guides, list_pages, locate, read
from program import main
from transcripts import CONSOLE_BLOCK, replay

from reconcile.document import Text, parse_text, read_document
from reconcile.fetch.credentials.variables import list_known_variables
from reconcile.simulator import load_scenario, running_simulator

QUICKSTART = ROOT / "examples" / "quickstart"
WITH_CONSOLE = [page for page in (README, *list_guides()) if CONSOLE_BLOCK.search(read(page))]
COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )*reconcile ([a-z]+)(.*)$", re.MULTILINE)
MOST_LINES = 250


@pytest.mark.parametrize("page", WITH_CONSOLE)
def test_every_console_block_is_what_the_program_prints(page, tmp_path, monkeypatch, check_golden):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path / "examples" / "quickstart")
    scenario = load_scenario(read_document("scenario.yaml"))
    with running_simulator(scenario) as url:
        environ = {"RECONCILE_TOKEN": "a-token", "RECONCILE_ENDPOINT": url}
        replayed = CONSOLE_BLOCK.sub(lambda block: f"```console\n{replay(block[1], environ)}```", read(page))
    check_golden(locate(page), replayed)


def test_the_readme_is_read_in_five_minutes():
    assert len(read(README).splitlines()) <= MOST_LINES


def test_the_figures_are_those_that_were_kept(check_golden):
    text = read("CONTRIBUTING.md")
    assert SECTION.search(text)
    check_golden(ROOT / "CONTRIBUTING.md", SECTION.sub(lambda _: write_measured(), text))


def test_the_manifest_on_the_first_screen_is_the_one_that_is_run():
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", read(README), re.DOTALL | re.MULTILINE)
    assert len(shown.splitlines()) == 10
    run = yaml.safe_load((QUICKSTART / "drift.yaml").read_text(encoding="utf-8"))
    run.pop("name")
    assert yaml.safe_load(shown) == run


def test_the_first_gate_works_by_copy_and_paste(tmp_path):
    section = read(README).partition("## Your first gate")[2].partition("\n## ")[0]
    first, second = re.findall(r"^```sh\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/activate").write_text(f"PATH={Path(sys.executable).parent}:$PATH\n")
    script = f"""
        set -e
        . .venv/bin/activate
        {re.sub(" +# serves.*", " &", first)}
        trap "kill $!" EXIT
        until (exec 3<>/dev/tcp/127.0.0.1/8080) 2>/dev/null; do sleep 0.1; done
        {second}
    """.replace("8080", str(port))
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nDoctor: the provider is ready.\n" in done.stdout
    assert done.stdout.rstrip().endswith("Every expectation was proven.")


def test_what_the_guides_show_of_files_can_be_read():
    (timeline,) = re.findall(
        r"^```yaml\n(.*?)^```$", read("reconcile/explanations/scenarios.md"), re.DOTALL | re.MULTILINE
    )
    load_scenario(parse_text(Text("scenario.yaml", f"version: 1\napi: sfs-turbo\n{timeline}"), is_json=False))
    (login,) = re.findall(
        r"^```json\n(.*?)^```$", read("reconcile/explanations/credentials.md"), re.DOTALL | re.MULTILINE
    )
    assert json.loads(login)["auth"].keys() == {"identity", "scope"}


@pytest.mark.parametrize("page", [README, "CONTRIBUTING.md"])
def test_the_targets_of_make_are_those_of_the_makefile(page):
    targets = set(re.findall(r"^(?:    )?make ([a-z0-9-]+)", read(page), re.MULTILINE))
    assert targets
    assert targets <= set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", [page for page in list_pages() if COMMAND.search(read(page))])
def test_the_commands_for_a_shell_have_the_options_they_name(page, capsys):
    for command, arguments in COMMAND.findall(read(page)):
        assert main([command, "--help"], environ={}) == 0
        known = capsys.readouterr().out
        options = re.findall(r"(?<= )(--[a-z-]+)", arguments)
        assert [option for option in options if option not in known] == []


@pytest.mark.parametrize("page", list_pages())
def test_links_lead_somewhere(page):
    assert [link for link in find_links(page) if not locate(link).exists()] == []


def test_every_guide_can_be_reached_from_the_readme():
    reached, queue = set(), [README]
    while queue:
        page = queue.pop()
        if page not in reached and page in list_pages():
            reached.add(page)
            queue += find_links(page)
    about_verdicts = {
        f"reconcile/explanations/{word}.md" for word in ("in_sync", "drift", "pending", "waived", "error")
    }
    assert {*list_guides()} - about_verdicts <= reached


def test_the_environment_page_lists_every_variable():
    text = read("reconcile/explanations/environment.md")
    assert [name for name in dict.fromkeys(list_known_variables(())) if f"`{name}`" not in text] == []
