"""The client against a server that speaks HTTP/2, well and badly."""

import pytest
import trustme
from h2.errors import ErrorCodes
from h2_server import Delayed, Drip, EndlessBody, EndlessHead, GoAway, Informational, Reset, Silence, serve

from reconcile.fetch import CurlClient, TimeLimits
from reconcile.fetch.client import Outcome
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.failure import (
    AnswerTooLargeError,
    ConnectionBrokenError,
    EncodedAnswerError,
    ExchangeError,
    NotHttpError,
    TimedOutError,
)
from reconcile.fetch.message import Answer, Request

OK = (200, {"content-type": "application/json", "x-request-id": "r"}, b"{}")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ask(authority, tmp_path):
    """Send so many requests at once; return what came of each, and the server."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def ask(handler, *, times: int = 1, protocols=("h2", "http/1.1"), attempt: float = 5.0, **options):
        outcomes: list[Outcome] = []
        limits = TimeLimits(attempt=attempt)
        with serve(handler, authority=authority, protocols=protocols, **options) as server:
            to = Origin(scheme="https", host="127.0.0.1", port=server.port)
            with CurlClient(ca_file=str(tmp_path / "ca.pem"), limits=limits) as client:
                for number in range(times):
                    request = Request(origin=to, target=f"/{number}", headers=["X-Auth-Token: t"])
                    client.send(request, outcomes.append)
                while len(outcomes) < times:
                    client.wait(1.0)
        return outcomes, server

    return ask


def test_64_requests_share_one_connection_and_one_handshake(ask) -> None:
    outcomes, server = ask(lambda path, headers: Delayed(0.1, (200, {}, path.encode())), times=64)
    assert sorted(outcome.body for outcome in outcomes) == sorted(f"/{number}".encode() for number in range(64))
    assert (server.connections, server.protocols, server.most_streams) == (1, ["h2"], 64)


def test_a_server_that_takes_fewer_streams_answers_all_the_same(ask) -> None:
    outcomes, _ = ask(lambda path, headers: Delayed(0.01, OK), times=64, max_streams=8)
    assert [outcome.status_code for outcome in outcomes] == [200] * 64


def test_http_1_1_is_spoken_where_nothing_else_is_offered(ask) -> None:
    outcomes, server = ask(lambda path, headers: OK, times=8, protocols=("http/1.1",))
    assert {outcome.status_code for outcome in outcomes} == {200}
    assert set(server.protocols) == {"http/1.1"}


def test_headers_are_read_alike_in_both_versions(ask) -> None:
    answers = [ask(lambda path, headers: OK, protocols=(version,))[0][0] for version in ("h2", "http/1.1")]
    for answer in answers:
        assert isinstance(answer, Answer)
        assert (answer.headers["x-request-id"], answer.body) == ("r", b"{}")


def test_the_host_and_the_credential_are_sent(ask) -> None:
    sent: list[dict[str, str]] = []

    def handler(path, headers):
        sent.append(dict(headers))
        return OK

    _, server = ask(handler)
    assert sent[0]["x-auth-token"] == "t"
    assert f"127.0.0.1:{server.port}" in sent[0].values()
    assert "user-agent" not in sent[0]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(Reset(), ConnectionBrokenError, id="D22-reset"),
        pytest.param(Reset(after=(200, {}, b"{")), ConnectionBrokenError, id="D22-reset-in-body"),
        pytest.param(Reset(error_code=ErrorCodes.REFUSED_STREAM), ConnectionBrokenError, id="refused-stream"),
        pytest.param(GoAway(), ConnectionBrokenError, id="goaway"),
        pytest.param(Silence(), TimedOutError, id="D22-hang"),
        pytest.param(Drip((200, {}, b"{}" * 100), 0.05), TimedOutError, id="D19-drip"),
        pytest.param(EndlessHead(), ConnectionBrokenError, id="D21-endless-head"),
        pytest.param(EndlessBody(), AnswerTooLargeError, id="D18-endless-body"),
        pytest.param((200, {"x": "y" * 200_000}, b"{}"), ExchangeError, id="D21-one-header"),
        pytest.param((200, {f"x-{n}": "y" for n in range(101)}, b"{}"), AnswerTooLargeError, id="D21-101-headers"),
        pytest.param((200, {"content-encoding": "gzip"}, b"{}"), EncodedAnswerError, id="D17-gzip"),
        pytest.param(Informational([103], OK), NotHttpError, id="D21-103"),
    ],
)
def test_a_server_that_misbehaves_is_a_failure(ask, answer, kind) -> None:
    (outcome,), _ = ask(lambda path, headers: answer, attempt=1.0)
    assert isinstance(outcome, kind), outcome


def test_a_stream_that_fails_leaves_the_others(ask) -> None:
    outcomes, server = ask(lambda path, headers: Reset() if path == "/3" else Delayed(0.05, OK), times=8)
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 7
    assert server.connections == 1


def test_the_end_of_a_connection_that_is_announced_costs_nothing(ask) -> None:
    outcomes, _ = ask(lambda path, headers: GoAway(OK) if path == "/0" else OK, times=4)
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 4
