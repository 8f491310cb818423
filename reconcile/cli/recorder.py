"""Records a run, and replays a recording instead of sending requests."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from reconcile import __version__
from reconcile.cli import output
from reconcile.cli.files import Journal, check_folder, sweep_drafts, write_folder
from reconcile.cli.options.access import AccessOptions, RecordingOptions
from reconcile.codes import Code
from reconcile.errors import DocumentError, UsageError
from reconcile.instant import format_instant
from reconcile.model.api import JobApi
from reconcile.model.manifest import Job, Manifest
from reconcile.model.observation import Fetched, Unobserved
from reconcile.model.plan import ExitCode, Plan
from reconcile.model.recording import RecordedProvider, RecordedRun, Recording
from reconcile.report.escape import escape


class RunRecorder:
    """Records a run for `--record` and `--resume`."""

    def __init__(self, options: RecordingOptions, clock: Callable[[], datetime], begun_at: datetime) -> None:
        self.known: Mapping[int, Fetched] = {}
        """The recorded answers that a resumed run reuses, by index."""
        self._options = options
        self._folder = options.record or options.resume or ""
        self._clock = clock
        self._begun_at = begun_at
        self._run: RecordedRun | None = None
        self._jobs: Sequence[Job] = ()
        self._written: set[tuple[str, str]] = set()

    def prepare(self, *, quiet: bool) -> None:
        """Raise OutputError if the recording cannot be written. Called before the first request is sent."""
        from reconcile.recording import JOURNAL, is_part_of_recording

        if Path(self._folder).is_dir():
            sweep_drafts(f"{self._folder}/{JOURNAL}")
        check_folder(self._folder, is_part_of_recording)
        if self._options.record is not None and not quiet:
            _warn_of_loss(self._folder)

    def begin(self, manifest: Manifest, origins: Mapping[str, str], environ: Mapping[str, str], *, quiet: bool) -> None:
        """
        Find the recorded answers to reuse, and start the journal with them.

        Raises:
            DocumentError: the recording to resume belongs to another run, or cannot be read.
            OutputError: the journal cannot be written.
        """
        from reconcile.cli.resume import identify_run, resume_run
        from reconcile.fetch.recorder import Recorder
        from reconcile.recording import JOURNAL, render_journal_entry, render_journal_head

        run, providers = identify_run(manifest, environ), list_providers(manifest, origins)
        resumed = resume_run(self._options, manifest, providers, run, self._clock, quiet=quiet)
        self.known = resumed.fetched
        self.exchanges = Recorder(self._clock, resumed.recorded)
        self._run, self._jobs, self._written = run, manifest.jobs, set(resumed.recorded)
        head = render_journal_head(run, __version__, providers)
        entries = [render_journal_entry(*key, job) for key, job in resumed.recorded.items()]
        self._journal = Journal(self._folder, JOURNAL, [head, *entries])

    def note_fetched(self, index: int, fetched: Fetched) -> None:
        """Write the exchanges about a job to the journal, if the job was observed."""
        job = self._jobs[index]
        if isinstance(fetched.observation, Unobserved) or (job.provider.name, job.job_id) in self._written:
            return
        from reconcile.recording import render_journal_entry

        for key, recorded in self.exchanges.tell([job], [fetched]).items():
            self._written.add(key)
            self._journal.add(render_journal_entry(*key, recorded))

    def write(self, plan: Plan, fetched: Sequence[Fetched], *, ended_by: ExitCode | None) -> Recording:
        """Write the recording of the run with this plan, whole or not at all, and return it; raise OutputError."""
        from reconcile.recording import is_part_of_recording, render_recording
        from reconcile.report.result import find_decision

        recording = Recording(
            version=__version__,
            begun_at=self._begun_at,
            judged_at=plan.judged_at,
            complete=plan.complete,
            ended_by=ended_by,
            verdict=plan.verdict,
            decided_by=find_decision(plan),
            providers=list_providers(plan.manifest, plan.origins),
            jobs=self.exchanges.tell(plan.manifest.jobs, fetched),
            run=self._run,
        )
        self._journal.close()
        write_folder(self._folder, render_recording(recording), is_part_of_recording)
        return recording


def _warn_of_loss(folder: str) -> None:
    """Print that a recording will be replaced, and when it was made."""
    from reconcile.recording import open_recording

    try:
        judged_at = format_instant(open_recording(folder).judged_at)
    except DocumentError:
        return
    advice = "to keep it, record in another directory"
    output.print_note(f"reconcile: replacing the recording of {judged_at} in {escape(folder)}; {advice}\n")


def list_providers(manifest: Manifest, origins: Mapping[str, str]) -> Mapping[str, RecordedProvider]:
    """Return the providers that a run requests, by name."""
    providers = manifest.providers
    return {
        name: RecordedProvider(
            api=providers[name].api.name,
            api_sha256=providers[name].api.sha256,
            cloud=providers[name].cloud,
            region=providers[name].region,
            project_id=providers[name].project_id,
            endpoint=origin,
        )
        for name, origin in origins.items()
    }


class RunReplayer:
    """Returns the content of a recording, for `--replay`."""

    def __init__(self, folder: str, apis: Mapping[str, JobApi], *, quiet: bool) -> None:
        """Open a recording and print when it was made; raise DocumentError, also if the API descriptions differ."""
        from reconcile.recording import open_recording

        self._recording = open_recording(folder)
        self._check_descriptions(apis)
        self.begun_at = self._recording.begun_at
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
        """Raise DocumentError if an operator's description with which the jobs were read is missing."""
        for each in self._recording.providers.values():
            if each.api_sha256 is not None and (each.api not in apis or apis[each.api].sha256 != each.api_sha256):
                where = self._recording.folder
                message = f"{where}: the description of {each.api} that it was recorded with is missing"
                hint = f"pass the same file: --api FILE@sha256:{each.api_sha256}"
                raise DocumentError.because(Code.OTHER_DESCRIPTION, message, hint=hint)

    def replay(self, manifest: Manifest) -> tuple[tuple[Fetched, ...], Mapping[str, str]]:
        """Return the recorded result of every job, in the order of the manifest, and the endpoint of each provider."""
        from reconcile.fetch.replay import find_recorded, replay_jobs

        names = find_recorded(tuple(manifest.providers.values()), self._recording.providers)
        origins = {name: self._recording.providers[recorded].endpoint for name, recorded in names.items()}
        return replay_jobs(manifest.jobs, names, self._recording.find_job), origins


def check_usage(recording: RecordingOptions, access: AccessOptions) -> None:
    """Raise UsageError for options that contradict `--replay`."""
    others = [
        *(["--record"] if recording.record else []),
        *(["--resume"] if recording.resume else []),
        *list_given(access),
    ]
    if others:
        message = f"--replay sends no requests, so it cannot be combined with {', '.join(others)}"
        raise UsageError.because(Code.USAGE, message, hint="leave one of them out")


def list_given(access: AccessOptions) -> list[str]:
    """List the given options of fetching."""
    values = {
        "--endpoint": access.endpoints,
        "--ca-file": access.ca_file,
        "--proxy": access.proxy,
        "--metadata-credentials": access.metadata,
        "--wait": access.wait,
        "--timeout": access.timeout,
        "--rate": access.rate,
    }
    return [name for name, value in values.items() if value]
