"""Fetches the jobs of a manifest, for every command that sends requests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.context import Context, Deadline
from reconcile.cli.fail_fast import FailFast
from reconcile.cli.options.access import AccessOptions
from reconcile.cli.orders import Orders
from reconcile.cli.progress import Watch, show_progress
from reconcile.cli.request_log import RequestLog
from reconcile.cli.signals import Signals
from reconcile.cli.spool import FetchedSpool
from reconcile.codes import Code
from reconcile.duration import format_duration
from reconcile.errors import UsageError
from reconcile.model.manifest import Expectation, Job, Manifest
from reconcile.model.observation import Fetched, Missing, Observed
from reconcile.model.plan import ExitCode
from reconcile.rate import Rate
from reconcile.report.escape import escape

if TYPE_CHECKING:
    from reconcile.cli.recorder import RunRecorder
    from reconcile.fetch import Progress, Target, WaitPolicy


def find_targets(
    selected: Manifest, manifest: Manifest, access: AccessOptions, context: Context
) -> "Mapping[str, Target]":
    """Find endpoint and credential of every provider of the selected jobs; with -v, print which ones are used."""
    from reconcile.fetch import resolve_targets

    _check_variables(context.environ, manifest.providers)
    targets = resolve_targets(
        selected.providers.values(),
        endpoints=access.endpoints,
        environ=context.environ,
        unused=manifest.providers.keys() - selected.providers.keys(),
        metadata=access.metadata,
    )
    if access.verbose:
        for name, target in targets.items():
            output.print_note(f"reconcile: provider {name}: {target.origin}, {target.credential}\n")
        for file, count in manifest.unused.items():
            values = f"{count} value{'' if count == 1 else 's'}"
            output.print_note(f"reconcile: {escape(file)}: ignoring {values} of undeclared variables\n")
    return targets


def _check_variables(environ: Mapping[str, str], providers: Iterable[str]) -> None:
    """
    Print which RECONCILE_... variables are probably misspelt.

    Raises:
        UsageError: the correct variable is not set. A variable that may be for a provider of another manifest is only
            printed.
    """
    from reconcile.fetch.credentials.variables import find_misspelt_variables, is_for_provider

    own = {name: value for name, value in environ.items() if name.startswith("RECONCILE_")}
    for name, meant in find_misspelt_variables(own, providers):
        message = f"{name[:200]} is set, but nothing reads it"
        if meant not in environ and not is_for_provider(name):
            hint = f"did you mean '{meant}'? Rename or unset it"
            raise UsageError.because(Code.USAGE, message, hint=hint)
        output.print_note(f"reconcile: {message}: did you mean '{meant}'?\n")


def fetch_manifest(
    manifest: Manifest,
    targets: "Mapping[str, Target]",
    access: AccessOptions,
    context: Context,
    *,
    deadline: Deadline,
    strict: bool,
    quiet: bool,
    recorder: "RunRecorder | None" = None,
) -> tuple[Sequence[Fetched], ExitCode | None]:
    """
    Fetch every job before the deadline.

    Args:
        quiet: whether to show no progress.
        recorder: records the run, and has the answers that a resumed run reuses; None does neither.

    Returns:
        The result for each job, in the order of the manifest, and the exit code of the signal that ended fetching
        early, None without one.
    """
    from reconcile.fetch import Pace, fetch_jobs, open_client

    share = manifest.shard.rate_share if manifest.shard is not None else (1, 1)
    if not quiet:
        _tell_rates(manifest, access.rate, share)
    if access.wait and access.wait >= deadline.limit and not quiet:
        limits = (
            f"--timeout {format_duration(deadline.limit)} ends the run before --wait {format_duration(access.wait)}"
        )
        output.print_note(f"reconcile: {limits} is over\n")
    signals = context.signals
    orders = Orders(manifest.jobs, context.clock, strict=strict)
    cutter = FailFast(manifest, orders, context.clock, strict=strict)
    watch = Watch(manifest, context.timer)
    log = RequestLog(each=access.verbose > 1)
    client = context.client or open_client(ca_file=access.ca_file, proxy=access.proxy, metadata=access.metadata)
    try:
        with _showing(watch, quiet=quiet) as show, signals.held():
            fetched = fetch_jobs(
                manifest.jobs,
                targets,
                client=client,
                timeout=deadline.limit,
                spent=deadline.spent,
                concurrency=access.concurrency,
                pace=replace(context.pace or Pace(), rate=access.rate, share=share),
                wait=_make_wait_policy(orders, access, context.clock, watch.note_look, strict=strict),
                on_fetched=partial(_note_fetched, watch, cutter, recorder),
                on_request=log.note if access.verbose else None,
                recorder=recorder.exchanges if recorder is not None else None,
                known=recorder.known if recorder is not None else None,
                interrupted=partial(_take_turn, show, signals, cutter),
                store=FetchedSpool(),
            )
    finally:
        client.close()
    log.print_summary()
    return (fetched, signals.exit_code) if signals else (cutter.explain_unreached(fetched), None)


def _note_fetched(watch: Watch, cutter: FailFast, recorder: "RunRecorder | None", index: int, fetched: Fetched) -> None:
    cutter.look_at(index, fetched)
    watch.note_fetched(index, is_open=cutter.is_open(index, fetched))
    if recorder is not None:
        recorder.note_fetched(index, fetched)


def _take_turn(show: Callable[[], None], signals: Signals, cutter: FailFast) -> bool:
    """Show progress when it is due; return whether the run must end."""
    show()
    return bool(signals or cutter.ended_at)


def _tell_rates(manifest: Manifest, rate: Rate | None, share: tuple[int, int]) -> None:
    """Print the limits that the operator did not choose: published rates, and a shard's share of any rate."""
    index, total = share
    for name, provider in manifest.providers.items():
        if rate is None and provider.api.requests_per_minute is not None:
            limit = f"{provider.api.requests_per_minute:,} requests per minute, as {provider.api.title} publishes"
            output.print_note(f"reconcile: provider {name}: at most {limit}; --rate sets another limit\n")
        limit_of_all = rate or Rate.per_minute(provider.api.requests_per_minute)
        if total > 1 and limit_of_all is not None:
            part = limit_of_all.share(index, total)
            output.print_note(f"reconcile: provider {name}: at most {part}, the part of this shard of {limit_of_all}\n")


def _make_wait_policy(
    orders: Orders,
    access: AccessOptions,
    clock: Callable[[], datetime],
    on_progress: "Callable[[Progress], None]",
    *,
    strict: bool,
) -> "WaitPolicy | None":
    if access.wait is None:
        return None
    from reconcile.fetch import WaitPolicy
    from reconcile.judge import space_look
    from reconcile.plan import is_final

    def needs_no_look(job: Job, seen: Observed | Missing) -> bool:
        orders.note(job, seen)
        settled = is_final(job, seen, now=clock(), strict=strict, followed=orders.is_followed(job))
        return settled or orders.is_broken(job)

    def space(job: Job, seen: Observed | Missing, usual: float) -> float:
        if not isinstance(job.expect, Expectation) or isinstance(seen, Missing):
            return usual
        return space_look(job.expect, seen, job.provider.api, usual)

    return WaitPolicy(duration=access.wait, is_final=needs_no_look, space_look=space, on_progress=on_progress)


def _showing(watch: Watch, *, quiet: bool) -> AbstractContextManager[Callable[[], None]]:
    """Show progress, unless `quiet`."""
    return nullcontext(lambda: None) if quiet else show_progress(watch, interactive=output.is_interactive())
