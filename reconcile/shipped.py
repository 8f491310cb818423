"""
Data files of the program: schemas, examples and explanations.

They are inside the package in a wheel, and beside it in a checkout.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_PACKAGE = Path(__file__).parent
_SUFFIX = ".schema.json"


def shipped_folder(name: str) -> Path:
    """
    Return the path of a data folder, such as `schemas`.

    A folder inside the package takes precedence, so that a foreign folder beside an installed package is never read.
    """
    packaged = _PACKAGE / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def schema_names() -> tuple[str, ...]:
    """List the JSON Schemas by name and version, such as `manifest.v1`, in alphabetical order."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in shipped_folder("schemas").glob(f"*{_SUFFIX}")))


def read_schema(name: str) -> str:
    """Return the text of a schema by its full name (`manifest.v1`); raise FileNotFoundError if there is none."""
    return (shipped_folder("schemas") / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


@cache
def load_schema(name: str) -> dict[str, Any]:
    """Return a schema by its full name; the value is shared and must not be modified."""
    schema: dict[str, Any] = msgspec.json.decode(read_schema(name))
    return schema
