"""Shows the progress of a run: live on a terminal, elsewhere with a line now and then."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconcile.cli import output
from reconcile.duration import format_duration
from reconcile.model.manifest import Manifest

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
        self._fetched = 0
        self._open: Counter[str] = Counter()
        """How many fetched jobs are decided only with the job of this address, which they must come after."""

    def note_fetched(self, index: int, *, is_open: bool) -> None:
        """Note that no more requests are sent about a job; `is_open` if one that it must come after decides it."""
        job = self.manifest.jobs[index]
        self._fetched += 1
        self.looks.pop(index, None)
        self._open.pop(job.address, None)
        if is_open and job.after is not None:
            self._open[job.after.address] += 1

    def note_look(self, progress: "Progress") -> None:
        """Note a look that decided nothing."""
        self.looks[progress.index] = (progress, self.timer())

    def describe(self) -> str:
        """Return one line about all jobs."""
        now, total = self.timer(), len(self.manifest.jobs)
        left, held = total - self._fetched, self._open.total()
        parts = [f"{self._fetched - held:,} of {total:,} decided"]
        if self.looks or held:
            parts.append(f"{len(self.looks) + held:,} pending")
        if self.looks:
            next_look = min(at + progress.next_look for progress, at in self.looks.values())
            parts.append(f"next poll in {format_duration(max(0, round(next_look - now)))}")
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
