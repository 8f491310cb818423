"""Every kind of credential against the simulator, over a socket."""

from collections.abc import Mapping

import pytest

from reconcile.codes import Code
from reconcile.document import Text, parse_text
from reconcile.simulator import Tally, load_scenario, running_simulator

SCENARIO = """
version: 1
api: sfs-turbo
project_id: p
token: good-token
access_keys: {AK: SK}
users: {u: good-password}
generate: {count: 20, job: {status: success}}
"""
USER = {"OS_USERNAME": "u", "OS_USER_DOMAIN_NAME": "d", "OS_AUTH_URL": "{url}/v3"}
CLOUD = """
clouds: {sim: {auth: {username: u, user_domain_name: d, project_name: eu-de, password: good-password, auth_url: URL}}}
"""


@pytest.fixture
def rehearse(plan, tmp_path):
    """Plan twenty jobs of a scenario; return the outcome, and what the simulator saw."""

    def rehearse(environ: Mapping[str, str], scenario: str = SCENARIO):
        tally = Tally()
        document = parse_text(Text("scenario.yaml", scenario), is_json=False)
        with running_simulator(load_scenario(document), tally=tally) as url:
            (tmp_path / "clouds.yaml").write_text(CLOUD.replace("URL", f"{url}/v3"))
            named = {name: value.replace("{url}", url) for name, value in environ.items()}
            return plan({"otc": [f"job-{n}" for n in range(1, 21)]}, {"otc": url}, named), tally

    return rehearse


@pytest.mark.parametrize(
    ("environ", "logins"),
    [
        pytest.param({"RECONCILE_TOKEN": "good-token"}, 0, id="token"),
        pytest.param({"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "SK"}, 0, id="access-key"),
        pytest.param(
            {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "SK", "HW_SECURITY_TOKEN": "x"}, 0, id="temporary-access-key"
        ),
        pytest.param({**USER, "OS_PASSWORD": "good-password"}, 1, id="password"),
        pytest.param({"OS_CLOUD": "sim", "OS_CLIENT_CONFIG_FILE": "clouds.yaml"}, 1, id="clouds-yaml"),
    ],
)
def test_a_good_credential_opens_the_door(rehearse, environ, logins: int) -> None:
    outcome, tally = rehearse(environ)
    assert (outcome.code, outcome.verdicts) == (0, ["in_sync"] * 20)
    assert (tally.logins, tally.refused) == (logins, 0)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        pytest.param({"RECONCILE_TOKEN": "canary-token"}, "decrypt token fail", id="token"),
        pytest.param(
            {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "canary-secret"}, "verify aksk signature fail", id="access-key"
        ),
        pytest.param(
            {**USER, "OS_PASSWORD": "canary-password"}, "the user or the password was rejected", id="password"
        ),
    ],
)
def test_a_bad_credential_is_shown_a_few_times_at_most_D26(rehearse, environ, says: str) -> None:
    outcome, tally = rehearse(environ)
    assert (outcome.code, outcome.verdicts, outcome.error_codes) == (1, ["error"] * 20, {Code.UNAUTHENTICATED})
    assert says in outcome.written
    assert "canary" not in outcome.written
    assert tally.refused <= 5
    assert tally.logins <= 1


def test_a_token_that_expires_on_the_way_is_renewed_once_D25(rehearse) -> None:
    timeline = "{timeline: [{requests: 1, answer: gateway_wrong_token}, {status: success}]}"
    expiring = "".join(f"  job-{n}: {timeline}\n" for n in (7, 8, 9, 10))
    outcome, tally = rehearse({**USER, "OS_PASSWORD": "good-password"}, f"{SCENARIO}jobs:\n{expiring}")
    assert (outcome.code, outcome.verdicts) == (0, ["in_sync"] * 20)
    assert tally.logins == 2
