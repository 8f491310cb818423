import gzip
import json
from collections.abc import Callable
from functools import partial

import httpx
import pytest
from identity_service import Answer, Identity, issue, refusal

from reconcile.codes import Code
from reconcile.fetch.credentials import Credential, CredentialError, UnsignedRequest, find_credential
from reconcile.fetch.credentials.identity import MAX_RESPONSE_SIZE
from reconcile.fetch.credentials.keystone import KeystoneLogin
from reconcile.fetch.credentials.login import parse_identity_url
from reconcile.fetch.failure import BlockedAddressError
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.retry import Retryable
from reconcile.fetch.secret import Secret

PASSWORD = "canary-7f3a9c51"
LOGIN = {
    "OS_AUTH_URL": "https://iam.test/v3",
    "OS_USERNAME": "u",
    "OS_PASSWORD": PASSWORD,
    "OS_USER_DOMAIN_NAME": "d",
}
URL = parse_identity_url("https://iam.test", called="OS_AUTH_URL")
REQUEST = UnsignedRequest(method="GET", authority="api.test", target="/v1/p/jobs/j", headers={})
ISSUED = {"token": {"methods": ["password"], "project": {"id": "p", "name": "eu-de"}}}


@pytest.fixture
def make_login(make_provider) -> Callable[..., Credential]:
    def make(**environ: str) -> Credential:
        return find_credential(make_provider(project_id="p"), environ={**LOGIN, **environ})

    return make


def ask(login: Credential, identity: Identity) -> str:
    return login.headers(REQUEST, client=identity.client)["X-Auth-Token"]


def fail(login: Credential, identity: Identity) -> CredentialError:
    with pytest.raises(CredentialError) as raised:
        ask(login, identity)
    return raised.value


@pytest.fixture
def login_with(make_provider):
    return partial(KeystoneLogin, url=URL, source="here", provider=make_provider(project_id="p"))


# --- The request -----------------------------------------------------------------------------------------------


def test_a_request_for_a_token_is_as_keystone_documents_it(login_with) -> None:
    user = {"name": "u", "domain": {"name": "d"}}
    request = login_with(identity=user, secret=Secret("pässwörd"), scope={"project": {"id": "p"}}).build_request()
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


def test_nothing_is_sent_but_what_is_meant_to_be(make_login) -> None:
    identity = Identity(issue("t1"))
    client = identity.client
    client.headers["X-Default"], client.auth, client.follow_redirects = "x", ("a", "b"), True
    client.cookies.set("a", "b")
    assert ask(make_login(), identity) == "t1"
    names = {"host", "content-type", "content-length", "accept", "accept-encoding", "user-agent"}
    headers = identity.requests[0].headers
    assert set(headers) == names
    assert (headers["host"], headers["accept-encoding"]) == ("iam.test", "identity")
    assert headers["user-agent"].startswith("reconcile/")


APPLICATION = {"OS_AUTH_URL": "https://iam.test/v3", "OS_APPLICATION_CREDENTIAL_SECRET": PASSWORD}


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"OS_APPLICATION_CREDENTIAL_ID": "i"}, {"id": "i"}),
        ({"OS_APPLICATION_CREDENTIAL_ID": "i", "OS_APPLICATION_CREDENTIAL_NAME": "n"}, {"id": "i"}),
        ({"OS_APPLICATION_CREDENTIAL_NAME": "n", "OS_USER_ID": "u"}, {"name": "n", "user": {"id": "u"}}),
        (
            {"OS_APPLICATION_CREDENTIAL_NAME": "n", "OS_USERNAME": "u", "OS_USER_DOMAIN_ID": "d"},
            {"name": "n", "user": {"name": "u", "domain": {"id": "d"}}},
        ),
    ],
)
def test_u19_an_application_credential_asks_for_a_token_without_a_scope(make_provider, environ, named) -> None:
    login = find_credential(make_provider(project_id="p"), environ={**APPLICATION, **environ, "OS_PROJECT_NAME": "x"})
    identity = Identity(issue("t1"))
    assert ask(login, identity) == "t1"
    (request,) = identity.requests
    identity_of_request = {
        "methods": ["application_credential"],
        "application_credential": {**named, "secret": PASSWORD},
    }
    assert json.loads(request.content) == {"auth": {"identity": identity_of_request}}
    assert PASSWORD not in f"{login} {login!r}"
    assert Redactor(login.secrets)(f"t1-token {PASSWORD}") == "t1-token [redacted]"


