"""The files in which the clouds' command line and the SDK keep access keys."""

import json
from pathlib import Path

import pytest
from identity_service import Identity, issue_key

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials import Credential, UnsignedRequest, find_credential
from reconcile.model.diagnostic import Diagnostic

CANARY = "canary-7f3a9c51"
REQUEST = UnsignedRequest(method="GET", authority="api.test", target="/v1/p/jobs/j", headers={})
KEY = {"accessKeyId": "AK", "secretAccessKey": CANARY}
PROFILES = [
    {"name": "default", "mode": "AKSK", **KEY, "securityToken": "", "region": "x", "projectId": ""},
    {"name": "temporary", "mode": "AKSK", **KEY, "securityToken": f"{CANARY}-token"},
    {"name": "sso", "mode": "SSO", "accessKeyId": "x", "ssoAuth": {"stsToken": {**KEY, "securityToken": "t"}}},
    {"name": "other", "mode": "AKSK", **KEY, "projectId": "p2"},
    {"name": "agency", "mode": "agency", **KEY, "agencyName": "gate", "agencyDomainName": "account"},
    {"name": "empty", "mode": "AKSK", "accessKeyId": "", "secretAccessKey": ""},
    {"name": "server", "mode": "ecsAgency", "accessKeyId": "", "secretAccessKey": ""},
    {"name": "half", "mode": "AKSK", "accessKeyId": "AK"},
    {"name": "number", "mode": "AKSK", "accessKeyId": 1, "secretAccessKey": CANARY},
]


@pytest.fixture
def home(tmp_path) -> Path:
    for folder, name in ((".hcloud", "config.json"), (".huaweicloud", "credentials")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).touch()
    (tmp_path / ".hcloud" / "config.json").write_text(json.dumps({"current": "default", "profiles": PROFILES}))
    return tmp_path


@pytest.fixture
def find(home, make_provider):
    def find(**environ: str) -> Credential:
        return find_credential(make_provider(project_id="p"), environ={"HOME": str(home), **environ})

    return find


@pytest.fixture
def fault_of(find):
    def fault_of(**environ: str) -> Diagnostic:
        with pytest.raises(AccessError) as raised:
            find(**environ)
        assert CANARY not in repr(raised.value)
        return raised.value.diagnostics[0]

    return fault_of


# --- The command line's ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("default", "access key from profile 'default' in "),
        ("temporary", "temporary access key from profile 'temporary' in "),
        ("sso", "temporary access key from profile 'sso' in "),
        ("agency", "access key from profile 'agency' in "),
    ],
)
@pytest.mark.parametrize("variable", ["HW_PROFILE", "RECONCILE_PROFILE", "RECONCILE_PROFILE_OTC"])
def test_a_profile_is_read_from_the_users_home(find, home, variable: str, profile: str, said: str) -> None:
    credential = find(**{variable: profile, "HW_ACCESS_KEY": "left", "HW_SECRET_KEY": "over"})
    assert str(credential).startswith(f"{said}{home}/.hcloud/config.json")
    assert CANARY not in f"{credential} {credential!r}"


def test_a_variable_may_name_the_file_and_then_the_current_profile_counts(find, home) -> None:
    (home / "mine.json").write_text(json.dumps({"current": "temporary", "profiles": PROFILES}))
    for path in ("~/mine.json", str(home / "mine.json")):
        assert (
            str(find(HW_SHARED_CONFIG_FILE=path))
            == f"temporary access key from profile 'temporary' in {home}/mine.json"
        )


def test_without_a_variable_the_command_lines_file_is_not_read(fault_of) -> None:
    assert "no credentials for provider 'otc'" in fault_of(HOME="/nowhere").message


@pytest.mark.parametrize(
    ("environ", "agency"),
    [
        ({"HW_PROFILE": "agency", "HW_ASSUME_ROLE_AGENCY_NAME": "x", "HW_ASSUME_ROLE_DOMAIN_NAME": "y"}, "gate"),
        ({"HW_PROFILE": "default", "HW_ASSUME_ROLE_AGENCY_NAME": "x", "HW_ASSUME_ROLE_DOMAIN_NAME": "y"}, "x"),
    ],
)
def test_an_agency_of_the_profile_is_assumed_or_else_that_of_the_variables(find, environ, agency: str) -> None:
    identity = Identity(issue_key("one"))
    credential = find(**environ, HW_AUTH_URL="https://iam.test")
    assert credential.headers(REQUEST, client=identity.client)["X-Security-Token"] == "token-one"
    (request,) = identity.requests
    assert request.url.host == "iam.test"
    assert json.loads(request.content)["auth"]["identity"]["assume_role"]["agency_name"] == agency


