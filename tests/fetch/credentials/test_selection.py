from collections.abc import Mapping
from itertools import chain

import pytest

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials import find_credential, find_unknown_variables
from reconcile.fetch.credentials.variables import SETTINGS, find_credential_files, name_variable
from reconcile.fetch.redaction import Redactor
from reconcile.model.diagnostic import Diagnostic

CANARY = "canary-7f3a9c51"
LOGIN = {"OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_USER_DOMAIN_NAME": "d"}
CLOUDS = "clouds: {c: {auth: {token: in-clouds-yaml}}}"

# Every kind that can be there, in the order in which they are chosen, each with what is said of it.
ORDER = [
    ({"RECONCILE_TOKEN_MY_CLOUD": CANARY}, "token from RECONCILE_TOKEN_MY_CLOUD"),
    ({"RECONCILE_TOKEN": CANARY}, "token from RECONCILE_TOKEN"),
    ({"OS_TOKEN": CANARY}, "token from OS_TOKEN"),
    ({"OS_AUTH_TOKEN": CANARY}, "token from OS_AUTH_TOKEN"),
    ({"HW_AUTH_TOKEN": CANARY}, "token from HW_AUTH_TOKEN"),
    (
        {"HUAWEICLOUD_SDK_AK": "AK", "HUAWEICLOUD_SDK_SK": CANARY, "HUAWEICLOUD_SDK_SECURITY_TOKEN": CANARY},
        "temporary access key from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
    ),
    ({"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": CANARY}, "access key from HW_ACCESS_KEY and HW_SECRET_KEY"),
    ({"OS_ACCESS_KEY": "AK", "OS_SECRET_KEY": CANARY}, "access key from OS_ACCESS_KEY and OS_SECRET_KEY"),
    ({"OS_CLOUD": "c"}, "token from cloud 'c' in clouds.yaml"),
    (
        LOGIN,
        "password from OS_USERNAME and OS_PASSWORD, for a token of https://iam.eu-de.otc.t-systems.com/v3",
    ),
    (
        {"HW_USER_NAME": "u", "HW_USER_PASSWORD": "p", "HW_DOMAIN_NAME": "d"},
        "password from HW_USER_NAME and HW_USER_PASSWORD, for a token of https://iam.eu-de.otc.t-systems.com/v3",
    ),
]


