import pytest

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.endpoint import (
    Origin,
    blocked_peer,
    host_for,
    parse_endpoint,
    parse_endpoint_option,
)
from reconcile.model.manifest import Provider


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com:443", "https://api.example.com"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        pytest.param("HTTPS://API.Example.COM.", "https://api.example.com", id="A06-case-and-dot"),
        ("https://[2001:DB8::0:1]:444", "https://[2001:db8::1]:444"),
        ("https://10.1.2.3", "https://10.1.2.3"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://localhost:80", "http://localhost"),
    ],
)
def test_an_origin_is_read_and_written_in_one_form(text: str, origin: str) -> None:
    assert str(parse_endpoint(text)) == origin


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("http://api.example.com", "plain http", id="A03"),
        pytest.param("http://10.0.0.1", "plain http", id="A03-private"),
        pytest.param("http://localhost.example.com", "plain http", id="A03-suffix"),
        pytest.param("https://hunter2@evil.test", "userinfo", id="A04"),
        pytest.param("https://hunter2\\@evil.test", "userinfo", id="A04-backslash"),
        pytest.param("https://good.com\\.evil.test", "backslash", id="A04-backslash-alone"),
        pytest.param("https://good.com?hunter2", "query", id="A05-query"),
        pytest.param("https://good.com#hunter2", "fragment", id="A05-fragment"),
        pytest.param("https://good.com/..", "path", id="A05-path"),
        pytest.param("https://good.com//", "path", id="A05-slashes"),
        pytest.param("https://good .com", "space", id="A05-space"),
        pytest.param("https://good.com\n", "control", id="A05-newline"),
        pytest.param("https://ѕfs.example.com", "ASCII", id="A05-confusable"),
        pytest.param("https://xn--fs-iec.example.com", "internationalised", id="A05-punycode"),
        pytest.param("https://2852039166", "number", id="A07-decimal"),
        pytest.param("http://2852039166/", "number", id="A07-decimal-http"),
        pytest.param("https://127.1", "number", id="A07-short"),
        pytest.param("https://0x7f.0x0.0x0.0x1", "number", id="A07-hex"),
        pytest.param("https://0177.0.0.1", "number", id="A07-octal"),
        pytest.param("https://good.com:0", "port", id="port-0"),
        pytest.param("https://good.com:65536", "port", id="port-too-high"),
        pytest.param("https://good.com:", "not an https origin", id="port-empty"),
        pytest.param("http://127.0.0.1:PORT", "port that is not a number", id="port-not-filled-in"),
        pytest.param("https://good..com", "host name", id="empty-label"),
        pytest.param("https://-good.com", "host name", id="dash"),
        pytest.param("https://[fe80::1%25eth0]", "not an https origin", id="zone"),
        pytest.param("https://[::1", "not an https origin", id="bracket"),
        pytest.param("ftp://good.com", "not an https origin", id="scheme"),
        pytest.param("good.com", "not an https origin", id="no-scheme"),
        pytest.param("https://", "not an https origin", id="no-host"),
        pytest.param("", "is empty", id="empty"),
    ],
)
def test_more_or_less_than_an_origin_is_refused(text: str, why: str) -> None:
    with pytest.raises(AccessError, match=why) as raised:
        parse_endpoint(text)
    assert [d.code for d in raised.value.diagnostics] == [Code.ENDPOINT_NOT_ALLOWED]
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("host", ["[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "192.0.0.192", "0.0.0.0"])
def test_a_blocked_address_is_refused_before_anything_connects_A07(host: str) -> None:
    with pytest.raises(AccessError) as raised:
        parse_endpoint(f"https://{host}")
    assert raised.value.diagnostics[0].code is Code.BLOCKED_ADDRESS


@pytest.mark.parametrize("text", ["http://169.254.169.254", "169.254.169.254:80/openstack/latest/securitykey"])
def test_whoever_means_the_metadata_service_learns_of_its_option(text: str) -> None:
    with pytest.raises(AccessError) as raised:
        parse_endpoint(text)
    hint = "for the credential of this server, leave it out and run with --metadata-credentials"
    assert raised.value.diagnostics[0].hint == hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.test", (None, "https://a.test")),
        ("otc=https://a.test", ("otc", "https://a.test")),
        ("my-cloud_2=http://127.0.0.1:1", ("my-cloud_2", "http://127.0.0.1:1")),
    ],
)
def test_an_option_may_name_its_provider(text: str, expected: tuple[str | None, str]) -> None:
    name, origin = parse_endpoint_option(text)
    assert (name, str(origin)) == expected


