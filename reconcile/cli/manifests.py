"""Reading what was declared, as every command does that is about manifests."""

import sys

from reconcile.cli import output
from reconcile.cli.invocation import Invocation
from reconcile.cli.options import Declaration
from reconcile.model import Manifest
from reconcile.report.escape import escape


def load_declared(declaration: Declaration, invocation: Invocation, *, quiet: bool) -> Manifest:
    """Return what the manifests say that a user means; tell which ones, where the user named none."""
    from reconcile.manifest import find_manifests, load_manifests

    paths = find_manifests(declaration.arguments)
    if not declaration.arguments and not quiet:
        output.tell(f"reconcile: using {', '.join(map(escape, paths))}\n")
    return load_manifests(
        paths,
        now=invocation.clock(),
        given=declaration.given,
        environ=invocation.environ,
        stdin=sys.stdin.buffer if sys.stdin else None,
    )
