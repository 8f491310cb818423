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
from reconcile.codes import Code
from reconcile.model import ExitCode, Fetched, Manifest, Problem, Unobserved

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
    from reconcile.fetch import Pace, fetch_all, open_transport

    transport = invocation.transport or open_transport(
        ca_file=access.ca_file, proxy=access.proxy, concurrency=access.concurrency
    )
    fetched: dict[int, Fetched] = {}
    ended_by = None
    with _show_progress(manifest, access, quiet=quiet) as on_progress:
        try:
            fetch_all(
                manifest.jobs,
                targets,
                transport=transport,
                timeout=deadline.limit,
                spent=deadline.spent,
                concurrency=access.concurrency,
                pace=replace(invocation.pace or Pace(), rate=access.rate),
                wait=_make_wait_policy(access, invocation.clock, on_progress, strict=strict),
                on_fetched=fetched.__setitem__,
                recorder=recorder,
            )
        except KeyboardInterrupt:
            ended_by = invocation.ended_by
    unread = Fetched(
        observation=Unobserved(problem=Problem(code=Code.INTERRUPTED, message="not asked: the run was interrupted"))
    )
    return tuple(fetched.get(index, unread) for index in range(len(manifest.jobs))), ended_by


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
