"""A package without what it imports for purposes that nothing here has."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


@contextmanager
def standing_in(name: str, **attributes: object) -> Iterator[ModuleType | None]:
    """
    Let a module with these attributes stand in for one that a package imports within the block.

    It is asked for other attributes by another version of the package at most: then the real one is imported after all,
    and answers. Where it is imported already, it costs nothing any more and stays; there is no stand-in then, but None.
    """
    if name in sys.modules:
        yield None
        return
    stand_in = ModuleType(name)

    def ask_real(attribute: str) -> object:
        if attribute.startswith("__"):  # asked by the import system: whether it is a package, and the like
            raise AttributeError(attribute)
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(import_module(name), attribute)

    vars(stand_in).update(attributes, __getattr__=ask_real)
    sys.modules[name] = stand_in
    try:
        yield stand_in
    finally:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
