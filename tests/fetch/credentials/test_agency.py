"""Agencies of other accounts, assumed with each kind of credential, and one after the other."""

import json

import httpx
import pytest
from identity_service import Identity, issue, issue_key, issue_sts_key, refusal

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials import Credential, CredentialError, UnsignedRequest, find_credential
from reconcile.fetch.redaction import Redactor
from reconcile.signature import parse_authorization, sign_request

REQUEST = UnsignedRequest(method="GET", authority="api.test", target="/v1/p/jobs/j", headers={})
KEY = {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "own-secret", "HW_AUTH_URL": "https://iam.test/v3"}
AGENCY = {"HW_ASSUME_ROLE_AGENCY_NAME": "gate", "HW_ASSUME_ROLE_DOMAIN_NAME": "account"}


@pytest.fixture
def find(make_provider):
    def find(environ: dict[str, str], **provider: str | None) -> Credential:
        return find_credential(make_provider(project_id="p", **provider), environ=environ)

    return find


def ask(credential: Credential, identity: Identity) -> dict[str, str]:
    return dict(credential.headers(REQUEST, client=identity.client))


def signer_of(request: httpx.Request, secret: str) -> str:
    """Return the name of the access key that signed the request, whose signature must be right."""
    authorization = parse_authorization(request.headers["Authorization"])
    assert authorization is not None
    assert authorization == sign_request(
        authorization.access_key,
        secret,
        method=request.method,
        target=request.url.raw_path.decode(),
        headers={name: request.headers[name] for name in authorization.signed_headers},
        body=request.content,
    )
    return authorization.access_key


def test_an_agency_of_a_named_account_is_assumed_at_iam(find) -> None:
    credential, identity = find({**KEY, **AGENCY}), Identity(issue_key("agency"))
    assert str(credential) == "access key from HW_ACCESS_KEY and HW_SECRET_KEY, to assume agency 'gate'"
    headers = ask(credential, identity)
    assert (headers["X-Security-Token"], headers["X-Project-Id"]) == ("token-agency", "p")
    assert "Access=KEY-agency," in headers["Authorization"]
    (request,) = identity.requests
    assert str(request.url) == "https://iam.test/v3.0/OS-CREDENTIAL/securitytokens"
    role = {"agency_name": "gate", "domain_name": "account", "duration_seconds": 43200}
    assert json.loads(request.content) == {"auth": {"identity": {"methods": ["assume_role"], "assume_role": role}}}
    assert signer_of(request, "own-secret") == "AK"
    assert "x-project-id" not in request.headers
    secrets = "own-secret secret-agency token-agency"
    assert Redactor(credential.secrets)(secrets) == "[redacted] [redacted] [redacted]"


def test_an_agency_of_an_account_that_is_named_by_its_id_is_assumed_at_sts(find) -> None:
    environ = {**KEY, **AGENCY, "HW_ASSUME_ROLE_DOMAIN_ID": "abc", "HW_ASSUME_ROLE_DURATION": "900"}
    identity = Identity(issue_sts_key("agency"))
    headers = ask(find(environ, cloud="huaweicloud", region="cn-north-4"), identity)
    assert headers["X-Security-Token"] == "token-agency"
    (request,) = identity.requests
    assert str(request.url) == "https://sts.cn-north-4.myhuaweicloud.com/v5/agencies/assume"
    assert json.loads(request.content) == {
        "agency_urn": "iam::abc:agency:gate",
        "agency_session_name": "gate",
        "duration_seconds": 900,
    }
    assert signer_of(request, "own-secret") == "AK"


def test_several_agencies_are_assumed_one_after_the_other(find) -> None:
    own = {f"RECONCILE_{name}_OTC": value for name, value in {"ACCESS_KEY": "AK", "SECRET_KEY": "own-secret"}.items()}
    chain = {"RECONCILE_AGENCY_NAME_OTC": "one, two", "RECONCILE_AGENCY_DOMAIN_NAME_OTC": "a, b"}
    identity = Identity(issue_key("one"), issue_key("two"))
    assert ask(find({**own, **chain}), identity)["X-Security-Token"] == "token-two"
    first, second = identity.requests
    assert [signer_of(first, "own-secret"), signer_of(second, "secret-one")] == ["AK", "KEY-one"]
    assert second.headers["X-Security-Token"] == "token-one"
    assert json.loads(second.content)["auth"]["identity"]["assume_role"]["domain_name"] == "b"


