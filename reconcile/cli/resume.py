"""Resumes a run that was recorded and cut off, for `--resume`."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from reconcile import __version__
from reconcile.canonical import dump
from reconcile.cli import output
from reconcile.cli.options.access import RecordingOptions
from reconcile.cli.sharding import RUN_ID, name_run
from reconcile.codes import Code
from reconcile.duration import format_duration
from reconcile.errors import DocumentError, UsageError
from reconcile.fetch.resume import Resumed, resume_jobs
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Manifest
from reconcile.model.recording import RecordedProvider, RecordedRun
from reconcile.recording import Journal, RecordingFolder, open_unfinished
from reconcile.report.escape import escape

_MAX_AGE = 3600.0
"""Seconds: the default of --max-age, the same as for verify and merge."""


def check_usage(recording: RecordingOptions) -> None:
    """Raise UsageError for options that contradict `--resume`."""
    if recording.resume is None and recording.max_age is not None:
        message = "--max-age limits the age of the responses that --resume reuses"
        raise UsageError.because(Code.USAGE, message, hint="leave it out, or add --resume DIR")
    if recording.resume is not None and recording.record is not None:
        message = "--resume records in its own directory, so it cannot be combined with --record"
        raise UsageError.because(Code.USAGE, message, hint="leave --record out")


def identify_run(manifest: Manifest, environ: Mapping[str, str]) -> RecordedRun:
    """Return the identity of this run; raise UsageError if its name is too long."""
    shard = manifest.shard
    jobs = [[job.address, job.provider.name, job.job_id, job.parameters] for job in manifest.jobs]
    dealt = [shard.index, shard.total, shard.by] if shard is not None else None
    return RecordedRun(
        name=name_run(environ),
        files={each.file: each.sha256 for each in manifest.files},
        variables=_digest([[each.file, each.variables] for each in manifest.files]),
        jobs=_digest([jobs, manifest.selection, dealt]),
    )


def resume_run(
    recording: RecordingOptions,
    manifest: Manifest,
    providers: Mapping[str, RecordedProvider],
    run: RecordedRun,
    clock: Callable[[], datetime],
    *,
    quiet: bool,
) -> Resumed:
    """
    Return the recorded answers that the run can reuse; none without `--resume`.

    Raises:
        UsageError: there is no such directory.
        DocumentError: the recording belongs to another run or cannot be read, or the manifest has sensitive variables,
            whose values a recording does not contain.
    """
    if recording.resume is None:
        return Resumed(fetched={}, recorded={})
    folder = recording.resume
    if not Path(folder).is_dir():
        hint = f"begin the run with: reconcile plan --record {folder}"
        raise UsageError.because(Code.USAGE, f"--resume: there is no recording {folder}", hint=hint)
    recorded = open_unfinished(folder)
    differences = [*_compare(recorded, run, providers)]
    if manifest.hides_values:
        why = "the manifest has sensitive variables, and a recording cannot show whether their values are the same"
        differences.append((why, "run again with --record"))
    if differences:
        raise DocumentError([_refuse(folder, why, hint) for why, hint in differences])
    now, max_age = clock(), recording.max_age or _MAX_AGE
    resumed = resume_jobs(manifest.jobs, recorded.find_job, now=now, max_age=max_age)
    if not quiet:
        oldest = max((each.age for each in resumed.fetched.values()), default=0.0)
        age = f", the oldest {format_duration(round(oldest))} old" if resumed.fetched else ""
        count = f"{len(resumed.fetched):,} of {len(manifest.jobs):,} answers reused{age}"
        output.print_note(f"reconcile: resuming {escape(folder)}: {count}\n")
    return resumed


def _compare(
    recorded: Journal | RecordingFolder, run: RecordedRun, providers: Mapping[str, RecordedProvider]
) -> Iterator[tuple[str, str]]:
    """Yield each difference from the recorded run, with a hint."""
    again = "use the same as in the recorded run, or run again with --record"
    if recorded.version != __version__:
        yield f"it was recorded by version {recorded.version}, and this is {__version__}", "run again with --record"
        return
    if recorded.run is None or recorded.run.name is None or run.name is None:
        whose = "this run" if run.name is None else "the recorded run"
        yield f"{whose} has no run id, so the runs may be different", f"set {RUN_ID} to the same value in both"
    elif recorded.run.name != run.name:
        hint = f"set {RUN_ID} to the same value for a run and those that resume it"
        yield f"it belongs to run {recorded.run.name}, but this is run {run.name}", hint
    if recorded.run is None:
        return
    if recorded.run.files != run.files:
        changed = sorted(dict(recorded.run.files.items() ^ run.files.items()))
        yield f"the manifests differ: {', '.join(changed)}", again
    elif recorded.run.variables != run.variables:
        yield "the values of variables differ", again
    elif recorded.run.jobs != run.jobs:
        yield "the selection of jobs differs", again
    if recorded.providers != providers:
        changed = sorted(
            name for name in {**recorded.providers, **providers} if recorded.providers.get(name) != providers.get(name)
        )
        yield f"the endpoint or project of provider {', '.join(changed)} differs", again


def _digest(value: object) -> str:
    return sha256(dump(value, compact=True).encode("ascii")).hexdigest()


def _refuse(folder: str, why: str, hint: str) -> Diagnostic:
    return Diagnostic(code=Code.NOT_RESUMABLE, message=f"{folder} cannot be resumed: {why}", hint=hint)
