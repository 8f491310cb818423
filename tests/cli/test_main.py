"""How the process ends, whatever happens."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import program
import pytest
from program import main


def in_shell(command, *options):
    """Start the program in a shell that has run a command, with options for the interpreter."""
    python, *rest = program.COMMAND
    return ("bash", "-c", f'{command}; exec {shlex.join([python, *options, *rest])} "$@"', "bash")


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--no-such-option"],
        ["no-such-command"],
        ["plan", "--no-such-option"],
        ["plan", "a", "b", "c"],
        ["plan", "-o", "no-such-format"],
        ["plan", "--concurrency", "0"],
        ["plan", "--timeout", "10"],
        ["plan", "--timeout", "0s"],
        ["plan", "--timeout", "-5s"],
        ["plan", "--timeout", "nan"],
        ["plan", "--timeout", "1000000h"],
        ["plan", "--token", "x"],
        ["schema", "no-such-schema"],
    ],
    ids=" ".join,
)
def test_f17_a_usage_error_is_1_and_never_drift(argv, capsys):
    assert main(argv, environ={}) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (
            ["completion"],
            "Choose from: bash, zsh, fish\n  see 'reconcile completion --help'",
        ),
        (["validate", "--var"], "Option '--var' requires an argument.\n  see 'reconcile validate --help'"),
        (["show", "--github-summary"], "requires an argument.\n  see 'reconcile show --help'"),
        (["--no-such-option"], "see 'reconcile --help'"),
    ],
    ids=["no argument", "no value", "no value elsewhere", "no command"],
)
def test_a_usage_error_names_the_help_of_its_command(argv, told, capsys):
    assert main(argv, environ={}) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["-h"], ["plan", "--help"]], ids=" ".join)
def test_f19_help_and_version_are_0_and_import_nothing_heavy(argv):
    code = (
        "import sys; from reconcile.cli.main import main; code = main(sys.argv[1:]);"
        "heavy = {'httpx', 'jsonschema', 'tabulate', 'yaml', 'asyncio', 'httptools'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else code)"
    )
    run = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_the_quick_way_to_the_version_says_and_ends_as_the_usual_one_does(unbuffered, tmp_path):
    environ = {**os.environ, "PYTHONUNBUFFERED": unbuffered, "PEAK_MEMORY": str(tmp_path / "memory")}
    usual = "from reconcile.cli.main import main; import sys; sys.exit(main(['--version']))"

    def ends_of(place):
        for argv in ([*program.COMMAND, "--version"], [sys.executable, "-c", usual]):
            command = f"exec {shlex.join(argv)} {place}"
            run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=environ)
            yield run.returncode, run.stdout, run.stderr

    for place, code in (("", 0), (">/dev/full", 1), (">&-", 1), (f">>{tmp_path}/version", 0)):
        quick, usually = ends_of(place)
        assert quick == usually
        assert quick[0] == code
    first, second = (tmp_path / "version").read_text().splitlines()
    assert first == second


def test_the_quick_way_to_the_version_imports_next_to_nothing():
    code = "import sys; sys.argv[1:] = ['--version']; from reconcile.__main__ import run; import atexit;"
    code += "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); run()"
    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert not {"click", "dataclasses", "enum", "re", "reconcile.model"} & set(run.stderr.split())


def test_version_is_the_version_only(capsys):
    from reconcile import __version__

    assert main(["--version"], environ={}) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize(
    "argv", [["schema", "plan"], ["schema"], ["--help"], ["plan", "--help"], ["--version"]], ids=" ".join
)
def test_f02_a_full_disk_is_1(argv):
    with Path("/dev/full").open("w") as full:
        run = program.run(*argv, stdout=full)
    assert run.returncode == 1
    assert run.stderr.startswith("error: RC004 standard output: No space left on device\n")


def test_f01_a_document_that_is_cut_short_is_1_also_without_a_buffer(tmp_path):
    out = tmp_path / "out"
    with out.open("w") as file:
        run = program.run("schema", "plan", prefix=in_shell("ulimit -f 1", "-u"), stdout=file)
    assert run.returncode != 0
    assert "Traceback" not in run.stderr


def test_f03_a_closed_stdout_is_1():
    run = program.run("schema", "plan", prefix=in_shell("exec >&-"))
    assert run.returncode == 1
    assert run.stderr.startswith("error: RC004 standard output: it is closed\n")


def test_f04_a_closed_pipe_is_1_and_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        run = program.run("schema", "plan", stdout=writer)
    finally:
        os.close(writer)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_f13_f14_f15_a_signal_ends_the_run_also_where_the_parent_ignores_it(number, code, hanging_gate):
    process = hanging_gate(preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (code, False)
