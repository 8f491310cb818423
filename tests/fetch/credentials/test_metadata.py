"""The key of a server's agency, from its metadata service; only where the operator says so."""

import httpx
import pytest
from identity_service import Identity, issue_key, refusal

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials import Credential, CredentialError, UnsignedRequest, find_credential
from reconcile.fetch.redaction import Redactor

REQUEST = UnsignedRequest(method="GET", authority="api.test", target="/v1/p/jobs/j", headers={})
SESSION = httpx.Response(200, text="session-token\n")


@pytest.fixture
def find(make_provider):
    def find(*, metadata: bool = True, **environ: str) -> Credential:
        return find_credential(make_provider(project_id="p"), environ=environ, metadata=metadata)

    return find


def ask(credential: Credential, identity: Identity) -> dict[str, str]:
    return dict(credential.headers(REQUEST, client=identity.client))


def test_the_service_is_asked_only_if_the_operator_says_so_and_nothing_else_is_set_A07(find) -> None:
    with pytest.raises(AccessError, match="no credentials for provider 'otc'"):
        find(metadata=False)
    assert str(find()) == "temporary access key from the metadata service of this server"
    assert str(find(OS_TOKEN="t")) == "token from OS_TOKEN"


def test_a_session_is_opened_and_the_key_asked_for_in_it(find) -> None:
    credential, identity = find(), Identity(SESSION, issue_key("ecs"))
    headers = ask(credential, identity)
    assert (headers["X-Security-Token"], headers["X-Project-Id"]) == ("token-ecs", "p")
    first, second = identity.requests
    assert (first.method, str(first.url)) == ("PUT", "http://169.254.169.254/meta-data/latest/api/token")
    assert first.headers["X-Metadata-Token-Ttl-Seconds"] == "21600"
    assert (second.method, str(second.url)) == ("GET", "http://169.254.169.254/openstack/latest/securitykey")
    assert second.headers["X-Metadata-Token"] == "session-token"
    secrets = "session-token secret-ecs token-ecs"
    assert Redactor(credential.secrets)(secrets) == "[redacted] [redacted] [redacted]"


@pytest.mark.parametrize("status_code", [404, 405, 503])
def test_a_service_without_sessions_is_asked_without_one(find, status_code: int) -> None:
    identity = Identity(httpx.Response(status_code), issue_key("ecs"))
    assert ask(find(), identity)["X-Security-Token"] == "token-ecs"
    assert "X-Metadata-Token" not in identity.requests[1].headers


@pytest.mark.parametrize(
    ("answers", "code", "says"),
    [
        ([refusal(403)], Code.FORBIDDEN, "HTTP 403"),
        ([httpx.Response(200, text="a b")], Code.MALFORMED_FIELD, "no session token (length 3)"),
        ([SESSION, refusal(401, "Please configure Cloud Service Agency first")], Code.UNAUTHENTICATED, "Cloud Service"),
        ([SESSION, refusal(404)], Code.NOT_FROM_THE_API, "no identity service"),
        ([httpx.Response(302, headers={"Location": "https://evil.test"})], Code.REDIRECT, "redirect"),
        ([httpx.ConnectError("no route")], Code.NOT_CONNECTED, "http://169.254.169.254: no route"),
    ],
)
def test_a_service_that_gives_no_key_is_an_error(find, answers, code: Code, says: str) -> None:
    with pytest.raises(CredentialError) as raised:
        ask(find(), Identity(*answers))
    assert (raised.value.problem.code, says in raised.value.problem.message) == (code, True), raised.value


def test_the_key_is_renewed_once(find) -> None:
    credential = find()
    identity = Identity(SESSION, issue_key("one"), SESSION, issue_key("two"))
    first = ask(credential, identity)
    assert credential.renew(first)
    assert ask(credential, identity)["X-Security-Token"] == "token-two"
    assert credential.renew(first)
    assert not credential.renew(ask(credential, identity))


def test_the_servers_agency_may_assume_another_one(find) -> None:
    agency = {"HW_ASSUME_ROLE_AGENCY_NAME": "gate", "HW_ASSUME_ROLE_DOMAIN_NAME": "account"}
    identity = Identity(SESSION, issue_key("ecs"), issue_key("agency"))
    assert ask(find(**agency), identity)["X-Security-Token"] == "token-agency"
    assert identity.requests[2].url.host == "iam.eu-de.otc.t-systems.com"
