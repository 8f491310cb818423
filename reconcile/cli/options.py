"""Options that more than one command has."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, TypeVar

import click

from reconcile.duration import parse_duration

_Command = TypeVar("_Command", bound=Callable[..., Any])

LONGEST_RUN = 24 * 3600.0
"""Seconds; a gate that may run longer is a mistake in the unit."""


class Duration(click.ParamType[float]):
    """A duration above zero, as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        try:
            seconds = value if isinstance(value, float) else parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not 0 < seconds <= LONGEST_RUN:
            self.fail(f"{value} is not between 1ms and 24h", param, ctx)
        return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How jobs are fetched, as the operator says: never the manifest."""

    endpoints: tuple[str, ...]
    ca_file: str | None
    timeout: float
    concurrency: int


manifest_argument = click.argument("manifest", metavar="[MANIFEST]", required=False)

colour_option = click.option(
    "--color",
    "colour",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colour; auto asks NO_COLOR, FORCE_COLOR and the terminal.",
)


def format_option(*names: str) -> Callable[[_Command], _Command]:
    """Make `-o/--output` with these formats, the first as default."""
    return click.option(
        "-o",
        "--output",
        "format_name",
        metavar="FORMAT",
        type=click.Choice(names),
        default=names[0],
        help=f"What stdout gets: {', '.join(names)}. Default: {names[0]}.",
    )


def access_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of fetching to a command, which gets them as one `access`."""

    @click.option(
        "--endpoint",
        "endpoints",
        multiple=True,
        metavar="[PROVIDER=]URL",
        help="Where the job API is, instead of the built-in table: https, or http on loopback. "
        "Default: RECONCILE_ENDPOINT.",
    )
    @click.option("--ca-file", metavar="FILE", help="Trust these certificates (PEM) instead of the built-in ones.")
    @click.option("--timeout", type=Duration(), default="5m", help="How long the whole run may take. Default: 5m.")
    @click.option(
        "--concurrency",
        type=click.IntRange(1, 1024),
        metavar="N",
        default=64,
        help="Connections at once, at most. Default: 64.",
    )
    @wraps(command)
    def with_access(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        chosen = {field.name: options.pop(field.name) for field in fields(Access)}
        return command(*args, access=Access(**chosen), **options)

    return with_access
