"""Signing, against the vector that Huawei Cloud publishes in its API Request Signing Guide."""

import hashlib

import pytest

from reconcile.signature import canonicalize_request, parse_authorization, sign_request

KEY, SECRET = "QTWAOYTTINDUT2QVKYUC", "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc"
TARGET = "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0"
HEADERS = {
    "Content-Type": "application/json",
    "X-Sdk-Date": "20191115T033655Z",
    "Host": "service.region.example.com",
}


def test_published_vector() -> None:
    fields = {name.lower(): value for name, value in HEADERS.items()}
    canonical = canonicalize_request("GET", TARGET, fields, b"")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert digest == "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
    authorization = sign_request(KEY, SECRET, method="GET", target=TARGET, headers=HEADERS)
    assert str(authorization) == (
        "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, "
        "Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    )
    assert parse_authorization(str(authorization)) == authorization


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "POST"},
        {"target": TARGET.replace("=2", "=3")},
        {"target": TARGET.replace("vpcs", "vpc")},
        {"headers": {**HEADERS, "X-Sdk-Date": "20191115T033656Z"}},
        {"headers": {**HEADERS, "Host": "evil.test"}},
        {"headers": {**HEADERS, "X-Project-Id": "p"}},
        {"body": b"{}"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_is_signed_changes_the_signature(changed) -> None:
    request = {"method": "GET", "target": TARGET, "headers": HEADERS}
    assert sign_request(KEY, SECRET, **request).signature != sign_request(KEY, SECRET, **request | changed).signature


def test_a_path_is_signed_in_one_form_whatever_is_quoted_in_it() -> None:
    written = [
        sign_request(KEY, SECRET, method="GET", target=t, headers=HEADERS) for t in ("/a b~é/", "/a%20b%7E%c3%a9")
    ]
    assert written[0] == written[1]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer x",
        f"SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature={'0' * 63}",
        f"SDK-HMAC-SHA256 Access=A B, SignedHeaders=host, Signature={'0' * 64}",
        f"SDK-HMAC-SHA256 Access=A, SignedHeaders=Host, Signature={'0' * 64}",
        f"SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature={'0' * 64}\n",
        f"V11-HMAC-SHA256 Access=A, SignedHeaders=host, Signature={'0' * 64}",
    ],
)
def test_another_authorization_is_none(value: str) -> None:
    assert parse_authorization(value) is None
