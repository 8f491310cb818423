"""Authentication by a valid token or by a signature with a valid access key."""

import hmac
from collections.abc import Mapping

from reconcile.signature import AUTHORIZATION_HEADER, DATE_HEADER, parse_authorization, sign_request
from reconcile.simulator.request import Request
from reconcile.simulator.scenario import Scenario

_ALWAYS_SIGNED = frozenset({"host", DATE_HEADER.lower()})


def find_refusal(scenario: Scenario, request: Request) -> str | None:
    """Return the name of the response that rejects a request; None if it is authenticated."""
    token = request.find_header(scenario.repertoire.api.token_header)
    if token:
        return None if scenario.token in (None, token) else "gateway_wrong_token"
    authorization = request.find_header(AUTHORIZATION_HEADER)
    if not authorization:
        return "gateway_unauthenticated"
    return None if _is_signed(request, authorization, scenario.access_keys) else "gateway_wrong_signature"


def _is_signed(request: Request, value: str, access_keys: Mapping[str, str] | None) -> bool:
    authorization = parse_authorization(value)
    if authorization is None or not _ALWAYS_SIGNED.issubset(authorization.signed_headers):
        return False
    if access_keys is None:
        return True
    secret_key = access_keys.get(authorization.access_key)
    headers = {name: request.find_header(name) for name in authorization.signed_headers}
    present = {name: value for name, value in headers.items() if value is not None}
    if secret_key is None or len(present) < len(headers):
        return False
    expected = sign_request(
        authorization.access_key,
        secret_key,
        method=request.method,
        target=request.target,
        headers=present,
        body=request.body,
    )
    return hmac.compare_digest(expected.signature, authorization.signature)
