"""Live progress on a terminal: one line for each job that is waited for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reconcile.duration import format_duration
from reconcile.model import Manifest
from reconcile.report.escape import escape

if TYPE_CHECKING:
    from reconcile.fetch import Progress

MOST_LINES = 12


@contextmanager
def show_progress(manifest: Manifest) -> "Iterator[Callable[[Progress], None]]":
    """Yield a callback for every poll of an undecided job. The lines are removed at the end."""
    console = Console(stderr=True)
    begin = time.monotonic()
    looks: dict[int, tuple[Progress, float]] = {}

    def render() -> Table:
        return _render(manifest, looks, elapsed=time.monotonic() - begin, now=time.monotonic())

    with Live(get_renderable=render, console=console, transient=True, refresh_per_second=4):
        yield lambda progress: looks.__setitem__(progress.index, (progress, time.monotonic()))


def _render(manifest: Manifest, looks: "dict[int, tuple[Progress, float]]", *, elapsed: float, now: float) -> Table:
    table = Table.grid(padding=(0, 2))
    # A job whose next poll is overdue has been decided.
    waiting = [(progress, at) for progress, at in looks.values() if now < at + progress.next_look + 1.0]
    for progress, at in sorted(waiting, key=lambda look: look[0].index)[:MOST_LINES]:
        job = manifest.jobs[progress.index]
        table.add_row(
            Text(escape(job.address)),
            Text(escape(progress.status or "not there yet")),
            Text(f"poll {progress.polls + 1}, next in {format_duration(max(0, round(at + progress.next_look - now)))}"),
        )
    jobs = f"{len(waiting)} job{'' if len(waiting) == 1 else 's'}"
    table.add_row(Text(f"waiting for {jobs}, {format_duration(round(elapsed))} elapsed"))
    return table