def test_u19_an_application_credential_of_another_project_is_not_used(make_provider) -> None:
    environ = {**APPLICATION, "OS_APPLICATION_CREDENTIAL_ID": "i"}
    error = fail(find_credential(make_provider(project_id="p"), environ=environ), Identity(issue("t1", "p2")))
    assert error.problem.code is Code.OTHER_PROJECT


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        (LOGIN, "the user or the password was rejected (OS_USERNAME and OS_PASSWORD, provider 'otc')"),
        (
            {**APPLICATION, "OS_APPLICATION_CREDENTIAL_ID": "i"},
            "the application credential was rejected (OS_APPLICATION_CREDENTIAL_ID and "
            "OS_APPLICATION_CREDENTIAL_SECRET, provider 'otc')",
        ),
    ],
)
def test_u50_a_rejection_names_the_variables_and_the_provider(make_provider, environ, says: str) -> None:
    error = fail(find_credential(make_provider(project_id="p"), environ=environ), Identity(refusal(401)))
    assert says in error.problem.message


# --- Answers ---------------------------------------------------------------------------------------------------


@pytest.fixture
def read(login_with):
    def read(status_code: int, body: object = ISSUED, **headers: str) -> str:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        response = httpx.Response(status_code, headers=fields, content=content)
        login = login_with(identity={}, secret=Secret(PASSWORD), scope={"project": {}})
        token = login.issue(Identity(response).client, [*login.secrets])
        return token.standing["X-Auth-Token"]

    return read


@pytest.mark.parametrize("status_code", [200, 201])
def test_a_token_is_taken_out_of_its_header(read, status_code: int) -> None:
    assert read(status_code, X_Subject_Token="MIIF-token") == "MIIF-token"


@pytest.mark.parametrize(
    ("status_code", "body", "headers", "code", "says"),
    [
        (201, ISSUED, {}, Code.MALFORMED_FIELD, "X-Subject-Token is not a token (length 0)"),
        (201, ISSUED, {"X_Subject_Token": "a b"}, Code.MALFORMED_FIELD, "length 3"),
        (201, ISSUED, {"X_Subject_Token": "x" * 20_000}, Code.MALFORMED_FIELD, "length 20000"),
        (201, {"token": {}}, {}, Code.OTHER_PROJECT, "for no project, but the manifest names p"),
        (201, {"token": {"project": {"id": "p2"}}}, {}, Code.OTHER_PROJECT, "for project p2"),
        (201, [], {}, Code.NOT_JSON, "not a JSON object"),
        (201, b'{"token": {}, "token": {}}', {}, Code.AMBIGUOUS_JSON, "duplicate key"),
        (201, b" " * MAX_RESPONSE_SIZE + b"{}", {}, Code.ANSWER_TOO_LARGE, "more than 1048576 bytes"),
        (200, b"<html>", {"Content_Type": "text/html"}, Code.NOT_JSON, "text/html"),
        (
            401,
            {"error": {"code": 401, "message": f"bad {PASSWORD}", "title": "x"}},
            {},
            Code.UNAUTHENTICATED,
            "error 401",
        ),
        (400, {"error_code": "IAM.0011", "error_msg": "bad"}, {}, Code.REFUSED, 'refused, error IAM.0011 "bad"'),
        (403, {}, {}, Code.FORBIDDEN, "not allowed to get a token for this project"),
        (404, b"<html>", {"Content_Type": "text/html"}, Code.NOT_FROM_THE_API, "no identity service"),
        (300, {}, {}, Code.REDIRECT, "redirect"),
        pytest.param(302, {}, {"Location": f"https://{PASSWORD}"}, Code.REDIRECT, "redirect", id="A09"),
        (202, ISSUED, {"X_Subject_Token": "x"}, Code.UNEXPECTED_STATUS_CODE, "does not document"),
        (204, b"", {}, Code.UNEXPECTED_STATUS_CODE, "does not document"),
    ],
)
def test_an_answer_without_a_token_is_final_and_says_why_A23(read, status_code, body, headers, code, says) -> None:
    with pytest.raises(CredentialError) as raised:
        read(status_code, body, **headers)
    error = raised.value
    assert (error.problem.code, error.retryable) == (code, None)
    assert error.problem.message.startswith(f"https://iam.test/v3: HTTP {status_code} from the identity service: ")
    assert says in error.problem.message
    assert PASSWORD not in repr(error)


