"""TLS 1.3 records of our own making, which no TLS library would send, behind a handshake that is real."""

import hashlib
import hmac
import socket
import ssl
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HANDSHAKE = 22

NEW_SESSION_TICKET = b"\x04\x00\x00\x11" + b"\0\0\x10\0" + b"\1\2\3\4" + b"\x01n" + b"\x00\x03abc" + b"\0\0"
"""A message by itself (RFC 8446, section 4.6.1): lifetime, age, nonce, ticket, no extensions."""

HELLO_REQUESTS = b"\x16\x03\x03\x40\x00" + bytes(0x4000)
"""A record in clear, of requests for a handshake that is under way (RFC 5246, section 7.4.1.1): to be passed over."""


def shake_hands(accepted: socket.socket, context: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.MemoryBIO]:
    """Do a handshake as the server; return the state, and what is to be sent after it, with the end of it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    state = context.wrap_bio(incoming, outgoing, server_side=True)
    while True:
        try:
            state.do_handshake()
        except ssl.SSLWantReadError:
            accepted.sendall(outgoing.read())
            incoming.write(accepted.recv(0x4000))
        except ssl.SSLError:
            accepted.sendall(outgoing.read())  # why
            raise
        else:
            return state, outgoing


class Forger:
    """What encrypts for the server's side of a connection."""

    def __init__(self, accepted: socket.socket, context: ssl.SSLContext, key_log: Path) -> None:
        """Do the handshake; `key_log` is a file to be."""
        context.num_tickets = 0  # So that the first record after the handshake is ours.
        context.keylog_filename = str(key_log)
        shake_hands(accepted, context)
        lines = [line.split() for line in key_log.read_text().splitlines()]
        secret = next(bytes.fromhex(line[2]) for line in lines if line[0] == "SERVER_TRAFFIC_SECRET_0")
        self._key = AESGCM(_expand(secret, b"key", 32))
        self._nonce = int.from_bytes(_expand(secret, b"iv", 12), "big")
        self._number = 0

    def record(self, kind: int, content: bytes) -> bytes:
        """Encrypt the next record."""
        head = b"\x17\x03\x03" + (len(content) + 17).to_bytes(2, "big")
        nonce = (self._nonce ^ self._number).to_bytes(12, "big")
        self._number += 1
        return head + self._key.encrypt(nonce, content + bytes([kind]), head)


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label of RFC 8446, section 7.1, for no more than one block."""
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
    return hmac.new(secret, info + b"\1", hashlib.sha384).digest()[:length]
