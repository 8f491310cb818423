import copy
import pickle

import pytest

from reconcile.fetch.secret import Secret

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


def test_a_secret_shows_nothing_of_itself_A21() -> None:
    secret = Secret(CANARY)
    assert CANARY not in f"{secret!s}{secret!r}{[secret]}"
    assert secret.reveal() == CANARY