@pytest.mark.parametrize(
    ("status_code", "body", "retryable", "retry_after"),
    [
        (429, {}, Retryable.THROTTLED, 7.0),
        (503, b"", Retryable.TRANSIENT, 7.0),
        (500, {}, Retryable.MAYBE_PERMANENT, 7.0),
        (201, b'{"token": {', Retryable.TRANSIENT, 7.0),
    ],
)
def test_an_answer_that_may_be_better_next_time_says_so(read, status_code, body, retryable, retry_after) -> None:
    with pytest.raises(CredentialError) as raised:
        read(status_code, body, Retry_After="7")
    assert (raised.value.retryable, raised.value.retry_after) == (retryable, retry_after)


# --- The login -------------------------------------------------------------------------------------------------


def test_a_token_is_fetched_once_and_then_hidden(make_login) -> None:
    login, identity = make_login(), Identity(issue("token-one"))
    redact = Redactor(login.secrets)
    assert login.standing is None
    assert redact(f"token-one {PASSWORD}") == "token-one [redacted]"
    first = login.headers(REQUEST, client=identity.client)
    assert first == {"X-Auth-Token": "token-one"}
    assert first is login.headers(REQUEST, client=identity.client) is login.standing
    assert len(identity.requests) == 1
    assert redact(f"token-one {PASSWORD}") == "[redacted] [redacted]"
    assert "canary" not in f"{login} {login!r}"
    assert "token-one" not in f"{login} {login!r}"


def test_a_wrong_password_is_tried_once_A23_D26(make_login) -> None:
    login, identity = make_login(), Identity(refusal(401, f"wrong password {PASSWORD}"))
    errors = [fail(login, identity) for _ in range(65)]
    assert {error.problem.code for error in errors} == {Code.UNAUTHENTICATED}
    assert len(identity.requests) == 1
    assert not login.renew({})
    assert PASSWORD not in repr(errors)
    assert "[redacted]" in repr(errors[0])


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (refusal(503), Retryable.TRANSIENT),
        (refusal(429), Retryable.THROTTLED),
        (httpx.ConnectError("refused"), Retryable.TRANSIENT),
    ],
)
def test_a_transient_error_can_be_overcome(make_login, answer: Answer, retryable: Retryable) -> None:
    login, identity = make_login(), Identity(answer, issue("t1"))
    assert fail(login, identity).retryable is retryable
    assert ask(login, identity) == "t1"
    assert len(identity.requests) == 2


def test_a_failure_on_the_way_names_the_identity_service(make_login) -> None:
    error = fail(make_login(), Identity(httpx.ConnectError("no connection")))
    assert error.problem.message == "https://iam.test: no connection"


def test_what_our_transport_reports_is_what_counts(make_login) -> None:
    cause = BlockedAddressError("it is a private address")
    refused = httpx.ConnectError("refused")
    refused.__cause__ = cause
    login, identity = make_login(), Identity(refused)
    error = fail(login, identity)
    assert (error.problem.code, error.retryable) == (Code.BLOCKED_ADDRESS, None)
    assert error.problem.message == "https://iam.test: it is a private address"
    fail(login, identity)
    assert len(identity.requests) == 1


def test_a_fetch_that_is_interrupted_leaves_the_next_one_to_succeed(make_login) -> None:
    login, identity = make_login(), Identity(KeyboardInterrupt(), issue("t1"))
    with pytest.raises(KeyboardInterrupt):
        ask(login, identity)
    assert ask(login, identity) == "t1"


