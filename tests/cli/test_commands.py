"""The commands around the gate, as processes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import click
import program
import pytest
from program import main

import reconcile
from reconcile.apis import api_names
from reconcile.cli import commands
from reconcile.shipped import shipped_folder

QUICKSTART = shipped_folder("examples") / "quickstart"


def test_the_demo_shows_every_verdict_and_exits_with_0():
    environ = {**os.environ, "RECONCILE_TOKEN_OTC": "", "RECONCILE_ENDPOINT": "https://nowhere.invalid"}
    run = program.run("demo", env=environ)
    assert (run.returncode, run.stderr) == (0, "To wait for unfinished jobs: reconcile plan --wait 10m\n")
    assert re.findall(r"^exit code (\d)$", run.stdout, re.MULTILINE) == ["0", "2", "3", "0"]
    assert re.findall(r"^\$ reconcile plan (\S+)", run.stdout, re.MULTILINE)[:1] == ["reconcile.yaml"]
    assert '~ status      = "success" -> "failed"' in run.stdout


@pytest.mark.parametrize("name", ["cce", "rds", "sfs-turbo-du-task"])
def test_the_demo_shows_every_verdict_of_other_apis(name):
    run = program.run("demo", "--api", name)
    assert (run.returncode, re.findall(r"^exit code (\d)$", run.stdout, re.MULTILINE)) == (0, ["0", "2", "3", "0"])


def test_the_demo_runs_from_a_checkout_that_is_not_installed(tmp_path):
    ignored = shutil.ignore_patterns("schemas", "examples", "__pycache__")
    shutil.copytree(Path(reconcile.__file__).parent, tmp_path / "reconcile", ignore=ignored)
    for folder in ("schemas", "examples"):
        shutil.copytree(shipped_folder(folder), tmp_path / folder)
    command = [sys.executable, "-m", "reconcile", "demo"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert str(tmp_path / "examples") in run.stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_simulate_prints_its_url_first_and_serves_until_it_is_told_to_stop(number, code):
    with program.start("simulate", str(QUICKSTART / "scenario.yaml"), stdout=subprocess.PIPE) as server:
        url = server.stdout.readline().strip()
        path = "/v1/0123456789abcdef0123456789abcdef/sfs-turbo/jobs/26f6b565-0000-4000-8000-03f0bd975433"
        request = urllib.request.Request(f"{url}{path}", headers={"X-Auth-Token": "any"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["status"] == "success"
        server.send_signal(number)
        server.communicate(timeout=10)
        assert server.returncode == code


def test_simulate_reads_standard_input_and_names_its_faults():
    run = program.run("simulate", "-", input="version: 2\n")
    assert run.returncode == 1
    assert run.stderr.startswith("<stdin>:1:")


def test_apis_tell_clouds_regions_and_hosts(capsys):
    assert main(["apis"], environ={}) == 0
    overview = capsys.readouterr().out
    assert [line.split()[0] for line in overview.splitlines()[2:]] == list(api_names())
    assert re.search(r"^rds +MySQL, PostgreSQL and SQL Server databases +otc, huawei", overview, re.MULTILINE)
    assert main(["apis", "show", "sfs-turbo"], environ={}) == 0
    assert re.search(r"^otc +eu-de +sfs-turbo\.eu-de\.otc\.t-systems\.com$", capsys.readouterr().out, re.MULTILINE)
    assert main(["apis", "-o", "json"], environ={}) == 0
    document = json.loads(capsys.readouterr().out)
    assert [api["name"] for api in document["apis"]] == list(api_names())
    clouds = {api["name"]: api["clouds"] for api in document["apis"]}
    assert clouds["sfs-turbo"]["otc"]["eu-nl"] == "sfs-turbo.eu-nl.otc.t-systems.com"


def find_paths():
    """Find what every command takes that is called a file, a directory or a plan, by the word that its help shows."""
    context = click.Context(commands.Commands())
    for name in commands.Commands().list_commands(context):
        for parameter in commands.Commands().get_command(context, name).params:
            words = re.findall(r"[A-Z]+", parameter.metavar or parameter.human_readable_name)
            if set(words) & {"DIR", "FILE", "MANIFEST", "PLAN", "SCENARIO"} or words == ["KEY"]:
                yield [name, parameter.opts[0]] if isinstance(parameter, click.Option) else [name]


@pytest.mark.parametrize("argv", list(find_paths()), ids=" ".join)
def test_an_empty_path_is_not_the_working_directory(argv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(QUICKSTART / "reconcile.yaml", tmp_path)
    assert main([*argv, ""], environ={}) == 1
    assert re.match(
        r"error: RC001 Invalid value for .*: the path is empty: is the variable it comes from set\?\n",
        capsys.readouterr().err,
    )


def test_a_command_that_is_mistyped_is_suggested(capsys):
    assert main(["plann"], environ={}) == 1
    assert "plan" in capsys.readouterr().err.replace("plann", "")


def test_a_shell_can_ask_for_completions():
    environ = {**os.environ, "_RECONCILE_COMPLETE": "bash_source"}
    run = subprocess.run(
        [sys.executable, "-c", "import sys; from reconcile.cli.main import main; sys.exit(main([]))"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "complete" in run.stdout