@pytest.mark.parametrize(
    ("base", "answers"),
    [
        ({"HW_AUTH_TOKEN": "own-token", "HW_AUTH_URL": "https://iam.test"}, []),
        (
            {f"RECONCILE_{name}": "x" for name in ("USERNAME", "PASSWORD", "USER_DOMAIN_NAME")},
            [httpx.Response(201, headers={"X-Subject-Token": "own-token"}, json={"token": {"domain": {}}})],
        ),
    ],
    ids=["token", "password"],
)
def test_a_token_assumes_an_agency_too(find, base, answers) -> None:
    ours = {
        name.replace("HW_ASSUME_ROLE", "RECONCILE_AGENCY").replace("_AGENCY_AGENCY", "_AGENCY"): value
        for name, value in AGENCY.items()
    }
    identity = Identity(*answers, issue_key("agency"))
    credential = find({**base, **(AGENCY if "HW_AUTH_TOKEN" in base else ours)})
    assert ask(credential, identity)["X-Security-Token"] == "token-agency"
    assert identity.requests[-1].headers["X-Auth-Token"] == "own-token"
    if answers:
        assert json.loads(identity.requests[0].content)["auth"]["scope"] == {"domain": {"name": "x"}}
    assert Redactor(credential.secrets)("own-token") == "[redacted]"


@pytest.mark.parametrize(
    ("own", "answers"),
    [
        ({"OS_TOKEN": "own-token"}, []),
        ({"OS_ACCESS_KEY": "AK", "OS_SECRET_KEY": "SK"}, []),
        ({"OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_USER_DOMAIN_NAME": "d"}, [issue("own-token")]),
    ],
    ids=["token", "access-key", "password"],
)
def test_the_variables_of_open_telekom_cloud_name_an_agency_too(find, own, answers) -> None:
    agency = {"OS_AGENCY_NAME": "gate", "OS_AGENCY_DOMAIN_NAME": "account", "OS_AUTH_URL": "https://iam.test/v3"}
    identity = Identity(*answers, issue_key("agency"))
    assert ask(find({**own, **agency}), identity)["X-Security-Token"] == "token-agency"
    assert str(identity.requests[-1].url) == "https://iam.test/v3.0/OS-CREDENTIAL/securitytokens"


def test_an_id_token_may_lead_to_an_agency(find) -> None:
    oidc = {"HW_ASSUME_ROLE_IDP_ID": "github", "HW_ASSUME_ROLE_ID_TOKEN": "jwt-token"}
    identity = Identity(issue("unscoped"), issue_key("federated"), issue_key("agency"))
    credential = find({**oidc, **AGENCY})
    assert ask(credential, identity)["X-Security-Token"] == "token-agency"
    assert signer_of(identity.requests[2], "secret-federated") == "KEY-federated"
    assert "x-project-id" not in identity.requests[2].headers
    secrets = "jwt-token unscoped secret-federated token-federated secret-agency token-agency"
    assert Redactor(credential.secrets)(secrets) == " ".join(["[redacted]"] * 6)


def test_a_chain_that_breaks_names_the_agency(find) -> None:
    with pytest.raises(CredentialError) as raised:
        ask(find({**KEY, **AGENCY}), Identity(refusal(401)))
    assert "the credential for agency 'gate' was rejected (HW_ACCESS_KEY and HW_SECRET_KEY, HW_ASSUME" in str(
        raised.value
    )


@pytest.mark.parametrize(
    ("environ", "code", "says"),
    [
        ({"HW_ASSUME_ROLE_AGENCY_NAME": "a"}, Code.NO_CREDENTIALS, "but HW_ASSUME_ROLE_DOMAIN_NAME is not"),
        ({**AGENCY, "HW_ASSUME_ROLE_DOMAIN_NAME": ""}, Code.MALFORMED_CREDENTIAL, "HW_ASSUME_ROLE_DOMAIN_NAME for"),
        ({**AGENCY, "HW_ASSUME_ROLE_DOMAIN_NAME": "a,b"}, Code.MALFORMED_CREDENTIAL, "names 1 agencies"),
        ({**AGENCY, "HW_ASSUME_ROLE_DURATION": "12h"}, Code.MALFORMED_CREDENTIAL, "number of seconds in HW_ASSUME"),
        ({**AGENCY, "HW_ASSUME_ROLE_DOMAIN_ID": "x"}, Code.NO_ENDPOINT, "no security token service is known"),
    ],
)
def test_half_an_agency_is_an_error_before_any_request(find, environ, code, says: str) -> None:
    with pytest.raises(AccessError) as raised:
        find({**KEY, **environ})
    assert (raised.value.diagnostics[0].code, says in raised.value.diagnostics[0].message) == (code, True)
