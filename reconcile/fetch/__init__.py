"""
Job -> Observation: the only place that speaks HTTP.

    Provider -> Target               resolve_targets      target.py, endpoint.py, credential.py
    Job -> request -> Observation    fetch_jobs           engine.py
    request -> whole answer          open_transport       transport.py, connection.py
    answer -> Observation            classify             answer.py, record.py, payload.py
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import httpx

from reconcile.fetch.answer import classify
from reconcile.fetch.engine import DEFAULT_CONCURRENCY, fetch_jobs
from reconcile.fetch.target import Target, resolve_targets
from reconcile.fetch.tls import build_tls_context
from reconcile.fetch.transport import DirectTransport, TimeLimits
from reconcile.model import Job, Observation

Transport: TypeAlias = httpx.AsyncBaseTransport

__all__ = [
    "DEFAULT_CONCURRENCY",
    "Target",
    "TimeLimits",
    "Transport",
    "classify",
    "fetch_all",
    "fetch_jobs",
    "open_transport",
    "resolve_targets",
]


def open_transport(
    *, ca_file: str | None = None, concurrency: int = DEFAULT_CONCURRENCY, limits: TimeLimits | None = None
) -> Transport:
    """
    Make the transport of a run; raise AccessError if the CA file cannot be used.

    Loopback is reached only where the endpoint itself is loopback as written.

    Args:
        ca_file: PEM file of the only trusted authorities; None trusts certifi's.
        concurrency: connections per origin, at most.
        limits: of one attempt; None is 5 s to connect and 15 s in all.
    """
    # A CA file that the operator names is read at once, so that a wrong one is found before any request.
    tls = build_tls_context(ca_file) if ca_file is not None else None
    return DirectTransport(concurrency=concurrency, limits=limits or TimeLimits(), tls=tls)


def fetch_all(
    jobs: Sequence[Job],
    targets: Mapping[str, Target],
    *,
    transport: Transport,
    timeout: float,
    concurrency: int = DEFAULT_CONCURRENCY,
    on_observation: Callable[[int, Observation], None] | None = None,
) -> tuple[Observation, ...]:
    """Run `fetch_jobs` to its end in an event loop of its own, and close the transport."""

    async def run() -> tuple[Observation, ...]:
        async with transport:
            return await fetch_jobs(
                jobs,
                targets,
                transport=transport,
                timeout=timeout,
                concurrency=concurrency,
                on_observation=on_observation,
            )

    return asyncio.run(run())
