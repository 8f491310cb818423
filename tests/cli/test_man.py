"""The manual page: complete, and read by the programs that show manual pages."""

import re
import shutil
import subprocess

import click
import pytest
from program import main

from reconcile.cli.commands import reconcile


@pytest.fixture
def page(capsys):
    assert main(["man"], environ={}) == 0
    return capsys.readouterr().out


def read(program, *options, page):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    return subprocess.run([program, *options], input=page, capture_output=True, text=True, check=False)


def test_every_command_and_every_option_is_there(page):
    plain = page.replace(r"\-", "-")
    context = click.Context(reconcile, info_name="reconcile")
    names = reconcile.list_commands(context)
    assert re.findall(r"^\.SS reconcile (\S+)", plain, re.MULTILINE) == names
    for name in names:
        for parameter in reconcile.get_command(context, name).params:
            assert all(option in plain for option in parameter.opts if option.startswith("-"))


def test_no_line_of_text_is_a_request(page):
    requests = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi"}
    assert page.isascii()


def test_mandoc_finds_nothing_but_that_there_is_no_date(page):
    found = read("mandoc", "-T", "lint", "-W", "warning", page=page).stdout.splitlines()
    assert [line for line in found if "missing date" not in line] == []


def test_man_shows_it(page, tmp_path):
    file = tmp_path / "reconcile.1"
    file.write_text(page)
    run = read("man", "--warnings", "-l", str(file), page="")
    assert (run.returncode, run.stderr) == (0, "")
    assert "reconcile plan --wait 10m" in run.stdout.replace("\u2010", "-")
