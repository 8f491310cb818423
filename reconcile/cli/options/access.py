"""Options of fetching jobs, and of writing or replaying a recording."""

import click
from msgspec import Struct

from reconcile.cli.options.values import Duration, FilePath, RateType, as_one
from reconcile.rate import Rate

_DEFAULT_TIMEOUT = 300.0
_SLACK = 60.0
"""Seconds of the default timeout beyond --wait."""


class AccessOptions(Struct, frozen=True, kw_only=True):
    """
    How jobs are fetched. Only the operator decides this, never a manifest.

    `wait` and `timeout` are in seconds, and `rate` is the rate that each provider allows. None means no waiting, a
    timeout that is longer than the waiting, and the published rate of the API. `verbose` is 1 for -v and 2 for -vv.
    """

    endpoints: tuple[str, ...]
    ca_file: str | None
    proxy: str | None
    metadata: bool
    timeout: float | None
    wait: float | None = None
    rate: Rate | None = None
    concurrency: int = 64
    verbose: int = 0

    @property
    def limit(self) -> float:
        """The seconds that the whole run may take, including reading standard input."""
        return self.timeout or max(_DEFAULT_TIMEOUT, (self.wait or 0.0) + _SLACK)


class RecordingOptions(Struct, frozen=True, kw_only=True):
    """
    The directory to record to, the one to replay instead of sending requests, and the one of the run to resume, which
    is recorded there as well; each may be None. `max_age` is the seconds after which a resumed run requests an answer
    again, None for the default.
    """

    record: str | None
    replay: str | None
    resume: str | None = None
    max_age: float | None = None


_CONNECTION = (
    click.option(
        "--endpoint",
        "endpoints",
        multiple=True,
        metavar="[PROVIDER=]URL",
        help="URL of the job API, instead of the one in the built-in table: https, or http on loopback. "
        "Default: RECONCILE_ENDPOINT.",
    ),
    click.option(
        "--ca-file",
        metavar="FILE",
        type=FilePath(),
        help="CA certificates to trust instead of the built-in ones (PEM).",
    ),
    click.option(
        "--proxy", metavar="URL", help="Proxy for https requests. Proxy variables of the environment are ignored."
    ),
    click.option(
        "--metadata-credentials",
        "metadata",
        is_flag=True,
        help="Ask the metadata service of this server for a credential, if nothing else is set.",
    ),
)

access_options = as_one(
    AccessOptions,
    "access",
    *_CONNECTION,
    click.option("--wait", type=Duration(), help="How long to wait for unfinished jobs. Default: do not wait."),
    click.option(
        "--timeout",
        type=Duration(),
        help="Time limit for reading standard input and fetching together. Default: 5m, or --wait plus 1m if longer.",
    ),
    click.option(
        "--rate",
        type=RateType(),
        metavar="N[/s|/m]",
        help="Maximum request rate per provider, for all shards of a run together. Default: the published one, if "
        "there is any.",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 1024),
        metavar="N",
        default=64,
        help="Maximum number of concurrent requests. Default: 64.",
    ),
    click.option(
        "-v",
        "--verbose",
        count=True,
        help="Print each provider's endpoint, the source of its credential and how many requests it got. -vv prints "
        "every request.",
    ),
)
"""Options of commands that fetch jobs."""

connection_options = as_one(
    AccessOptions,
    "access",
    *_CONNECTION,
    click.option("--timeout", type=Duration(), default=60.0, help="Time limit of the whole run. Default: 1m."),
)
"""Options of commands that only send single requests."""

recording_options = as_one(
    RecordingOptions,
    "recording",
    click.option(
        "--record",
        metavar="DIR",
        type=FilePath(),
        help="Record all responses in DIR, without credentials, for --replay.",
    ),
    click.option(
        "--replay",
        metavar="DIR",
        type=FilePath(),
        help="Judge the responses recorded in DIR, as of the time of the recording. Sends no request.",
    ),
    click.option(
        "--resume",
        metavar="DIR",
        type=FilePath(),
        help="Continue the run that was recorded in DIR, under the same RECONCILE_RUN_ID: only jobs that had not ended "
        "there are requested. Records in DIR.",
    ),
    click.option(
        "--max-age",
        type=Duration(),
        metavar="DURATION",
        help="With --resume: maximum age of a recorded response; older ones are requested again. Default: 1h.",
    ),
)
"""Options of recording a run, of replaying a recording and of resuming a recorded run."""