@pytest.fixture
def find(make_provider, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clouds.yaml").write_text(CLOUDS)

    def find(environ: Mapping[str, str], **provider: str):
        return find_credential(make_provider("my-cloud", **provider), environ={"RECONCILE_TOKEN_OTHER": "x", **environ})

    return find


@pytest.fixture
def fault_of(find):
    def fault_of(environ: Mapping[str, str], **provider: str) -> Diagnostic:
        with pytest.raises(AccessError) as raised:
            find(environ, **provider)
        assert CANARY not in repr(raised.value)
        (fault,) = raised.value.diagnostics
        assert fault.hint
        return fault

    return fault_of


@pytest.mark.parametrize("first", range(len(ORDER)), ids=[said.split(",")[0] for _, said in ORDER])
def test_the_first_in_the_order_is_chosen_and_only_its_source_is_said_A21(find, first: int) -> None:
    environ = dict(chain.from_iterable(variables.items() for variables, _ in ORDER[first:]))
    credential = find(environ)
    assert str(credential) == ORDER[first][1]
    assert CANARY not in repr(credential)


def test_with_nothing_the_message_names_what_could_be_there(fault_of) -> None:
    fault = fault_of({"PATH": "/bin"})
    assert fault.code is Code.NO_CREDENTIALS
    for name in ("RECONCILE_TOKEN_MY_CLOUD, RECONCILE_TOKEN or OS_TOKEN", "HW_ACCESS_KEY", "OS_CLOUD", "OS_USERNAME"):
        assert name in (fault.hint or "")


@pytest.mark.parametrize(
    "value",
    ["", " ", f"{CANARY}\n", f"{CANARY}\r\nX-Evil: 1", f"{CANARY} x", f"{CANARY}é", "\0" + CANARY, CANARY * 2000],
    ids=lambda value: repr(value[:20]),
)
@pytest.mark.parametrize(
    ("variable", "beside"),
    [
        ("RECONCILE_TOKEN", {"OS_TOKEN": "good"}),
        ("HW_SECRET_KEY", {"HW_ACCESS_KEY": "AK"}),
        ("HW_ACCESS_KEY", {"HW_SECRET_KEY": "SK"}),
        ("HW_SECURITY_TOKEN", {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "SK"}),
    ],
)
def test_a_malformed_secret_is_an_error_that_never_shows_it_A17(fault_of, variable, beside, value: str) -> None:
    fault = fault_of({**beside, **LOGIN, variable: value})
    assert fault.code is Code.MALFORMED_CREDENTIAL
    problem = {"": "is empty", " ": "is malformed (length 1)", f"{CANARY}\n": "ends with a line break"}
    expected = problem.get(value, f"is malformed (length {len(value)})")
    assert fault.message.endswith(f"{variable} for provider 'my-cloud' {expected}")


@pytest.mark.parametrize("value", ["", f"{CANARY}\n", f"{CANARY}\udc80", CANARY * 100])
def test_a_malformed_password_is_an_error_that_never_shows_it_A17(fault_of, value: str) -> None:
    fault = fault_of({**LOGIN, "OS_PASSWORD": value})
    assert fault.code is Code.MALFORMED_CREDENTIAL
    assert "the password in OS_PASSWORD" in fault.message


@pytest.mark.parametrize("password", ["with space", "pässwörd", "密码密码", "x" * 1024, "%{}\"'\\"])
def test_a_password_may_hold_whatever_fits_in_a_line(find, password: str) -> None:
    assert Redactor(find({**LOGIN, "OS_PASSWORD": password}).secrets)(f"<{password}>") == "<[redacted]>"


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"HUAWEICLOUD_SDK_AK": "AK"}, "HUAWEICLOUD_SDK_SK"),
        ({"HUAWEICLOUD_SDK_SK": CANARY}, "HUAWEICLOUD_SDK_AK"),
        ({"HW_ACCESS_KEY": "AK"}, "HW_SECRET_KEY"),
        ({"OS_SECRET_KEY": CANARY}, "OS_ACCESS_KEY"),
        ({"OS_USERNAME": "u", "OS_USER_DOMAIN_NAME": "d"}, "OS_PASSWORD"),
        ({"OS_PASSWORD": CANARY}, "OS_USERNAME"),
        ({"OS_USERNAME": "u", "OS_PASSWORD": CANARY}, "OS_USER_DOMAIN_NAME"),
    ],
)
def test_half_a_credential_names_the_other_half(fault_of, environ: dict[str, str], missing: str) -> None:
    fault = fault_of(environ)
    assert fault.code is Code.NO_CREDENTIALS
    assert fault.message.endswith(f"is set for provider 'my-cloud', but {missing} is not")


@pytest.mark.parametrize(
    ("variable", "environ"),
    [
        ("OS_PROJECT_ID", {"OS_TOKEN": CANARY}),
        ("HW_PROJECT_ID", {"HW_AUTH_TOKEN": CANARY}),
        ("HUAWEICLOUD_SDK_PROJECT_ID", {"HUAWEICLOUD_SDK_AK": "AK", "HUAWEICLOUD_SDK_SK": CANARY}),
        ("HW_PROJECT_ID", {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": CANARY}),
        ("OS_PROJECT_ID", {"OS_ACCESS_KEY": "AK", "OS_SECRET_KEY": CANARY}),
        ("OS_PROJECT_ID", LOGIN),
    ],
)
def test_a_credential_for_another_project_is_refused_before_any_request(find, fault_of, variable, environ) -> None:
    fault = fault_of({**environ, variable: "p2"}, project_id="p1")
    assert fault.code is Code.OTHER_PROJECT
    assert f"is project p1, but {variable} is p2" in fault.message
    assert find({**environ, variable: "p1"}, project_id="p1")


def test_without_a_known_identity_service_the_operator_must_say_it(fault_of, find) -> None:
    fault = fault_of(LOGIN, cloud=None, region=None)
    assert fault.code is Code.NO_ENDPOINT
    assert "OS_AUTH_URL is not set" in fault.message
    credential = find({**LOGIN, "OS_AUTH_URL": "https://iam.test:443/"}, cloud=None, region=None)
    assert str(credential).endswith("for a token of https://iam.test/v3")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("http://iam.test/v3", "plain http", id="A03"),
        pytest.param(f"https://{CANARY}@iam.test/v3", "userinfo", id="A04"),
        pytest.param("https://169.254.169.254/v3", "metadata", id="A07"),
        pytest.param("https://iam.test/v2.0", "v2.0", id="v2"),
    ],
)
def test_a_password_goes_to_no_doubtful_address(fault_of, url: str, says: str) -> None:
    fault = fault_of({**LOGIN, "OS_AUTH_URL": url})
    assert says in fault.message
    assert "OS_AUTH_URL" in fault.message


