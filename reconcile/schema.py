"""
The JSON Schemas, wherever the program runs from.

In a wheel they lie inside the package; in a checkout, installed as editable or not at all, beside it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent
_SUFFIX = ".schema.json"


def schema_folder() -> Path:
    """
    Find the folder of the schemas.

    The packaged one wins, so that a foreign folder called `schemas` beside an installed package is never read.
    """
    packaged = _PACKAGE / "schemas"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "schemas"


def schema_names() -> tuple[str, ...]:
    """List the schemas by name and version, such as `manifest.v1`, in alphabetical order."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in schema_folder().glob(f"*{_SUFFIX}")))


def read_schema(name: str) -> str:
    """Return the text of the schema of that full name (`manifest.v1`); raise FileNotFoundError if there is none."""
    return (schema_folder() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


@cache
def load_schema(name: str) -> dict[str, Any]:
    """Return the schema of that full name as a value that no one may change."""
    schema: dict[str, Any] = json.loads(read_schema(name))
    return schema