@pytest.mark.parametrize(
    ("environ", "code", "says"),
    [
        ({"HW_PROFILE": "nobody"}, Code.NO_CREDENTIALS, "has no profile 'nobody' for provider 'otc'"),
        ({"HW_PROFILE": ""}, Code.MALFORMED_CREDENTIAL, "HW_PROFILE for provider 'otc' is empty"),
        ({"HW_PROFILE": "empty"}, Code.NO_CREDENTIALS, "profile 'empty' in "),
        ({"HW_PROFILE": "half"}, Code.NO_CREDENTIALS, "but 'secretAccessKey' of profile 'half'"),
        ({"HW_PROFILE": "number"}, Code.MALFORMED_CREDENTIAL, "its 'accessKeyId' is read as int"),
        ({"HW_PROFILE": "other"}, Code.OTHER_PROJECT, "but 'projectId' of profile 'other'"),
        ({"HW_SHARED_CONFIG_FILE": "/nowhere"}, Code.NO_SUCH_FILE, "/nowhere"),
        ({"HW_SHARED_CONFIG_FILE": "/dev/zero"}, Code.UNREADABLE, "/dev/zero"),
    ],
)
def test_a_profile_that_cannot_be_used_is_an_error(fault_of, environ, code, says: str) -> None:
    fault = fault_of(**environ)
    assert (fault.code, says in fault.message) == (code, True), fault


def test_a_profile_for_the_agency_of_the_server_leads_to_the_option_that_asks_for_it(fault_of) -> None:
    fault = fault_of(HW_PROFILE="server", HW_SHARED_CONFIG_FILE="~/.hcloud/config.json")
    assert (fault.code, "its mode ecsAgency takes" in fault.message) == (Code.NO_CREDENTIALS, True)
    assert fault.hint == (
        "on that server, unset HW_PROFILE and HW_SHARED_CONFIG_FILE and run with --metadata-credentials"
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", f'{{"profiles": "{CANARY}"}}', f'{{"{CANARY}'])
def test_nothing_of_a_file_of_another_shape_is_shown_A23(fault_of, home, text: str) -> None:
    (home / ".hcloud" / "config.json").write_text(text)
    fault_of(HW_PROFILE="default")


# --- The SDK's ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"[basic]\nak = AK\nsk = {CANARY}\n", "access key from section 'basic' of "),
        (f"[basic]\nak = AK\nsk = {CANARY}\nsecurity_token = t\nproject_id = p\n", "temporary access key from"),
        ("[global]\nak = x\nsk = y\n[basic]\nAK = AK\nsk = a%%b\n", "access key from section 'basic' of "),
    ],
)
def test_the_file_of_the_sdk_is_read_where_nothing_else_is_set(find, home, text: str, said: str) -> None:
    (home / ".huaweicloud" / "credentials").write_text(text)
    assert str(find()).startswith(said)
    (home / "elsewhere").write_text(text)
    named = find(HOME="/nowhere", HUAWEICLOUD_SDK_CREDENTIALS_FILE=str(home / "elsewhere"), OS_TOKEN_X="t")
    assert str(named) == str(find()).replace(str(home / ".huaweicloud" / "credentials"), str(home / "elsewhere"))
    assert str(find(HW_ACCESS_KEY="AK", HW_SECRET_KEY="SK")).startswith("access key from HW_ACCESS_KEY")


def test_an_id_token_may_stand_in_the_file_of_the_sdk(find, home) -> None:
    (home / "jwt").write_text(CANARY)
    text = f"[basic]\nidp_id = i\nid_token_file = {home}/jwt\niam_endpoint = https://iam.test\n"
    (home / ".huaweicloud" / "credentials").write_text(text)
    assert str(find()).endswith("for a temporary access key of https://iam.test")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.NO_CREDENTIALS),
        ("[global]\nak = AK\n", Code.NO_CREDENTIALS),
        (f"{CANARY}\n", Code.SYNTAX),
        (f"[basic]\nsk = %({CANARY})s\n", Code.SYNTAX),
        (f"[basic]\nak = {CANARY}\nak = x\n", Code.SYNTAX),
        ("[basic]\nak = AK\n", Code.NO_CREDENTIALS),
    ],
)
def test_a_file_of_the_sdk_that_cannot_be_used_is_an_error_without_its_text(fault_of, home, text, code) -> None:
    (home / ".huaweicloud" / "credentials").write_text(text)
    assert fault_of().code is code


@pytest.mark.parametrize("variable", ["HOME", "HW_SHARED_CONFIG_FILE", "HUAWEICLOUD_SDK_CREDENTIALS_FILE"])
def test_a_checkout_is_nobodys_home_A01(make_provider, tmp_path, monkeypatch, variable: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".huaweicloud").mkdir()
    (tmp_path / ".huaweicloud" / "credentials").write_text("[basic]\nak = AK\nsk = SK\n")
    with pytest.raises(AccessError):
        find_credential(make_provider(), environ={variable: ""})
