"""What the official SDK of Huawei Cloud does is what we do: its signatures are ours, and our simulator answers it."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from string import ascii_letters, digits
from urllib.parse import quote

import pytest

from reconcile.document import Text, parse_text
from reconcile.signature import sign_request
from reconcile.simulator import load_scenario, running_simulator

REASON = "the official SDK is not installed: 'make oracle' does that"
pytest.importorskip("huaweicloudsdkcore", reason=REASON)
sfsturbo = pytest.importorskip("huaweicloudsdksfsturbo.v1", reason=REASON)

from huaweicloudsdkcore.auth.credentials import BasicCredentials  # noqa: E402
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException  # noqa: E402
from huaweicloudsdkcore.sdk_request import SdkRequest  # noqa: E402
from huaweicloudsdkcore.signer.signer import Signer  # noqa: E402

# It uses what newer releases of Python advise against.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

REQUESTS = 1000
PROJECT = "0123456789abcdef0123456789abcdef"

# --- Signatures --------------------------------------------------------------------------------------------------

_UNUSUAL = " ~!$&'()*+,;=:@-._%/?#[]\"<>\\^`{|}éß密ü\u202e"


def _text(rng: random.Random, alphabet: str, most: int, least: int = 0) -> str:
    return "".join(rng.choices(alphabet, k=rng.randint(least, most)))


def _request(rng: random.Random) -> dict[str, object]:
    """Make up a request as it could be sent: its path and query quoted, the unusual characters among others."""
    alphabet = ascii_letters + digits + _UNUSUAL
    segments = [_text(rng, alphabet.replace("/", ""), 12, 1) for _ in range(rng.randint(1, 6))]
    pairs = [(_text(rng, alphabet, 8, 1), _text(rng, alphabet, 8)) for _ in range(rng.choice((0, 0, 1, 3)))]
    headers = {f"X-{_text(rng, ascii_letters + digits + '-', 10, 1)}": _text(rng, alphabet, 20) for _ in range(3)}
    headers |= {"X-Sdk-Date": f"2026{rng.randint(1, 12):02}{rng.randint(1, 28):02}T{rng.randint(0, 23):02}3655Z"}
    if rng.random() < 0.7:
        headers["Content-Type"] = "application/json"
    if rng.random() < 0.3:
        headers["X-Security-Token"] = _text(rng, ascii_letters + digits + "+/=", 2000, 1)
    return {
        "method": rng.choice(("GET", "POST", "PUT", "DELETE")),
        "path": "/" + "/".join(quote(segment, safe=rng.choice(("", "~", "!$'()*,:@"))) for segment in segments),
        "pairs": pairs,
        "headers": headers,
        "host": f"{_text(rng, ascii_letters, 20, 1).lower()}.test{rng.choice(('', ':8443'))}",
        "body": _text(rng, alphabet, 50).encode() if rng.random() < 0.5 else b"",
        "key": _text(rng, ascii_letters + digits, 20, 1),
        "secret": _text(rng, ascii_letters + digits + "+/=", 40, 1),
    }


@pytest.mark.parametrize("seed", range(10))
def test_our_signature_is_that_of_the_sdk(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(REQUESTS // 10):
        made = _request(rng)
        request = SdkRequest(
            method=made["method"],
            schema="https",
            host=made["host"],
            resource_path=made["path"],
            query_params=list(made["pairs"]),
            header_params={**made["headers"], "Host": made["host"]},
            body=made["body"],
        )
        signed = Signer(BasicCredentials(made["key"], made["secret"])).sign(request)
        ours = sign_request(
            made["key"],
            made["secret"],
            method=made["method"],
            target=signed.uri,
            headers={**made["headers"], "Host": made["host"]},
            body=made["body"],
        )
        assert str(ours) == signed.header_params["Authorization"], made


# --- Its client, our simulator -----------------------------------------------------------------------------------


@contextmanager
def _client(text: str, credentials: BasicCredentials) -> Iterator[object]:
    scenario = load_scenario(parse_text(Text("scenario.yaml", f"version: 1\napi: sfs-turbo\n{text}"), is_json=False))
    with running_simulator(scenario) as url:
        builder = sfsturbo.SFSTurboClient.new_builder().with_credentials(credentials).with_endpoints([url])
        client = builder.build()
        try:
            yield client
        finally:
            client.close()


SCENARIO = f"""
project_id: {PROJECT}
access_keys: {{AK: SK}}
jobs:
  good: {{status: success, job_type: bind_ldap, sub_jobs: [{{job_type: bind_ldap, status: success}}]}}
  odd: {{answer: gateway_bad_request}}
"""


def _ask(client: object, job_id: str) -> object:
    return client.show_job_detail(sfsturbo.ShowJobDetailRequest(job_id=job_id))


@pytest.mark.parametrize("security_token", [None, "temporary"])
def test_its_client_is_answered_with_a_job(security_token: str | None) -> None:
    credentials = BasicCredentials("AK", "SK", PROJECT).with_security_token(security_token)
    with _client(SCENARIO, credentials) as client:
        answer = json.loads(str(_ask(client, "good")))
    assert (answer["job_id"], answer["status"]) == ("good", "success")
    assert answer["sub_jobs"][0]["job_type"] == "bind_ldap"


@pytest.mark.parametrize(
    ("job_id", "secret", "status_code", "code"),
    [
        ("missing", "SK", 404, "SFS.TURBO.0019"),
        ("good", "wrong", 401, "APIGW.0301"),
        ("odd", "SK", 400, "APIGW.0201"),
    ],
)
def test_its_client_understands_our_errors(job_id: str, secret: str, status_code: int, code: str) -> None:
    credentials = BasicCredentials("AK", secret, PROJECT)
    with _client(SCENARIO, credentials) as client, pytest.raises(ClientRequestException) as raised:
        _ask(client, job_id)
    assert raised.value.status_code == status_code
    assert code in str(raised.value)
