import json

import pytest

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials.credential import CredentialError
from reconcile.fetch.credentials.identity import (
    Login,
    TokenAnswer,
    build_token_request,
    find_identity_url,
    parse_identity_url,
)
from reconcile.fetch.message import RawAnswer, RawHeaders
from reconcile.fetch.policy import Setback
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.secret import Secret

CANARY = "canary-7f3a9c51"
URL = parse_identity_url("https://iam.test", called="OS_AUTH_URL")
GRANT = {"token": {"methods": ["password"], "project": {"id": "p", "name": "eu-de"}}}


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
        pytest.param("iam.test/v3", "no https origin", id="no-scheme"),
        pytest.param("", "no https origin", id="empty"),
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


def test_a_request_for_a_token_is_as_keystone_documents_it() -> None:
    login = Login(
        url=URL, user={"name": "u", "domain": {"name": "d"}}, password=Secret("pässwörd"), project={"id": "p"}
    )
    request = build_token_request(login)
    body = request.read()
    assert (request.method, str(request.url)) == ("POST", "https://iam.test/v3/auth/tokens")
    assert request.headers["Content-Length"] == str(len(body))
    assert json.loads(body) == {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": "u", "domain": {"name": "d"}, "password": "pässwörd"}},
            },
            "scope": {"project": {"id": "p"}},
        }
    }


# --- Answers ---------------------------------------------------------------------------------------------------


@pytest.fixture
def read(api):
    def read(status_code: int, body: object = GRANT, **headers: str) -> str:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        redact = Redactor([Secret(CANARY)])
        answer = RawAnswer(status_code, RawHeaders(fields), content)
        return TokenAnswer(url=URL, api=api, answer=answer, redact=redact).read_token("p").reveal()

    return read


@pytest.mark.parametrize("status_code", [200, 201])
def test_a_token_is_taken_out_of_its_header(read, status_code: int) -> None:
    assert read(status_code, X_Subject_Token="MIIF-token") == "MIIF-token"


@pytest.mark.parametrize(
    ("status_code", "body", "headers", "code", "says"),
    [
        (201, GRANT, {}, Code.MALFORMED_FIELD, "X-Subject-Token is no token (length 0)"),
        (201, GRANT, {"X_Subject_Token": "a b"}, Code.MALFORMED_FIELD, "length 3"),
        (201, GRANT, {"X_Subject_Token": "x" * 20_000}, Code.MALFORMED_FIELD, "length 20000"),
        (201, {"token": {}}, {}, Code.OTHER_PROJECT, "for no project, and the manifest's is p"),
        (201, {"token": {"project": {"id": "p2"}}}, {}, Code.OTHER_PROJECT, "for project p2"),
        (201, [], {}, Code.NOT_JSON, "not a JSON object"),
        (201, b'{"token": {}, "token": {}}', {}, Code.AMBIGUOUS_JSON, "twice"),
        (200, b"<html>", {"Content_Type": "text/html"}, Code.NOT_JSON, "text/html"),
        (401, {"error": {"code": 401, "message": f"bad {CANARY}", "title": "x"}}, {}, Code.UNAUTHENTICATED, "says 401"),
        (400, {"error_code": "IAM.0011", "error_msg": "bad"}, {}, Code.REFUSED, 'it says IAM.0011 "bad"'),
        (403, {}, {}, Code.FORBIDDEN, "no token for this project"),
        (404, b"<html>", {"Content_Type": "text/html"}, Code.NOT_FROM_THE_API, "no identity service"),
        (300, {}, {}, Code.REDIRECT, "redirect"),
        pytest.param(302, {}, {"Location": f"https://{CANARY}"}, Code.REDIRECT, "redirect", id="A09"),
        (202, GRANT, {"X_Subject_Token": "x"}, Code.UNEXPECTED_STATUS_CODE, "does not document"),
        (204, b"", {}, Code.UNEXPECTED_STATUS_CODE, "does not document"),
    ],
)
def test_an_answer_without_a_token_is_final_and_says_why_A23(read, status_code, body, headers, code, says) -> None:
    with pytest.raises(CredentialError) as raised:
        read(status_code, body, **headers)
    error = raised.value
    assert (error.problem.code, error.setback) == (code, None)
    assert error.problem.message.startswith(f"https://iam.test/v3: HTTP {status_code} from the identity service: ")
    assert says in error.problem.message
    assert CANARY not in repr(error)


@pytest.mark.parametrize(
    ("status_code", "body", "setback", "retry_after"),
    [
        (429, {}, Setback.THROTTLED, 7.0),
        (503, b"", Setback.NOISE, 7.0),
        (500, {}, Setback.DUBIOUS, 7.0),
        (201, b'{"token": {', Setback.NOISE, 7.0),
    ],
)
def test_an_answer_that_may_be_better_next_time_says_so(read, status_code, body, setback, retry_after) -> None:
    with pytest.raises(CredentialError) as raised:
        read(status_code, body, Retry_After="7")
    assert (raised.value.setback, raised.value.retry_after) == (setback, retry_after)
