"""
Job -> Observation: the only place that speaks HTTP.

    Provider -> Target               resolve_targets      target.py, endpoint.py, credentials/
    Job -> requests -> Fetched       fetch_jobs           engine.py, run.py, errand.py, request.py, waiting.py
    when the next request is sent                         host.py, lane.py, agenda.py
    whether one is sent again                             policy.py, budget.py, breaker.py, pace.py
    request -> whole answer          open_transport       transport.py, wire.py, connection.py, message.py, failure.py
    the same, in httpx's values                           foreign.py, proxy.py, lean_httpx.py
    where a connection may lead                           resolver.py, address.py, tls.py
    answer -> Observation            classify             answer.py, payload.py, record.py, envelope.py
    how much of answers is held                           turnstile.py, room.py
    that requests leave together                          outbox.py
    what no output may show                               secret.py, redaction.py
    what is exchanged -> RecordedJob and back             recorder.py, replay.py

What few runs need, recording and replaying, is imported from where it is.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from reconcile.fetch.engine import DEFAULT_CONCURRENCY, fetch_jobs
from reconcile.fetch.pace import Pace
from reconcile.fetch.target import Target, resolve_targets
from reconcile.fetch.tls import build_tls_context
from reconcile.fetch.transport import DirectTransport, TimeLimits, Transport
from reconcile.fetch.waiting import Progress, WaitPolicy
from reconcile.model import Fetched, Job

if TYPE_CHECKING:
    from reconcile.fetch.recorder import Recorder

__all__ = [
    "Fetched",
    "Pace",
    "Progress",
    "Target",
    "TimeLimits",
    "Transport",
    "WaitPolicy",
    "fetch_all",
    "fetch_jobs",
    "open_transport",
    "resolve_targets",
]


MANY = 250
"""Of fewer jobs uvloop saves less time than its import takes."""

FEW = 16
"""Connections that leave descriptors for whatever else has to be opened."""


def open_transport(
    *,
    ca_file: str | None = None,
    proxy: str | None = None,
    concurrency: int = DEFAULT_CONCURRENCY,
    limits: TimeLimits | None = None,
) -> Transport:
    """
    Make the transport of a run; raise AccessError if the CA file or the proxy cannot be used.

    Loopback is reached only where the endpoint itself is loopback as written.

    Args:
        ca_file: PEM file of the only trusted authorities; None trusts certifi's.
        proxy: URL of the proxy through which every connection goes, and then to https origins only; None is none,
            whatever the environment says.
        concurrency: connections per origin, at most.
        limits: of one attempt; None is 5 s to connect and 15 s in all.
    """
    # A CA file that the operator names is read at once, so that a wrong one is found before any request.
    tls = build_tls_context(ca_file) if ca_file is not None else None
    limits = limits or TimeLimits()
    if proxy is None:
        return DirectTransport(concurrency=concurrency, limits=limits, tls=tls)
    from reconcile.fetch.proxy import ProxiedTransport, parse_proxy

    tls = tls or build_tls_context(None)
    return ProxiedTransport(parse_proxy(proxy), concurrency=concurrency, limits=limits, tls=tls)


def fetch_all(  # noqa: PLR0913 - a run has so many collaborators
    jobs: Sequence[Job],
    targets: Mapping[str, Target],
    *,
    transport: Transport,
    timeout: float,
    spent: float = 0.0,
    concurrency: int = DEFAULT_CONCURRENCY,
    pace: Pace | None = None,
    wait: WaitPolicy | None = None,
    on_fetched: Callable[[int, Fetched], None] | None = None,
    recorder: "Recorder | None" = None,
) -> tuple[Fetched, ...]:
    """Run `fetch_jobs` to its end in an event loop of its own, uvloop's if that pays; close the transport."""

    async def run() -> tuple[Fetched, ...]:
        async with transport:
            return await fetch_jobs(
                jobs,
                targets,
                transport=transport,
                timeout=timeout,
                spent=spent,
                concurrency=concurrency,
                pace=pace,
                wait=wait,
                on_fetched=on_fetched,
                recorder=recorder,
            )

    _import_ahead(min(len(jobs), concurrency))
    with asyncio.Runner(loop_factory=_find_loop_factory(len(jobs))) as runner:
        runner.get_loop().set_exception_handler(_keep_quiet)
        return runner.run(run())


def _import_ahead(connections: int) -> None:
    """Import what retries and odd answers need: once every descriptor is a connection, nothing can be imported."""
    if connections > FEW:
        for name in ("json", "random"):
            import_module(name)


def _keep_quiet(loop: asyncio.AbstractEventLoop, context: Mapping[str, object]) -> None:
    """Print no traceback where a callback fails: whatever it was for is not answered, and so an error already."""


def _find_loop_factory(jobs: int) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's event loops; None, for asyncio's own, where it is not installed or does not pay."""
    if jobs < MANY:
        return None
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
