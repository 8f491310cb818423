"""Id tokens of OpenID Connect, exchanged at IAM or STS for a temporary access key."""

import json
from pathlib import Path

import httpx
import pytest
from identity_service import Identity, issue, issue_key, issue_sts_key, refusal

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials import Credential, CredentialError, UnsignedRequest, find_credential
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.retry import Retryable
from reconcile.signature import parse_authorization, sign_request

CANARY = "canary-7f3a9c51"
REQUEST = UnsignedRequest(method="GET", authority="api.test", target="/v1/p/jobs/j", headers={})
IAM = {"HUAWEICLOUD_SDK_IDP_ID": "github", "HUAWEICLOUD_SDK_IAM_ENDPOINT": "https://iam.test"}
STS = {
    "HUAWEICLOUD_OIDC_PROVIDER_URN": "iam::a:oidcProvider:github",
    "HUAWEICLOUD_OIDC_AGENCY_URN": "iam::a:agency:gate",
    "HUAWEICLOUD_SDK_STS_ENDPOINT": "https://sts.test",
}
GITHUB = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://run.actions.test//idtoken/a%20b/c?api-version=2.0",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": f"{CANARY}-bearer",
}


@pytest.fixture
def find(make_provider):
    def find(environ: dict[str, str], **provider: str | None) -> Credential:
        return find_credential(make_provider(project_id="p", **provider), environ=environ)

    return find


