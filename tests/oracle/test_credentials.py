"""How the official SDK and keystoneauth1 get a credential is how we do: all run against one fake identity service."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from identity_service import Recorded, Service, issue, issue_key, issue_sts_key, serve_identity

from reconcile.apis import load_api
from reconcile.fetch import open_client
from reconcile.fetch.credentials import UnsignedRequest, find_credential
from reconcile.fetch.httpx_transport import open_login_client
from reconcile.model import Provider, Source
from reconcile.signature import parse_authorization

REASON = "the official SDK is not installed: 'make oracle' does that"
pytest.importorskip("huaweicloudsdkcore", reason=REASON)
sfsturbo = pytest.importorskip("huaweicloudsdksfsturbo.v1", reason=REASON)
loading = pytest.importorskip("keystoneauth1.loading", reason=REASON)

from huaweicloudsdkcore.auth import provider as providers  # noqa: E402
from keystoneauth1.session import Session  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PROJECT = "0123456789abcdef0123456789abcdef"
PROVIDER = Provider(
    name="otc",
    api=load_api("sfs-turbo"),
    cloud="otc",
    region="eu-de",
    project_id=PROJECT,
    source=Source(file="reconcile.yaml", line=1, column=1),
)
JOB = UnsignedRequest("GET", "api.test", f"/v1/{PROJECT}/sfs-turbo/jobs/j", {"Content-Type": "application/json"})
ANSWERS = {
    "/v3.0/OS-AUTH/id-token/tokens": issue("unscoped"),
    "/v3.0/OS-CREDENTIAL/securitytokens": issue_key("iam"),
    "/v5/agencies/assume-with-oidc": issue_sts_key("sts"),
    "/v3/auth/tokens": issue("keystone", PROJECT),
    JOB.target: httpx.Response(200, json={"job_id": "j", "status": "success"}),
}
COMPARED = ("x-idp-id", "x-auth-token")
SDK_ENVIRONMENT = ("HUAWEICLOUD_", "HC_CONTAINER_", "HOME")


@pytest.fixture
def service() -> Iterator[Service]:
    with serve_identity(ANSWERS) as service:
        yield service


@pytest.fixture
def environ(monkeypatch, tmp_path):
    """Set variables for the SDK, which reads the process's own, and return them for us."""
    for name in os.environ:
        if name.startswith(SDK_ENVIRONMENT):
            monkeypatch.delenv(name)

    def environ(**variables: str) -> dict[str, str]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return variables

    return environ


def compare(theirs: list[Recorded], ours: list[Recorded]) -> None:
    assert [_essence(request) for request in ours] == [_essence(request) for request in theirs]


def _essence(request: Recorded) -> tuple[object, ...]:
    headers = {name: value for name, value in request.headers.items() if name in COMPARED}
    return request.method, request.path, headers, request.document


@contextmanager
def _login_client() -> Iterator[httpx.Client]:
    with open_client() as client:
        yield open_login_client(client, lambda: client.wait(0.1))


def ask_us(service: Service, environ: Mapping[str, str]) -> tuple[Mapping[str, str], list[Recorded]]:
    """Return the headers of a request for a job, and what we asked the service for."""
    before = len(service.requests)
    with _login_client() as client:
        headers = find_credential(PROVIDER, environ=environ).headers(JOB, client=client)
    return {name.lower(): value for name, value in headers.items()}, service.requests[before:]


def ask_the_sdk(service: Service, credentials) -> tuple[Mapping[str, str], list[Recorded]]:
    """Let the SDK request a job; return the headers of that, and what it asked the service for before."""
    before = len(service.requests)
    builder = sfsturbo.SFSTurboClient.new_builder().with_credentials(credentials).with_endpoints([service.url])
    client = builder.build()
    try:
        client.show_job_detail(sfsturbo.ShowJobDetailRequest(job_id="j"))
    finally:
        client.close()
    *asked, job = service.requests[before:]
    assert job.path == JOB.target
    return job.headers, asked


