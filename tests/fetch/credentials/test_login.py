import json
from collections.abc import Callable

import httpx
import pytest

from reconcile.errors import AccessError
from reconcile.fetch.credentials import UnsignedRequest, find_credential
from reconcile.fetch.credentials.login import find_identity_url, parse_identity_url

CANARY = "canary-7f3a9c51"
LOGIN = {"OS_USERNAME": "u", "OS_PASSWORD": CANARY, "OS_USER_DOMAIN_NAME": "d"}
REQUEST = UnsignedRequest(method="GET", authority="api.test", target="/v1/p/jobs/j", headers={})


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://iam.test", "https://iam.test/v3"),
        ("https://iam.test/", "https://iam.test/v3"),
        ("https://IAM.test:443/v3", "https://iam.test/v3"),
        ("https://iam.test:5000/v3/", "https://iam.test:5000/v3"),
        ("https://iam.test/identity", "https://iam.test/identity/v3"),
        ("http://127.0.0.1:8080/v3", "http://127.0.0.1:8080/v3"),
    ],
)
def test_an_address_is_read_and_gets_its_version(text: str, url: str) -> None:
    assert str(parse_identity_url(text, called="x")) == url


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("http://iam.test/v3", "plain http", id="A03"),
        pytest.param(f"https://u:{CANARY}@iam.test/v3", "userinfo", id="A04"),
        pytest.param(f"https://iam.test/v3?x={CANARY}", "path", id="A05-query"),
        pytest.param("https://iam.test/../v3", "path", id="A05-dots"),
        pytest.param("https://iam.test/./v3", "path", id="A05-dot"),
        pytest.param("https://iam.test//v3", "path", id="A05-slashes"),
        pytest.param("https://iam.test/%2e%2e/v3", "path", id="A05-quoted"),
        pytest.param("https://iam.test/v3\n", "path", id="A05-newline"),
        pytest.param("https://127.1/v3", "number", id="A07"),
        pytest.param("https://iam.test/v2.0/", "v2.0", id="v2"),
        pytest.param("iam.test/v3", "not an https origin", id="no-scheme"),
        pytest.param("", "is empty", id="empty"),
    ],
)
def test_another_address_is_refused(text: str, says: str) -> None:
    with pytest.raises(AccessError, match=says) as raised:
        parse_identity_url(text, called="OS_AUTH_URL")
    assert "OS_AUTH_URL" in str(raised.value)
    assert CANARY not in str(raised.value)


def test_every_region_of_the_table_has_an_identity_service(api, make_provider) -> None:
    for cloud in api.clouds.values():
        for region in cloud.hosts:
            url = find_identity_url(make_provider(cloud=cloud.name, region=region))
            assert url is not None
            assert url.origin.host.startswith("iam.")
    assert find_identity_url(make_provider(cloud="otc", region="x")) is None


@pytest.fixture
def ask_for_token(make_provider) -> Callable[..., dict]:
    """Fetch a token as the environment says; return what the identity service was asked."""

    def ask(**environ: str) -> dict:
        asked: list[bytes] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.read())
            return httpx.Response(201, headers={"X-Subject-Token": "t"}, json={"token": {"project": {"id": "p"}}})

        credential = find_credential(make_provider(project_id="p"), environ={**LOGIN, **environ})
        credential.headers(REQUEST, client=httpx.Client(transport=httpx.MockTransport(answer)))
        return json.loads(asked[0])["auth"]

    return ask


@pytest.mark.parametrize(
    ("environ", "user", "project"),
    [
        ({}, {"name": "u", "domain": {"name": "d"}}, {"id": "p"}),
        ({"OS_USER_DOMAIN_ID": "d-id"}, {"name": "u", "domain": {"id": "d-id"}}, {"id": "p"}),
        ({"OS_USER_ID": "u-id"}, {"id": "u-id"}, {"id": "p"}),
        ({"OS_PROJECT_ID": "p", "OS_PROJECT_NAME": "n"}, {"name": "u", "domain": {"name": "d"}}, {"id": "p"}),
        (
            {"OS_PROJECT_NAME": "eu-de"},
            {"name": "u", "domain": {"name": "d"}},
            {"name": "eu-de", "domain": {"name": "d"}},
        ),
        (
            {"OS_PROJECT_NAME": "eu-de", "OS_PROJECT_DOMAIN_ID": "pd"},
            {"name": "u", "domain": {"name": "d"}},
            {"name": "eu-de", "domain": {"id": "pd"}},
        ),
        (
            {"OS_USER_ID": "u-id", "OS_PROJECT_NAME": "n", "OS_USER_DOMAIN_NAME": "d"},
            {"id": "u-id"},
            {"name": "n", "domain": {"name": "d"}},
        ),
    ],
)
def test_user_and_project_are_asked_for_as_the_operator_named_them(ask_for_token, environ, user, project) -> None:
    auth = ask_for_token(**environ)
    assert auth["identity"]["password"]["user"] == {**user, "password": CANARY}
    assert auth["scope"]["project"] == project