@pytest.mark.parametrize(
    "text", ["=https://a.test", "https://a.test/?x=https://b.test", "otc=", "otc=otc=https://a.test"]
)
def test_an_option_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(AccessError):
        parse_endpoint_option(text)


def test_a_cloud_and_region_lead_to_the_host_of_the_table_A02(make_provider) -> None:
    assert host_for(make_provider()) == Origin(scheme="https", host="sfs-turbo.eu-de.otc.t-systems.com", port=443)


@pytest.mark.parametrize(
    ("cloud", "region"), [(None, None), ("otc", None), ("otc", "eu-de.evil.test/"), ("x", "eu-de")]
)
def test_without_a_host_in_the_table_the_operator_must_say_it_A02(make_provider, cloud, region) -> None:
    provider: Provider = make_provider(cloud=cloud, region=region)
    with pytest.raises(AccessError, match="provider 'otc'") as raised:
        host_for(provider)
    assert raised.value.diagnostics[0].code is Code.NO_ENDPOINT


@pytest.mark.parametrize(
    ("endpoint", "peer", "blocked"),
    [
        pytest.param("https://api.test", "80.158.0.1", False, id="public"),
        pytest.param("https://api.test", "10.0.0.1", False, id="private"),
        pytest.param("https://api.test", "127.0.0.1", True, id="A08-name-to-loopback"),
        pytest.param("https://api.test", "169.254.169.254", True, id="A08-name-to-metadata"),
        pytest.param("http://localhost:1", "127.0.0.1", False, id="localhost"),
        pytest.param("http://localhost:1", "::1", False, id="localhost-v6"),
        pytest.param("http://localhost:1", "80.158.0.1", True, id="A03-localhost-that-is-elsewhere"),
        pytest.param("http://localhost:1", "169.254.169.254", True, id="localhost-to-metadata"),
    ],
)
def test_the_connected_peer_decides_whether_a_request_is_sent(endpoint: str, peer: str, blocked: bool) -> None:
    assert (blocked_peer(parse_endpoint(endpoint), peer) is not None) == blocked


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("127.0.0.1:18080", "http://127.0.0.1:18080"),
        ("localhost:18080", "http://localhost:18080"),
        ("[::1]:18080", "http://[::1]:18080"),
        ("http://127.0.0.1:18080/v1", "http://127.0.0.1:18080"),
        ("https://127.0.0.1:18080/v1", "https://127.0.0.1:18080"),
        ("api.test", "https://api.test"),
        ("api.test:8443/", "https://api.test:8443"),
        ("http://api.test", "https://api.test"),
        ("https://api.test/v1/p/jobs", "https://api.test"),
    ],
)
def test_u52_the_hint_is_the_origin_that_was_probably_meant(text: str, meant: str) -> None:
    for option in (text, f"otc={text}"):
        with pytest.raises(AccessError) as raised:
            parse_endpoint_option(option)
        assert raised.value.diagnostics[0].hint == f"write it as {meant}, and nothing after it"
    assert str(parse_endpoint(meant)) == meant


@pytest.mark.parametrize("text", ["https://u:hunter2@a.test", "a.test?hunter2", "a.test#hunter2", "169.254.1.1", ""])
def test_u52_nothing_is_suggested_for_what_no_mend_makes_right(text: str) -> None:
    with pytest.raises(AccessError) as raised:
        parse_endpoint(text)
    assert raised.value.diagnostics[0].hint == "write it as https://HOST or https://HOST:PORT, and nothing after it"


@pytest.mark.parametrize(
    "text", ["http://169.254.169.254", "http://169.254.169.254:80/", "http://[::ffff:169.254.169.254]"]
)
def test_no_endpoint_leads_to_the_metadata_service_A07(text: str) -> None:
    with pytest.raises(AccessError) as raised:
        parse_endpoint_option(f"otc={text}")
    assert raised.value.diagnostics[0].code is Code.BLOCKED_ADDRESS
