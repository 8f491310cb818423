"""A package without what it imports for purposes that nothing here has."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def standing_in(name: str, **attributes: object) -> Iterator[None]:
    """
    Let a module with nothing but these attributes stand in for one that a package imports within the block.

    Where the real one is imported already, it costs nothing any more and stays.
    """
    if name in sys.modules:
        yield
        return
    stand_in = sys.modules[name] = ModuleType(name)
    vars(stand_in).update(attributes)
    try:
        yield
    finally:
        del sys.modules[name]
