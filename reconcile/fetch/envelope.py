"""Reads the error that a server reports in a body, in any of the documented envelopes. Pure."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from reconcile.fetch.record import Redact, cut_text
from reconcile.model.api import ErrorEnvelope

MAX_REQUEST_ID = 128


class Fault(Struct, frozen=True, kw_only=True):
    """
    An error in one of the API's envelopes; every text is redacted and complete.

    `numbered` is whether the code is a number in the body, which no job API writes.
    """

    envelope: str
    code: str
    numbered: bool
    message: str | None
    request_id: str | None


def read_faults(
    envelopes: Iterable[ErrorEnvelope], document: Mapping[str, object], *, redact: Redact
) -> tuple[Fault, ...]:
    """Read a body with every envelope that fits, in their order."""
    read = (_read_fault(envelope, document, redact) for envelope in envelopes)
    return tuple(fault for fault in read if fault is not None)


def quote_fault(fault: Fault, meanings: Mapping[str, str]) -> str:
    """Write a fault as text to append to a reason; `meanings` explains known codes."""
    message = f' "{cut_text(fault.message)}"' if fault.message else ""
    meaning = meanings.get(fault.code)
    return f", error {cut_text(fault.code)}{message}{f' ({meaning})' if meaning else ''}"


def _read_fault(envelope: ErrorEnvelope, document: Mapping[str, object], redact: Redact) -> Fault | None:
    code = _find_text(document, envelope.code)
    if code is None:
        return None
    message = _find_text(document, envelope.message)
    request_id = _find_text(document, envelope.request_id) if envelope.request_id is not None else None
    return Fault(
        envelope=envelope.name,
        code=redact(code),
        numbered=not isinstance(_find(document, envelope.code), str),
        message=redact(message) if message is not None else None,
        request_id=redact(request_id)[:MAX_REQUEST_ID] if request_id is not None else None,
    )


def _find_text(document: Mapping[str, object], path: tuple[str, ...]) -> str | None:
    """Follow the keys to a non-empty string; a number counts as one, because IAM writes `"code": 401`."""
    value = _find(document, path)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _find(document: Mapping[str, object], path: tuple[str, ...]) -> object:
    value: object = document
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
