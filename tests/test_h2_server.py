"""The server against which the client is tested does what is asked of it."""

import socket
import ssl
from collections import defaultdict
from collections.abc import Iterator

import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2_server import (
    Delayed,
    Drip,
    EndlessBody,
    EndlessHead,
    GoAway,
    Handler,
    Informational,
    Reset,
    Server,
    Silence,
    serve,
)

OK = (200, {"x-answer": "yes"}, b"body")
ENDS = (StreamEnded, StreamReset, ConnectionTerminated)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def connect(server: Server, authority: trustme.CA | None) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    if authority is None:
        return plain
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False)


class Client:
    """A connection that asks for all it is told to at once."""

    def __init__(self, server: Server, authority: trustme.CA) -> None:
        self.socket = connect(server, authority)
        self.state = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.state.initiate_connection()

    def ask(self, *paths: str) -> list[int]:
        ids = []
        for path in paths:
            ids.append(self.state.get_next_available_stream_id())
            fields = [(":method", "GET"), (":scheme", "https"), (":authority", "h"), (":path", path), ("x-a", "b")]
            self.state.send_headers(ids[-1], fields, end_stream=True)
        self.socket.sendall(self.state.data_to_send())
        return ids

    def events(self) -> Iterator[Event]:
        while data := self.socket.recv(65536):
            for event in self.state.receive_data(data):
                if isinstance(event, DataReceived):
                    self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                yield event
            self.socket.sendall(self.state.data_to_send())

    def read(self, count: int = 1) -> dict[int | None, list[Event]]:
        """Return what came of each stream until so many have ended."""
        seen: dict[int | None, list[Event]] = defaultdict(list)
        for event in self.events():
            seen[getattr(event, "stream_id", None)].append(event)
            count -= isinstance(event, ENDS)
            if count == 0:
                break
        return seen

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.socket.close()


def exchange(authority: trustme.CA, handler: Handler) -> tuple[list[Event], list[Event]]:
    """Ask once; return the events of the stream, and those of the connection."""
    with serve(handler, authority=authority) as server, Client(server, authority) as client:
        (stream_id,) = client.ask("/a")
        seen = client.read()
        return seen[stream_id], seen[None]


def body_of(events: list[Event]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, DataReceived))


def test_streams_of_one_connection_are_answered_together(authority) -> None:
    def answer(path, headers):
        assert headers["x-a"] == "b"
        return Delayed(0.05, (200, {}, path.encode() * 30_000))

    with serve(answer, authority=authority) as server, Client(server, authority) as client:
        ids = client.ask(*(f"/{n}" for n in range(10)))
        seen = client.read(10)
        assert [body_of(seen[stream_id]) for stream_id in ids] == [f"/{n}".encode() * 30_000 for n in range(10)]
        assert (server.connections, server.most_streams) == (1, 10)
        assert server.paths == [f"/{n}" for n in range(10)]


def test_a_response_is_complete(authority) -> None:
    (head, *rest), _ = exchange(authority, lambda path, headers: OK)
    assert isinstance(head, ResponseReceived)
    assert head.headers == [(":status", "200"), ("x-answer", "yes")]
    assert body_of(rest) == b"body"


def test_interim_responses_come_first(authority) -> None:
    events, _ = exchange(authority, lambda path, headers: Informational([103, 102], OK))
    assert [type(event) for event in events[:3]] == [*[InformationalResponseReceived] * 2, ResponseReceived]


def test_a_drip_is_a_byte_at_a_time(authority) -> None:
    events, _ = exchange(authority, lambda path, headers: Drip(OK, 0.001))
    assert [event.data for event in events if isinstance(event, DataReceived)] == [b"b", b"o", b"d", b"y"]


def test_huge_headers_are_sent_as_they_are(authority) -> None:
    (head, *_), _ = exchange(authority, lambda path, headers: (200, {"x-huge": "x" * 60_000}, b""))
    assert isinstance(head, ResponseReceived)
    assert len(dict(head.headers)["x-huge"]) == 60_000


@pytest.mark.parametrize(("after", "body"), [(None, b""), (OK, b"body")])
def test_a_stream_is_reset(authority, after, body) -> None:
    events, _ = exchange(authority, lambda path, headers: Reset(after, ErrorCodes.REFUSED_STREAM))
    assert isinstance(events[-1], StreamReset)
    assert (events[-1].error_code, body_of(events)) == (ErrorCodes.REFUSED_STREAM, body)


@pytest.mark.parametrize(("response", "last"), [(None, 0), (OK, 1)])
def test_a_connection_goes_away(authority, response, last) -> None:
    _, events = exchange(authority, lambda path, headers: GoAway(response))
    (end,) = [event for event in events if isinstance(event, ConnectionTerminated)]
    assert end.last_stream_id == last


ENDLESS = [EndlessBody(), EndlessHead(), EndlessBody(0.001), EndlessHead(0.001), Silence()]


@pytest.mark.parametrize("answer", ENDLESS, ids=repr)
def test_what_never_ends_ends_with_the_server(authority, answer) -> None:
    with serve(lambda path, headers: answer, authority=authority) as server, Client(server, authority) as client:
        client.ask("/a")
        receive(client.socket, 0 if answer == Silence() else 3000)


def test_a_client_that_leaves_leaves_nothing_behind(authority) -> None:
    with serve(lambda path, headers: EndlessBody(), authority=authority) as server:
        for _ in range(3):
            with Client(server, authority) as client:
                client.ask("/a")
                receive(client.socket, 3000)
        assert server.connections == 3


def test_an_error_of_the_handler_is_an_error_of_the_test(authority) -> None:
    with pytest.raises(ZeroDivisionError):
        exchange(authority, lambda path, headers: 1 / 0)


# --- HTTP/1.1 --------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 Status\r\nx-answer: yes\r\nContent-Length: 4\r\n"
INTERIM = b"HTTP/1.1 103 Interim\r\n\r\n"


def receive(connection: socket.socket, size: int) -> bytes:
    """Receive at least so many bytes, fewer only at the end."""
    received = b""
    while len(received) < size and (data := connection.recv(65536)):
        received += data
    return received


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (OK, HEAD + b"\r\nbody"),
        (Delayed(0.001, OK), HEAD + b"\r\nbody"),
        (Drip(OK, 0.001), HEAD + b"\r\nbody"),
        (
            Informational([103, 100], OK),
            b"HTTP/1.1 103 Interim\r\n\r\nHTTP/1.1 100 Interim\r\n\r\n" + HEAD + b"\r\nbody",
        ),
        (GoAway(OK), HEAD + b"Connection: close\r\n\r\nbody"),
        (GoAway(), b""),
        (EndlessBody(), b"HTTP/1.1 200 Status\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nxxxx"),
        (EndlessHead(), b"HTTP/1.1 200 Status\r\nX-Field: value\r\nX-Field: value\r\nX-"),
        (Reset(OK), b""),
    ],
    ids=repr,
)
def test_http_1_is_spoken_where_http_2_is_not(authority, secure, answer, sent) -> None:
    with (
        serve(lambda path, headers: answer, authority=authority if secure else None, protocols=["http/1.1"]) as server,
        connect(server, authority if secure else None) as connection,
    ):
        for _ in range(2 if answer == OK else 1):
            connection.sendall(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
            assert receive(connection, len(sent))[: len(sent)] == sent
        if isinstance(answer, Reset):
            with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
                receive(connection, 1000)
        elif isinstance(answer, GoAway):
            assert connection.recv(1) == b""
    assert (server.connections, server.protocols) == (1, ["http/1.1"])