# --- One rule for one provider -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"TOKEN": CANARY}, "token from RECONCILE_TOKEN_MY_CLOUD"),
        (
            {"ACCESS_KEY": "AK", "SECRET_KEY": CANARY, "SECURITY_TOKEN": CANARY},
            "temporary access key from RECONCILE_ACCESS_KEY_MY_CLOUD and RECONCILE_SECRET_KEY_MY_CLOUD",
        ),
        ({"OS_CLOUD": "c"}, "token from cloud 'c' in clouds.yaml"),
        (
            {"USERNAME": "u", "PASSWORD": CANARY, "USER_DOMAIN_NAME": "d", "AUTH_URL": "https://iam.test"},
            "password from RECONCILE_USERNAME_MY_CLOUD and RECONCILE_PASSWORD_MY_CLOUD, for a token of "
            "https://iam.test/v3",
        ),
        (
            {"APPLICATION_CREDENTIAL_ID": "i", "APPLICATION_CREDENTIAL_SECRET": CANARY, "PASSWORD": "left"}
            | {"AUTH_TYPE": "v3applicationcredential"},
            "application credential from RECONCILE_APPLICATION_CREDENTIAL_ID_MY_CLOUD and "
            "RECONCILE_APPLICATION_CREDENTIAL_SECRET_MY_CLOUD, for a token of "
            "https://iam.eu-de.otc.t-systems.com/v3",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_u20_each_kind_can_be_for_one_provider_and_then_comes_first(find, own, said: str) -> None:
    shared = dict(chain.from_iterable(variables.items() for variables, _ in ORDER[1:]))
    for suffix in ("_MY_CLOUD", ""):
        named = {f"RECONCILE_{setting}{suffix}": value for setting, value in own.items()}
        first = {name: value for name, value in shared.items() if suffix or not name.startswith("RECONCILE")}
        credential = find({**first, **named})
        assert str(credential) == said.replace("_MY_CLOUD", suffix)
        assert CANARY not in repr(credential)


@pytest.mark.parametrize(
    ("setting", "missing"),
    [("AUTH_URL", None), ("PROJECT_ID", None), ("SECRET_KEY", "ACCESS_KEY"), ("USERNAME", "USER_DOMAIN_NAME")],
)
def test_u20_half_a_credential_of_ones_own_is_not_completed_with_the_shared_half(fault_of, setting, missing) -> None:
    fault = fault_of({**LOGIN, "OS_ACCESS_KEY": "AK", f"RECONCILE_{setting}_MY_CLOUD": "x"})
    assert fault.code is Code.NO_CREDENTIALS
    expected = f"but RECONCILE_{missing}_MY_CLOUD is not" if missing else "holds no credential for provider 'my-cloud'"
    assert expected in fault.message


def test_u20_no_variable_can_be_read_as_two_settings() -> None:
    """With 'id' and 'id_file', say, RECONCILE_ID_FILE_X would be for two providers."""
    words = sorted(name_variable(setting) for setting in SETTINGS)
    assert [(a, b) for a in words for b in words if b.startswith(f"{a}_")] == []


# --- Which kind --------------------------------------------------------------------------------------------------

APPLICATION = {"OS_APPLICATION_CREDENTIAL_ID": "i", "OS_APPLICATION_CREDENTIAL_SECRET": CANARY}
EVERYTHING = {
    **dict(chain.from_iterable(variables.items() for variables, _ in ORDER[2:])),
    **APPLICATION,
    "OS_SECURITY_TOKEN": CANARY,
}


@pytest.mark.parametrize(
    ("auth_type", "said"),
    [
        ("v3applicationcredential", "application credential from OS_APPLICATION_CREDENTIAL_ID and"),
        ("v3password", "password from OS_USERNAME and OS_PASSWORD"),
        ("password", "password from OS_USERNAME and OS_PASSWORD"),
        ("v3token", "token from OS_TOKEN"),
        ("token", "token from OS_TOKEN"),
        ("aksk", "temporary access key from OS_ACCESS_KEY and OS_SECRET_KEY"),
    ],
)
def test_u19_os_auth_type_decides_whatever_else_is_left_there(find, auth_type: str, said: str) -> None:
    assert str(find({**EVERYTHING, "OS_AUTH_TYPE": auth_type})).startswith(said)


def test_u19_os_auth_type_is_not_overruled_where_its_own_variables_are_missing(find, fault_of) -> None:
    fault = fault_of({**LOGIN, "OS_TOKEN": CANARY, "OS_AUTH_TYPE": "v3applicationcredential"})
    assert fault.message == ("OS_AUTH_TYPE is set for provider 'my-cloud', but OS_APPLICATION_CREDENTIAL_ID is not")
    cloud = find({**LOGIN, "OS_CLOUD": "c", "OS_AUTH_TYPE": "v3applicationcredential"})
    assert str(cloud) == "token from cloud 'c' in clouds.yaml"


@pytest.mark.parametrize("auth_type", ["v3oidcpassword", "v3Password", "v2password", "", "none"])
def test_u19_an_unknown_auth_type_is_an_error_that_names_those_that_are_spoken(fault_of, auth_type: str) -> None:
    fault = fault_of({**EVERYTHING, "OS_AUTH_TYPE": auth_type})
    if not auth_type:
        assert fault.message.endswith("OS_AUTH_TYPE for provider 'my-cloud' is empty")
        return
    assert f"OS_AUTH_TYPE is '{auth_type}' for provider 'my-cloud'" in fault.message
    assert "v3password, token, v3token, v3applicationcredential" in (fault.hint or "")


def test_u19_an_application_credential_needs_no_auth_type(find) -> None:
    by_id = "application credential from OS_APPLICATION_CREDENTIAL_ID and OS_APPLICATION_CREDENTIAL_SECRET"
    assert str(find(APPLICATION)).startswith(by_id)
    assert str(find({**LOGIN, **APPLICATION})).startswith("password")  # as openstacksdk chooses
    by_name = {"OS_APPLICATION_CREDENTIAL_NAME": "n", "OS_APPLICATION_CREDENTIAL_SECRET": CANARY, "OS_USER_ID": "u"}
    assert "OS_APPLICATION_CREDENTIAL_NAME" in str(find(by_name))


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"OS_APPLICATION_CREDENTIAL_ID": "i"}, "OS_APPLICATION_CREDENTIAL_SECRET"),
        ({"OS_APPLICATION_CREDENTIAL_SECRET": CANARY}, "OS_APPLICATION_CREDENTIAL_ID"),
        ({"OS_APPLICATION_CREDENTIAL_NAME": "n", "OS_APPLICATION_CREDENTIAL_SECRET": CANARY}, "OS_USERNAME"),
    ],
)
def test_u19_half_an_application_credential_names_the_other_half(fault_of, environ, missing: str) -> None:
    assert fault_of(environ).message.endswith(f"is set for provider 'my-cloud', but {missing} is not")


