"""Points in time: read strictly, always in UTC."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_RFC_3339 = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"

_ISO_8601 = "%Y-%m-%d %H:%M:%S"
"""A form that Python reads without strptime, twenty times faster; it also reads other forms."""

FIRST = datetime(1971, 1, 1, tzinfo=UTC)
"""No job API answered before. An earlier time is the zero of a program or of its clock, such as 0001-01-01 or 1970."""


def parse_time(text: str, time_format: str) -> datetime:
    """
    Read a time in a job API's own form.

    Args:
        time_format: the name of a form (`rfc3339`, `epoch-ms`, `go`), or strptime's, and then the time is UTC.
            Formatting the result has to give the same text, because strptime alone also accepts `2016-1-2` and digits
            of any script.

    Raises:
        ValueError: the text is not in that form, or there is no such day or time of day.
    """
    named = _NAMED.get(time_format)
    if named is not None:
        return named(text)
    if time_format == _ISO_8601:
        read = datetime.fromisoformat(text)
        # A year below 1000 is the zero time of some program, and is refused.
        written = read.isoformat(" ", "seconds").lstrip("0")
    else:
        read = datetime.strptime(text, time_format)
        written = read.strftime(time_format)
    if written != text:
        raise _refuse(text, time_format)
    return read.replace(tzinfo=UTC)


def is_time(text: str, time_format: str) -> bool:
    """Return whether a text is a time in a job API's own form."""
    usual = _USUAL.get(time_format)
    if usual is not None and usual.fullmatch(text):
        return True
    try:
        parse_time(text, time_format)
    except (ValueError, OverflowError):
        return False
    return True


def write_time(instant: datetime, time_format: str) -> str:
    """Write a time as an API of that form does."""
    instant = instant.astimezone(UTC)
    if time_format == "rfc3339":
        return format_instant(instant)
    if time_format == "epoch-ms":
        return str((instant - _EPOCH) // timedelta(milliseconds=1))
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f +0000 UTC" if time_format == "go" else time_format)


def is_time_format(time_format: str) -> bool:
    """Return whether a form is a known name or strptime's for a whole time: what is written in it is read back."""
    example = datetime(2016, 1, 2, 15, 4, 5, tzinfo=UTC)
    return read_time(write_time(example, time_format), time_format) == example


def _parse_offset(text: str) -> datetime:
    """Read RFC 3339 with 0 to 9 digits of a second and an offset with or without a colon; "Z" is one."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise _refuse(text, "rfc3339")
    return _join(found[1], found[2], "+00:00" if found[3] in "Zz" else found[3])


def _parse_go(text: str) -> datetime:
    """Read what Go prints of a time: 0 to 9 digits of a second, the offset, and the name of the zone."""
    found = _GO.fullmatch(text)
    if found is None:
        raise _refuse(text, "go")
    return _join(found[1], found[2], found[3])


def _parse_epoch(text: str) -> datetime:
    """Read milliseconds since 1970; 13 digits, for 10 would be seconds."""
    if not _EPOCH_MS.fullmatch(text):
        raise _refuse(text, "epoch-ms")
    return _EPOCH + timedelta(milliseconds=int(text))


def _join(seconds: str, fraction: str | None, offset: str) -> datetime:
    return datetime.fromisoformat(f"{seconds}{(fraction or '')[:7]}{offset}").astimezone(UTC)


def _refuse(text: str, time_format: str) -> ValueError:
    return ValueError(f"not a time of the form {time_format}: {text[:40]!r}")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
_GO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})? ([+-][0-9]{4}) [A-Z]{3,5}")
_EPOCH_MS = re.compile(r"[0-9]{13}")
_DAY = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_USUAL = {
    "rfc3339": re.compile(rf"{_DAY}T{_CLOCK}(?:\.[0-9]{{1,9}})?(?:Z|[+-](?:0[0-9]|1[0-4])00)"),
    "go": re.compile(rf"{_DAY} {_CLOCK}(?:\.[0-9]{{1,9}})? \+0000 UTC"),
    "epoch-ms": _EPOCH_MS,
}
"""Most times of a form, days that every month has: they need not be built to be known as times."""
_NAMED: Mapping[str, Callable[[str], datetime]] = {
    "rfc3339": _parse_offset,
    "epoch-ms": _parse_epoch,
    "go": _parse_go,
}


_recall_time = lru_cache(maxsize=1024)(parse_time)
"""Reads the latest times once: every expectation of a job reads its times again."""
_LONGEST_RECALLED = 64
"""Characters of a time that is kept, so that what is kept stays small."""


def read_time(text: str | None, time_format: str) -> datetime | None:
    """Read a time as `parse_time` does; None if the API returned none, or something else."""
    if not text:
        return None
    try:
        return (_recall_time if len(text) <= _LONGEST_RECALLED else parse_time)(text, time_format)
    except ValueError:
        return None


def parse_rfc3339(text: str) -> datetime:
    """Read a time with its zone (RFC 3339); raise ValueError for anything else, or no year of 1 to 9999."""
    if not re.fullmatch(_RFC_3339, text):
        raise ValueError(f"not a time of RFC 3339: {text[:40]!r}")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"outside the years 1 to 9999 in UTC: {text}") from error


def format_instant(instant: datetime) -> str:
    """Write a time as RFC 3339, in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
