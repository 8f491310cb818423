"""A run that is recorded, and a recording that is judged."""

from collections.abc import Callable, Mapping
from datetime import datetime

from reconcile import __version__
from reconcile.cli import output
from reconcile.cli.files import check_folder, write_folder
from reconcile.cli.options.access import Access, Kept
from reconcile.codes import Code
from reconcile.errors import UsageError
from reconcile.instant import format_instant
from reconcile.model import ExitCode, Fetched, Manifest, Plan, RecordedProvider, Recording
from reconcile.report.escape import escape


class Tape:
    """What `--record` keeps of a run. The folder is checked before the first request is sent."""

    def __init__(self, folder: str, clock: Callable[[], datetime]) -> None:
        from reconcile.fetch.recorder import Recorder

        self.recorder: Recorder = Recorder(clock)
        self._folder = folder
        self._begun_at = clock()

    def prepare(self) -> None:
        """Raise OutputError if the recording cannot be written."""
        from reconcile.recording import is_part_of_recording

        check_folder(self._folder, is_part_of_recording)

    def write(self, plan: Plan, fetched: tuple[Fetched, ...], *, ended_by: ExitCode | None) -> None:
        """Write the recording of the run that came to this plan, whole or not at all; raise OutputError."""
        from reconcile.recording import is_part_of_recording, render_recording

        providers = plan.manifest.providers
        recording = Recording(
            version=__version__,
            begun_at=self._begun_at,
            judged_at=plan.judged_at,
            complete=plan.complete,
            ended_by=ended_by,
            providers={
                name: RecordedProvider(
                    api=providers[name].api.name,
                    cloud=providers[name].cloud,
                    region=providers[name].region,
                    project_id=providers[name].project_id,
                    endpoint=origin,
                )
                for name, origin in plan.origins.items()
            },
            jobs=self.recorder.tell(plan.manifest.jobs, fetched),
        )
        write_folder(self._folder, render_recording(recording), is_part_of_recording)


class Playback:
    """What `--replay` judges instead of what a job API says now."""

    def __init__(self, folder: str, *, quiet: bool) -> None:
        """Open a recording and tell of which time it is; raise DocumentError."""
        from reconcile.recording import open_recording

        self._recording = open_recording(folder)
        self.judged_at = self._recording.judged_at
        self.ended_by = self._recording.ended_by
        if not quiet:
            endpoints = sorted({each.endpoint for each in self._recording.providers.values()})
            cut = "" if self._recording.complete else "; its run was cut short"
            output.tell(
                f"reconcile: judging the recording {escape(folder)}, made {format_instant(self.judged_at)} of "
                f"{', '.join(endpoints) or 'nobody'}{cut}; nothing is asked now\n"
            )

    def tell_time(self) -> datetime:
        """Tell when the manifests of the recorded run were read."""
        return self._recording.begun_at

    def replay(self, manifest: Manifest) -> tuple[tuple[Fetched, ...], Mapping[str, str]]:
        """Return what was fetched of every job, in the order of the manifest, and where each provider was asked."""
        from reconcile.fetch.replay import find_recorded, replay_jobs

        names = find_recorded(tuple(manifest.providers.values()), self._recording.providers)
        origins = {name: self._recording.providers[recorded].endpoint for name, recorded in names.items()}
        return replay_jobs(manifest.jobs, names, self._recording.find_job), origins


def check_usage(kept: Kept, access: Access) -> None:
    """Raise UsageError for options that have no meaning beside `--replay`."""
    senseless = [*(["--record"] if kept.record else []), *name_given(access)]
    if senseless:
        message = f"--replay asks nobody, so it cannot be given together with {', '.join(senseless)}"
        raise UsageError.because(Code.USAGE, message, hint="leave one of them out")


def name_given(access: Access) -> list[str]:
    """Name the options of asking a job API that an operator gave."""
    values = {
        "--endpoint": access.endpoints,
        "--ca-file": access.ca_file,
        "--proxy": access.proxy,
        "--wait": access.wait,
        "--timeout": access.timeout,
        "--rate": access.rate,
    }
    return [name for name, value in values.items() if value]
