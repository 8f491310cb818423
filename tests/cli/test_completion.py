"""What the shells themselves complete; a shell that is not installed is skipped, with its name."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

import program
import pytest
from program import main

from reconcile import __version__

ASKED = [
    ("reconcile pl", "reconcile plan"),
    ("reconcile plan --soft", "reconcile plan --soft-fail"),
    ("reconcile plan -o jun", "reconcile plan -o junit"),
    ("reconcile explain rc50", "reconcile explain RC500"),
    ("reconcile validate stor", "reconcile validate storage.yaml"),
    ("reconcile plan --target jobs.bi", "reconcile plan --target jobs.bind-ldap"),
    ("reconcile list --exclude jobs.e", "reconcile list --exclude jobs.expand"),
]
MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, project_id: p1}}
jobs: {bind-ldap: {job_id: id-a}, expand: {job_id: id-b}}
"""
START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ""),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D; "),
}
PATIENCE = 20  # seconds, of a shell that does not answer


@pytest.fixture
def environ(tmp_path):
    """Make a home with the program on the PATH, a file and a manifest to complete."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "reconcile"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconcile "$@"\n')
    program.chmod(0o755)
    (tmp_path / "storage.yaml").touch()
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    kept = {name: os.environ[name] for name in ("PYTHONPATH", "LANG") if name in os.environ}
    return {**kept, "PATH": path, "HOME": str(tmp_path), "TERM": "dumb", "PS1": "> "}


def need(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


class Terminal:
    """An interactive shell, and someone who types and reads."""

    def __init__(self, command, environ, folder):
        self._leader, follower = pty.openpty()
        self._process = subprocess.Popen(
            command, stdin=follower, stdout=follower, stderr=follower, env=environ, cwd=folder, start_new_session=True
        )
        os.close(follower)
        self.seen = ""

    def type(self, text):
        os.write(self._leader, text.encode())

    def read_until(self, pattern):
        """Return what matches as soon as it is on the screen."""
        end = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < end, self.seen
            if select.select([self._leader], [], [], 0.1)[0]:
                self.seen += os.read(self._leader, 65536).decode(errors="replace")
        self.seen = self.seen[found.end() :]
        return found

    def close(self):
        self._process.kill()
        self._process.wait()
        os.close(self._leader)


@pytest.mark.parametrize("shell", START)
def test_a_shell_completes_what_is_typed(shell, environ, tmp_path):
    need(shell)
    command, prelude = START[shell]
    terminal = Terminal(command, environ, tmp_path)
    try:
        terminal.type(f"{prelude}source <(reconcile completion {shell}); echo rea''dy\n")
        terminal.read_until("ready\r?\n")
        for typed, completed in ASKED:
            # The line becomes the argument of echo once it is completed, so that what is printed is the whole line.
            terminal.type(f"{typed}\t\x01echo do''ne \x05\n")
            assert terminal.read_until(r"\ndone (.*?) *\r?\n")[1] == completed
    finally:
        terminal.close()


def test_fish_completes_what_is_typed(environ, tmp_path):
    need("fish")
    for typed, completed in ASKED:
        script = f"reconcile completion fish | source; complete -C '{typed}'"
        run = subprocess.run(
            ["fish", "--no-config", "-c", script], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        words = [line.partition("\t")[0] for line in run.stdout.splitlines()]
        assert completed.rpartition(" ")[2] in words, (run.stdout, run.stderr)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed_where_there_is_no_such_shell(shell, capsys):
    assert main(["completion", shell], environ={"PATH": ""}) == 0
    assert "_RECONCILE_COMPLETE" in capsys.readouterr().out


ASKING = [
    *(
        {"_RECONCILE_COMPLETE": f"{shell}_{what}"}
        for shell in ("bash", "zsh", "fish")
        for what in ("complete", "source")
    ),
    {"_RECONCILE_COMPLETE": "no_such_instruction"},
]


@pytest.mark.parametrize("asking", ASKING, ids=lambda each: each["_RECONCILE_COMPLETE"])
@pytest.mark.parametrize(
    "argv", [["plan"], ["plan", "-q"], ["verify", "nowhere.json"], ["--no-such-option"]], ids=" ".join
)
def test_u06_a_command_line_is_never_answered_with_completions(argv, asking, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text("version: 1\njobs: {}\n")
    for name, value in {"COMP_WORDS": "reconcile pl", "COMP_CWORD": "1", **asking}.items():
        monkeypatch.setenv(name, value)
    assert main(argv, environ={}) == 1
    out, err = capsys.readouterr()
    assert (out, "RC0" in err) == ("", True)


def test_u06_the_version_is_the_version_whatever_a_shell_asks():
    environ = {**os.environ, "_RECONCILE_COMPLETE": "bash_source"}
    assert program.run("--version", env=environ).stdout == f"{__version__}\n"


def test_completing_a_command_imports_none_and_completing_an_option_nothing_heavy():
    code = (
        "import sys; from reconcile.cli.main import main; code = main([]);"
        "heavy = {'httpx', 'jsonschema', 'tabulate', 'yaml', 'asyncio', 'httptools', 'rich', 'jinja2'};"
        "print(sorted(name for name in sys.modules if name in heavy or name == 'reconcile.cli.plan'), file=sys.stderr)"
    )
    for words, position, imported in (("reconcile p", 1, "[]"), ("reconcile plan --o", 2, "['reconcile.cli.plan']")):
        asked = {"_RECONCILE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
        run = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=True
        )
        assert run.stderr.strip() == imported
        assert run.stdout.startswith("plain,")
