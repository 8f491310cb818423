"""The commands. Each module is imported when its command is called, so that --help stays fast."""

from importlib import import_module
from typing import TYPE_CHECKING

import click

from reconcile import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "init": "Write a commented starter manifest.",
    "plan": "Compare jobs with their expectations: the gate.",
    "doctor": "Check credentials, endpoints, projects and regions.",
    "prove": "Test the gate with mutated observations.",
    "validate": "Check manifests, offline.",
    "review": "Show what a change of manifests lets through, offline.",
    "list": "List the jobs of manifests, offline.",
    "show": "Render a saved plan in any format.",
    "verify": "Re-derive the verdict of a saved plan from its evidence.",
    "merge": "Merge the plans of all shards of a run.",
    "backtest": "Judge a manifest over many recordings.",
    "import": "Write a manifest that expects the current state of jobs.",
    "accept": "Edit a manifest to expect what was observed.",
    "demo": "Run the gate on an embedded job API, without account or network.",
    "simulate": "Serve the job API of a scenario file on loopback.",
    "schema": "Print a JSON Schema.",
    "apis": "List the known job APIs, or show one with its clouds and regions.",
    "explain": "Explain an error code, a verdict or a topic.",
    "completion": "Print the completion script of a shell.",
    "man": "Print the manual page.",
}

_EPILOG = """\b
Exit codes: 0 in sync, 1 error, 2 drift, 3 pending,
129 hung up, 130 interrupted, 143 terminated.

\b
Examples:
  reconcile demo
  reconcile validate storage/reconcile.yaml
  RECONCILE_TOKEN=... reconcile plan -o json | jq .verdict
"""


class Commands(click.Group):
    """A group whose commands are modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"reconcile.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=_COMMANDS, ctx=ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete the name of a command without importing its module."""
        from click.shell_completion import CompletionItem

        named = [CompletionItem(name, help=what) for name, what in _COMMANDS.items() if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print the version, and with -v also Python, libraries and platform."""
    if value and not ctx.resilient_parsing:
        click.echo("\n".join([__version__, *(_list_parts() if ctx.params.get("verbose") else [])]))
        ctx.exit()


def _list_parts() -> list[str]:
    import platform

    from reconcile.fetch.client import describe_libcurl

    return [f"Python {platform.python_version()}", describe_libcurl(), platform.platform()]


@click.group(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, expose_value=False, callback=_print_version, help="Print the version.")
@click.option("-v", "--verbose", is_flag=True, is_eager=True, help="With --version: also print what it runs on.")
def reconcile(verbose: bool) -> None:
    """terraform plan for asynchronous cloud jobs.

    A manifest states what each job should have done. The gate fetches the jobs, compares them with the manifest, prints
    a plan, and exits with 0 only if every expectation was proven.
    """
    if verbose:
        raise click.UsageError("-v goes after the command, or with --version")
