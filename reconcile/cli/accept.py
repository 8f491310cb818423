"""`reconcile accept`: edit a manifest to expect what was observed."""

import io
import json
from collections.abc import Mapping, Sequence

import click
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.files import check_place, rewrite_files
from reconcile.cli.options.apis import api_option
from reconcile.cli.options.reporting import signature_option
from reconcile.cli.options.values import FilePath
from reconcile.cli.own_apis import known_apis
from reconcile.cli.saved import load_saved_plan
from reconcile.codes import Code
from reconcile.document import STDIN, Text, is_json, list_names, parse_text, read_text
from reconcile.document.editing import Edit, Edited, Obstacle, UneditableError, edit_document
from reconcile.errors import DocumentError
from reconcile.model.api import JobApi
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Job, Manifest, VariableFile
from reconcile.model.plan import ExitCode, JobPlan, Plan, Truth, Verdict
from reconcile.model.value import JsonValue
from reconcile.plan import derive_plan
from reconcile.report.escape import escape


@click.command()
@click.argument("path", metavar="PLAN", type=FilePath())
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@signature_option
@click.option("--write", is_flag=True, help="Apply the edit after showing it.")
@api_option
@pass_context
def command(
    context: Context, path: str, addresses: tuple[str, ...], verify_with: str | None, write: bool
) -> Done | ExitCode:
    """Show the edit of a manifest that makes it expect what was observed, as a unified diff. --write applies it.

    PLAN is a file written by 'reconcile plan --out PLAN', or - for standard input. ADDRESS is a job of the plan, or a
    glob; the default is all jobs that have drifted. Texts become those that were observed, bounds move as far as
    necessary, and lists of sub-jobs become the observed list. Everything else stays as it is, including comments and
    layout. Waived drift is left alone.

    Nothing is shown or written if any part of the edit would be a guess: for jobs that are unfinished or were not
    observed, ages, values that come from variables, jobs made by for_each, comments that would be lost, and plans of a
    manifest that has changed since. All reasons are listed.

    Exit code: 0 if the edit was shown or written, or there is nothing to accept; 1 if the edit is refused. Without
    ADDRESS, also 3 if some jobs are still unfinished and 1 if some could not be checked: accepting the rest does not
    turn the gate green. All files are written, or none.

    \b
    Examples:
      reconcile plan --out plan.json
      reconcile accept plan.json
      reconcile accept plan.json jobs.bind-ldap 'jobs.expand-*' --write
      reconcile accept plan.json --verify-with gate.pub.pem
    """
    saved, plan = load_saved_plan(path, context, verify_with=verify_with)
    evidence = saved.evidence
    if evidence.errors:
        why = evidence.errors[0]
        raise _refuse(f"the plan has no jobs, because its run failed: {why.code} {why.message}", "run plan again")
    jobs = _select_jobs(plan, addresses)
    if not jobs and plan.errors:
        why = plan.errors[0]
        raise _refuse(
            f"no job of this selection has drifted; the plan has an error: {why.code} {why.message}",
            why.hint or "run plan again",
        )
    if not jobs:
        output.print_note("reconcile: there is nothing to accept: no job of this selection has drifted\n")
        return Done.DONE
    texts = _read_texts(evidence.manifest)
    changes = _edit(texts, jobs)
    _check(evidence, texts, changes, jobs, known_apis(context))
    if write:
        for change in changes:
            check_place(change.new.file)
    output.write("".join(f"{escape(line)}\n" for change in changes for line in change.compare()))
    output.close()
    if write:
        rewrite_files({change.new.file: _encode(change.new) for change in changes})
    _print_summary(plan, jobs, changes, written=write)
    return Done.DONE if addresses else _judge_rest(plan)


