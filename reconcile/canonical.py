"""The one way in which this program writes JSON, so that equal values are equal bytes."""

import json

from reconcile.model import JsonValue


def dump(document: JsonValue, *, compact: bool = False) -> str:
    """
    Write a value the one way in which this program writes JSON: ASCII, sorted keys, no NaN.

    A CI runner obeys `##[` and `##vso[` anywhere in a line, and they can stand in a string alone, where the second
    `#` is as well written as an escape.

    Args:
        compact: all on one line, for what no person reads: three times as fast and half as long.
    """
    text = json.dumps(document, indent=None if compact else 2, sort_keys=True, allow_nan=False)
    return text.replace("##", r"#\u0023") + "\n"
