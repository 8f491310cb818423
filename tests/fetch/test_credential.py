import copy
import pickle

import pytest

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credential import Secret, find_credential

CANARY = "canary-7f3a9c51"


@pytest.mark.parametrize(
    "leak",
    [
        pytest.param(lambda secret: f"{secret}", id="f-string"),
        pytest.param(lambda secret: f"{secret:>80}", id="format-spec"),
        pytest.param(pickle.dumps, id="pickle"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda secret: secret == CANARY, id="compare"),
        pytest.param(hash, id="hash"),
    ],
)
def test_a_secret_does_not_leave_by_accident(leak) -> None:
    with pytest.raises(TypeError) as raised:
        leak(Secret(CANARY))
    assert CANARY not in str(raised.value)


def test_what_holds_a_secret_shows_nothing_of_it_A21() -> None:
    token = find_credential("otc", header="X-Auth-Token", environ={"OS_TOKEN": CANARY})
    for text in (
        repr(token),
        str(token),
        repr(token.secret),
        str(token.secret),
        repr([token.secret]),
    ):
        assert CANARY not in text
    assert str(token) == "token from OS_TOKEN"
    assert token.request_headers() == {"X-Auth-Token": CANARY}


def test_the_variables_are_asked_in_order() -> None:
    variables = ["RECONCILE_TOKEN_MY_CLOUD", "RECONCILE_TOKEN", "OS_TOKEN", "OS_AUTH_TOKEN", "HW_AUTH_TOKEN"]
    environ = {name: f"token-of-{name}" for name in variables}
    environ["RECONCILE_TOKEN_OTHER"] = "never"
    chosen = []
    while variables:
        chosen.append(find_credential("my-cloud", header="X", environ=environ).variable)
        del environ[variables.pop(0)]
    assert chosen == ["RECONCILE_TOKEN_MY_CLOUD", "RECONCILE_TOKEN", "OS_TOKEN", "OS_AUTH_TOKEN", "HW_AUTH_TOKEN"]


def test_without_a_variable_the_message_names_them_all() -> None:
    with pytest.raises(AccessError, match="RECONCILE_TOKEN_OTC, RECONCILE_TOKEN, OS_TOKEN") as raised:
        find_credential("otc", header="X", environ={"PATH": "/bin"})
    assert raised.value.diagnostics[0].code is Code.NO_CREDENTIALS


@pytest.mark.parametrize(
    "value",
    ["", " ", f"{CANARY}\n", f"{CANARY}\r\nX-Evil: 1", f"{CANARY} x", f"{CANARY}é", "\0" + CANARY, CANARY * 2000],
)
def test_a_malformed_token_is_an_error_that_never_shows_it_A17(value: str) -> None:
    with pytest.raises(AccessError, match=rf"malformed \(length {len(value)}\)") as raised:
        find_credential("otc", header="X", environ={"RECONCILE_TOKEN": value, "OS_TOKEN": "good"})
    assert raised.value.diagnostics[0].code is Code.MALFORMED_CREDENTIAL
    assert CANARY not in repr(raised.value)
