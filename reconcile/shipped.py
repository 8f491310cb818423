"""
The files that ship with the program, wherever it runs from.

In a wheel they lie inside the package; in a checkout, installed as editable or not at all, beside it.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_PACKAGE = Path(__file__).parent
_SUFFIX = ".schema.json"


def shipped_folder(name: str) -> Path:
    """
    Find a folder that ships with the program: `schemas` or `examples`.

    The packaged one wins, so that a foreign folder of that name beside an installed package is never read.
    """
    packaged = _PACKAGE / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def schema_names() -> tuple[str, ...]:
    """List the JSON Schemas by name and version, such as `manifest.v1`, in alphabetical order."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in shipped_folder("schemas").glob(f"*{_SUFFIX}")))


def read_schema(name: str) -> str:
    """Return the text of the schema of that full name (`manifest.v1`); raise FileNotFoundError if there is none."""
    return (shipped_folder("schemas") / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


@cache
def load_schema(name: str) -> dict[str, Any]:
    """Return the schema of that full name as a value that no one may change."""
    schema: dict[str, Any] = msgspec.json.decode(read_schema(name))
    return schema
