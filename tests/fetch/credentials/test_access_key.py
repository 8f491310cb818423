import base64
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconcile.fetch.credentials import Credential, UnsignedRequest, find_credential
from reconcile.fetch.credentials.access_key import AccessKey, read_clock
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.secret import Secret
from reconcile.signature import parse_authorization, sign_request

CANARY = "canary7f3a9c51"
REQUEST = UnsignedRequest(
    method="GET", authority="api.test:444", target="/v1/p/jobs/j", headers={"Content-Type": "application/json"}
)
NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)


def make_key(*, security_token: str | None = None) -> AccessKey:
    token = Secret(security_token) if security_token is not None else None
    return AccessKey("AK", Secret(CANARY), token, source="test", project_id="p", now=lambda: NOW)


def headers_of(key: Credential, request: UnsignedRequest = REQUEST) -> dict[str, str]:
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    return dict(key.headers(request, client=client))


@pytest.mark.parametrize("security_token", [None, "temporary-token"])
def test_everything_that_is_added_is_signed(security_token: str | None) -> None:
    headers = headers_of(make_key(security_token=security_token))
    authorization = parse_authorization(headers.pop("Authorization"))
    temporary = {"X-Security-Token": security_token} if security_token else {}
    assert headers == {"X-Sdk-Date": "20261122T010203Z", "X-Project-Id": "p", **temporary}
    signed = {**REQUEST.headers, "Host": "api.test:444", **headers}
    assert authorization == sign_request("AK", CANARY, method="GET", target=REQUEST.target, headers=signed)


def test_each_request_has_its_own_signature() -> None:
    key = make_key()
    other = replace(REQUEST, target="/v1/p/jobs/k")
    assert headers_of(key)["Authorization"] != headers_of(key, other)["Authorization"]


def test_the_time_is_utc() -> None:
    assert abs((read_clock() - datetime.now(UTC)).total_seconds()) < 60


def test_a_key_cannot_be_renewed() -> None:
    assert not make_key().renew({})


def test_the_secret_key_is_never_sent_A22() -> None:
    assert CANARY not in repr(headers_of(make_key()))


def test_an_echo_of_what_was_sent_shows_neither_signature_nor_token_A20_A22() -> None:
    key = make_key(security_token="temporary-token")
    sent = headers_of(key)["Authorization"]
    signature = sent.rpartition("=")[2]
    redact = Redactor(key.secrets)
    for echo in (sent, sent.upper(), quote(sent), base64.b64encode(sent.encode()).decode()):
        shown = redact(f"verify signature fail: {echo}; temporary-token; {CANARY}")
        assert shown.count("[redacted]") == 3
        for leak in (signature[:8], signature[-8:], "temporary-token", CANARY):
            assert leak not in shown.lower()


@settings(deadline=None)
@given(st.binary(max_size=7), st.binary(min_size=32, max_size=32), st.binary(max_size=7))
def test_a_signature_is_found_in_base64_at_any_offset(before: bytes, digest: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + digest.hex().encode() + after).decode()
    shown = Redactor(make_key().secrets)(encoded)
    assert "[redacted]" in shown
    assert len(shown) < len(encoded) - 50


def test_other_text_is_left_alone() -> None:
    text = "job 26f6b565-0000-4000-8000-03f0bd975433, request 72081b65f84c35455554095cc3447c7f: aGVsbG8gd29ybGQhIQ=="
    assert Redactor(make_key().secrets)(text) == text


@pytest.mark.parametrize(
    ("key", "secret", "security_token"),
    [
        ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
        ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"),
        ("OS_ACCESS_KEY", "OS_SECRET_KEY", "OS_SECURITY_TOKEN"),
        ("RECONCILE_ACCESS_KEY_OTC", "RECONCILE_SECRET_KEY_OTC", "RECONCILE_SECURITY_TOKEN_OTC"),
    ],
)
def test_u17_each_familys_own_security_token_is_sent_and_signed(make_provider, key, secret, security_token) -> None:
    every_other = {name: "other" for name in ("HW_SECURITY_TOKEN", "OS_SECURITY_TOKEN") if name != security_token}
    environ = {key: "AK", secret: "SK", security_token: "temporary", **every_other}
    headers = headers_of(find_credential(make_provider(), environ=environ))
    assert headers["X-Security-Token"] == "temporary"
    authorization = parse_authorization(headers["Authorization"])
    assert authorization is not None
    assert "x-security-token" in authorization.signed_headers