# --- Words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "says", "hint"),
    [
        ("", "is empty", "unset it"),
        (f"{CANARY}\n", "ends with a line break", "printf"),
        (f"{CANARY}\r\n", "ends with a line break", "printf"),
        (f" {CANARY}", "begins or ends with a space or a line break", "remove"),
    ],
)
@pytest.mark.parametrize(
    "variable", ["RECONCILE_TOKEN_MY_CLOUD", "OS_TOKEN", "HW_SECRET_KEY", "HW_SECURITY_TOKEN", "OS_SECURITY_TOKEN"]
)
def test_u50_the_message_says_what_is_wrong_with_which_variable(fault_of, variable, value, says, hint) -> None:
    keys = {f"{variable[:2]}_ACCESS_KEY": "AK", f"{variable[:2]}_SECRET_KEY": "SK"}
    fault = fault_of({**(keys if "TOKEN" not in variable or "SECURITY" in variable else {}), variable: value})
    assert fault.message.endswith(f"in {variable} for provider 'my-cloud' {says}")
    assert hint in (fault.hint or "")


@pytest.mark.parametrize("variable", sorted({*LOGIN, *APPLICATION, "OS_AUTH_URL", "OS_CLOUD", "OS_PROJECT_ID"}))
def test_u54_every_variable_that_is_empty_is_called_empty(fault_of, variable: str) -> None:
    kind = APPLICATION if "APPLICATION" in variable else LOGIN
    assert fault_of({**kind, variable: ""}).message.endswith(f"{variable} for provider 'my-cloud' is empty")


