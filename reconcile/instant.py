"""Points in time: read strictly, always in UTC."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_RFC_3339 = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"

_ISO_8601 = "%Y-%m-%d %H:%M:%S"
"""A format that `fromisoformat` reads, twenty times faster than strptime; but it also accepts other formats."""

FIRST = datetime(1971, 1, 1, tzinfo=UTC)
"""No job API existed before. An earlier time is the zero value of a program or clock, such as 0001-01-01 or 1970."""


def parse_time(text: str, time_format: str) -> datetime:
    """
    Read a time in the format of a job API.

    Args:
        time_format: the name of a format (`rfc3339`, `epoch-ms`, `go`), or one of strptime; the time is then in UTC.
            Formatting the result must give the same text, because strptime alone also accepts `2016-1-2` and digits
            of any script.

    Raises:
        ValueError: the text is not in that format, or there is no such day or time of day.
    """
    named = _NAMED.get(time_format)
    if named is not None:
        return named(text)
    if time_format == _ISO_8601:
        read = datetime.fromisoformat(text)
        # A year below 1000 is the zero value of some program, and is rejected.
        written = read.isoformat(" ", "seconds").lstrip("0")
    else:
        read = datetime.strptime(text, time_format)
        written = read.strftime(time_format)
    if written != text:
        raise _refuse(text, time_format)
    return read.replace(tzinfo=UTC)


def is_time(text: str, time_format: str) -> bool:
    """Return whether a text is a time in the format of a job API."""
    usual = _USUAL.get(time_format)
    if usual is not None and usual.fullmatch(text):
        return True
    try:
        parse_time(text, time_format)
    except (ValueError, OverflowError):
        return False
    return True


def write_time(instant: datetime, time_format: str) -> str:
    """Write a time in the format of a job API."""
    instant = instant.astimezone(UTC)
    if time_format == "rfc3339":
        return format_instant(instant)
    if time_format == "epoch-ms":
        return str((instant - _EPOCH) // timedelta(milliseconds=1))
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f +0000 UTC" if time_format == "go" else time_format)


def is_time_format(time_format: str) -> bool:
    """Return whether a format is a known name, or one of strptime that preserves a whole time."""
    example = datetime(2016, 1, 2, 15, 4, 5, tzinfo=UTC)
    return read_time(write_time(example, time_format), time_format) == example


def _parse_offset(text: str) -> datetime:
    """Read RFC 3339 with 0 to 9 digits of a second, and with "Z" or an offset with or without a colon."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise _refuse(text, "rfc3339")
    return _join(found[1], found[2], "+00:00" if found[3] in "Zz" else found[3])


def _parse_go(text: str) -> datetime:
    """Read a time as Go prints it: 0 to 9 digits of a second, the offset, and the name of the zone."""
    found = _GO.fullmatch(text)
    if found is None:
        raise _refuse(text, "go")
    return _join(found[1], found[2], found[3])


def _parse_epoch(text: str) -> datetime:
    """Read milliseconds since 1970; they must have 13 digits, because 10 would be seconds."""
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
"""Most valid times of each format, only with days that every month has: these need no parsing to be recognized."""
_NAMED: Mapping[str, Callable[[str], datetime]] = {
    "rfc3339": _parse_offset,
    "epoch-ms": _parse_epoch,
    "go": _parse_go,
}


_recall_time = lru_cache(maxsize=1024)(parse_time)
"""Caches the latest times, because every expectation of a job reads its times again."""
_LONGEST_RECALLED = 64
"""The most characters of a cached time, to keep the cache small."""


def read_time(text: str | None, time_format: str) -> datetime | None:
    """Read a time with `parse_time`; None if the API returned none, or if it is invalid."""
    if not text:
        return None
    try:
        return (_recall_time if len(text) <= _LONGEST_RECALLED else parse_time)(text, time_format)
    except ValueError:
        return None


def parse_rfc3339(text: str) -> datetime:
    """Read a time with its zone (RFC 3339); raise ValueError for anything else, or a year outside 1 to 9999."""
    if not re.fullmatch(_RFC_3339, text):
        raise ValueError(f"not a time of RFC 3339: {text[:40]!r}")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"outside the years 1 to 9999 in UTC: {text}") from error


def format_instant(instant: datetime) -> str:
    """Write a time as RFC 3339, in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
