"""The live display of a run on a terminal. Only this module imports rich."""

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reconcile.cli.progress import Watch
from reconcile.duration import format_duration
from reconcile.report.escape import escape

_MOST_LINES = 12


class LiveDisplay:
    """One line for each of some pending jobs, and one about all jobs. They are removed at the end."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        console = Console(stderr=True)
        self._live = Live(get_renderable=self._render, console=console, transient=True, refresh_per_second=4)
        self._live.start(refresh=True)

    def close(self) -> None:
        """Remove the lines."""
        self._live.stop()

    def _render(self) -> Table:
        table, now = Table.grid(padding=(0, 2)), self._watch.timer()
        for index, (progress, at) in sorted(self._watch.looks.copy().items())[:_MOST_LINES]:
            wait = format_duration(max(0, round(at + progress.next_look - now)))
            table.add_row(
                Text(escape(self._watch.manifest.jobs[index].address)),
                Text(escape(progress.status or "not there yet")),
                Text(f"poll {progress.polls + 1}, next in {wait}"),
            )
        table.add_row(Text(self._watch.describe()))
        return table
