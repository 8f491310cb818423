import pytest

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.target import resolve_targets

TOKEN = {"RECONCILE_TOKEN": "canary-7f3a9c51"}
OTC = "https://sfs-turbo.eu-de.otc.t-systems.com"


def origins(providers, endpoints=(), environ=()) -> dict[str, str]:
    targets = resolve_targets(providers, endpoints=endpoints, environ={**TOKEN, **dict(environ)})
    return {name: str(target.origin) for name, target in targets.items()}


@pytest.mark.parametrize(
    ("endpoints", "environ", "expected"),
    [
        pytest.param([], {}, {"one": OTC, "two": OTC}, id="table"),
        pytest.param(["https://a.test"], {}, {"one": "https://a.test", "two": "https://a.test"}, id="for-all"),
        pytest.param(["one=https://a.test"], {}, {"one": "https://a.test", "two": OTC}, id="for-one"),
        pytest.param(
            ["https://b.test", "one=https://a.test"],
            {},
            {"one": "https://a.test", "two": "https://b.test"},
            id="own-first",
        ),
        pytest.param(
            [],
            {"RECONCILE_ENDPOINT": "https://e.test"},
            {"one": "https://e.test", "two": "https://e.test"},
            id="variable",
        ),
        pytest.param(
            ["one=https://a.test"],
            {"RECONCILE_ENDPOINT": "https://e.test"},
            {"one": "https://a.test", "two": OTC},
            id="option",
        ),
    ],
)
def test_the_operators_endpoint_comes_before_the_table(make_provider, endpoints, environ, expected) -> None:
    assert origins([make_provider("one"), make_provider("two")], endpoints, environ) == expected


@pytest.mark.parametrize(
    ("endpoints", "environ", "code"),
    [
        (["oen=https://a.test"], {}, Code.UNKNOWN_PROVIDER),
        (["https://a.test", "https://b.test"], {}, Code.ENDPOINT_NOT_ALLOWED),
        (["one=https://a.test", "one=https://a.test"], {}, Code.ENDPOINT_NOT_ALLOWED),
        (["http://a.test"], {}, Code.ENDPOINT_NOT_ALLOWED),
        ([], {"RECONCILE_ENDPOINT": ""}, Code.ENDPOINT_NOT_ALLOWED),
    ],
)
def test_a_wrong_endpoint_is_an_error(make_provider, endpoints, environ, code) -> None:
    with pytest.raises(AccessError) as raised:
        origins([make_provider("one")], endpoints, environ)
    assert [d.code for d in raised.value.diagnostics] == [code]


def test_nothing_of_a_target_shows_its_credential_A21(make_provider) -> None:
    target = resolve_targets([make_provider()], endpoints=[], environ=TOKEN)["otc"]
    assert "canary" not in repr(target)


def test_a_misspelt_provider_gets_a_suggestion(make_provider) -> None:
    with pytest.raises(AccessError) as raised:
        origins([make_provider("one"), make_provider("two")], ["oen=https://a.test"])
    assert raised.value.diagnostics[0].hint == "did you mean 'one'?"


def test_everything_that_is_wrong_is_said_at_once(make_provider) -> None:
    providers = [make_provider("one", cloud=None), make_provider("two")]
    with pytest.raises(AccessError) as raised:
        resolve_targets(providers, endpoints=["x=https://a.test", "nonsense"], environ={"RECONCILE_TOKEN_TWO": "a b"})
    assert [d.code for d in raised.value.diagnostics] == [
        Code.UNKNOWN_PROVIDER,
        Code.ENDPOINT_NOT_ALLOWED,
        Code.NO_ENDPOINT,
        Code.NO_CREDENTIALS,
        Code.MALFORMED_CREDENTIAL,
    ]
