from collections.abc import Mapping
from itertools import chain

import pytest

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials import find_credential
from reconcile.fetch.redaction import Redactor
from reconcile.model import Diagnostic

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
    for name in ("RECONCILE_TOKEN_MY_CLOUD, RECONCILE_TOKEN, OS_TOKEN", "HW_ACCESS_KEY", "OS_CLOUD", "OS_USERNAME"):
        assert name in fault.message


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
    assert f"{variable} for provider 'my-cloud' is malformed (length {len(value)})" in fault.message


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
