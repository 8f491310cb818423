"""
How the libraries of others get each kind of credential is how we do: all run against one fake identity service.

Their requests and ours are compared one by one, and then what authenticates the request for a job.
"""

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
from identity_service import Recorded, Service, issue, issue_key, issue_sts_key, serve_identity
from tabulate import tabulate

from reconcile.apis import load_api
from reconcile.fetch import open_client
from reconcile.fetch.credentials import UnsignedRequest, find_credential
from reconcile.fetch.credentials.selection import Kind
from reconcile.fetch.httpx_transport import open_login_client
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Provider
from reconcile.signature import parse_authorization

REASON = "the libraries of others are not installed: 'make oracle' does that"
ambient = pytest.importorskip("id", reason=REASON)
pytest.importorskip("huaweicloudsdkcore", reason=REASON)
sfsturbo = pytest.importorskip("huaweicloudsdksfsturbo.v1", reason=REASON)
iam = pytest.importorskip("huaweicloudsdkiam.v3", reason=REASON)
sts = pytest.importorskip("huaweicloudsdksts.v1", reason=REASON)
loading = pytest.importorskip("keystoneauth1.loading", reason=REASON)

from huaweicloudsdkcore.auth import credentials, internal  # noqa: E402
from huaweicloudsdkcore.auth import provider as providers  # noqa: E402
from keystoneauth1.session import Session  # noqa: E402

KINDS: Mapping[str, set[Kind]] = {
    "token": {Kind.TOKEN},
    "access key": {Kind.ACCESS_KEY},
    "id token (OIDC)": {Kind.FEDERATED, Kind.STS},
    "profile file": {Kind.CLI_PROFILE, Kind.SDK_PROFILE},
    "password": {Kind.PASSWORD},
    "application credential": {Kind.APPLICATION_CREDENTIAL},
    "agency (assume role)": set(),
    "metadata service": {Kind.METADATA},
}
"""The kinds of credentials. An agency is assumed with any other; a cloud of clouds.yaml holds one of the others."""
SDK, KEYSTONE = "huaweicloudsdkcore", "keystoneauth1"
PROJECT = "0123456789abcdef0123456789abcdef"
PROVIDER = Provider(
    name="otc",
    api=load_api("sfs-turbo"),
    cloud="otc",
    region="eu-de",
    project_id=PROJECT,
    source=Source(file="reconcile.yaml", line=1, column=1),
)
ID_TOKEN = f"e30.{base64.b64encode(json.dumps({'aud': 'https://a.test'}).encode()).decode().rstrip('=')}.sign"
JOB = UnsignedRequest("GET", "api.test", f"/v1/{PROJECT}/sfs-turbo/jobs/j", {"Content-Type": "application/json"})
TOKEN_PATH = "/meta-data/latest/api/token"
ANSWERS = {
    "/v3.0/OS-AUTH/id-token/tokens": issue("unscoped"),
    "/v3.0/OS-CREDENTIAL/securitytokens": issue_key("iam"),
    "/v5/agencies/assume-with-oidc": issue_sts_key("sts"),
    "/v5/agencies/assume": issue_sts_key("sts"),
    "/v3/auth/tokens": issue("keystone", PROJECT),
    "/id-token": httpx.Response(200, json={"value": ID_TOKEN}),
    TOKEN_PATH: httpx.Response(200, text="metadata-token"),
    "/openstack/latest/securitykey": issue_key("server"),
    JOB.target: httpx.Response(200, json={"job_id": "j", "status": "success"}),
}
COMPARED = ("x-idp-id", "x-auth-token", "x-security-token", "x-metadata-token", "x-metadata-token-ttl-seconds")
AUTHENTICATING = ("x-auth-token", "x-security-token", "x-project-id")
METADATA = "http://169.254.169.254"

Asked: TypeAlias = tuple[Mapping[str, str], list[Recorded]]
"""The headers of a request for a job, and what was requested before it."""


