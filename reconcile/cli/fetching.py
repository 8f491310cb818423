"""From declared jobs to what was fetched of them, as every command does that asks a job API."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.deadline import Deadline
from reconcile.cli.invocation import Invocation
from reconcile.cli.options.access import Access
from reconcile.model import ExitCode, Fetched, Manifest

if TYPE_CHECKING:
    from reconcile.fetch import Progress, Target, WaitPolicy
    from reconcile.fetch.recorder import Recorder


def find_targets(
    selected: Manifest, declared: Manifest, access: Access, invocation: Invocation, *, verbose: bool
) -> "Mapping[str, Target]":
    """Find out where every provider of the selected jobs is and which credential it gets; tell so, if asked to."""
    from reconcile.fetch import resolve_targets

    targets = resolve_targets(
        selected.providers.values(),
        endpoints=access.endpoints,
        environ=invocation.environ,
        unused=declared.providers.keys() - selected.providers.keys(),
    )
    if verbose:
        for name, target in targets.items():
            output.tell(f"reconcile: provider {name}: {target.origin}, {target.credential}\n")
    return targets


def fetch_declared(
    manifest: Manifest,
    targets: "Mapping[str, Target]",
    access: Access,
    invocation: Invocation,
    *,
    deadline: Deadline,
    strict: bool,
    quiet: bool,
    recorder: "Recorder | None" = None,
) -> tuple[tuple[Fetched, ...], ExitCode | None]:
    """
    Fetch every job, in the time that the run has left.

    Returns:
        What came of each job, in the order of the manifest, and the exit code of the signal that ended it early, if
        one did.
    """
    from reconcile.fetch import Pace, fetch_jobs, open_client

    signals = invocation.signals
    client = invocation.client or open_client(ca_file=access.ca_file, proxy=access.proxy)
    try:
        with _show_progress(manifest, access, quiet=quiet) as on_progress, signals.held():
            fetched = fetch_jobs(
                manifest.jobs,
                targets,
                client=client,
                timeout=deadline.limit,
                spent=deadline.spent,
                concurrency=access.concurrency,
                pace=replace(invocation.pace or Pace(), rate=access.rate),
                wait=_make_wait_policy(access, invocation.clock, on_progress, strict=strict),
                recorder=recorder,
                interrupted=lambda: bool(signals),
            )
    finally:
        client.close()
    return fetched, signals.exit_code if signals else None


def _make_wait_policy(
    access: Access, clock: Callable[[], datetime], on_progress: "Callable[[Progress], None]", *, strict: bool
) -> "WaitPolicy | None":
    if access.wait is None:
        return None
    from reconcile.fetch import WaitPolicy
    from reconcile.plan import expect_end, is_settled

    return WaitPolicy(
        duration=access.wait,
        is_settled=lambda job, seen: is_settled(job, seen, now=clock(), strict=strict),
        expected_end=lambda job, seen: expect_end(job, seen, now=clock()),
        on_progress=on_progress,
    )


def _show_progress(
    manifest: Manifest, access: Access, *, quiet: bool
) -> "AbstractContextManager[Callable[[Progress], None]]":
    """Show live lines where someone watches and there is something to wait for."""
    if access.wait is None or quiet or not output.is_watched():
        return nullcontext(lambda progress: None)
    from reconcile.cli.progress import show_progress

    return show_progress(manifest)
