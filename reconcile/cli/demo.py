"""`reconcile demo`: the gate on an embedded job API, with real commands, requests and exit codes."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from reconcile.cli import output
from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.options.apis import ApiType
from reconcile.cli.own_apis import choose_api, find_path
from reconcile.codes import Code
from reconcile.errors import ReconcileError
from reconcile.model.api import JobApi
from reconcile.model.plan import ExitCode
from reconcile.report.escape import escape
from reconcile.shipped import shipped_folder

_STEPS = (
    ("Every expectation is proven: the gate is green.", "reconcile.yaml", ExitCode.IN_SYNC),
    ("A job failed where it should have succeeded: the gate is red.", "drift.yaml", ExitCode.DRIFT),
    ("A job is still running: nothing is wrong yet, and nothing is proven.", "pending.yaml", ExitCode.PENDING),
    ("The same with --wait: green as soon as the job is done.", "pending.yaml --wait 30s", ExitCode.IN_SYNC),
)

_OWN = ("RECONCILE_", "OS_", "HW_", "HUAWEICLOUD_")


@click.command()
@click.option(
    "--api",
    "api_name",
    type=ApiType(),
    metavar="NAME|FILE[@sha256:HEX]",
    help="Another job API, as 'reconcile apis' lists them, or the file that describes one.",
)
@pass_context
def command(context: Context, api_name: str | None) -> Done:
    """Run the gate on an embedded job API, without account or network.

    Serves the scenario of the quickstart example on loopback and runs the gate against it. With --api, scenario and
    manifests are generated for that API.
    """
    environ = _clean(context.environ)
    api = choose_api(api_name, context) if api_name is not None else None
    own = _name_file(api_name, api, context) if api_name is not None and api is not None else ()
    with _open_folder(api) as folder, _job_api(folder / "scenario.yaml", own, environ) as url:
        environ |= {"RECONCILE_ENDPOINT": url, "RECONCILE_TOKEN": "demo"}
        output.write(f"A job API listens on {url} and serves {escape(str(folder / 'scenario.yaml'))}.\n")
        for title, arguments, expected in _STEPS:
            _show(title, ["plan", *arguments.split(), *own], folder, environ, expected)
    output.write("\nThat is the gate: exit code 0 is a proof, and every other exit code says what is missing.\n")
    return Done.DONE


def _name_file(api_name: str, api: JobApi, context: Context) -> tuple[str, ...]:
    """Return the options that make other commands, in another folder, know the API; none for a built-in one."""
    return () if api.sha256 is None else ("--api", str(Path(find_path(api_name, api, context)).absolute()))


@contextmanager
def _open_folder(api: JobApi | None) -> Iterator[Path]:
    """Yield the folder of the quickstart example, or a temporary one with a demo of the API."""
    if api is None:
        yield shipped_folder("examples") / "quickstart"
        return
    from reconcile.authoring import compose_demo

    with TemporaryDirectory() as name:
        for file, text in compose_demo(api).items():
            Path(name, file).write_text(text, encoding="utf-8")
        yield Path(name)


def _show(title: str, argv: list[str], folder: Path, environ: Mapping[str, str], expected: ExitCode) -> None:
    output.write(f"\n## {title}\n\n$ reconcile {escape(' '.join(argv))}\n")
    output.close()
    # Only a terminal is passed on to the command, for its colours. If a pipe is closed, this process has to notice.
    to_terminal = sys.stdout is not None and sys.stdout.isatty()
    run = subprocess.run(
        [*_reconcile(), *argv],
        cwd=folder,
        env=environ,
        check=False,
        stdout=None if to_terminal else subprocess.PIPE,
        encoding=sys.stdout.encoding if sys.stdout is not None else None,
    )
    output.write(f"{run.stdout or ''}\nexit code {run.returncode}\n")
    output.close()
    if run.returncode != expected:
        message = f"'reconcile {' '.join(argv)}' exited with {run.returncode} and not with {int(expected)}"
        raise ReconcileError.because(Code.INTERNAL, message)


@contextmanager
def _job_api(scenario: Path, own: Sequence[str], environ: Mapping[str, str]) -> Iterator[str]:
    """Serve a scenario in another process; yield its URL."""
    command = [*_reconcile(), "simulate", os.fspath(scenario), *own]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ, text=True) as process:
        try:
            url = (process.stdout.readline() if process.stdout else "").strip()
            if not url:
                raise ReconcileError.because(Code.INTERNAL, "the job API of the demo did not start")
            yield url
        finally:
            process.terminate()


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Remove the user's credentials and endpoints, and let a child process import what this one can."""
    others = {name: value for name, value in environ.items() if not name.startswith(_OWN)}
    return {**others, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _reconcile() -> tuple[str, ...]:
    """Return the command that starts this installation, whatever is on the PATH or in the working directory."""
    return sys.executable, "-P", "-m", "reconcile"