@dataclass(frozen=True)
class Case:
    """A credential: `variables` are ours, `{url}` and `{home}` in them are the service and a folder with `files`."""

    kind: str
    what: str
    oracle: str
    ask: Callable[[Service, Path], Asked]
    variables: Mapping[str, str]
    files: Mapping[str, str]
    answers: Mapping[str, httpx.Response]


CASES: list[Case] = []


def case(kind: str, what: str, oracle: str, variables: Mapping[str, str] | None = None, **options: object):
    """Make a case of a function that asks the oracle, which reads the same variables and the same files."""

    def add(ask: Callable[[Service, Path], Asked]) -> Callable[[Service, Path], Asked]:
        options_of_all = {"files": {}, "answers": {}, **options}
        CASES.append(Case(kind, what, oracle, ask, variables or {}, **options_of_all))  # type: ignore[arg-type]
        return ask

    return add


# --- Asking ----------------------------------------------------------------------------------------------------


def ask_us(service: Service, environ: Mapping[str, str]) -> Asked:
    """Return the headers of a request for a job, and what we asked the service for."""
    before = len(service.requests)
    with _login_client(service) as client:
        headers = find_credential(PROVIDER, environ=environ, metadata=True).headers(JOB, client=client)
    return {name.lower(): value for name, value in headers.items()}, service.requests[before:]


@contextmanager
def _login_client(service: Service) -> Iterator[httpx.Client]:
    with open_client() as client:
        login = open_login_client(client, lambda: client.wait(0.1))

        def redirect(request: httpx.Request) -> httpx.Response:
            """Stand in for the metadata service, which has the same address everywhere."""
            url = str(request.url).replace(METADATA, service.url)
            headers = {name: value for name, value in request.headers.items() if name != "host"}
            return login.send(httpx.Request(request.method, url, headers=headers, content=request.read()))

        yield httpx.Client(transport=httpx.MockTransport(redirect))


def ask_sdk(service: Service, found: object) -> Asked:
    """Let the SDK request a job; return the headers of that, and what it asked the service for before."""
    client = sfsturbo.SFSTurboClient.new_builder().with_credentials(found).with_endpoints([service.url]).build()
    try:
        client.show_job_detail(sfsturbo.ShowJobDetailRequest(job_id="j"))
    finally:
        client.close()
    *asked, job = service.requests
    assert job.path == JOB.target
    return job.headers, asked


def ask_chain(service: Service, home: Path) -> Asked:
    """Let the SDK find its credential in the environment, in files and on the server."""
    return ask_sdk(service, providers.CredentialProviderChain.get_basic().get_credentials())


def ask_with_key(service: Service, access: str, secret: str, token: str) -> Asked:
    """Let the SDK request a job with a temporary access key; what was asked before it was asked for the key."""
    return ask_sdk(service, credentials.BasicCredentials(access, secret, PROJECT).with_security_token(token))


def compare(theirs: Asked, ours: Asked) -> None:
    assert [_essence(request) for request in ours[1]] == [_essence(request) for request in theirs[1]]
    assert _authentication(ours[0]) == _authentication(theirs[0])


def _essence(request: Recorded) -> tuple[object, ...]:
    headers = {name: value for name, value in request.headers.items() if name in COMPARED}
    return request.method, request.path, headers, _signer(request.headers), request.document


def _authentication(headers: Mapping[str, str]) -> tuple[object, ...]:
    return (*(headers.get(name) for name in AUTHENTICATING), _signer(headers))


def _signer(headers: Mapping[str, str]) -> str:
    """Return the access key that signed a request, or a bearer token; a signature is of another time."""
    text = headers.get("authorization", "")
    authorization = parse_authorization(text)
    return authorization.access_key if authorization is not None else text.replace("Bearer ", "bearer ")


# --- The kinds -------------------------------------------------------------------------------------------------


@case("token", "OS_TOKEN", KEYSTONE, {"OS_TOKEN": "t"})
def ask_with_token(service: Service, home: Path) -> Asked:
    auth = loading.get_plugin_loader("admin_token").load_from_options(endpoint=service.url, token="t")
    Session(auth=auth).get(f"{service.url}{JOB.target}")
    return service.requests[0].headers, []


