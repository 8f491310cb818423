"""How a reader wants a plan told."""

from msgspec import Struct

from reconcile.report.palette import PLAIN as NO_COLOUR
from reconcile.report.palette import Palette


class Style(Struct, frozen=True, kw_only=True):
    """
    The same plan in other clothes: a style never changes a verdict, and a format takes of it what it can use.

    `full` tells what holds as well, and each job by itself. `width` is the number of columns that prose may take,
    None where no screen bounds it.
    """

    palette: Palette = NO_COLOUR
    full: bool = False
    width: int | None = None


PLAIN = Style()