def _select_jobs(plan: Plan, addresses: Sequence[str]) -> Sequence[JobPlan]:
    """
    Return the jobs to accept: those that have drifted, and named ones even if they cannot be accepted.

    If none is named and none has drifted, return the undecided ones, so that they are refused with a reason.
    """
    from reconcile.manifest.selection import select_jobs

    if not addresses:
        drifted = [job for job in plan.jobs if job.verdict is Verdict.DRIFT]
        return drifted or _list_undecided(plan)
    selected = select_jobs(plan.manifest, targets=addresses, selectors=(), option="")
    named = {job.address for job in selected.jobs}
    wanted = (Verdict.DRIFT, Verdict.ERROR, Verdict.PENDING)
    return [job for job in plan.jobs if job.job.address in named and job.verdict in wanted]


def _judge_rest(plan: Plan) -> Done | ExitCode:
    """Return the exit code for what has not drifted, because 0 would suggest that all is in sync."""
    undecided = _list_undecided(plan)
    if plan.errors:
        return ExitCode.ERROR
    if not undecided:
        return Done.DONE
    return ExitCode.PENDING if all(job.verdict is Verdict.PENDING for job in undecided) else ExitCode.ERROR


def _list_undecided(plan: Plan) -> Sequence[JobPlan]:
    return [job for job in plan.jobs if job.verdict in (Verdict.ERROR, Verdict.PENDING)]


def _read_texts(manifest: Manifest) -> Sequence[Text]:
    """Read the files of a manifest; raise DocumentError if one is missing or has changed."""
    errors, texts = [], []
    for file in manifest.files:
        try:
            text = read_text(file.file)
        except DocumentError as error:
            hint = "run accept in the directory where the plan was made"
            errors += [replace(each, hint=each.hint or hint) for each in error.diagnostics]
            continue
        texts.append(text)
        if text.digest() != file.sha256:
            message = f"{file.file} has changed since the plan was made"
            errors.append(Diagnostic(code=Code.OTHER_MANIFEST, message=message, hint="run plan again, with --out"))
    if errors:
        raise DocumentError(errors)
    return texts


def _edit(texts: Sequence[Text], jobs: Sequence[JobPlan]) -> Sequence[Edited]:
    """Edit the texts that declare the jobs; raise DocumentError with every reason why that is impossible."""
    errors: list[Diagnostic] = []
    changes: list[Edited] = []
    for text in texts:
        in_text = [job for job in jobs if job.job.source.file == text.file]
        if not in_text:
            continue
        change, obstacles = _edit_text(text, in_text)
        if change is not None:
            changes.append(change)
        for each in sorted(obstacles, key=lambda obstacle: obstacle.mark):
            errors.append(text.diagnose(each.mark, Code.NOT_ACCEPTABLE, each.message, each.hint))
    if errors:
        raise DocumentError(errors)
    return changes


def _edit_text(text: Text, jobs: Sequence[JobPlan]) -> tuple[Edited | None, Sequence[Obstacle]]:
    from reconcile.authoring import accept_job

    document = parse_text(text, is_json=is_json(text.file, text))
    edits: list[Edit] = []
    obstacles: list[Obstacle] = []
    for job in jobs:
        job_edits, job_obstacles = accept_job(document, job)
        edits += job_edits
        obstacles += job_obstacles
    try:
        return edit_document(document, edits, is_json=is_json(text.file, text)), obstacles
    except UneditableError as error:
        return None, [*obstacles, *error.obstacles]


# --- Checking the edit -------------------------------------------------------------------------------------------


