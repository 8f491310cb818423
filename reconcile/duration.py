"""Durations as people write them, in Go's style: `90s`, `1h30m`, `250ms`."""

import re

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(h|ms|m|s)"


def parse_duration(text: str) -> float:
    """
    Read a duration as seconds.

    Raises:
        ValueError: it is not a sequence of numbers with units h, m, s, ms, in that order and each at most once.
    """
    parts = re.findall(_PART, text)
    units = [unit for _, unit in parts]
    if not re.fullmatch(f"(?:{_PART})+", text) or units != sorted(set(units), key=list(_UNITS).index):
        raise ValueError(f"not a duration: {text[:40]!r}; write it like 90s, 10m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """Write seconds the way `parse_duration` reads them, in the largest units that fit: `1h30m`, `250ms`, `0s`."""
    rest = round(abs(seconds) * 1000)
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return ("-" if seconds < 0 else "") + ("".join(parts) or "0s")
