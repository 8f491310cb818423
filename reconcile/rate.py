"""Rates as people write them: `10`, `10/s`, `400/m`."""

import math
import re

from msgspec import Struct

_UNITS = {None: 1.0, "s": 1.0, "m": 60.0}
_RATE = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(?:/([sm]))?"
_UNEVEN = 10
"""A number of requests that is no integer is counted over so many of them, so that little is lost by rounding down."""


class Rate(Struct, frozen=True):
    """At most so many `requests` in any window of so many `seconds`; both are above zero."""

    requests: float
    seconds: float

    @classmethod
    def per_minute(cls, requests: int | None) -> "Rate | None":
        """Return the rate that an API publishes; None if it publishes none."""
        return None if requests is None else cls(float(requests), 60.0)

    @property
    def per_second(self) -> float:
        """The mean number of requests per second."""
        return self.requests / self.seconds

    def share(self, index: int, total: int) -> "Rate":
        """
        Return the part of the `index`-th of `total` runs, counted from 1: a whole number of requests, at least one.

        All parts are over windows of the same length, and together they are never more than this rate. The window is
        longer than that of this rate if it has less than one request for each run.
        """
        least = total if self.requests.is_integer() else _UNEVEN * total
        windows = max(1, math.ceil(least / self.requests))
        requests = math.floor(self.requests * windows)
        part = requests * index // total - requests * (index - 1) // total
        return Rate(float(part), self.seconds * windows)

    def __str__(self) -> str:
        """Write it as people do, such as 400/m, or 3 in 20 s where there is no unit for it."""
        unit = next((name for name, seconds in _UNITS.items() if name and seconds == self.seconds), None)
        return f"{self.requests:,g}/{unit}" if unit else f"{self.requests:,g} in {self.seconds:,g} s"


def parse_rate(text: str) -> Rate:
    """
    Read a rate; the unit is a second if none is given.

    Raises:
        ValueError: it is not a number above zero, alone or with /s or /m.
    """
    match = re.fullmatch(_RATE, text)
    if match is None or float(match[1]) == 0:
        raise ValueError(f"not a rate: {text[:40]!r}; write it like 10/s or 400/m")
    return Rate(float(match[1]), _UNITS[match[2]])
