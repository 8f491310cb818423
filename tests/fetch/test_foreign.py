"""What other transports raise and take, in our words."""

import asyncio
import socket

import httpx
import pytest

from reconcile.codes import Code
from reconcile.fetch.endpoint import Origin
from reconcile.fetch.failure import ExchangeError
from reconcile.fetch.foreign import ask, read_request, send, translate_failure
from reconcile.fetch.message import write_fields, write_request_line
from reconcile.fetch.policy import Setback, setback_of_error

FAILURES = {
    httpx.RequestError: (Code.NOT_CONNECTED, None),
    httpx.TooManyRedirects: (Code.NOT_CONNECTED, None),
    httpx.TransportError: (Code.NOT_CONNECTED, None),
    httpx.UnsupportedProtocol: (Code.NOT_CONNECTED, None),
    httpx.ProxyError: (Code.NOT_CONNECTED, Setback.DUBIOUS),
    httpx.NetworkError: (Code.NOT_CONNECTED, Setback.NOISE),
    httpx.ConnectError: (Code.NOT_CONNECTED, Setback.NOISE),
    httpx.CloseError: (Code.NOT_CONNECTED, Setback.NOISE),
    httpx.ReadError: (Code.CONNECTION_BROKEN, Setback.NOISE),
    httpx.WriteError: (Code.CONNECTION_BROKEN, Setback.NOISE),
    httpx.TimeoutException: (Code.TIMED_OUT, Setback.NOISE),
    httpx.ConnectTimeout: (Code.TIMED_OUT, Setback.NOISE),
    httpx.ReadTimeout: (Code.TIMED_OUT, Setback.NOISE),
    httpx.WriteTimeout: (Code.TIMED_OUT, Setback.NOISE),
    httpx.PoolTimeout: (Code.TIMED_OUT, Setback.NOISE),
    httpx.ProtocolError: (Code.NOT_HTTP, Setback.DUBIOUS),
    httpx.RemoteProtocolError: (Code.NOT_HTTP, Setback.DUBIOUS),
    httpx.LocalProtocolError: (Code.NOT_HTTP, None),
    httpx.DecodingError: (Code.ANSWER_ENCODED, None),
}
HEADERS = [(b"Host", b"h"), (b"X-Auth-Token", b"t")]


def descend(kind):
    yield kind
    for each in kind.__subclasses__():
        yield from descend(each)


def test_every_failure_that_httpx_has_is_listed():
    assert {each for each in descend(httpx.RequestError) if each.__module__ == "httpx"} == set(FAILURES)


@pytest.mark.parametrize("kind", FAILURES, ids=lambda kind: kind.__name__)
def test_a_failure_keeps_its_code_its_text_and_whether_it_is_tried_again(kind):
    error = translate_failure(kind("why"))
    assert ((error.code, setback_of_error(error)), str(error)) == (FAILURES[kind], "why")


def test_a_failure_keeps_its_cause():
    def fail(request):
        raise httpx.ConnectError("no name") from socket.gaierror("unknown")

    with pytest.raises(ExchangeError, match="no name") as raised:
        asyncio.run(send(httpx.MockTransport(fail), httpx.Request("GET", "https://h/")))
    assert setback_of_error(raised.value) is Setback.DUBIOUS


def test_a_question_has_these_headers_and_this_target_and_no_others():
    asked = []

    def answer(request):
        asked.append((request.method, str(request.url), request.headers.raw, request.extensions["target"]))
        return httpx.Response(200, headers={"X-Request-Id": "r"}, stream=httpx.ByteStream(b"{}"))

    origin = Origin(scheme="http", host="::1", port=8080)
    status_code, headers, body = asyncio.run(ask(httpx.MockTransport(answer), origin, b"/v1/a", HEADERS))
    assert asked == [("GET", "http://[::1]:8080/", HEADERS, b"/v1/a")]
    assert (status_code, headers["x-request-id"], body) == (200, "r", b"{}")


@pytest.mark.parametrize("target", [None, b"/b"])
def test_a_request_of_httpx_is_written_as_its_parts_are(target):
    extensions = {} if target is None else {"target": target}
    body = httpx.ByteStream(b"body")
    request = httpx.Request("POST", "http://h:81/a?b=1", headers=HEADERS, stream=body, extensions=extensions)
    line = write_request_line(b"POST", target or b"/a?b=1")
    written = line + write_fields(HEADERS) + b"body"
    assert asyncio.run(read_request(request)) == (Origin(scheme="http", host="h", port=81), written)
