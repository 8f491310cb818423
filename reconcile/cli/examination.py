"""Checks each provider of a manifest before a first plan."""

from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from reconcile.cli.context import Context
from reconcile.cli.options.access import AccessOptions
from reconcile.codes import Code
from reconcile.duration import format_duration
from reconcile.errors import AccessError
from reconcile.model.diagnostic import Problem
from reconcile.model.manifest import Manifest, Provider
from reconcile.model.observation import Missing, Observed, Unobserved

if TYPE_CHECKING:
    from reconcile.fetch import Client, Target
    from reconcile.fetch.probe import Probe


class Status(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Unknown, because another check failed or the answer does not say."""


class Check(Struct, frozen=True, kw_only=True):
    """One check; `code` is that of an error, and `hint` says what to do."""

    name: str
    status: Status
    message: str
    hint: str | None = None
    code: Code | None = None


class Examination(Struct, frozen=True, kw_only=True):
    """All checks of one provider, in order of dependence; `endpoint` is None if there is none."""

    provider: Provider
    endpoint: str | None
    checks: tuple[Check, ...]

    @property
    def failed(self) -> bool:
        """Whether a check of the provider failed."""
        return any(check.status is Status.FAILED for check in self.checks)


CREDENTIAL, VARIABLES, ENDPOINT, CONNECTION, CLOCK, PROJECT = (
    "credential",
    "variables",
    "endpoint",
    "connection",
    "clock",
    "project",
)

_ENDPOINT_CODES = (Code.ENDPOINT_NOT_ALLOWED, Code.NO_ENDPOINT, Code.BLOCKED_ADDRESS, Code.UNKNOWN_PROVIDER)
"""Errors of an endpoint that are found before anything is sent."""

_CHECK_OF = {
    Code.UNAUTHENTICATED: CREDENTIAL,
    Code.NOT_FROM_THE_API: ENDPOINT,
    Code.REDIRECT: ENDPOINT,
    Code.NOT_JSON: ENDPOINT,
    Code.BLOCKED_ADDRESS: CONNECTION,
    Code.NOT_CONNECTED: CONNECTION,
    Code.TLS: CONNECTION,
    Code.TIMED_OUT: CONNECTION,
    Code.CONNECTION_BROKEN: CONNECTION,
    Code.NOT_HTTP: CONNECTION,
    Code.ANSWER_TOO_LARGE: CONNECTION,
    Code.ANSWER_ENCODED: CONNECTION,
    Code.SERVER_ERROR: CONNECTION,
    Code.THROTTLED: CONNECTION,
}
"""The check that each code decides; all other codes decide that of the project."""

_HINTS = {
    Code.UNAUTHENTICATED: "get a new token, or check the access key; both are for one cloud, and tokens expire",
    Code.FORBIDDEN: "check that the project is in this region, and that the user may read its jobs",
    Code.NOT_FROM_THE_API: "check cloud and region, or --endpoint: the API is not at this host",
    Code.REDIRECT: "something in between answered, such as a proxy or a sign-in page: check --endpoint and --proxy",
    Code.NOT_JSON: "something in between answered, such as a proxy or a sign-in page: check --endpoint and --proxy",
    Code.NOT_CONNECTED: "check the network, the name of the host, and --proxy",
    Code.TIMED_OUT: "check the network, a firewall, and --proxy",
    Code.TLS: "if a proxy or a private cloud uses its own CA, pass its certificate: --ca-file FILE",
    Code.THROTTLED: "try again in a minute",
    Code.SERVER_ERROR: "try again in a minute; if it persists, report the request id to the operator of the API",
}

_CLOSE_CLOCKS = 60.0
_MOST_SKEW = 900.0
"""Seconds. With more, the API refuses signatures (support.huaweicloud.com, "AK/SK Signing and Authentication")."""


def examine_providers(manifest: Manifest, access: AccessOptions, context: Context) -> tuple[Examination, ...]:
    """
    Check every provider of a manifest, one after the other.

    Raises:
        AccessError: the CA file or the proxy cannot be used.
        KeyboardInterrupt: a signal came.
    """
    from reconcile.fetch import open_client

    client = context.client or open_client(ca_file=access.ca_file, proxy=access.proxy, metadata=access.metadata)
    deadline = context.start_deadline(access.limit)
    signals = context.signals
    try:
        with signals.held():
            doctor = _Doctor(manifest, access, context, client, lambda: bool(signals) or not deadline.left)
            examinations = tuple([doctor.examine(provider) for provider in manifest.providers.values()])
    finally:
        client.close()
    if signals:
        raise KeyboardInterrupt
    return examinations


class _Doctor:
    """Checks the providers of one manifest with one client."""

    def __init__(
        self,
        manifest: Manifest,
        access: AccessOptions,
        context: Context,
        client: "Client",
        is_over: Callable[[], bool],
    ) -> None:
        self._names = tuple(manifest.providers)
        self._access = access
        self._context = context
        self._client = client
        self._is_over = is_over

    def examine(self, provider: Provider) -> Examination:
        from reconcile.fetch import resolve_targets
        from reconcile.fetch.probe import probe_target

        try:
            targets = resolve_targets(
                [provider],
                endpoints=self._access.endpoints,
                environ=self._context.environ,
                unused=[name for name in self._names if name != provider.name],
                metadata=self._access.metadata,
            )
        except AccessError as error:
            found = tuple(_explain(error))
            told = " ".join(check.hint or "" for check in found)
            names = [check for check in self._check_names() if check.message not in told]
            checks = (*found, *names, _skip(PROJECT, "no request could be sent"))
            return Examination(provider=provider, endpoint=None, checks=checks)
        target = targets[provider.name]
        probe = probe_target(target, self._client, self._is_over)
        return Examination(provider=provider, endpoint=str(target.origin), checks=tuple(self._check(target, probe)))

    def _check(self, target: "Target", probe: "Probe") -> Iterator[Check]:
        """Yield the checks that one request decides."""
        problem = probe.observation.problem if isinstance(probe.observation, Unobserved) else None
        at = None
        if probe.doubtful:
            at = PROJECT
        elif problem is not None:
            at = _CHECK_OF.get(problem.code, PROJECT) if probe.logged_in else CREDENTIAL
        yield _decide(CREDENTIAL, str(target.credential), problem if at == CREDENTIAL else None)
        yield from self._check_names()
        yield _decide(ENDPOINT, self._describe_endpoint(target), problem if at == ENDPOINT else None)
        if at == CONNECTION and problem is not None:
            hint = _HINTS.get(problem.code)
            yield Check(name=CONNECTION, status=Status.FAILED, message=problem.message, hint=hint, code=problem.code)
        elif probe.answered:
            yield _decide(CONNECTION, self._describe_connection(target), None)
        if probe.answered:
            yield _check_clock(probe.server_time, self._context.clock())
        yield _check_project(target.provider, probe, problem if at == PROJECT else None)

    def _check_names(self) -> Iterator[Check]:
        from reconcile.fetch.credentials.variables import find_misspelt_variables

        for name, meant in find_misspelt_variables(self._context.environ, self._names):
            message = f"'{name[:200]}' is set: did you mean '{meant}'?"
            yield Check(name=VARIABLES, status=Status.WARNING, message=message)

    def _describe_endpoint(self, target: "Target") -> str:
        provider = target.provider
        cloud = provider.api.clouds.get(provider.cloud or "")
        host = cloud.hosts.get(provider.region or "") if cloud else None
        source = "from the built-in table" if str(target.origin) == f"https://{host}" else "given by the operator"
        return f"{target.origin}, {source}"

    def _describe_connection(self, target: "Target") -> str:
        if target.origin.scheme == "http":
            return "plain http to loopback"
        by = f"the certificates of {self._access.ca_file}" if self._access.ca_file else "public authorities"
        return f"TLS, verified by {by}{', through --proxy' if self._access.proxy else ''}"


def _explain(error: AccessError) -> Iterator[Check]:
    """Yield the errors that prevent sending a request."""
    for each in error.diagnostics:
        name = ENDPOINT if each.code in _ENDPOINT_CODES else CREDENTIAL
        yield Check(name=name, status=Status.FAILED, message=each.message, hint=each.hint, code=each.code)


def _decide(name: str, message: str, problem: Problem | None) -> Check:
    if problem is None:
        return Check(name=name, status=Status.OK, message=message)
    hint = _HINTS.get(problem.code)
    return Check(name=name, status=Status.FAILED, message=f"{message}: {problem.message}", hint=hint, code=problem.code)


def _skip(name: str, message: str) -> Check:
    return Check(name=name, status=Status.SKIPPED, message=message)


def _check_clock(server_time: datetime | None, now: datetime) -> Check:
    if server_time is None:
        return _skip(CLOCK, "the answer has no date")
    skew = (now - server_time).total_seconds()
    apart = f"this clock is {format_duration(abs(round(skew)))} {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) <= _CLOSE_CLOCKS:
        return Check(name=CLOCK, status=Status.OK, message="this clock and the server's agree")
    status = Status.FAILED if abs(skew) > _MOST_SKEW else Status.WARNING
    hint = "set the clock: ages and waivers are judged by it, and over 15m apart, signatures are refused"
    return Check(name=CLOCK, status=status, message=apart, hint=hint)


def _check_project(provider: Provider, probe: "Probe", problem: Problem | None) -> Check:
    where = f" in {provider.cloud} {provider.region}" if provider.cloud and provider.region else ""
    subject = f"{provider.project_id}{where}"
    match probe.observation:
        case Missing():
            return Check(name=PROJECT, status=Status.OK, message=f"{subject}: the API answers")
        case Observed():
            message = f"{subject}: the API returned a job that cannot exist, so its answers prove nothing"
            return Check(name=PROJECT, status=Status.FAILED, message=message, code=Code.OTHER_JOB)
        case Unobserved() if probe.doubtful:
            message = f"{subject}: the API answers, but its error does not prove that a job is missing"
            hint = "a wrong host or project could look the same; to be sure, run plan with the id of a real job"
            return Check(name=PROJECT, status=Status.WARNING, message=message, hint=hint)
        case Unobserved() if problem is None:
            return _skip(PROJECT, f"{subject}: not checked, because of the failure above")
        case Unobserved():
            return _decide(PROJECT, subject, problem)
