"""Colours of a terminal. They never carry a meaning alone."""

from enum import Enum

from msgspec import Struct


class Colour(Enum):
    """What a colour is for; the value is its SGR parameter (ECMA-48)."""

    STRONG = "1"
    ADDED = "32"
    REMOVED = "31"
    CHANGED = "33"
    QUIET = "2"


class Palette(Struct, frozen=True):
    """Paints, or leaves text as it is."""

    colour: bool

    def paint(self, text: str, *colours: Colour) -> str:
        """Wrap text in the colours, if there is any and if this palette has colour."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(colour.value for colour in colours)}m{text}\x1b[0m"


PLAIN = Palette(colour=False)
