"""
Job -> Observation: the only place that speaks HTTP.

    Provider -> Target               resolve_targets     target.py, endpoint.py, credentials/
    Job -> requests -> Fetched       fetch_jobs          run.py, request.py, waiting.py
    order of requests                                    host.py, provider_queue.py, schedule.py, job_fetch.py
    retries and rates                                    retry.py, breaker.py, pace.py, throttle.py
    how the looks at a job compare                       looks.py
    request -> complete answer       open_client         client.py, curl_errors.py, message.py, failure.py, proxy.py
    the same for httpx.Client                            httpx_transport.py
    blocked addresses                                    address.py
    answer -> Observation            assess              answer.py, payload.py, record.py,
                                                         envelope.py, lookalikes.py
    memory for answers                                   answer_memory.py
    secrets                                              secret.py, redaction.py
    one request, to check a provider                     probe.py
    answers against a description of the API             contract.py, proofs.py
    exchanges -> RecordedJob, and back                   recorder.py, replay.py, resume.py

Few runs record, replay or resume, so those modules are imported directly.
"""

from reconcile.fetch.client import Client, CurlClient, TimeLimits
from reconcile.fetch.pace import Pace
from reconcile.fetch.run import DEFAULT_CONCURRENCY, RequestDone, fetch_jobs
from reconcile.fetch.target import Target, resolve_targets
from reconcile.fetch.waiting import Progress, WaitPolicy
from reconcile.model.observation import Fetched

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
        proxy: URL of the proxy for every connection, which may then lead to https origins only; None uses no proxy.
        limits: of one request; None is 5 s to connect and 15 s in all.
        metadata: whether the metadata service of this machine may be asked for a credential.
    """
    if proxy is None:
        return CurlClient(ca_file=ca_file, limits=limits, metadata=metadata)
    from reconcile.fetch.proxy import parse_proxy

    return CurlClient(ca_file=ca_file, limits=limits, proxy=parse_proxy(proxy), metadata=metadata)
