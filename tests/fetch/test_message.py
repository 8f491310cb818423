"""What goes over the wire, and what is read of it."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.fetch.failure import MalformedRequestError
from reconcile.fetch.message import RawHeaders, write_fields, write_request_line

NAMES = st.sampled_from([b"X-Request-Id", b"x-request-id", b"Age", b"Content-Type"])
FIELDS = st.lists(st.tuples(NAMES, st.binary(max_size=8) | st.text(max_size=8).map(str.encode)), max_size=6)


@given(raw=FIELDS, name=st.sampled_from(["x-request-id", "X-Request-ID", "age", "content-type", "date"]))
def test_of_raw_headers_is_read_what_httpx_reads(raw, name):
    assert RawHeaders(raw).get(name) == httpx.Headers(raw).get(name)
    assert (name in RawHeaders(raw)) == (name in httpx.Headers(raw))
    assert dict(RawHeaders(raw)) == dict(httpx.Headers(raw))


@given(raw=st.lists(st.tuples(st.sampled_from([b"Host", b"X-Auth-Token"]), st.binary(max_size=5)), max_size=3))
def test_header_fields_are_as_many_as_were_given_or_refused(raw):
    try:
        written = write_fields(raw)
    except MalformedRequestError:
        assert any(mark in value for _, value in raw for mark in (b"\r", b"\n"))
    else:
        assert written.split(b"\r\n") == [b": ".join(field) for field in raw] + [b"", b""]


@pytest.mark.parametrize("target", [b"/a b", b"/a\r\nX: 1", b"/a\n", b"/\r"])
def test_a_request_line_that_would_be_read_otherwise_is_refused(target):
    with pytest.raises(MalformedRequestError):
        write_request_line(b"GET", target)


@given(raw=st.lists(st.tuples(st.binary(min_size=1, max_size=4), st.binary(max_size=4)), max_size=4))
def test_all_that_came_can_be_read_whatever_it_is(raw):
    headers = RawHeaders(raw)
    assert len(dict(headers)) == len(headers) == len({name.lower() for name, _ in raw})