KEY = {"HUAWEICLOUD_SDK_AK": "AK", "HUAWEICLOUD_SDK_SK": "SK", "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT}
case("access key", "permanent", SDK, KEY)(ask_chain)
case("access key", "temporary", SDK, {**KEY, "HUAWEICLOUD_SDK_SECURITY_TOKEN": "temporary"})(ask_chain)

IDP = {"HUAWEICLOUD_SDK_IDP_ID": "github", "HUAWEICLOUD_SDK_IAM_ENDPOINT": "{url}"}
ID_TOKEN_FILE = {"HUAWEICLOUD_SDK_ID_TOKEN_FILE": "{home}/token", "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT}
TRUST = {
    "HUAWEICLOUD_OIDC_PROVIDER_URN": "iam::a:oidcProvider:github",
    "HUAWEICLOUD_OIDC_AGENCY_URN": "iam::a:agency:gate",
    "HUAWEICLOUD_OIDC_SESSION_NAME": "ci",
    "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT,
    "HUAWEICLOUD_SDK_STS_ENDPOINT": "{url}",
}
OIDC = "id token (OIDC)"
case(OIDC, "a file, at IAM", SDK, {**IDP, **ID_TOKEN_FILE}, files={"token": "jwt\n"})(ask_chain)
case(OIDC, "a file, at STS", SDK, {**TRUST, "HUAWEICLOUD_OIDC_TOKEN_FILE": "{home}/token"}, files={"token": "jwt"})(
    ask_chain
)
case(OIDC, "a variable (GitLab), at STS", SDK, {**TRUST, "HUAWEICLOUD_OIDC_ID_TOKEN": "jwt"})(ask_chain)


@case(
    OIDC,
    "of GitHub Actions",
    f"id, {SDK}",
    {
        "RECONCILE_OIDC_IDP_ID": "github",
        "RECONCILE_AUTH_URL": "{url}",
        "RECONCILE_OIDC_AUDIENCE": "https://a.test",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "{url}/id-token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
        "GITHUB_ACTIONS": "true",
    },
)
def ask_github(service: Service, home: Path) -> Asked:
    (home / "jwt").write_text(ambient.detect_credential("https://a.test"))
    found = credentials.BasicCredentials(project_id=PROJECT).with_iam_endpoint(service.url)
    return ask_sdk(service, found.with_idp_id("github").with_id_token_file(str(home / "jwt")))


SECTION = f"[basic]\nproject_id = {PROJECT}\niam_endpoint = {{url}}\n"
SDK_FILE = ".huaweicloud/credentials"
case("profile file", "of the SDK, an access key", SDK, files={SDK_FILE: f"{SECTION}ak = AK\nsk = a%%b\n"})(ask_chain)
case(
    "profile file",
    "of the SDK, an id token",
    SDK,
    {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": "{home}/mine"},
    files={"mine": f"{SECTION}idp_id = i\nid_token_file = {{home}}/token\n", "token": "jwt"},
)(ask_chain)
PROFILE = {"name": "gate", "mode": "AKSK", "accessKeyId": "AK", "secretAccessKey": "SK", "securityToken": "temporary"}


@case(
    "profile file",
    "of the command line (hcloud)",
    SDK,
    {"HW_PROFILE": "gate"},
    files={".hcloud/config.json": json.dumps({"current": "other", "profiles": [PROFILE]})},
)
def ask_with_profile(service: Service, home: Path) -> Asked:
    return ask_with_key(service, "AK", "SK", "temporary")


def add_login(kind: str, auth_type: str, **options: str) -> None:
    def ask_keystone(service: Service, home: Path) -> Asked:
        auth = loading.get_plugin_loader(auth_type).load_from_options(auth_url=f"{service.url}/v3", **options)
        token = auth.get_token(Session())
        return {"x-auth-token": token}, [each for each in service.requests if each.method == "POST"]

    variables = {f"OS_{name.upper()}": value for name, value in options.items()}
    fixed = {"OS_AUTH_TYPE": auth_type, "OS_AUTH_URL": "{url}/v3"}
    case(kind, ", ".join(each for each in options if each != "password"), KEYSTONE, {**variables, **fixed})(
        ask_keystone
    )


SECRET = {"application_credential_secret": "s"}
add_login("password", "v3password", username="u", password="p", user_domain_name="d", project_id=PROJECT)
add_login("password", "v3password", user_id="u", password="p", project_name="n", project_domain_id="d")
for who in (
    {"application_credential_id": "i"},
    {"application_credential_name": "n", "user_id": "u"},
    {"application_credential_name": "n", "username": "u", "user_domain_name": "d"},
):
    add_login("application credential", "v3applicationcredential", **who, **SECRET)


def assume_at_iam(service: Service, found: object, agency: str, account: str) -> object:
    """Assume an agency as the Terraform provider does, with the SDK's client of IAM; return its access key."""
    client = iam.IamClient.new_builder().with_credentials(found).with_endpoints([service.url]).build()
    role = iam.IdentityAssumerole(agency_name=agency, domain_name=account, duration_seconds=43200)
    auth = iam.AgencyAuth(identity=iam.AgencyAuthIdentity(methods=["assume_role"], assume_role=role))
    body = iam.CreateTemporaryAccessKeyByAgencyRequestBody(auth=auth)
    try:
        return client.create_temporary_access_key_by_agency(
            iam.CreateTemporaryAccessKeyByAgencyRequest(body=body)
        ).credential
    finally:
        client.close()


AGENCY = {
    "HW_ACCESS_KEY": "AK",
    "HW_SECRET_KEY": "SK",
    "HW_AUTH_URL": "{url}/v3",
    "HUAWEICLOUD_SDK_STS_ENDPOINT": "{url}",
}
BY_NAME = {"HW_ASSUME_ROLE_AGENCY_NAME": "gate", "HW_ASSUME_ROLE_DOMAIN_NAME": "account"}
CHAIN = {"HW_ASSUME_ROLE_AGENCY_NAME": "one, two", "HW_ASSUME_ROLE_DOMAIN_NAME": "a, b"}
BY_ID = {"HW_ASSUME_ROLE_AGENCY_NAME": "gate", "HW_ASSUME_ROLE_DOMAIN_ID": "d", "HW_ASSUME_ROLE_DURATION": "900"}


@case("agency (assume role)", "at IAM", "huaweicloudsdkiam", {**AGENCY, **BY_NAME})
def ask_agency(service: Service, home: Path) -> Asked:
    key = assume_at_iam(service, credentials.GlobalCredentials("AK", "SK", "d"), "gate", "account")
    return ask_with_key(service, key.access, key.secret, key.securitytoken)


@case("agency (assume role)", "two in a chain", "huaweicloudsdkiam", {**AGENCY, **CHAIN})
def ask_agencies(service: Service, home: Path) -> Asked:
    key = assume_at_iam(service, credentials.GlobalCredentials("AK", "SK", "d"), "one", "a")
    held = credentials.GlobalCredentials(key.access, key.secret, "d").with_security_token(key.securitytoken)
    key = assume_at_iam(service, held, "two", "b")
    return ask_with_key(service, key.access, key.secret, key.securitytoken)


@case("agency (assume role)", "at STS", "huaweicloudsdksts", {**AGENCY, **BY_ID})
def ask_trust_agency(service: Service, home: Path) -> Asked:
    found = credentials.BasicCredentials("AK", "SK", PROJECT)
    client = sts.StsClient.new_builder().with_credentials(found).with_endpoints([service.url]).build()
    body = sts.AssumeAgencyReqBody(agency_urn="iam::d:agency:gate", agency_session_name="gate", duration_seconds=900)
    try:
        key = client.assume_agency(sts.AssumeAgencyRequest(body=body)).credentials
    finally:
        client.close()
    return ask_with_key(service, key.access_key_id, key.secret_access_key, key.security_token)


@case("metadata service", "with a token", SDK)
@case("metadata service", "without one", SDK, answers={TOKEN_PATH: httpx.Response(404)})
def ask_metadata(service: Service, home: Path) -> Asked:
    provider = providers.MetadataCredentialProvider.get_basic()
    provider.project_id = PROJECT
    return ask_sdk(service, provider.get_credentials())


# --- The tests -------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_kind_of_credential_is_requested_as_its_oracle_requests_it(
    subtests, tmp_path, monkeypatch, capsys
) -> None:
    agreed: list[Case] = []
    for number, each in enumerate(CASES):
        home = tmp_path / str(number)
        with subtests.test(each.what, kind=each.kind), monkeypatch.context() as patch:
            compare(*_ask_both(each, home, patch))
            agreed.append(each)
    with capsys.disabled():
        sys.stdout.write(_write_table(agreed))
    assert {each.kind for each in agreed} == KINDS.keys()
    assert set().union(*KINDS.values()) == {*Kind} - {Kind.CLOUD}


def _ask_both(each: Case, home: Path, patch: pytest.MonkeyPatch) -> tuple[Asked, Asked]:
    """Ask the oracle, which reads the environment of this process, and then us."""
    with serve_identity({**ANSWERS, **each.answers}) as service:
        places = {"{url}": service.url, "{home}": str(home)}
        for name, text in {"here": "", **each.files}.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(_fill(text, places))
        environ = {name: _fill(value, places) for name, value in {"HOME": str(home), **each.variables}.items()}
        _replace_environment(patch, environ)
        patch.setattr(internal.MetadataAccessor, "_METADATA_ENDPOINT", service.url)
        credentials.BasicCredentials._CACHE.clear()
        headers, asked = each.ask(service, home)
        theirs = headers, [request for request in asked if request.path != JOB.target]
        ours = ask_us(service, environ)
        return theirs, ours


def _fill(text: str, places: Mapping[str, str]) -> str:
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def _replace_environment(patch: pytest.MonkeyPatch, environ: Mapping[str, str]) -> None:
    for name in set(os.environ) - {"PATH"}:
        patch.delenv(name)
    for name, value in environ.items():
        patch.setenv(name, value)


def _write_table(agreed: Sequence[Case]) -> str:
    rows = [(each.kind, each.what, each.oracle) for each in agreed]
    kinds = {each.kind for each in agreed}
    title = f"{len(kinds)} of {len(KINDS)} kinds, {len(agreed)} of {len(CASES)} logins as their oracles"
    return f"\n\n{tabulate(rows, headers=['kind', 'what', 'compared with'])}\n\n{title}\n"


def test_the_sdk_has_no_kind_that_is_not_compared() -> None:
    """The identity of a pod is not spoken: its address is link-local, and a pod has an id token in a file."""
    chain = providers.CredentialProviderChain.get_basic()
    assert [type(each).__name__.removesuffix("CredentialProvider") for each in chain._providers] == [
        "OidcSts",
        "Env",
        "Profile",
        "MetadataBasic",
        "PodIdentity",
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_first_that_is_set_is_that_of_the_sdk(tmp_path, monkeypatch) -> None:
    """Of all that the SDK finds by itself, the first is taken away again and again."""
    ranks: list[Mapping[str, str]] = [
        {**TRUST, "HUAWEICLOUD_OIDC_ID_TOKEN": "jwt"},
        {**IDP, **ID_TOKEN_FILE},
        KEY,
        {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": "{home}/mine"},
        {},
    ]
    files = {"token": "jwt", "mine": f"{SECTION}ak = FILE\nsk = SK\n"}
    signers = []
    for number in range(len(ranks)):
        variables = {name: value for rank in reversed(ranks[number:]) for name, value in rank.items()}
        left = Case("", "", "", ask_metadata if number == len(ranks) - 1 else ask_chain, variables, files, {})
        with monkeypatch.context() as patch:
            theirs, ours = _ask_both(left, tmp_path / str(number), patch)
        compare(theirs, ours)
        signers.append(_signer(ours[0]))
    assert signers == ["KEY-sts", "KEY-iam", "AK", "FILE", "KEY-server"]