def _check(
    evidence: Evidence,
    texts: Sequence[Text],
    changes: Sequence[Edited],
    jobs: Sequence[JobPlan],
    apis: Mapping[str, JobApi],
) -> None:
    """
    Raise DocumentError unless the edited manifests are valid, and in sync with what was observed.

    `edit_document` has already checked that nothing else was changed.
    """
    before = {job.address: job for job in _load(evidence, texts, apis).jobs}
    for job in jobs:
        if not _is_same(before.get(job.job.address), job.job):
            message = f"{job.job.address} has changed since the plan was made"
            raise DocumentError.because(Code.OTHER_MANIFEST, message, hint="run plan again, with --out")
    edited = {change.old.file: change.new for change in changes}
    edited_texts = [edited.get(text.file, text) for text in texts]
    try:
        after = {job.address: job for job in _load(evidence, edited_texts, apis).jobs}
    except DocumentError as error:
        why = error.diagnostics[0]
        hint = f"line {why.source.line} of the edit: {why.message}" if why.source else why.message
        message = "the edited manifest would not be valid"
        raise DocumentError([_at(jobs[0], message, hint)]) from error
    errors = [_at(job, *_explain_rest(job)) for job in _judge_again(evidence, after, jobs) if _is_left(job)]
    if errors:
        raise DocumentError(errors)


def _judge_again(evidence: Evidence, edited: Mapping[str, Job], jobs: Sequence[JobPlan]) -> Sequence[JobPlan]:
    """Judge the edited jobs with the evidence of the plan, together with all others, which `after` may refer to."""
    accepted = {job.job.address for job in jobs}
    manifest = replace(
        evidence.manifest,
        jobs=tuple([edited[job.address] if job.address in accepted else job for job in evidence.manifest.jobs]),
    )
    plan = derive_plan(replace(evidence, manifest=manifest))
    return [job for job in plan.jobs if job.job.address in accepted]


def _load(evidence: Evidence, texts: Sequence[Text], apis: Mapping[str, JobApi]) -> Manifest:
    """Load manifests with the variables of the plan."""
    from reconcile.manifest import load_manifests

    variables: dict[str, JsonValue] = {}
    differing = set()
    for file in evidence.manifest.files:
        for name, value in file.variables.items():
            if variables.setdefault(name, value) != value:
                # Only the defaults of the files can differ.
                differing.add(name)
    known = {name: value for name, value in variables.items() if name not in differing}
    return load_manifests(
        [text.file for text in texts],
        now=evidence.judged_at,
        given=[VariableFile(STDIN)],
        stdin=io.BytesIO(json.dumps(known).encode()),
        apis=apis,
        texts=texts,
    )


def _is_same(found: Job | None, job: Job) -> bool:
    return found is not None and (found.job_id, found.source, found.expect, found.waivers) == (
        job.job_id,
        job.source,
        job.expect,
        job.waivers,
    )


def _is_left(job: JobPlan) -> bool:
    return job.verdict not in (Verdict.IN_SYNC, Verdict.WAIVED)


def _explain_rest(job: JobPlan) -> tuple[str, str]:
    paths = [each.path for each in job.findings if each.truth is not Truth.HOLDS and each.waiver is None]
    return f"{job.job.address} would still drift: {', '.join(paths)}", "edit the manifest by hand"


def _at(job: JobPlan, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code=Code.NOT_ACCEPTABLE, message=message, hint=hint, source=job.job.source)


def _refuse(message: str, hint: str) -> DocumentError:
    return DocumentError.because(Code.NOT_ACCEPTABLE, message, hint=hint)


# --- Output ------------------------------------------------------------------------------------------------------


def _encode(text: Text) -> str:
    """Return the content of a file, with its byte order mark if it has one."""
    return f"\ufeff{text.content}" if text.byte_order_mark else text.content


def _print_summary(plan: Plan, jobs: Sequence[JobPlan], changes: Sequence[Edited], *, written: bool) -> None:
    names = ", ".join(escape(change.new.file) for change in changes)
    number = f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}"
    undecided = _list_undecided(plan)
    if undecided:
        listed = list_names([escape(job.job.address) for job in undecided])
        total = plan.summary.selected
        output.print_note(f"reconcile: {len(undecided)} of {total} jobs are undecided and were left alone: {listed}\n")
    if written:
        output.print_note(
            f"reconcile: wrote {names} to accept what was observed for {number}; run plan again to prove it\n"
        )
    else:
        output.print_note(
            f"reconcile: this edit of {names} accepts what was observed for {number}; apply it with --write\n"
        )