@pytest.fixture
def token_file(tmp_path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{CANARY}-one\n")
    return path


def ask(credential: Credential, identity: Identity) -> dict[str, str]:
    return dict(credential.headers(REQUEST, client=identity.client))


def fail(credential: Credential, identity: Identity) -> CredentialError:
    with pytest.raises(CredentialError) as raised:
        ask(credential, identity)
    assert CANARY not in repr(raised.value)
    return raised.value


# --- The exchange ------------------------------------------------------------------------------------------------


def test_an_id_token_is_exchanged_for_a_temporary_key_that_signs(find, token_file) -> None:
    identity = Identity(issue("unscoped"), issue_key("one"))
    headers = ask(find({**IAM, "HUAWEICLOUD_SDK_ID_TOKEN_FILE": str(token_file)}), identity)
    first, second = identity.requests
    assert (first.method, str(first.url)) == ("POST", "https://iam.test/v3.0/OS-AUTH/id-token/tokens")
    assert first.headers["X-Idp-Id"] == "github"
    assert json.loads(first.content) == {"auth": {"id_token": {"id": f"{CANARY}-one"}}}
    assert str(second.url) == "https://iam.test/v3.0/OS-CREDENTIAL/securitytokens"
    assert json.loads(second.content)["auth"]["identity"]["token"] == {"id": "unscoped", "duration_seconds": 21600}
    authorization = headers.pop("Authorization")
    assert (headers["X-Security-Token"], headers["X-Project-Id"]) == ("token-one", "p")
    signed = sign_request(
        "KEY-one", "secret-one", method="GET", target=REQUEST.target, headers=headers | {"Host": "api.test"}
    )
    assert parse_authorization(authorization) == signed


def test_a_trust_agency_gets_its_key_from_sts(find, token_file) -> None:
    identity = Identity(issue_sts_key("one"))
    credential = find({**STS, "HUAWEICLOUD_OIDC_TOKEN_FILE": str(token_file)})
    assert ask(credential, identity)["X-Security-Token"] == "token-one"
    (request,) = identity.requests
    assert str(request.url) == "https://sts.test/v5/agencies/assume-with-oidc"
    assert json.loads(request.content) == {
        "provider_urn": "iam::a:oidcProvider:github",
        "agency_urn": "iam::a:agency:gate",
        "agency_session_name": "reconcile",
        "id_token": f"{CANARY}-one",
        "duration_seconds": 3600,
    }


def test_everything_that_is_read_or_issued_on_the_way_is_hidden(find, token_file) -> None:
    credential = find({**IAM, "HUAWEICLOUD_SDK_ID_TOKEN_FILE": str(token_file)})
    redact = Redactor(credential.secrets)
    ask(credential, Identity(issue("unscoped-token"), issue_key("one")))
    secrets = (f"{CANARY}-one", "unscoped-token", "secret-one", "token-one")
    assert redact(" ".join(secrets)) == " ".join(["[redacted]"] * 4)
    assert not any(secret in f"{credential} {credential!r}" for secret in secrets)


def test_the_key_is_fetched_once_and_renewed_once_with_the_token_that_is_in_the_file_then(find, token_file) -> None:
    credential = find({**IAM, "HUAWEICLOUD_SDK_ID_TOKEN_FILE": str(token_file)})
    identity = Identity(issue("u1"), issue_key("one"), issue("u2"), issue_key("two"))
    first = ask(credential, identity)
    assert ask(credential, identity)["X-Security-Token"] == "token-one"
    assert len(identity.requests) == 2
    token_file.write_text(f"{CANARY}-two")
    assert [credential.renew(first) for _ in range(3)] == [True] * 3
    second = ask(credential, identity)
    assert json.loads(identity.requests[2].content)["auth"]["id_token"]["id"] == f"{CANARY}-two"
    assert (second["X-Security-Token"], credential.renew(first), credential.renew(second)) == ("token-two", True, False)
    assert len(identity.requests) == 4


# --- Whose id token ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environ",
    [
        {**STS, "HUAWEICLOUD_OIDC_ID_TOKEN": CANARY},
        {"HW_ASSUME_ROLE_IDP_ID": "gitlab", "HW_ASSUME_ROLE_ID_TOKEN": CANARY, "HW_AUTH_URL": "https://iam.test"},
        {"RECONCILE_OIDC_IDP_ID": "gitlab", "RECONCILE_OIDC_ID_TOKEN": CANARY},
        {"RECONCILE_OIDC_IDP_ID_OTC": "gitlab", "RECONCILE_OIDC_ID_TOKEN_OTC": CANARY},
    ],
    ids=lambda environ: next(iter(environ)),
)
def test_an_id_token_may_be_in_a_variable_as_gitlab_puts_it(find, environ) -> None:
    environ = {**environ, "HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "SK", "OS_CLOUD": "c"}
    credential = find(environ)
    assert str(credential).startswith(f"id token from {next(iter(environ))} and ")
    identity = (
        Identity(issue_sts_key("one")) if "PROVIDER_URN" in str(credential) else Identity(issue("u"), issue_key("one"))
    )
    assert ask(credential, identity)["X-Security-Token"] == "token-one"
    assert CANARY in identity.requests[0].content.decode()


@pytest.mark.parametrize(
    ("audience", "query"),
    [
        ({}, "api-version=2.0"),
        ({"RECONCILE_OIDC_AUDIENCE": "https://a b"}, "api-version=2.0&audience=https%3A%2F%2Fa%20b"),
        ({"RECONCILE_OIDC_AUDIENCE": "x", "RECONCILE_OIDC_AUDIENCE_OTC": "y"}, "api-version=2.0&audience=y"),
    ],
)
def test_github_is_asked_for_its_own_token(find, audience, query: str) -> None:
    identity = Identity(httpx.Response(200, json={"value": f"{CANARY}-jwt"}), issue("u"), issue_key("one"))
    credential = find({**IAM, **GITHUB, **audience})
    assert str(credential).startswith("id token from HUAWEICLOUD_SDK_IDP_ID and GitHub Actions")
    assert ask(credential, identity)["X-Security-Token"] == "token-one"
    first, second, _ = identity.requests
    assert (first.method, first.url.host) == ("GET", "run.actions.test")
    assert first.url.raw_path.decode() == f"//idtoken/a%20b/c?{query}"
    assert first.headers["Authorization"] == f"Bearer {CANARY}-bearer"
    assert f"{CANARY}-jwt" in second.content.decode()
    assert "authorization" not in second.headers
    assert CANARY not in f"{credential} {credential!r}"
    assert Redactor(credential.secrets)(f"{CANARY}-jwt {CANARY}-bearer") == "[redacted] [redacted]"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": f"http://run.test/?x={CANARY}"}, "plain http"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": f"https://u:{CANARY}@run.test/?x"}, "userinfo"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": "https://169.254.169.254/?x"}, "metadata"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": ""}, "is empty"),
        ({"ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}, "ACTIONS_ID_TOKEN_REQUEST_TOKEN for provider 'otc' is empty"),
    ],
)
def test_a_doubtful_address_gets_no_request_token(find, variables, says: str) -> None:
    with pytest.raises(AccessError, match=says) as raised:
        find({**IAM, **GITHUB, **variables})
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        (IAM, "HUAWEICLOUD_SDK_IDP_ID is set for provider 'otc', but HUAWEICLOUD_SDK_ID_TOKEN_FILE is not"),
        ({"HUAWEICLOUD_OIDC_AGENCY_URN": "x"}, "but HUAWEICLOUD_OIDC_PROVIDER_URN is not"),
        ({**STS, "HUAWEICLOUD_OIDC_ID_TOKEN": ""}, "HUAWEICLOUD_OIDC_ID_TOKEN for provider 'otc' is empty"),
        (
            {**IAM, "HUAWEICLOUD_SDK_ID_TOKEN_FILE": "/nowhere"},
            "HUAWEICLOUD_SDK_ID_TOKEN_FILE: there is no file /nowhere",
        ),
        ({**IAM, "HUAWEICLOUD_SDK_ID_TOKEN_FILE": "/dev/zero"}, "/dev/zero is not a regular file"),
        ({**STS, "HUAWEICLOUD_OIDC_ID_TOKEN": "x", "HUAWEICLOUD_OIDC_DURATION_SECONDS": "1h"}, "DURATION_SECONDS for"),
    ],
)
def test_what_is_missing_or_malformed_is_named_before_any_request(find, environ, says: str) -> None:
    with pytest.raises(AccessError) as raised:
        find(environ)
    assert says in raised.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("cloud", "region", "url"),
    [("huaweicloud", "cn-north-4", "https://sts.cn-north-4.myhuaweicloud.com"), ("otc", "eu-de", None)],
)
def test_the_token_goes_to_a_known_service_or_to_the_operators_own(find, cloud, region, url) -> None:
    environ = {**STS, "HUAWEICLOUD_OIDC_ID_TOKEN": CANARY}
    del environ["HUAWEICLOUD_SDK_STS_ENDPOINT"]
    if url is not None:
        assert str(find(environ, cloud=cloud, region=region)).endswith(f"for a temporary access key of {url}")
        return
    with pytest.raises(AccessError, match="no security token service is known for provider 'otc'") as raised:
        find(environ, cloud=cloud, region=region)
    assert raised.value.diagnostics[0].code is Code.NO_ENDPOINT


