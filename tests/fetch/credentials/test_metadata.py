"""The credential of the server itself, which only the operator's flag asks for."""

import httpx
import pytest
from identity_service import Identity, issue_key, refusal

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials import Credential, CredentialError, UnsignedRequest, find_credential
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.retry import Retryable

REQUEST = UnsignedRequest(method="GET", authority="api.test", target="/v1/p/jobs/j", headers={})
TOKEN = httpx.Response(200, text="metadata-token\n")
URL = "http://169.254.169.254/openstack/latest/securitykey"


@pytest.fixture
def find(make_provider):
    def find(environ: dict[str, str] | None = None, *, metadata: bool = True) -> Credential:
        return find_credential(make_provider(project_id="p"), environ=environ or {}, metadata=metadata)

    return find


def ask(credential: Credential, identity: Identity) -> dict[str, str]:
    return dict(credential.headers(REQUEST, client=identity.client))


def answer_key(expires_at: object) -> httpx.Response:
    key = {"access": "AK", "secret": "secret", "securitytoken": "token"}
    return httpx.Response(200, json={"credential": {**key, "expires_at": expires_at}})


def test_a_token_is_asked_for_the_access_key(find) -> None:
    credential, identity = find(), Identity(TOKEN, issue_key("server"))
    assert str(credential) == "temporary access key from the metadata service"
    headers = ask(credential, identity)
    assert (headers["X-Security-Token"], headers["X-Project-Id"]) == ("token-server", "p")
    assert "Access=KEY-server," in headers["Authorization"]
    put, get = identity.requests
    assert (put.method, str(put.url)) == ("PUT", "http://169.254.169.254/meta-data/latest/api/token")
    assert put.headers["X-Metadata-Token-Ttl-Seconds"] == "21600"
    assert (get.method, str(get.url), get.headers["X-Metadata-Token"]) == ("GET", URL, "metadata-token")
    assert Redactor(credential.secrets)("metadata-token secret-server token-server") == " ".join(["[redacted]"] * 3)


@pytest.mark.parametrize("status_code", [404, 405, 503])
def test_a_service_that_knows_no_token_is_asked_without(find, status_code: int) -> None:
    identity = Identity(httpx.Response(status_code), issue_key("server"))
    assert "Access=KEY-server," in ask(find(), identity)["Authorization"]
    assert "x-metadata-token" not in identity.requests[1].headers


def test_the_key_is_fetched_once_and_renewed_once(find) -> None:
    credential, identity = find(), Identity(TOKEN, issue_key("one"), TOKEN, issue_key("two"))
    first = ask(credential, identity)
    assert ask(credential, identity)["X-Security-Token"] == "token-one"
    assert credential.renew(first)
    second = ask(credential, identity)
    assert second["X-Security-Token"] == "token-two"
    assert not credential.renew(second)
    assert len(identity.requests) == 4


def test_the_key_may_assume_an_agency(find) -> None:
    environ = {
        "HW_ASSUME_ROLE_AGENCY_NAME": "gate",
        "HW_ASSUME_ROLE_DOMAIN_NAME": "account",
        "HW_AUTH_URL": "https://iam.test",
    }
    identity = Identity(TOKEN, issue_key("server"), issue_key("agency"))
    assert ask(find(environ), identity)["X-Security-Token"] == "token-agency"
    assert identity.requests[2].headers["X-Security-Token"] == "token-server"
    own = ("RECONCILE_AGENCY_NAME", "RECONCILE_AGENCY_DOMAIN_NAME", "RECONCILE_AUTH_URL")
    for variables in (environ, dict(zip(own, environ.values(), strict=True))):
        assert str(find(variables)) == "temporary access key from the metadata service, to assume agency 'gate'"


@pytest.mark.parametrize(
    "environ",
    [
        {"OS_TOKEN": "t"},
        {"RECONCILE_TOKEN": "t"},
        {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "SK"},
        {
            "OS_APPLICATION_CREDENTIAL_ID": "i",
            "OS_APPLICATION_CREDENTIAL_SECRET": "s",
            "OS_AUTH_URL": "https://iam.test",
        },
    ],
)
def test_whatever_else_is_set_comes_first(find, environ) -> None:
    assert "metadata" not in str(find(environ))


@pytest.mark.parametrize("environ", [{"RECONCILE_SECRET_KEY": "SK"}, {"HW_ACCESS_KEY": "AK"}, {"OS_TOKEN": ""}])
def test_it_does_not_stand_in_for_what_is_half_set(find, environ) -> None:
    with pytest.raises(AccessError):
        find(environ)


def test_without_the_flag_it_is_never_asked(find) -> None:
    with pytest.raises(AccessError, match="no credentials"):
        find(metadata=False)


@pytest.mark.parametrize("variable", ["HW_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID", "RECONCILE_PROJECT_ID"])
def test_a_project_that_the_manifest_does_not_name_is_refused(find, variable: str) -> None:
    with pytest.raises(AccessError) as raised:
        find({variable: "other"})
    assert raised.value.diagnostics[0].code is Code.OTHER_PROJECT
    assert find({variable: "p"})


@pytest.mark.parametrize(
    ("answers", "code", "says", "retryable"),
    [
        ([httpx.ConnectError("no route")], Code.NOT_CONNECTED, "only servers of the cloud (ECS)", "maybe"),
        ([TOKEN, httpx.ReadTimeout("slow")], Code.TIMED_OUT, "only servers of the cloud (ECS)", "maybe"),
        (
            [TOKEN, httpx.Response(401, text="Please configure Cloud Service Agency first")],
            Code.NO_CREDENTIALS,
            "no agency",
            None,
        ),
        ([httpx.Response(404), refusal(404, "secret-path")], Code.NO_CREDENTIALS, "no agency", None),
        ([httpx.Response(403)], Code.NO_CREDENTIALS, "gives this process no credential", None),
        ([httpx.Response(500)], Code.SERVER_ERROR, "HTTP 500 from the metadata service", "maybe"),
        ([httpx.Response(302, headers={"Location": "http://x.test/"})], Code.REDIRECT, "HTTP 302", None),
        ([httpx.Response(200, text="<html> sign in")], Code.MALFORMED_FIELD, "is not a token (length 14)", None),
        ([TOKEN, httpx.Response(200, text="<html>")], Code.NOT_JSON, "securitykey: HTTP 200", None),
        (
            [TOKEN, httpx.Response(200, json={"credential": {"access": "AK"}})],
            Code.MALFORMED_FIELD,
            "no secret key",
            None,
        ),
        ([TOKEN, answer_key(None)], Code.MALFORMED_FIELD, "no time in its 'expires_at'", None),
        ([TOKEN, answer_key("soon")], Code.MALFORMED_FIELD, "no time in its 'expires_at'", None),
        (
            [TOKEN, answer_key("2020-01-02T03:04:05.000000Z")],
            Code.UNAUTHENTICATED,
            "expired at 2020-01-02T03:04:05Z",
            None,
        ),
    ],
)
def test_what_went_wrong_and_what_to_do(find, answers, code: Code, says: str, retryable: str | None) -> None:
    with pytest.raises(CredentialError) as raised:
        ask(find(), Identity(*answers))
    assert raised.value.problem.code is code
    assert says in raised.value.problem.message
    assert "http://169.254.169.254" in raised.value.problem.message
    assert raised.value.retryable is (Retryable.MAYBE_PERMANENT if retryable else None)
