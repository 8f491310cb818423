"""`reconcile accept`: the edit of a manifest that accepts what was observed."""

import io
import json
from collections.abc import Mapping, Sequence

import click
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.files import check_place, rewrite_files
from reconcile.cli.invocation import Done, Invocation, pass_invocation
from reconcile.cli.options.saved import signature_option
from reconcile.cli.options.values import FilePath
from reconcile.cli.saved import load_saved_plan
from reconcile.codes import Code
from reconcile.document import STDIN, Text, is_json, list_names, parse_text, read_text
from reconcile.document.editing import Edit, Edited, Obstacle, UneditableError, edit_document
from reconcile.errors import DocumentError
from reconcile.model import (
    Diagnostic,
    Evidence,
    ExitCode,
    Job,
    JobPlan,
    JsonValue,
    Manifest,
    Plan,
    Truth,
    VariableFile,
    Verdict,
)
from reconcile.plan import derive_plan
from reconcile.report.escape import escape


@click.command()
@click.argument("path", metavar="PLAN", type=FilePath())
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@signature_option
@click.option("--write", is_flag=True, help="Write the manifest, once the edit is shown.")
@pass_invocation
def command(
    invocation: Invocation, path: str, addresses: tuple[str, ...], verify_with: str | None, write: bool
) -> Done | ExitCode:
    """Show the edit of a manifest that accepts what was observed, as a unified diff; with --write, make it.

    PLAN is a file of 'reconcile plan --out PLAN', or - for standard input. ADDRESS is one of its jobs, or a glob; the
    default is all jobs that have drifted. A text becomes the one that was observed, a bound moves as far as it has to,
    and a list of sub-jobs becomes the list of those that were observed; everything else of the manifest stays as it
    is, comments and layout too. Waived drifts are left alone.

    \b
    What would be a guess is refused, all of it in one run, and then nothing is shown
    or written: jobs that are not done or were not observed, ages, values that come
    from variables, jobs made by for_each, comments that would be lost. So is a plan
    of a manifest that has changed since.

    \b
    Exits with 0 if the edit was shown or written, or there is nothing to accept. Where
    no ADDRESS is given and the edit leaves jobs alone that are not decided, with 3 if
    they are only not done yet, else with 1. With 1, too, if there is no edit: what
    would be a guess is refused, or no job has drifted, but some are not decided. Files
    are written whole, and all of them or none.

    \b
    Examples:
      reconcile plan --out plan.json
      reconcile accept plan.json
      reconcile accept plan.json jobs.bind-ldap 'jobs.expand-*' --write
      reconcile accept plan.json --verify-with gate.pub.pem
    """
    saved, plan = load_saved_plan(path, invocation, verify_with=verify_with)
    evidence = saved.evidence
    if evidence.errors:
        why = evidence.errors[0]
        raise _refuse(f"the plan holds no job, for its run ended early: {why.code} {why.message}", "plan again")
    jobs = _pick_jobs(plan, addresses)
    if not jobs:
        output.tell("reconcile: there is nothing to accept: no job of this selection has drifted\n")
        return Done.DONE
    texts = _read_texts(evidence.manifest)
    changes = _edit(texts, jobs)
    _check(evidence, texts, changes, jobs)
    if write:
        for change in changes:
            check_place(change.new.file)
    output.write("".join(f"{escape(line)}\n" for change in changes for line in change.compare()))
    output.close()
    if write:
        rewrite_files({change.new.file: _encode(change.new) for change in changes})
    _tell(plan, jobs, changes, written=write)
    return Done.DONE if addresses else _judge_rest(plan)