# --- Answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "code", "retryable", "says"),
    [
        (
            [refusal(401, f"{CANARY}-one")],
            Code.UNAUTHENTICATED,
            None,
            "the id token was rejected (HUAWEICLOUD_SDK_IDP_ID and",
        ),
        ([refusal(503)], Code.SERVER_ERROR, Retryable.TRANSIENT, "the server failed"),
        ([httpx.ConnectError("refused")], Code.NOT_CONNECTED, Retryable.TRANSIENT, "refused"),
        ([httpx.Response(201, json={})], Code.MALFORMED_FIELD, None, "is not a token (length 0)"),
        ([issue("u"), refusal(403)], Code.FORBIDDEN, None, "HTTP 403"),
        (
            [issue("u"), httpx.Response(201, json={"credential": []})],
            Code.MALFORMED_FIELD,
            None,
            "no access key in its",
        ),
        (
            [issue("u"), httpx.Response(201, json={"credential": {"access": "AK", "secret": f"{CANARY} x"}})],
            Code.MALFORMED_FIELD,
            None,
            "no secret key in its 'secret'",
        ),
        ([httpx.Response(302, headers={"Location": "https://evil.test"})], Code.REDIRECT, None, "redirect"),
    ],
)
def test_an_answer_that_grants_nothing_is_an_error(find, token_file, answers, code, retryable, says: str) -> None:
    credential, identity = find({**IAM, "HUAWEICLOUD_SDK_ID_TOKEN_FILE": str(token_file)}), Identity(*answers)
    error = fail(credential, identity)
    assert (error.problem.code, error.retryable) == (code, retryable)
    assert says in error.problem.message
    asked = len(identity.requests)
    fail(credential, identity)
    assert (len(identity.requests) == asked) == (retryable is None)


