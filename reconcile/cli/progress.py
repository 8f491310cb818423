"""Shows the progress of a run: live on a terminal, elsewhere with a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconcile.cli import output
from reconcile.duration import format_duration
from reconcile.model.manifest import Manifest
from reconcile.model.observation import Fetched

if TYPE_CHECKING:
    from reconcile.cli.live import LiveDisplay
    from reconcile.fetch import Progress

_HEARTBEAT = 30.0
"""Seconds between two lines without a terminal."""
_FIRST_SECOND = 1.0
"""Seconds after which a terminal shows progress; most runs end before that."""


class Watch:
    """The jobs of a run, and which of them are decided. Times are in seconds of `timer`, which is monotonic."""

    def __init__(self, manifest: Manifest, timer: Callable[[], float]) -> None:
        self.manifest = manifest
        self.timer = timer
        self.begin = timer()
        self.looks: dict[int, tuple[Progress, float]] = {}
        """The last look at each pending job, and its time."""
        self._decided = 0

    def note_fetched(self, index: int, fetched: Fetched) -> None:
        """Note that a job is decided."""
        del fetched
        self._decided += 1
        self.looks.pop(index, None)

    def note_look(self, progress: "Progress") -> None:
        """Note a look that decided nothing."""
        self.looks[progress.index] = (progress, self.timer())

    def describe(self) -> str:
        """Return one line about all jobs."""
        now, total = self.timer(), len(self.manifest.jobs)
        left = total - self._decided
        parts = [f"{self._decided:,} of {total:,} decided"]
        if self.looks:
            next_look = min(at + progress.next_look for progress, at in self.looks.values())
            wait = format_duration(max(0, round(next_look - now)))
            parts.append(f"{len(self.looks):,} pending, next poll in {wait}")
        parts.append(f"{format_duration(round(now - self.begin))} elapsed")
        waiting = f"waiting for {left:,} job{'' if left == 1 else 's'}: " if left else ""
        return f"{waiting}{', '.join(parts)}"


@contextmanager
def show_progress(watch: Watch, *, interactive: bool) -> Iterator[Callable[[], None]]:
    """Yield a function that shows progress when it is due; call it often."""
    if not interactive:
        yield _Heartbeat(watch).beat
        return
    display: LiveDisplay | None = None

    def show() -> None:
        nonlocal display
        if display is None and watch.timer() - watch.begin >= _FIRST_SECOND:
            from reconcile.cli.live import LiveDisplay

            display = LiveDisplay(watch)

    try:
        yield show
    finally:
        if display is not None:
            display.close()


class _Heartbeat:
    """Prints a line at intervals, so that a log shows that the run is alive."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._due = watch.begin + _HEARTBEAT

    def beat(self) -> None:
        """Print a line if one is due."""
        now = self._watch.timer()
        if now >= self._due:
            self._due = now + _HEARTBEAT
            output.print_note(f"reconcile: {self._watch.describe()}\n")