def _pick_jobs(plan: Plan, addresses: Sequence[str]) -> Sequence[JobPlan]:
    """
    Return the jobs to accept: those that have drifted, and of named ones those that cannot be accepted as well.

    Where none is named and none has drifted, they are those that are not decided: that they can be accepted is not
    said of them, either.
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
    """Say how it is with the jobs that have not drifted; that all is accepted must not be read out of a 0."""
    undecided = _list_undecided(plan)
    if not undecided:
        return Done.DONE
    return ExitCode.PENDING if all(job.verdict is Verdict.PENDING for job in undecided) else ExitCode.ERROR


def _list_undecided(plan: Plan) -> Sequence[JobPlan]:
    return [job for job in plan.jobs if job.verdict in (Verdict.ERROR, Verdict.PENDING)]


def _read_texts(manifest: Manifest) -> Sequence[Text]:
    """Return the text of each file of a manifest; raise DocumentError unless all are as they were."""
    errors, texts = [], []
    for file in manifest.files:
        try:
            text = read_text(file.file)
        except DocumentError as error:
            hint = "name files in the plan, and accept in the directory where it was made"
            errors += [replace(each, hint=each.hint or hint) for each in error.diagnostics]
            continue
        texts.append(text)
        if text.digest() != file.sha256:
            message = f"{file.file} has changed since the plan was made"
            errors.append(Diagnostic(code=Code.OTHER_MANIFEST, message=message, hint="plan again, with --out"))
    if errors:
        raise DocumentError(errors)
    return texts


def _edit(texts: Sequence[Text], jobs: Sequence[JobPlan]) -> Sequence[Edited]:
    """Edit the texts that declare the jobs; raise DocumentError with everything that is in the way."""
    from reconcile.authoring import accept_job

    errors: list[Diagnostic] = []
    changes: list[Edited] = []
    for text in texts:
        of_file = [job for job in jobs if job.job.source.file == text.file]
        if not of_file:
            continue
        document = parse_text(text, is_json=is_json(text.file, text))
        edits: list[Edit] = []
        obstacles: list[Obstacle] = []
        for job in of_file:
            found, in_the_way = accept_job(document, job)
            edits += found
            obstacles += in_the_way
        try:
            changes.append(edit_document(document, edits, is_json=is_json(text.file, text)))
        except UneditableError as error:
            obstacles += error.obstacles
        for each in sorted(obstacles, key=lambda obstacle: obstacle.mark):
            errors.append(text.diagnose(each.mark, Code.NOT_ACCEPTABLE, each.message, each.hint))
    if errors:
        raise DocumentError(errors)
    return changes


# --- The proof -------------------------------------------------------------------------------------------------


def _check(evidence: Evidence, texts: Sequence[Text], changes: Sequence[Edited], jobs: Sequence[JobPlan]) -> None:
    """
    Raise DocumentError unless the edited manifests are valid, and all that was observed is in sync with them.

    That nothing else was changed is what `edit_document` has checked.
    """
    before = {job.address: job for job in _load(evidence, texts).jobs}
    for job in jobs:
        if not _is_same(before.get(job.job.address), job.job):
            message = f"{job.job.address} is not what it was when the plan was made"
            raise DocumentError([Diagnostic(code=Code.OTHER_MANIFEST, message=message, hint="plan again, with --out")])
    edited = {change.old.file: change.new for change in changes}
    try:
        after = {job.address: job for job in _load(evidence, [edited.get(text.file, text) for text in texts]).jobs}
    except DocumentError as error:
        why = error.diagnostics[0]
        hint = f"line {why.source.line} of the edit: {why.message}" if why.source else why.message
        message = "with what was observed, the manifest would not be valid"
        raise DocumentError([_at(jobs[0], message, hint)]) from error
    errors = [_at(job, *_tell_rest(job)) for job in _judge_again(evidence, after, jobs) if _is_left(job)]
    if errors:
        raise DocumentError(errors)


def _judge_again(evidence: Evidence, declared: Mapping[str, Job], jobs: Sequence[JobPlan]) -> Sequence[JobPlan]:
    """Judge jobs as they are declared now on the evidence of what they were."""
    accepted = {job.job.address for job in jobs}
    numbers = [number for number, job in enumerate(evidence.manifest.jobs) if job.address in accepted]
    manifest = replace(
        evidence.manifest, jobs=tuple(declared[evidence.manifest.jobs[number].address] for number in numbers)
    )
    observations = tuple(evidence.observations[number] for number in numbers)
    return derive_plan(replace(evidence, manifest=manifest, observations=observations, remarks=())).jobs


def _load(evidence: Evidence, texts: Sequence[Text]) -> Manifest:
    """Load manifests as they were loaded for the plan, with the variables that it keeps."""
    from reconcile.manifest import load_manifests

    variables: dict[str, JsonValue] = {}
    differing = set()
    for file in evidence.manifest.files:
        for name, value in file.variables.items():
            if variables.setdefault(name, value) != value:
                # Nobody gave it a value, and each file has its own default.
                differing.add(name)
    known = {name: value for name, value in variables.items() if name not in differing}
    return load_manifests(
        [text.file for text in texts],
        now=evidence.judged_at,
        given=[VariableFile(STDIN)],
        stdin=io.BytesIO(json.dumps(known).encode()),
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


def _tell_rest(job: JobPlan) -> tuple[str, str]:
    paths = [each.path for each in job.findings if each.truth is not Truth.HOLDS and each.waiver is None]
    return f"{job.job.address} would still have drifted: {', '.join(paths)}", "edit the manifest by hand"


def _at(job: JobPlan, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code=Code.NOT_ACCEPTABLE, message=message, hint=hint, source=job.job.source)


def _refuse(message: str, hint: str) -> DocumentError:
    return DocumentError([Diagnostic(code=Code.NOT_ACCEPTABLE, message=message, hint=hint)])


# --- What is written and told -----------------------------------------------------------------------------------


def _encode(text: Text) -> str:
    """Return what a file holds, with the byte order mark that it began with."""
    return f"\ufeff{text.content}" if text.byte_order_mark else text.content


def _tell(plan: Plan, jobs: Sequence[JobPlan], changes: Sequence[Edited], *, written: bool) -> None:
    names = ", ".join(escape(change.new.file) for change in changes)
    number = f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}"
    undecided = _list_undecided(plan)
    if undecided:
        listed = list_names([escape(job.job.address) for job in undecided])
        total = plan.summary.selected
        output.tell(f"reconcile: {len(undecided)} of {total} jobs are not decided, and were left alone: {listed}\n")
    if written:
        output.tell(f"reconcile: wrote {names}, which accepts what was observed of {number}; plan again to prove it\n")
    else:
        output.tell(f"reconcile: this edit of {names} accepts what was observed of {number}; --write makes it\n")
