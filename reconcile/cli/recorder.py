"""Recording a run, and replaying a recording instead of sending requests."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from reconcile import __version__
from reconcile.cli import output
from reconcile.cli.files import check_folder, write_folder
from reconcile.cli.options.access import AccessOptions, RecordingOptions
from reconcile.codes import Code
from reconcile.errors import DocumentError, UsageError
from reconcile.instant import format_instant
from reconcile.model import Diagnostic, ExitCode, Fetched, JobApi, Manifest, Plan, RecordedProvider, Recording
from reconcile.report.escape import escape


class RunRecorder:
    """Records a run for `--record`."""

    def __init__(self, folder: str, clock: Callable[[], datetime], begun_at: datetime) -> None:
        from reconcile.fetch.recorder import Recorder

        self.exchanges: Recorder = Recorder(clock)
        self._folder = folder
        self._begun_at = begun_at

    def prepare(self) -> None:
        """Raise OutputError if the recording cannot be written. Called before the first request is sent."""
        from reconcile.recording import is_part_of_recording

        check_folder(self._folder, is_part_of_recording)

    def write(self, plan: Plan, fetched: Sequence[Fetched], *, ended_by: ExitCode | None) -> Recording:
        """Write the recording of the run with this plan, whole or not at all, and return it; raise OutputError."""
        from reconcile.recording import is_part_of_recording, render_recording
        from reconcile.report.result import find_decision

        providers = plan.manifest.providers
        recording = Recording(
            version=__version__,
            begun_at=self._begun_at,
            judged_at=plan.judged_at,
            complete=plan.complete,
            ended_by=ended_by,
            verdict=plan.verdict,
            decided_by=find_decision(plan),
            providers={
                name: RecordedProvider(
                    api=providers[name].api.name,
                    api_sha256=providers[name].api.sha256,
                    cloud=providers[name].cloud,
                    region=providers[name].region,
                    project_id=providers[name].project_id,
                    endpoint=origin,
                )
                for name, origin in plan.origins.items()
            },
            jobs=self.exchanges.tell(plan.manifest.jobs, fetched),
        )
        write_folder(self._folder, render_recording(recording), is_part_of_recording)
        return recording


class RunReplayer:
    """Returns what a recording holds, for `--replay`."""

    def __init__(self, folder: str, apis: Mapping[str, JobApi], *, quiet: bool) -> None:
        """Open a recording and print when it was made; raise DocumentError, also if it needs another of the APIs."""
        from reconcile.recording import open_recording

        self._recording = open_recording(folder)
        self._check_descriptions(apis)
        self.judged_at = self._recording.judged_at
        self.ended_by = self._recording.ended_by
        self.verdict = self._recording.verdict
        self.decided_by = self._recording.decided_by
        if not quiet:
            endpoints = sorted({each.endpoint for each in self._recording.providers.values()})
            cut = "" if self._recording.complete else ", of a run that was cut short"
            output.print_note(
                f"reconcile: replaying {escape(folder)}, recorded {format_instant(self.judged_at)} from "
                f"{', '.join(endpoints) or 'no provider'}{cut}; no request is sent\n"
            )

    def _check_descriptions(self, apis: Mapping[str, JobApi]) -> None:
        """Raise DocumentError if an operator's description by which the jobs were read is not there."""
        for each in self._recording.providers.values():
            if each.api_sha256 is not None and (each.api not in apis or apis[each.api].sha256 != each.api_sha256):
                message = f"{self._recording.folder}: the description of {each.api} that read its answers is not given"
                hint = f"give the same file: --api FILE@sha256:{each.api_sha256}"
                raise DocumentError([Diagnostic(code=Code.OTHER_DESCRIPTION, message=message, hint=hint)])

    def read_clock(self) -> datetime:
        """Return when the manifests of the recorded run were read."""
        return self._recording.begun_at

    def replay(self, manifest: Manifest) -> tuple[tuple[Fetched, ...], Mapping[str, str]]:
        """Return what was fetched of every job, in the order of the manifest, and the endpoint of each provider."""
        from reconcile.fetch.replay import find_recorded, replay_jobs

        names = find_recorded(tuple(manifest.providers.values()), self._recording.providers)
        origins = {name: self._recording.providers[recorded].endpoint for name, recorded in names.items()}
        return replay_jobs(manifest.jobs, names, self._recording.find_job), origins


def check_usage(recording: RecordingOptions, access: AccessOptions) -> None:
    """Raise UsageError for options that contradict `--replay`."""
    others = [*(["--record"] if recording.record else []), *list_given(access)]
    if others:
        message = f"--replay sends no request, so it cannot be combined with {', '.join(others)}"
        raise UsageError.because(Code.USAGE, message, hint="leave one of them out")


def list_given(access: AccessOptions) -> list[str]:
    """List the options of fetching that the operator gave."""
    values = {
        "--endpoint": access.endpoints,
        "--ca-file": access.ca_file,
        "--proxy": access.proxy,
        "--wait": access.wait,
        "--timeout": access.timeout,
        "--rate": access.rate,
    }
    return [name for name, value in values.items() if value]
