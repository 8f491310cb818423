"""Who is let in: tokens, signatures, and users who want a token."""

import json

import pytest

from reconcile.document import Text, parse_text
from reconcile.signature import sign_request
from reconcile.simulator import Scenario, load_scenario
from reconcile.simulator.answer import Answer
from reconcile.simulator.authentication import find_refusal
from reconcile.simulator.identity import answer_login
from reconcile.simulator.request import Request

TARGET = "/v1/p/sfs-turbo/jobs/j"
SIGNED = {"Host": "x", "X-Sdk-Date": "20261122T000000Z", "X-Project-Id": "p"}
OPEN = ""
CLOSED = "token: good\naccess_keys: {AK: SK}\nusers: {u: p}\nproject_id: p1\n"


def scenario(text: str) -> Scenario:
    return load_scenario(parse_text(Text("scenario.yaml", f"version: 1\napi: sfs-turbo\n{text}"), is_json=False))


def request(headers: dict[str, str], *, method: str = "GET", target: str = TARGET, body: bytes = b"") -> Request:
    return Request(method, target, [(name.encode(), value.encode()) for name, value in headers.items()], body)


def signed(key: str = "AK", secret: str = "SK", *, headers: dict[str, str] = SIGNED) -> dict[str, str]:
    authorization = sign_request(key, secret, method="GET", target=TARGET, headers=headers)
    return {**headers, "Authorization": str(authorization)}


@pytest.mark.parametrize(
    ("text", "headers", "refusal"),
    [
        (OPEN, {}, "gateway_unauthenticated"),
        (OPEN, {"X-Auth-Token": "any"}, None),
        (OPEN, signed("any", "any"), None),
        (OPEN, {"Authorization": "Bearer x"}, "gateway_wrong_signature"),
        (CLOSED, {}, "gateway_unauthenticated"),
        (CLOSED, {"x-auth-TOKEN": "good"}, None),
        (CLOSED, {"X-Auth-Token": "bad", **signed()}, "gateway_wrong_token"),
        (CLOSED, signed(), None),
        (CLOSED, {**signed(), "User-Agent": "not signed"}, None),
        (CLOSED, signed("AK", "bad"), "gateway_wrong_signature"),
        (CLOSED, signed("other"), "gateway_wrong_signature"),
        (CLOSED, {**signed(), "X-Project-Id": "changed"}, "gateway_wrong_signature"),
        (CLOSED, {k: v for k, v in signed().items() if k != "X-Project-Id"}, "gateway_wrong_signature"),
        (CLOSED, signed(headers={"X-Sdk-Date": "20261122T000000Z"}), "gateway_wrong_signature"),
    ],
)
def test_who_may_ask(text: str, headers: dict[str, str], refusal: str | None) -> None:
    assert find_refusal(scenario(text), request(headers)) == refusal


def test_a_signature_is_for_one_request() -> None:
    for changed in ({"target": f"{TARGET}k"}, {"method": "POST"}, {"body": b"{}"}):
        assert find_refusal(scenario(CLOSED), request(signed(), **changed)) == "gateway_wrong_signature"


def log_in(text: str, user: object, project: object) -> tuple[int, str | None, dict[str, object]]:
    """Return status code, token and body of the answer."""
    auth = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}
    answer = answer_login(scenario(text), request({}, method="POST", body=json.dumps({"auth": auth}).encode()), 7)
    assert isinstance(answer, Answer)
    head, _, body = answer.fill_in("0" * 32).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    token = next((line.partition(": ")[2] for line in lines if line.startswith("X-Subject-Token")), None)
    return int(lines[0].split()[1]), token, json.loads(body)


USER = {"name": "u", "domain": {"name": "d"}, "password": "p"}


@pytest.mark.parametrize(
    ("text", "user", "project", "status_code", "token"),
    [
        (OPEN, USER, {"id": "p1"}, 201, "simulated-token-7"),
        (OPEN, {"id": "u", "password": "x"}, {"name": "n"}, 201, "simulated-token-7"),
        (CLOSED, USER, {"id": "p1"}, 201, "good"),
        (CLOSED, USER, {"name": "eu-de"}, 201, "good"),
        (CLOSED, {**USER, "password": "x"}, {"id": "p1"}, 401, None),
        (CLOSED, {**USER, "name": "x"}, {"id": "p1"}, 401, None),
        (CLOSED, {**USER, "name": ["u"]}, {"id": "p1"}, 401, None),
        (CLOSED, USER, {"id": "p2"}, 401, None),
        (CLOSED, {"name": "u"}, {"id": "p1"}, 400, None),
        (CLOSED, USER, {}, 400, None),
        (CLOSED, [], {}, 400, None),
    ],
)
def test_who_gets_a_token(text: str, user: object, project: object, status_code: int, token: str | None) -> None:
    answered, granted, body = log_in(text, user, project)
    assert (answered, granted) == (status_code, token)
    assert set(body) == ({"token"} if status_code == 201 else {"error"})


def test_a_token_says_for_which_project_it_is() -> None:
    assert log_in(CLOSED, USER, {"name": "eu-de"})[2]["token"]["project"] == {"id": "p1", "name": "eu-de"}


def test_what_is_no_json_gets_no_token() -> None:
    assert answer_login(scenario(OPEN), request({}, body=b"{"), 1).pieces[0].startswith(b"HTTP/1.1 400 ")
