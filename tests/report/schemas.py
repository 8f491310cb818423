"""The official schemas of formats, which are not part of the repository; a test without its schema is skipped."""

import json
from pathlib import Path

import pytest
from jsonschema import validators

_FOLDER = Path(__file__).parents[2].parent / "shared" / "data"


def check_against(name, document):
    """Validate a document against the schema file of that name, formats of strings included."""
    path = _FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    schema = json.loads(path.read_text(encoding="utf-8"))
    validator = validators.validator_for(schema)
    validator(schema, format_checker=validator.FORMAT_CHECKER).validate(document)
