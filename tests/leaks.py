"""Secrets that are easily found, and the forms in which a server may repeat one."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

CANARY = 'canary/7f3a+9c51"é='
VISIBLE = 'canary/7f3a+9c51"='
"""The same for what has to be ASCII."""
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "url": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "lower-url": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"),
    "json": json.dumps,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(b"x" + text.encode()).decode(),
}


def leaks_of(secret: str) -> set[str]:
    """List pieces of a secret by which it would be recognised, in any of the forms."""
    pieces = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
    for offset in range(3):
        pieces.add(base64.b64encode(b" " * offset + secret.encode()).decode()[4:-4])
    return pieces
