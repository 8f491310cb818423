"""The origin and the credential of each provider: its target."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials import (
    Credential,
    explain_rejection,
    find_ambiguous_variables,
    find_credential,
    find_unknown_variables,
)
from reconcile.fetch.endpoint import Origin, host_for, parse_endpoint, parse_endpoint_option
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Provider

ENDPOINT_VARIABLE = "RECONCILE_ENDPOINT"
_UNSET = "unset it to use the built-in table, or set it to https://HOST"


class Target(Struct, frozen=True, kw_only=True, eq=False):
    """A provider, its origin, and the credential that is sent to that origin only."""

    provider: Provider
    origin: Origin
    credential: Credential
    explain_rejection: Callable[[], str]
    """Returns what is odd about the environment variables, as clauses to append; "" if nothing is."""


def resolve_targets(
    providers: Iterable[Provider],
    *,
    endpoints: Sequence[str],
    environ: Mapping[str, str],
    unused: Iterable[str] = (),
    metadata: bool = False,
) -> dict[str, Target]:
    """
    Find origin and credential of every provider.

    Args:
        providers: with unique names.
        endpoints: the operator's `[PROVIDER=]URL`; if empty, RECONCILE_ENDPOINT applies to every provider.
        environ: the environment with the endpoint variable and the credentials.
        unused: names of other declared providers: they may have endpoints, but need no credential.
        metadata: whether a provider without any other credential gets that of the metadata service.

    Raises AccessError with all errors, those of endpoints first.
    """
    providers = tuple(providers)
    faults: list[Diagnostic] = []
    names = [*(provider.name for provider in providers), *unused]
    origins = _read_endpoints(endpoints, environ, names, faults)
    faults.extend(find_ambiguous_variables(environ, names))
    unknown = find_unknown_variables(environ, names)
    targets: dict[str, Target] = {}
    for provider in providers:
        origin: Origin | None = None
        try:
            origin = origins.get(provider.name) or origins.get(None) or host_for(provider)
        except AccessError as error:
            faults.extend(error.diagnostics)
        try:
            credential = find_credential(provider, environ=environ, unknown=unknown, metadata=metadata)
        except AccessError as error:
            faults.extend(error.diagnostics)
        else:
            if origin is not None:
                targets[provider.name] = Target(
                    provider=provider,
                    origin=origin,
                    credential=credential,
                    explain_rejection=_bind_environment(environ, provider.name, unknown),
                )
    if faults:
        raise AccessError(faults)
    return targets


def _bind_environment(environ: Mapping[str, str], provider: str, unknown: frozenset[str]) -> Callable[[], str]:
    # Not a `partial`, whose repr would show the environment.
    return lambda: explain_rejection(environ, provider, unknown)


def _read_endpoints(
    endpoints: Sequence[str], environ: Mapping[str, str], names: Sequence[str], faults: list[Diagnostic]
) -> dict[str | None, Origin]:
    """Map each provider with its own endpoint to it, and None to that of all others; add errors to `faults`."""
    origins: dict[str | None, Origin] = {}
    try:
        if not endpoints and ENDPOINT_VARIABLE in environ:
            form = _UNSET if not environ[ENDPOINT_VARIABLE] else None
            return {None: parse_endpoint(environ[ENDPOINT_VARIABLE], called=ENDPOINT_VARIABLE, form=form)}
    except AccessError as error:
        faults.extend(error.diagnostics)
    for text in endpoints:
        try:
            name, origin = parse_endpoint_option(text)
        except AccessError as error:
            faults.extend(error.diagnostics)
            continue
        if name is not None and name not in names:
            faults.append(_unknown_provider(name, names))
        elif name in origins:
            faults.append(_second_endpoint(name))
        else:
            origins[name] = origin
    return origins


def _unknown_provider(name: str, names: Sequence[str]) -> Diagnostic:
    from difflib import get_close_matches

    close = get_close_matches(name, names, n=1)
    return Diagnostic(
        code=Code.UNKNOWN_PROVIDER,
        message=f"an endpoint is given for provider '{name[:200]}', which the manifest does not have",
        hint=f"did you mean '{close[0]}'?" if close else f"its providers are {', '.join(sorted(names))}",
    )


def _second_endpoint(name: str | None) -> Diagnostic:
    whose = "every provider" if name is None else f"provider '{name}'"
    return Diagnostic(
        code=Code.ENDPOINT_NOT_ALLOWED,
        message=f"two endpoints are given for {whose}",
        hint="give one --endpoint for each provider, and one without a name for all others",
    )
