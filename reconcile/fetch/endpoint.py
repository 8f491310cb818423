"""Where a job API is: the operator's endpoint, or the host in the table of the cloud."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.address import blocked_reason, is_loopback
from reconcile.model.manifest import Provider

DEFAULT_PORTS = {"http": 80, "https": 443}
_FORM = "write it as https://HOST or https://HOST:PORT, and nothing after it"

_ENDPOINT = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?/?", re.ASCII | re.IGNORECASE
)
_MISTAKES = (
    (r"[^\x21-\x7e]", "contains a space, a control character or a character outside ASCII"),
    (r"[@\\]", "contains userinfo ('@') or a backslash, which different programs read as different hosts"),
    (r"[?#]", "contains a query or a fragment"),
    (r"(?i)https?://[^/]+/.", "contains a path"),
    (r"(?i)https?://[a-z0-9.-]+:[0-9]*[^0-9/]", "has a port that is not a number"),
)
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NUMERIC_LABEL = r"[0-9]+|0x[0-9a-f]*"
_SHOWABLE = r"[^@?#]{1,200}"


class Origin(Struct, frozen=True, kw_only=True):
    """Scheme, host and port, which decide who receives a request; the host in lower case, IPv6 without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The value of the Host header, with the port unless it is the default of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether the host is loopback as written; a name that merely resolves to it is not."""
        return self.host == "localhost" or _is_literal_loopback(self.host)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


METADATA_SERVICE = Origin(scheme="http", host="169.254.169.254", port=80)
"""The metadata service of a server of the cloud. No endpoint that an operator writes is read as this origin."""


def parse_endpoint(text: str, *, called: str = "endpoint", form: str | None = None) -> Origin:
    """
    Read the operator's endpoint: https, or http if the host is loopback as written.

    Args:
        text: the operator's text.
        called: the name of the setting, for messages.
        form: how to write it, as a hint; None describes an origin.

    Raises AccessError for anything that is more than an origin, or that two URL parsers could read as different hosts.
    Its hint suggests the origin that was probably meant, if there is one.
    """
    form = _suggest_origin(text) or form or _FORM
    origin = parse_origin(text, called=called, form=form)
    if origin.scheme == "http" and not origin.loopback:
        reason = "is plain http, which would show the credentials to the network"
        raise refuse_endpoint(text, reason, called=called, form=form)
    return origin


def parse_origin(text: str, *, called: str, form: str) -> Origin:
    """Read an http or https endpoint; raise AccessError as `parse_endpoint` does."""
    try:
        return _read_origin(text)
    except _NoOriginError as error:
        raise refuse_endpoint(text, error.reason, called=called, form=form, code=error.code) from error


def parse_endpoint_option(text: str) -> tuple[str | None, Origin]:
    """Read `[PROVIDER=]URL`; the provider is None if the endpoint is for all. Raises AccessError."""
    name, equals, url = text.partition("=")
    if not equals or not re.fullmatch(r"[^:/?#@\\]*", name):
        return None, parse_endpoint(text)
    if not name:
        raise refuse_endpoint(text, "names no provider before its '='")
    return name, parse_endpoint(url)


@lru_cache(maxsize=64)  # many connections go to few addresses
def blocked_peer(origin: Origin, peer: str) -> str | None:
    """
    Return why a connection from the origin to this address must not be used, as a noun phrase; None if it may be.

    Only a loopback endpoint may lead to loopback, and it must not lead anywhere else, because http would show the
    credentials to the network. The metadata service must be at its own address.
    """
    if origin == METADATA_SERVICE:
        return None if peer == origin.host else "not the metadata service"
    reason = blocked_reason(peer, loopback_allowed=origin.loopback)
    if reason is None and origin.loopback and not _is_literal_loopback(peer):
        return "not on this machine, although the endpoint is loopback"
    return reason


def _suggest_origin(text: str) -> str | None:
    """Guess the origin that was meant, and return how to write it; None without a guess."""
    named = re.fullmatch(r"(?i)(https?://[a-z0-9.-]+):([a-z_]{1,20})/?", text)
    if named is not None:
        return f"write the number of the port instead of '{named[2]}', as in {named[1]}:8080"
    match = re.match(r"(?i)(?:https?://)?([^/@\\?#]+)(?:/[^@?#]*)?\Z", text)
    if match is None:
        return None
    if match[1].partition(":")[0] == METADATA_SERVICE.host:
        return "for the credential of this server, leave it out and run with --metadata-credentials"
    try:
        origin = _read_origin(f"https://{match[1]}")
        if origin.loopback and not text.lower().startswith("https:"):
            origin = _read_origin(f"http://{match[1]}")
    except _NoOriginError:
        return None
    return f"write it as {origin}, and nothing after it"


def host_for(provider: Provider) -> Origin:
    """Look up the provider's host in its API's table of clouds; raise AccessError if the table has none."""
    cloud = provider.api.clouds.get(provider.cloud) if provider.cloud is not None else None
    host = cloud.hosts.get(provider.region) if cloud is not None and provider.region is not None else None
    if host is not None:
        return parse_endpoint(f"https://{host}")
    where = (
        f"names no cloud and no region in which {provider.api.name} is known"
        if provider.cloud is None or provider.region is None
        else f"is in {provider.cloud} {provider.region}, where no host of {provider.api.name} is known"
    )
    fix = "give its cloud and region in the manifest, or " if provider.api.clouds else ""
    raise AccessError.because(
        Code.NO_ENDPOINT,
        f"provider '{provider.name}' {where}",
        hint=f"{fix}run with --endpoint {provider.name}=https://HOST",
        source=provider.source,
    )


@lru_cache(maxsize=64)
def _is_literal_loopback(host: str) -> bool:
    try:
        return is_loopback(ip_address(host))
    except ValueError:
        return False


class _NoOriginError(ValueError):
    """A text is not an origin; `reason` completes the sentence "endpoint '...' ..."."""

    def __init__(self, reason: str, code: Code = Code.ENDPOINT_NOT_ALLOWED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


def _read_origin(text: str) -> Origin:
    match = _ENDPOINT.fullmatch(text)
    if match is None:
        mistakes = (why for pattern, why in _MISTAKES if re.search(pattern, text))
        raise _NoOriginError(next(mistakes, "is not an https origin"))
    scheme, port = match["scheme"].lower(), match["port"]
    host = _read_host(match["host"].lower())
    origin = Origin(scheme=scheme, host=host, port=DEFAULT_PORTS[scheme] if port is None else int(port))
    if not 1 <= origin.port <= 65535:
        raise _NoOriginError("has a port that is not between 1 and 65535")
    return origin


def _read_host(host: str) -> str:
    try:
        literal = IPv6Address(host[1:-1]) if host.startswith("[") else IPv4Address(host)
    except ValueError:
        return _read_name(host)
    reason = blocked_reason(str(literal), loopback_allowed=True)
    if reason is not None:
        raise _NoOriginError(f"is {reason}", Code.BLOCKED_ADDRESS)
    return str(literal)


def _read_name(host: str) -> str:
    name = host.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(re.fullmatch(_LABEL, label) for label in labels):
        raise _NoOriginError("has no valid host name")
    if re.fullmatch(_NUMERIC_LABEL, labels[-1]):
        raise _NoOriginError("has a number that some programs read as an IP address")
    if any(label.startswith("xn--") for label in labels):
        raise _NoOriginError("has an internationalised host name, which can look like another one")
    return name


def refuse_endpoint(
    text: str, reason: str, *, called: str = "endpoint", form: str = _FORM, code: Code = Code.ENDPOINT_NOT_ALLOWED
) -> AccessError:
    """Make the error for an address that the operator gave."""
    # Userinfo or a query may contain a password, so a text with either is not shown.
    if not text:
        reason = "is empty"
    shown = f"{called} '{text}'" if re.fullmatch(_SHOWABLE, text) else called if called.isupper() else f"the {called}"
    return AccessError.because(code, f"{shown} {reason}", hint=form)
