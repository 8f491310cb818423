"""Rates as people write them: `10`, `10/s`, `400/m`."""

import re

_UNITS = {None: 1.0, "s": 1.0, "m": 60.0}
_RATE = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(?:/([sm]))?"


def parse_rate(text: str) -> float:
    """
    Read a rate as a number per second, which is also the unit if none is given.

    Raises:
        ValueError: it is not a number above zero, alone or with /s or /m.
    """
    match = re.fullmatch(_RATE, text)
    if match is None or float(match[1]) == 0:
        raise ValueError(f"not a rate: {text[:40]!r}; write it like 10/s or 400/m")
    return float(match[1]) / _UNITS[match[2]]