@pytest.mark.parametrize("content", [b"", b"\n", b"a b", b"\xff", f"{CANARY} x".encode()])
def test_a_file_without_a_token_is_an_error_that_shows_nothing_of_it_A17(find, token_file, content: bytes) -> None:
    token_file.write_bytes(content)
    with pytest.raises(AccessError) as raised:
        find({**IAM, "HUAWEICLOUD_SDK_ID_TOKEN_FILE": str(token_file)})
    assert CANARY not in repr(raised.value)


def test_a_file_that_is_gone_when_the_key_is_renewed_is_an_error(find, token_file) -> None:
    credential = find({**IAM, "HUAWEICLOUD_SDK_ID_TOKEN_FILE": str(token_file)})
    token_file.unlink()
    error = fail(credential, Identity(issue("u")))
    assert "HUAWEICLOUD_SDK_ID_TOKEN_FILE: " in error.problem.message


# --- Where secrets go --------------------------------------------------------------------------------------------


def test_each_secret_goes_where_it_belongs_and_into_no_file_A25(serve, plan, tmp_path) -> None:
    seen: dict[str, str] = {}

    def answer_as(name: str):
        def answer(request):
            seen[name] = seen.get(name, "") + f"{request.headers} {request.body!r}"
            if request.path.startswith("/github"):
                return 200, {}, {"value": "secret-jwt"}
            if request.path.endswith("/id-token/tokens"):
                return 201, {"X-Subject-Token": "secret-unscoped"}, {}
            if request.path.endswith("/securitytokens"):
                named = "agency" if b"assume_role" in request.body else "federated"
                return 201, {}, json.loads(issue_key(named).content)
            return 200, {}, {"job_id": request.path.rpartition("/")[2], "status": "success"}

        return answer

    with serve(answer_as("github")) as github, serve(answer_as("iam")) as iam, serve(answer_as("api")) as api:
        environ = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{github}/github?v=2",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-bearer",
            "HW_ASSUME_ROLE_IDP_ID": "i",
            "HW_ASSUME_ROLE_AGENCY_NAME": "gate",
            "HW_ASSUME_ROLE_DOMAIN_NAME": "account",
            "HW_AUTH_URL": iam,
        }
        outcome = plan({"otc": ["a", "b"]}, {"otc": api}, environ, "-v", "--record", "tape", "--out", "saved.json")
    assert outcome.code == 0
    secrets = ("secret-bearer", "secret-jwt", "secret-unscoped", "secret-federated", "token-federated", "token-agency")
    assert {host: [secret for secret in secrets if secret in text] for host, text in seen.items()} == {
        "github": ["secret-bearer"],
        "iam": ["secret-jwt", "secret-unscoped", "token-federated"],
        "api": ["token-agency"],
    }
    written = outcome.written + "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert not [secret for secret in (*secrets, "secret-agency") if secret in written]
