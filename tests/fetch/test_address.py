import pytest

from reconcile.fetch.address import blocked_reason


@pytest.mark.parametrize(
    ("ip", "why"),
    [
        pytest.param("169.254.169.254", "metadata", id="A07-metadata"),
        pytest.param("::ffff:169.254.169.254", "metadata", id="A07-mapped"),
        pytest.param("::169.254.169.254", "metadata", id="A07-compatible"),
        pytest.param("::ffff:0:169.254.169.254", "metadata", id="A07-translated"),
        pytest.param("64:ff9b::a9fe:a9fe", "metadata", id="A07-nat64"),
        pytest.param("64:ff9b:1::a9fe:a9fe", "metadata", id="A07-local-nat64"),
        pytest.param("2002:a9fe:a9fe::1", "metadata", id="A07-6to4"),
        pytest.param("2001:0:1234:5678:0:0:5601:5601", "metadata", id="A07-teredo"),
        pytest.param("fd00:ec2::254", "metadata", id="A07-aws-v6"),
        pytest.param("100.100.100.200", "metadata", id="A07-alibaba"),
        pytest.param("192.0.0.192", "metadata", id="A07-oracle"),
        pytest.param("169.254.1.1", "link-local", id="link-local"),
        pytest.param("fe80::1%eth0", "link-local", id="link-local-with-zone"),
        pytest.param("0.0.0.0", "unspecified", id="unspecified"),
        pytest.param("::", "unspecified", id="unspecified-v6"),
        pytest.param("224.0.0.1", "multicast", id="multicast"),
        pytest.param("ff02::1", "multicast", id="multicast-v6"),
        pytest.param("255.255.255.255", "broadcast", id="broadcast"),
        pytest.param("not an address", "not an IP", id="no-address"),
        pytest.param("", "not an IP", id="no-peer"),
    ],
)
def test_no_request_goes_there_even_from_a_loopback_endpoint(ip: str, why: str) -> None:
    reason = blocked_reason(ip, loopback_allowed=True)
    assert reason is not None
    assert why in reason


@pytest.mark.parametrize("ip", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_for_loopback_endpoints_alone(ip: str) -> None:
    assert blocked_reason(ip, loopback_allowed=False) == "a loopback address"
    assert blocked_reason(ip, loopback_allowed=True) is None


@pytest.mark.parametrize("ip", ["10.0.0.1", "172.16.0.1", "192.168.1.1", "fd00::1", "80.158.0.1", "2a00:1450::1"])
def test_private_and_public_addresses_are_allowed(ip: str) -> None:
    assert blocked_reason(ip, loopback_allowed=False) is None
