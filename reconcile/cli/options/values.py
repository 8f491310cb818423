"""Types of option values, and the grouping of options into one value."""

import re
from collections.abc import Callable
from functools import wraps
from os import PathLike
from typing import Any, TypeAlias

import click
from msgspec import Struct

from reconcile.duration import parse_duration
from reconcile.model.evidence import Subject
from reconcile.model.manifest import Assignment
from reconcile.rate import Rate, parse_rate

DEFAULT_API = "sfs-turbo"
"""The default job API of commands."""

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


class Duration(click.ParamType[float]):
    """A duration above zero, in seconds. More than `longest` hours is an error, probably a wrong unit."""

    name = "duration"

    def __init__(self, longest: int = 24) -> None:
        self._longest = longest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        try:
            seconds = value if isinstance(value, float) else parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not 0 < seconds <= self._longest * 3600:
            self.fail(f"{value} is not between 1ms and {self._longest}h", param, ctx)
        return seconds


class RateType(click.ParamType[Rate]):
    """A rate above zero."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Rate:  # noqa: ANN401
        try:
            return value if isinstance(value, Rate) else parse_rate(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SubjectType(click.ParamType[Subject]):
    """An artifact as `NAME@sha256:HEX`."""

    name = "subject"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Subject:  # noqa: ANN401
        if isinstance(value, Subject):
            return value
        found = re.fullmatch("(.{1,1000})@sha256:([0-9a-f]{64})", str(value), re.ASCII)
        if found is None or not found[1].isprintable():
            self.fail("expected NAME@sha256:HEX, with 64 hexadecimal digits in lower case", param, ctx)
        return Subject(name=found[1], sha256=found[2])


class AssignmentType(click.ParamType[Assignment]):
    """`NAME=VALUE`."""

    name = "assignment"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Assignment:
        name, sign, text = value.partition("=")
        if not sign or not name:
            self.fail("expected NAME=VALUE", param, ctx)
        return Assignment(name, text)


class FilePath(click.Path):
    """A non-empty path: an empty one is probably an unset variable, and would mean the working directory."""

    def convert(
        self, value: str | PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | PathLike[str]:
        if value == "":
            self.fail("the path is empty: is the variable it comes from set?", param, ctx)
        return super().convert(value, param, ctx)


def as_one(kind: type[Struct], name: str, *options: Decorator) -> Decorator:
    """
    Make a decorator that adds these options to a command and passes their values to it as one Struct.

    Args:
        kind: the Struct; its fields are named like the options. Fields of options that are added elsewhere are also
            filled.
        name: the parameter of the command that gets the Struct.
        options: in the order of --help.
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
