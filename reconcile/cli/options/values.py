"""What an option can be given, and how options become one value."""

from collections.abc import Callable
from functools import wraps
from os import PathLike
from typing import Any, TypeAlias

import click
from msgspec import Struct

from reconcile.duration import parse_duration
from reconcile.rate import parse_rate

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

_LONGEST_RUN = 24 * 3600.0
"""Seconds; a gate that may run longer is a mistake in the unit."""


class Duration(click.ParamType[float]):
    """A duration above zero, as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        try:
            seconds = value if isinstance(value, float) else parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not 0 < seconds <= _LONGEST_RUN:
            self.fail(f"{value} is not between 1ms and 24h", param, ctx)
        return seconds


class Rate(click.ParamType[float]):
    """A rate above zero, as requests per second."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        try:
            return value if isinstance(value, float) else parse_rate(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class FilePath(click.Path):
    """A path that says where; an empty one, which would be the working directory, is a variable without a value."""

    def convert(
        self, value: str | PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | PathLike[str]:
        if value == "":
            self.fail("it is empty: has the variable that it comes from a value?", param, ctx)
        return super().convert(value, param, ctx)


def as_one(kind: type[Struct], name: str, *options: Decorator) -> Decorator:
    """
    Make a decorator that adds these options to a command, which gets them as one value.

    Args:
        kind: of the value; its fields are called as the options are, and those that are given beside them are taken.
        name: of the argument of the command that the value is for.
        options: in the order in which help lists them.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_value(*args: Any, **given: Any) -> Any:  # noqa: ANN401
            chosen = {field: given.pop(field) for field in kind.__struct_fields__ if field in given}
            return command(*args, **{name: kind(**chosen)}, **given)

        decorated: Callable[..., Any] = with_value
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
