"""What httpx raises, as failures of ours."""

import httpx
import pytest

from reconcile.codes import Code
from reconcile.fetch.failure import NameNotResolvedError, TlsError
from reconcile.fetch.httpx_transport import SEND_ERRORS, read_failure
from reconcile.fetch.retry import Retryable, classify_error

FAILURES = {
    httpx.RequestError: (Code.NOT_CONNECTED, None),
    httpx.TooManyRedirects: (Code.NOT_CONNECTED, None),
    httpx.TransportError: (Code.NOT_CONNECTED, None),
    httpx.UnsupportedProtocol: (Code.NOT_CONNECTED, None),
    httpx.ProxyError: (Code.NOT_CONNECTED, Retryable.MAYBE_PERMANENT),
    httpx.NetworkError: (Code.NOT_CONNECTED, Retryable.TRANSIENT),
    httpx.ConnectError: (Code.NOT_CONNECTED, Retryable.TRANSIENT),
    httpx.CloseError: (Code.NOT_CONNECTED, Retryable.TRANSIENT),
    httpx.ReadError: (Code.CONNECTION_BROKEN, Retryable.TRANSIENT),
    httpx.WriteError: (Code.CONNECTION_BROKEN, Retryable.TRANSIENT),
    httpx.TimeoutException: (Code.TIMED_OUT, Retryable.TRANSIENT),
    httpx.ConnectTimeout: (Code.TIMED_OUT, Retryable.TRANSIENT),
    httpx.ReadTimeout: (Code.TIMED_OUT, Retryable.TRANSIENT),
    httpx.WriteTimeout: (Code.TIMED_OUT, Retryable.TRANSIENT),
    httpx.PoolTimeout: (Code.TIMED_OUT, Retryable.TRANSIENT),
    httpx.ProtocolError: (Code.NOT_HTTP, Retryable.MAYBE_PERMANENT),
    httpx.RemoteProtocolError: (Code.NOT_HTTP, Retryable.MAYBE_PERMANENT),
    httpx.LocalProtocolError: (Code.NOT_HTTP, None),
    httpx.DecodingError: (Code.ANSWER_ENCODED, None),
}


def descend(kind):
    yield kind
    for each in kind.__subclasses__():
        yield from descend(each)


def test_every_request_error_of_httpx_is_listed():
    assert {each for each in descend(httpx.RequestError) if each.__module__ == "httpx"} == set(FAILURES)


@pytest.mark.parametrize("kind", FAILURES, ids=lambda kind: kind.__name__)
def test_an_exception_keeps_its_text_and_gets_a_code_and_whether_it_is_transient(kind):
    failure = read_failure(kind("why"))
    assert ((failure.code, classify_error(failure)), str(failure)) == (FAILURES[kind], "why")


@pytest.mark.parametrize("kind", FAILURES, ids=lambda kind: kind.__name__)
def test_the_failure_that_our_transport_raised_from_has_precedence(kind):
    error = kind("why")
    error.__cause__ = TlsError("the certificate has expired")
    assert read_failure(error) is error.__cause__


def test_a_name_that_is_not_found_is_found_out_behind_an_exception():
    error = httpx.ConnectError("no name")
    error.__cause__ = NameNotResolvedError("no name")
    assert classify_error(read_failure(error)) is Retryable.MAYBE_PERMANENT


@pytest.mark.parametrize("location", ["http:x", "http://xn--/"])
def test_a_location_that_is_no_url_is_a_final_failure(location):
    redirect = httpx.Response(302, headers={"Location": location})
    client = httpx.Client(transport=httpx.MockTransport(lambda request: redirect))
    with pytest.raises(SEND_ERRORS) as raised:
        client.send(httpx.Request("GET", "http://h/"))
    failure = read_failure(raised.value)
    assert (failure.code, classify_error(failure)) == (Code.NOT_HTTP, None)
    assert str(failure).startswith("not a valid URL: ")