@pytest.mark.parametrize(
    ("environ", "meant"),
    [
        ({"RECONCILE_TOKN": CANARY}, "RECONCILE_TOKEN"),
        ({"RECONCILE_TOKEN_MYCLOUD": CANARY}, "RECONCILE_TOKEN_MY_CLOUD"),
        ({"reconcile_token": CANARY}, "RECONCILE_TOKEN"),
        ({"HW_ACCES_KEY": "AK", "HW_SECRET_KEY": CANARY}, "HW_ACCESS_KEY"),
        ({"HW_ACCES_KEY": "AK"}, "HW_ACCESS_KEY"),
        ({"OS_USERNAME": "u", "OS_USER_DOMAIN_NAME": "d", "OS_PASWORD": CANARY}, "OS_PASSWORD"),
        ({"OS_ACCESS_KEY_ID": "AK", "OS_SECRET_KEY": CANARY}, "OS_ACCESS_KEY"),
        (
            {"RECONCILE_SECRET_KEY_MY_CLOUD": CANARY, "RECONCILE_ACCESS_KY_MY_CLOUD": "AK"},
            "RECONCILE_ACCESS_KEY_MY_CLOUD",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_u50_a_variable_that_is_nearly_right_is_pointed_out_where_one_is_missing(fault_of, environ, meant) -> None:
    fault = fault_of(environ)
    assert fault.code is Code.NO_CREDENTIALS
    assert f"did you mean '{meant}'?" in (fault.hint or "")


@pytest.mark.parametrize(
    "environ",
    [{"PATH": "/bin"}, {"RECONCILE_VAR_TOKEN": "x"}, {"OS_REGION_NAME": "eu-de"}, {"AWS_ACCESS_KEY_ID": "x"}],
    ids=lambda environ: next(iter(environ)),
)
def test_u50_a_variable_of_something_else_is_not_pointed_out(fault_of, environ) -> None:
    assert "did you mean" not in (fault_of(environ).hint or "")


def test_u50_a_token_of_another_provider_is_no_misspelling(make_provider) -> None:
    environ = {"RECONCILE_TOKEN_OTC2": CANARY}
    unknown = find_unknown_variables(environ, ["otc1", "otc2"])
    with pytest.raises(AccessError) as raised:
        find_credential(make_provider("otc1"), environ=environ, unknown=unknown)
    assert "did you mean" not in (raised.value.diagnostics[0].hint or "")


def test_files_that_variables_name_are_known_for_every_provider() -> None:
    environ = {
        "RECONCILE_OIDC_TOKEN_FILE_OTHER": "id.jwt",
        "HW_SHARED_CONFIG_FILE": "config.json",
        "OS_CLIENT_SECURE_FILE": "",
        "RECONCILE_PLAN_FILE": "plan.json",
    }
    assert find_credential_files(environ) == ["id.jwt", "config.json"]
