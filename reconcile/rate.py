"""Rates as people write them: `10`, `10/s`, `400/m`."""

import math
import re

from msgspec import Struct

_UNITS = {None: 1.0, "s": 1.0, "m": 60.0}
_RATE = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(?:/([sm]))?"
_UNEVEN = 10
"""If a rate is not a whole number of requests, each run gets at least this many, so that rounding down loses little."""


class Rate(Struct, frozen=True):
    """At most this many `requests` in any window of this many `seconds`; both are above zero."""

    requests: float
    seconds: float

    @classmethod
    def per_minute(cls, requests: int | None) -> "Rate | None":
        """Return a rate in requests per minute, as APIs publish it; None if unpublished."""
        return None if requests is None else cls(float(requests), 60.0)

    @property
    def per_second(self) -> float:
        """The mean number of requests per second."""
        return self.requests / self.seconds

    def share(self, index: int, total: int) -> "Rate":
        """
        Return the share of the `index`-th of `total` runs, counted from 1: a whole number of requests, at least one.

        All shares have the same window, and together they never exceed this rate. Their window is longer than that of
        this rate if it would have less than one request per run.
        """
        least = total if self.requests.is_integer() else _UNEVEN * total
        windows = max(1, math.ceil(least / self.requests))
        requests = math.floor(self.requests * windows)
        part = requests * index // total - requests * (index - 1) // total
        return Rate(float(part), self.seconds * windows)

    def __str__(self) -> str:
        """Write the rate as people do, such as 400/m, or 3 in 20 s if no unit fits."""
        unit = next((name for name, seconds in _UNITS.items() if name and seconds == self.seconds), None)
        return f"{self.requests:,g}/{unit}" if unit else f"{self.requests:,g} in {self.seconds:,g} s"


def parse_rate(text: str) -> Rate:
    """
    Parse a rate; the default unit is a second.

    Raises:
        ValueError: it is not a number above zero, alone or with /s or /m.
    """
    match = re.fullmatch(_RATE, text)
    if match is None or float(match[1]) == 0:
        raise ValueError(f"not a rate: {text[:40]!r}; write it like 10/s or 400/m")
    return Rate(float(match[1]), _UNITS[match[2]])
