"""
Job -> Observation: the only place that speaks HTTP.

    Provider -> Target               resolve_targets     target.py, endpoint.py, credentials/
    Job -> requests -> Fetched       fetch_jobs          run.py, request.py, waiting.py
    what is requested when                               host.py, provider_queue.py, schedule.py, job_fetch.py
    whether it is requested again                        retry.py, breaker.py, pace.py
    how the looks at a job compare                       looks.py
    request -> complete answer       open_client         client.py, curl_errors.py, message.py, failure.py, proxy.py
    how many requests a throttling host may get          throttle.py
    one request that tells what stands in the way        probe.py
    the same for httpx.Client                            httpx_transport.py
    where a connection may lead                          address.py
    answer -> Observation            assess              answer.py, payload.py, record.py,
                                                         envelope.py, lookalikes.py
    how much of it is kept                               answer_memory.py
    what no output may show                              secret.py, redaction.py
    what is exchanged -> RecordedJob and back            recorder.py, replay.py, resume.py

What few runs need, recording, replaying and resuming, is imported from where it is.
"""

from reconcile.fetch.client import Client, CurlClient, TimeLimits
from reconcile.fetch.pace import Pace
from reconcile.fetch.run import DEFAULT_CONCURRENCY, RequestDone, fetch_jobs
from reconcile.fetch.target import Target, resolve_targets
from reconcile.fetch.waiting import Progress, WaitPolicy
from reconcile.model import Fetched

__all__ = [
    "DEFAULT_CONCURRENCY",
    "Client",
    "CurlClient",
    "Fetched",
    "Pace",
    "Progress",
    "RequestDone",
    "Target",
    "TimeLimits",
    "WaitPolicy",
    "fetch_jobs",
    "open_client",
    "resolve_targets",
]


def open_client(
    *,
    ca_file: str | None = None,
    proxy: str | None = None,
    limits: TimeLimits | None = None,
    metadata: bool = False,
) -> CurlClient:
    """
    Make the client of a run; raise AccessError if the CA file or the proxy cannot be used.

    Args:
        ca_file: PEM file of the only trusted authorities; None trusts certifi's.
        proxy: URL of the proxy through which every connection goes, and to https origins only; None is none.
        limits: of one request; None is 5 s to connect and 15 s in all.
        metadata: whether the metadata service of this machine may be asked for its credential.
    """
    if proxy is None:
        return CurlClient(ca_file=ca_file, limits=limits, metadata=metadata)
    from reconcile.fetch.proxy import parse_proxy

    return CurlClient(ca_file=ca_file, limits=limits, proxy=parse_proxy(proxy), metadata=metadata)
