"""Durations as people write them, in Go's style, plus days and weeks: `90s`, `1h30m`, `250ms`, `7d`."""

import re
from functools import lru_cache

_UNITS = {"w": 604_800.0, "d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(w|d|h|ms|m|s)"


@lru_cache
def parse_duration(text: str) -> float:
    """
    Read a duration as seconds.

    Raises:
        ValueError: it is not a sequence of numbers with units w, d, h, m, s, ms, in that order and each at most once.
    """
    parts = re.findall(_PART, text)
    units = [unit for _, unit in parts]
    if not re.fullmatch(f"(?:{_PART})+", text) or units != sorted(set(units), key=list(_UNITS).index):
        raise ValueError(f"not a duration: {text[:40]!r}; write it like 90s, 10m, 1h30m or 7d")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """Write seconds so that `parse_duration` can read them, in days and smaller units: `10d4h`, `1h30m`, `0s`."""
    rest = round(abs(seconds) * 1000)
    parts = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return ("-" if seconds < 0 else "") + ("".join(parts) or "0s")
