"""Types and words that values of every kind share."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from msgspec import Meta

if TYPE_CHECKING:
    JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
else:
    JsonValue = Any  # msgspec reads saved plans by these annotations and does not support a recursive alias.

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""A point in time with its offset: a time without one cannot be compared, so reading a saved plan rejects it."""

SENSITIVE = "(sensitive value)"
"""The placeholder for a value that must not be shown."""
