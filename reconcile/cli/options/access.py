"""How jobs are fetched, or what was recorded of it is judged."""

import click
from msgspec import Struct

from reconcile.cli.options.values import Duration, FilePath, Rate, as_one

_SLACK = 60.0
"""Seconds that a run has beyond its waiting, where the operator does not say how long it may take."""


class Access(Struct, frozen=True, kw_only=True):
    """
    How jobs are fetched, as the operator says: never the manifest.

    `wait` and `timeout` are seconds, `rate` is requests per second to a provider; None is no waiting, a time-out that
    leaves room for the waiting, no limit.
    """

    endpoints: tuple[str, ...]
    ca_file: str | None
    proxy: str | None
    wait: float | None
    timeout: float | None
    rate: float | None
    concurrency: int

    @property
    def limit(self) -> float:
        """The seconds that the run may take in all, from the reading of standard input to the last answer."""
        wait = self.wait or 0.0
        return self.timeout or wait + max(_SLACK, 300.0 - wait)


class Kept(Struct, frozen=True, kw_only=True):
    """The folders of recordings: to write what is exchanged, and to judge instead of asking; None is neither."""

    record: str | None
    replay: str | None


access_options = as_one(
    Access,
    "access",
    click.option(
        "--endpoint",
        "endpoints",
        multiple=True,
        metavar="[PROVIDER=]URL",
        help="Where the job API is, instead of the built-in table: https, or http on loopback. "
        "Default: RECONCILE_ENDPOINT.",
    ),
    click.option(
        "--ca-file",
        metavar="FILE",
        type=FilePath(),
        help="Trust these certificates (PEM) instead of the built-in ones.",
    ),
    click.option("--proxy", metavar="URL", help="Go through this proxy, to https only; no variable is read."),
    click.option("--wait", type=Duration(), help="Look at undecided jobs again, for as long as this."),
    click.option(
        "--timeout",
        type=Duration(),
        help="How long reading standard input and fetching may take together. Default: 5m, or --wait and a minute.",
    ),
    click.option("--rate", type=Rate(), metavar="N[/s|/m]", help="Requests to a provider, at most."),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 1024),
        metavar="N",
        default=64,
        help="Connections at once, at most. Default: 64.",
    ),
)
"""Of fetching."""

recording_options = as_one(
    Kept,
    "kept",
    click.option(
        "--record", metavar="DIR", type=FilePath(), help="Keep what is exchanged, without credentials, for --replay."
    ),
    click.option(
        "--replay", metavar="DIR", type=FilePath(), help="Judge a recording, offline, at its time; nothing is sent."
    ),
)
"""Of keeping what is exchanged, and of judging what was kept."""