def compare_signed(theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    """Compare what authenticates the request for a job, except for the signature, which is of another time."""
    for name in ("x-security-token", "x-project-id"):
        assert ours.get(name) == theirs.get(name)
    mine, other = (parse_authorization(headers["authorization"]) for headers in (ours, theirs))
    assert mine is not None
    assert other is not None
    assert mine.access_key == other.access_key


def test_an_id_token_in_a_file(service, environ, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("jwt\n")
    variables = environ(
        HUAWEICLOUD_SDK_IDP_ID="github",
        HUAWEICLOUD_SDK_ID_TOKEN_FILE=str(tmp_path / "token"),
        HUAWEICLOUD_SDK_PROJECT_ID=PROJECT,
        HUAWEICLOUD_SDK_IAM_ENDPOINT=service.url,
    )
    signed, theirs = ask_the_sdk(service, providers.EnvCredentialProvider.get_basic().get_credentials())
    headers, ours = ask_us(service, variables)
    assert len(ours) == 2
    compare(theirs, ours)
    compare_signed(signed, headers)


def test_an_id_token_for_a_trust_agency(service, environ, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("jwt\n")
    variables = environ(
        HUAWEICLOUD_OIDC_PROVIDER_URN="iam::a:oidcProvider:github",
        HUAWEICLOUD_OIDC_AGENCY_URN="iam::a:agency:gate",
        HUAWEICLOUD_OIDC_TOKEN_FILE=str(tmp_path / "token"),
        HUAWEICLOUD_OIDC_SESSION_NAME="ci",
        HUAWEICLOUD_SDK_PROJECT_ID=PROJECT,
        HUAWEICLOUD_SDK_STS_ENDPOINT=service.url,
    )
    signed, theirs = ask_the_sdk(service, providers.CredentialProviderChain.get_basic().get_credentials())
    headers, ours = ask_us(service, variables)
    assert len(ours) == 1
    compare(theirs, ours)
    compare_signed(signed, headers)


@pytest.mark.parametrize("security_token", [{}, {"HUAWEICLOUD_SDK_SECURITY_TOKEN": "temporary"}], ids=["", "temporary"])
def test_an_access_key(service, environ, security_token) -> None:
    variables = environ(
        HUAWEICLOUD_SDK_AK="AK", HUAWEICLOUD_SDK_SK="SK", HUAWEICLOUD_SDK_PROJECT_ID=PROJECT, **security_token
    )
    signed, theirs = ask_the_sdk(service, providers.CredentialProviderChain.get_basic().get_credentials())
    headers, ours = ask_us(service, variables)
    assert (theirs, ours) == ([], [])
    compare_signed(signed, headers)


@pytest.mark.parametrize(
    ("auth_type", "options"),
    [
        ("v3password", {"username": "u", "password": "p", "user_domain_name": "d", "project_id": PROJECT}),
        ("v3password", {"user_id": "u", "password": "p", "project_name": "n", "project_domain_id": "d"}),
        ("v3applicationcredential", {"application_credential_id": "i", "application_credential_secret": "s"}),
        (
            "v3applicationcredential",
            {"application_credential_name": "n", "application_credential_secret": "s", "user_id": "u"},
        ),
        (
            "v3applicationcredential",
            {"application_credential_name": "n", "application_credential_secret": "s"}
            | {"username": "u", "user_domain_name": "d"},
        ),
    ],
)
def test_keystone_is_asked_as_keystoneauth_asks(service, auth_type: str, options) -> None:
    auth = loading.get_plugin_loader(auth_type).load_from_options(auth_url=f"{service.url}/v3", **options)
    assert auth.get_token(Session()) == "keystone"
    theirs = [request for request in service.requests if request.method == "POST"]
    environ = {f"OS_{name.upper()}": value for name, value in options.items()}
    headers, ours = ask_us(service, {**environ, "OS_AUTH_TYPE": auth_type, "OS_AUTH_URL": f"{service.url}/v3"})
    assert headers == {"x-auth-token": "keystone"}
    compare(theirs, ours)


def test_the_file_of_the_sdk(service, environ, tmp_path: Path) -> None:
    (tmp_path / ".huaweicloud").mkdir()
    text = f"[basic]\nak = AK\nsk = a%%b\nsecurity_token = t\nproject_id = {PROJECT}\niam_endpoint = {service.url}\n"
    (tmp_path / ".huaweicloud" / "credentials").write_text(text)
    variables = environ(HOME=str(tmp_path))
    signed, theirs = ask_the_sdk(service, providers.CredentialProviderChain.get_basic().get_credentials())
    headers, ours = ask_us(service, variables)
    assert (theirs, ours) == ([], [])
    compare_signed(signed, headers)
