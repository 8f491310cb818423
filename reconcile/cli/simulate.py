"""`reconcile simulate`: a job API on loopback."""

import signal

import click

from reconcile.cli import output
from reconcile.cli.context import open_stdin
from reconcile.cli.options.values import FilePath
from reconcile.model import ExitCode


@click.command()
@click.argument("scenario", type=FilePath())
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 picks a free one. Default: 0."
)
def command(scenario: str, port: int) -> ExitCode:
    """Serve the job API of a scenario file on loopback, until interrupted.

    The first line of standard output is the URL. Requests need a token or a signature: any, unless the scenario lists
    the valid ones. Tokens are issued at /v3/auth/tokens.

    \b
    Examples:
      reconcile simulate scenario.yaml --port 8080
      RECONCILE_TOKEN=any reconcile plan --endpoint http://127.0.0.1:8080
    """
    from reconcile.document import read_document
    from reconcile.simulator import load_scenario, serve

    def announce(url: str) -> None:
        output.write(f"{url}\n")
        output.close()

    ended_by = serve(
        load_scenario(read_document(scenario, stdin=open_stdin())),
        port=port,
        on_ready=announce,
    )
    return ExitCode.INTERRUPTED if ended_by is signal.SIGINT else ExitCode.TERMINATED
