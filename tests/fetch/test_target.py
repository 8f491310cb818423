import pytest
from steps import measure_growth

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


@pytest.mark.parametrize("names", [("my-cloud", "my_cloud"), ("otc", "OTC")])
def test_u20_a_variable_that_could_be_for_two_providers_is_an_error(make_provider, names) -> None:
    providers = [make_provider(name) for name in names]
    variable = f"RECONCILE_TOKEN_{names[0].upper().replace('-', '_')}"
    for unused in ([], [names[1]]):
        asked = providers[: 2 - len(unused)]
        with pytest.raises(AccessError) as raised:
            resolve_targets(asked, endpoints=[], environ={variable: "x"}, unused=unused)
        message = raised.value.diagnostics[0].message
        assert message == f"{variable} is set, and could be for provider '{names[0]}' or '{names[1]}'"
    assert len(resolve_targets(providers, endpoints=[], environ=TOKEN)) == 2


def test_u20_two_accounts_have_a_credential_of_any_kind_each(make_provider) -> None:
    environ = {
        "RECONCILE_ACCESS_KEY_ONE": "AK1",
        "RECONCILE_SECRET_KEY_ONE": "SK1",
        "RECONCILE_ACCESS_KEY_TWO": "AK2",
        "RECONCILE_SECRET_KEY_TWO": "SK2",
        "OS_TOKEN": "t",
    }
    targets = resolve_targets([make_provider(name) for name in ("one", "two", "six")], endpoints=[], environ=environ)
    assert {name: str(target.credential) for name, target in targets.items()} == {
        "one": "access key from RECONCILE_ACCESS_KEY_ONE and RECONCILE_SECRET_KEY_ONE",
        "two": "access key from RECONCILE_ACCESS_KEY_TWO and RECONCILE_SECRET_KEY_TWO",
        "six": "token from OS_TOKEN",
    }


@pytest.mark.parametrize(
    ("value", "says"), [("", "RECONCILE_ENDPOINT is empty"), ("a.test", "RECONCILE_ENDPOINT 'a.t")]
)
def test_u54_an_endpoint_in_the_environment_is_named_by_its_variable(make_provider, value: str, says: str) -> None:
    with pytest.raises(AccessError, match=says):
        origins([make_provider("one")], environ={"RECONCILE_ENDPOINT": value})


def test_targets_take_steps_in_proportion_to_their_providers(make_provider) -> None:
    def resolve(count: int) -> None:
        origins([make_provider(f"p{number}") for number in range(count)])

    assert measure_growth(resolve, 20) < 2.5
