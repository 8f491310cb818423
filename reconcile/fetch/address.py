"""
The addresses that no request may go to, whatever host name resolves to them.

`ipaddress.is_global` does not help: it is true for NAT64, multicast and some metadata services.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # OpenStack, AWS, Azure, Google, Huawei Cloud
        "fd00:ec2::254",  # AWS over IPv6
        "fd20:ce::254",  # Google over IPv6
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
        "168.63.129.16",  # Azure's agent endpoint
    )
)
_BLOCKED = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "an unspecified address"),
        ("::/128", "an unspecified address"),
        ("169.254.0.0/16", "a link-local address"),
        ("fe80::/10", "a link-local address"),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
        ("240.0.0.0/4", "a broadcast or reserved address"),
    )
)
_LOOPBACK = tuple(ip_network(network) for network in ("127.0.0.0/8", "::1/128"))
_LAST_32_BITS = tuple(IPv6Network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96"))


def is_loopback(address: Address) -> bool:
    """Return whether the address itself, not one embedded in it, is loopback."""
    return any(address in network for network in _LOOPBACK)


def blocked_reason(ip: str, *, loopback_allowed: bool) -> str | None:
    """
    Return why no request may be sent to an address, as a noun phrase; None if one may.

    Private ranges are allowed, because private clouds and VPC endpoints use them. An IPv4 address embedded in an IPv6
    address (mapped, compatible, translated, NAT64, 6to4, Teredo) is checked as well. A zone (`%eth0`) is ignored.
    """
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return "not an IP address"
    reasons = (_judge_address(each, loopback_allowed) for each in (address, *_embedded_addresses(address)))
    return next((reason for reason in reasons if reason), None)


def _judge_address(address: Address, loopback_allowed: bool) -> str | None:
    if address in _METADATA:
        return "the address of a cloud's metadata service"
    if is_loopback(address):
        return None if loopback_allowed else "a loopback address"
    return next((reason for network, reason in _BLOCKED if address in network), None)


def _embedded_addresses(address: Address) -> Iterator[IPv4Address]:
    if isinstance(address, IPv4Address) or is_loopback(address):
        return
    for embedded in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())):
        if embedded is not None:
            yield embedded
    if any(address in network for network in _LAST_32_BITS):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
