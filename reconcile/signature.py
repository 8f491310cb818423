"""
SDK-HMAC-SHA256: proves that the sender of a request has the secret of an access key.

Described in the API Request Signing Guide of Huawei Cloud. Pure: the caller passes the time as a header.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from msgspec import Struct

ALGORITHM: Final = "SDK-HMAC-SHA256"
AUTHORIZATION_HEADER: Final = "Authorization"
DATE_HEADER: Final = "X-Sdk-Date"
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"
PROJECT_HEADER: Final = "X-Project-Id"
SECURITY_TOKEN_HEADER: Final = "X-Security-Token"

_AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM} Access=([!-+\--~]{{1,128}}), ?SignedHeaders=([a-z0-9;-]{{1,1024}}), ?Signature=([0-9a-f]{{64}})"
)


class Authorization(Struct, frozen=True, kw_only=True):
    """The value of a signed request's Authorization header; the header names are in lower case and in order."""

    access_key: str
    signed_headers: tuple[str, ...]
    signature: str

    def __str__(self) -> str:
        names = ";".join(self.signed_headers)
        return f"{ALGORITHM} Access={self.access_key}, SignedHeaders={names}, Signature={self.signature}"


def parse_authorization(value: str) -> Authorization | None:
    """Read the value of an Authorization header; None if it is not one of this algorithm."""
    match = _AUTHORIZATION.fullmatch(value)
    if match is None:
        return None
    return Authorization(access_key=match[1], signed_headers=tuple(match[2].split(";")), signature=match[3])


def sign_request(
    access_key: str, secret_key: str, *, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> Authorization:
    """
    Sign a request with all the given headers, including Host and X-Sdk-Date; raise KeyError without the latter.

    Args:
        access_key: the name of the secret.
        secret_key: the key of the HMAC, unchanged.
        method: in upper case.
        target: path and query as sent.
        headers: names in any case, each once.
        body: the complete body.
    """
    fields = {name.lower(): value.strip() for name, value in headers.items()}
    digest = hashlib.sha256(canonicalize_request(method, target, fields, body).encode()).hexdigest()
    text = f"{ALGORITHM}\n{fields[DATE_HEADER.lower()]}\n{digest}"
    return Authorization(
        access_key=access_key,
        signed_headers=tuple(sorted(fields)),
        signature=hmac.digest(secret_key.encode(), text.encode(), "sha256").hex(),
    )


def canonicalize_request(method: str, target: str, fields: Mapping[str, str], body: bytes) -> str:
    """Write a request in the canonical form that both sides sign; the names of `fields` are in lower case."""
    path, _, query = target.partition("?")
    names = sorted(fields)
    lines = (
        method,
        _canonicalize_path(path),
        _canonicalize_query(query),
        *(f"{name}:{fields[name]}" for name in names),
        "",
        ";".join(names),
        hashlib.sha256(body).hexdigest(),
    )
    return "\n".join(lines)


def _canonicalize_path(path: str) -> str:
    quoted = quote(unquote(path), safe="/~")
    return quoted if quoted.endswith("/") else f"{quoted}/"


def _canonicalize_query(query: str) -> str:
    return "&".join(_quote_pairs(sorted(parse_qsl(query, keep_blank_values=True))))


def _quote_pairs(pairs: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
