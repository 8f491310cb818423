"""Reading what was declared, as every command does that is about manifests."""

from reconcile.cli import output
from reconcile.cli.deadline import Deadline
from reconcile.cli.invocation import Invocation
from reconcile.cli.options.declaration import Declaration
from reconcile.cli.stdin import open_stdin
from reconcile.model import Manifest
from reconcile.report.escape import escape


def load_declared(
    declaration: Declaration, invocation: Invocation, *, quiet: bool, deadline: Deadline | None = None
) -> Manifest:
    """
    Return what the manifests say that a user means; tell which ones, where the user named none.

    Args:
        deadline: how long standard input is waited for; None is for ever.
    """
    from reconcile.manifest import find_manifests, load_manifests

    paths = find_manifests(declaration.manifests)
    if not declaration.manifests and not quiet:
        output.tell(f"reconcile: using {', '.join(map(escape, paths))}\n")
    return load_manifests(
        paths,
        now=invocation.clock(),
        given=declaration.given,
        environ=invocation.environ,
        stdin=open_stdin(deadline),
    )