def test_a_rejected_token_is_renewed_once_whoever_asks_D25_D26(make_login) -> None:
    login, identity = make_login(), Identity(issue("t1"), issue("t2"), issue("t3"))
    first = login.headers(REQUEST, client=identity.client)
    # Many requests were under way with the first token, and some learn of its rejection late.
    assert [login.renew(first) for _ in range(8)] == [True] * 8
    # The run goes on while a token is fetched.
    identity.before_answer = lambda: late.append(login.renew(first))
    late: list[bool] = []
    second = login.headers(REQUEST, client=identity.client)
    assert late == [True]
    assert login.renew(first)
    assert login.headers(REQUEST, client=identity.client) is second
    assert not login.renew(second)
    assert second == {"X-Auth-Token": "t2"}
    assert len(identity.requests) == 2
    assert Redactor(login.secrets)("t1t2") == "t1t2"


def test_a_token_for_another_project_is_not_used(make_login) -> None:
    error = fail(make_login(OS_PROJECT_NAME="eu-nl"), Identity(issue("t1", "p2")))
    assert error.problem.code is Code.OTHER_PROJECT


# --- A server that means harm ----------------------------------------------------------------------------------


def test_no_redirect_is_followed_A09(make_login) -> None:
    away = httpx.Response(307, headers={"Location": "https://evil.test/v3/auth/tokens"})
    login, identity = make_login(), Identity(away)
    identity.client.follow_redirects = True
    assert fail(login, identity).problem.code is Code.REDIRECT
    assert [request.url.host for request in identity.requests] == ["iam.test"]


@pytest.mark.parametrize(
    "location",
    [
        pytest.param(f"https://h:{PASSWORD}/", id="port"),
        pytest.param(f"//[{PASSWORD}", id="bracket"),
        pytest.param(f"https://xn--{PASSWORD}-/", id="A-label"),
        pytest.param("http:x", id="no-host"),
        pytest.param("https://\x80.test/", id="code-point"),
        pytest.param("https://h/" + "x" * 70_000, id="long"),
    ],
)
def test_a_location_that_is_no_url_ends_in_an_error_A23(make_login, location: str) -> None:
    redirect = httpx.Response(302, headers=[(b"Location", location.encode("latin-1"))])
    error = fail(make_login(), Identity(redirect))
    assert error.problem.code in (Code.REDIRECT, Code.NOT_HTTP)
    assert error.problem.message.startswith("https://iam.test")
    assert PASSWORD not in error.problem.message


def test_a_compressed_answer_is_not_unpacked(make_login) -> None:
    body = gzip.compress(json.dumps(ISSUED).encode())
    headers = {"X-Subject-Token": "t1", "Content-Encoding": "GZIP"}
    error = fail(make_login(), Identity(httpx.Response(201, headers=headers, stream=httpx.ByteStream(body))))
    assert (error.problem.code, error.retryable) == (Code.ANSWER_ENCODED, None)


# --- Two providers ---------------------------------------------------------------------------------------------


def test_password_and_token_go_where_they_belong_and_nowhere_else_A25(serve, plan) -> None:
    seen: dict[str, str] = {}

    def answer_as(name: str):
        def answer(request):
            seen[name] = seen.get(name, "") + f"{request.headers} {request.body!r}"
            if request.method == "POST":
                return 201, {"X-Subject-Token": "token-of-the-first"}, ISSUED
            return 200, {}, {"job_id": request.path.rpartition("/")[2], "status": "success"}

        return answer

    with serve(answer_as("iam")) as iam, serve(answer_as("one")) as one, serve(answer_as("two")) as two:
        environ = {**LOGIN, "OS_AUTH_URL": f"{iam}/v3", "RECONCILE_TOKEN_TWO": "token-of-the-second"}
        outcome = plan({"one": ["a"], "two": ["b"]}, {"one": one, "two": two}, environ)
    assert outcome.code == 0
    secrets = {"password": PASSWORD, "first": "token-of-the-first", "second": "token-of-the-second"}
    assert {host: [name for name, secret in secrets.items() if secret in text] for host, text in seen.items()} == {
        "iam": ["password"],
        "one": ["first"],
        "two": ["second"],
    }
