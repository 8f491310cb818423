"""How a plan is shown: colour, width, and how much of it."""

import re
from enum import Enum

from msgspec import Struct

_PAINT = re.compile("\x1b\\[[0-9;]*m")


class Colour(Enum):
    """The purpose of a colour; the value is its SGR parameter (ECMA-48). No meaning depends on colour alone."""

    STRONG = "1"
    ADDED = "32"
    REMOVED = "31"
    CHANGED = "33"
    QUIET = "2"


class Palette(Struct, frozen=True):
    """Paints text, or leaves it unchanged."""

    colour: bool

    def paint(self, text: str, *colours: Colour) -> str:
        """Wrap text in the colours, unless it is empty or this palette has no colour."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(colour.value for colour in colours)}m{text}\x1b[0m"


def measure(text: str) -> int:
    """Return how many columns a painted text takes."""
    return len(_PAINT.sub("", text))


NO_COLOUR = Palette(colour=False)


class Style(Struct, frozen=True, kw_only=True):
    """
    How a reader wants to see a plan. It never changes a verdict, and each format uses what it can.

    `full` also shows what holds, and each job separately. `width` is the number of columns that prose may take, None
    without a screen. `docs_url` is where the documentation is published, without a trailing "/", None if the operator
    names no such place.
    """

    palette: Palette = NO_COLOUR
    full: bool = False
    width: int | None = None
    docs_url: str | None = None


PLAIN = Style()
