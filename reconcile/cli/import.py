"""`reconcile import`: a manifest of jobs as they are."""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, BinaryIO

import click
from msgspec import Struct
from msgspec.structs import replace

from reconcile.apis import api_names, load_api
from reconcile.cli import output
from reconcile.cli.deadline import set_deadline
from reconcile.cli.fetching import fetch_declared, find_targets
from reconcile.cli.invocation import Done, Invocation, pass_invocation
from reconcile.cli.options.access import Access, access_options
from reconcile.cli.options.declaration import ManifestCommand, variable_options
from reconcile.cli.options.values import FilePath
from reconcile.cli.stdin import open_stdin
from reconcile.codes import Code
from reconcile.errors import DocumentError, ReconcileError, UsageError
from reconcile.model import (
    Diagnostic,
    Fetched,
    Given,
    JobPlan,
    Manifest,
    Missing,
    Observed,
    Plan,
    Provider,
    Unobserved,
    VariableFile,
    Verdict,
)

_STDIN = "-"
_DEFAULT_API = "sfs-turbo"


class _Whereabouts(Struct, frozen=True, kw_only=True):
    """Where the jobs are: a provider of a manifest, or the parts of one; None is not said."""

    cloud: str | None
    region: str | None
    project_id: str | None
    api: str | None
    manifest: str | None
    provider: str | None


def _whereabouts_options(command: Callable[..., Any]) -> Callable[..., Any]:
    @click.option("--cloud", metavar="CLOUD", help="The cloud; 'reconcile apis' lists them with their regions.")
    @click.option("--region", metavar="REGION", help="The region.")
    @click.option("--project-id", metavar="ID", help="The project that the jobs belong to.")
    @click.option("--api", type=click.Choice(api_names()), help=f"The job API. Default: {_DEFAULT_API}.")
    @click.option("--manifest", metavar="FILE", type=FilePath(), help="Take the provider from this manifest instead.")
    @click.option("--provider", metavar="NAME", help="Which provider of the manifest; without one, what to call it.")
    @wraps(command)
    def with_whereabouts(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        chosen = {name: options.pop(name) for name in _Whereabouts.__struct_fields__}
        return command(*args, whereabouts=_Whereabouts(**chosen), **options)

    return with_whereabouts


@click.command(cls=ManifestCommand)
@click.argument("arguments", metavar="JOB_ID...", nargs=-1, required=True)
@_whereabouts_options
@variable_options
@access_options
@click.option("-v", "--verbose", is_flag=True, help="Say where requests go and which credential is used.")
@pass_invocation
def command(
    invocation: Invocation,
    arguments: tuple[str, ...],
    whereabouts: _Whereabouts,
    given: tuple[Given, ...],
    access: Access,
    verbose: bool,
) -> Done:
    """Write a manifest of jobs as they are, to standard output.

    JOB_ID is the id of a job, or - for ids on standard input, one a line. What is written is valid, and 'reconcile
    plan' with it is in sync while the jobs are unchanged: it expects what each job is, however it ended. A job that
    is missing, or that could not be observed, is an error, and nothing is written. With --wait, jobs that are not
    done are waited for.

    \b
    Examples:
      reconcile import 26f6b565-0000-4000-8000-03f0bd975433 \\
        --cloud otc --region eu-de --project-id 0123456789abcdef > reconcile.yaml
      terraform output -json job_ids | jq -r '.[]' |
        reconcile import - --manifest reconcile.yaml --provider otc
    """
    deadline = set_deadline(access.limit, invocation.timer)
    _refuse_second_reader(arguments, whereabouts, given)
    stdin = open_stdin(deadline)
    job_ids = _read_ids(arguments, stdin)
    probe = _probe(whereabouts, job_ids, given, invocation, stdin)
    targets = find_targets(probe, probe, access, invocation, verbose=verbose)
    fetched, ended_by = fetch_declared(probe, targets, access, invocation, deadline=deadline, strict=False, quiet=False)
    if ended_by is not None:
        raise KeyboardInterrupt
    origins = {name: str(target.origin) for name, target in targets.items()}
    output.write(_compose(probe, fetched, origins, invocation))
    return Done.DONE


def _refuse_second_reader(arguments: Sequence[str], whereabouts: _Whereabouts, given: Sequence[Given]) -> None:
    readers = [*arguments, whereabouts.manifest, *(each.path for each in given if isinstance(each, VariableFile))]
    if readers.count(_STDIN) > 1:
        raise UsageError.because(Code.USAGE, "'-' is named twice, and standard input can be read once")


def _read_ids(arguments: Sequence[str], stdin: BinaryIO | None) -> Sequence[str]:
    """Return the job ids that a user means, each once, in the order given."""
    from reconcile.document import read_text

    job_ids: dict[str, None] = {}
    for argument in arguments:
        words = [argument]
        if argument == _STDIN:
            words = read_text(_STDIN, stdin=stdin).content.split()
        job_ids |= dict.fromkeys(words)
    if not job_ids:
        raise UsageError.because(Code.NOTHING_TO_CHECK, "standard input names no job: there is nothing to import")
    return tuple(job_ids)


# --- The provider ----------------------------------------------------------------------------------------------


def _probe(
    whereabouts: _Whereabouts,
    job_ids: Sequence[str],
    given: Sequence[Given],
    invocation: Invocation,
    stdin: BinaryIO | None,
) -> Manifest:
    """Return a manifest of the jobs that expects no more of them than that they are done."""
    from reconcile.authoring import compose_probe, declare_provider

    if whereabouts.manifest is None:
        name, declared = _declare(whereabouts, given)
        api = load_api(whereabouts.api or _DEFAULT_API)
    else:
        provider = _pick_provider(whereabouts, given, invocation, stdin)
        name, declared, api = provider.name, declare_provider(provider), provider.api
    try:
        return _load(compose_probe(name, declared, api, job_ids), invocation)
    except DocumentError as error:
        # It is the command line that is wrong: nobody has written this text.
        raise UsageError(replace(each, source=None, excerpt=None) for each in error.diagnostics) from error


def _declare(whereabouts: _Whereabouts, given: Sequence[Given]) -> tuple[str, Mapping[str, str]]:
    """Return the name and the declaration of the provider that the command line describes."""
    if given:
        raise UsageError.because(Code.USAGE, "--var and --var-file are for --manifest, and no manifest is named")
    if whereabouts.project_id is None:
        hint = "or name a manifest that has the provider: --manifest FILE --provider NAME"
        raise UsageError.because(Code.USAGE, "--project-id is missing: where are the jobs?", hint=hint)
    if (whereabouts.cloud is None) != (whereabouts.region is None):
        raise UsageError.because(Code.USAGE, "--cloud and --region go together", hint="'reconcile apis' lists them")
    declared = {
        "api": whereabouts.api or _DEFAULT_API,
        "cloud": whereabouts.cloud,
        "region": whereabouts.region,
        "project_id": whereabouts.project_id,
    }
    name = whereabouts.provider or whereabouts.cloud or declared["api"] or _DEFAULT_API
    return name, {key: value for key, value in declared.items() if value is not None}


def _pick_provider(
    whereabouts: _Whereabouts, given: Sequence[Given], invocation: Invocation, stdin: BinaryIO | None
) -> Provider:
    """Return a provider of the manifest that the command line names."""
    from reconcile.document import list_names, suggest

    parts = [name for name in ("cloud", "region", "project_id", "api") if getattr(whereabouts, name) is not None]
    if parts:
        option = f"--{parts[0].replace('_', '-')}"
        raise UsageError.because(Code.USAGE, f"{option} and --manifest are both given", hint="choose one")
    providers = _load_file(str(whereabouts.manifest), given, invocation, stdin).providers
    if whereabouts.provider is None and len(providers) == 1:
        return next(iter(providers.values()))
    if whereabouts.provider is None:
        hint = f"add --provider; there are {list_names(providers)}"
        raise UsageError.because(Code.UNKNOWN_PROVIDER, "the manifest has several providers", hint=hint)
    if whereabouts.provider not in providers:
        hint = suggest(whereabouts.provider, providers) or f"declared: {list_names(providers)}"
        message = f"the manifest has no provider '{whereabouts.provider[:64]}'"
        raise UsageError.because(Code.UNKNOWN_PROVIDER, message, hint=hint)
    return providers[whereabouts.provider]


def _load_file(path: str, given: Sequence[Given], invocation: Invocation, stdin: BinaryIO | None) -> Manifest:
    from reconcile.manifest import load_manifests

    return load_manifests([path], now=invocation.clock(), given=given, environ=invocation.environ, stdin=stdin)


def _load(text: str, invocation: Invocation) -> Manifest:
    """Load what was written here; it needs no variables."""
    from reconcile.manifest import load_manifests

    return load_manifests([_STDIN], now=invocation.clock(), stdin=io.BytesIO(text.encode()))


# --- The manifest ----------------------------------------------------------------------------------------------


def _compose(probe: Manifest, fetched: Sequence[Fetched], origins: Mapping[str, str], invocation: Invocation) -> str:
    """Return the manifest, once it is proven that what it says holds of the jobs as they were observed."""
    from reconcile.authoring import Seen, compose_manifest
    from reconcile.judge import list_fetch_notes
    from reconcile.plan import make_plan

    def judge(manifest: Manifest) -> Plan:
        return make_plan(
            manifest,
            [each.observation for each in fetched],
            now=invocation.clock(),
            origins=origins,
            notes=[list_fetch_notes(each) for each in fetched],
        )

    jobs = judge(probe).jobs
    _refuse_unseen(jobs)
    seen = [
        Seen(observed=job.observation, job_id=job.job.job_id, notes=job.notes)
        for job in jobs
        if isinstance(job.observation, Observed)
    ]
    (provider,) = probe.providers.values()
    text = compose_manifest(provider, seen)
    try:
        verdict = judge(_load(text, invocation)).verdict
    except DocumentError as error:
        raise _internal_error(f"is not valid: {error.diagnostics[0].message}") from error
    if verdict is not Verdict.IN_SYNC:
        raise _internal_error(f"is {verdict.value} with the jobs")
    return text


def _refuse_unseen(jobs: Sequence[JobPlan]) -> None:
    errors = []
    for job in jobs:
        match job.observation:
            case Missing(code=code, message=said):
                says = " ".join(part for part in (code, said) if part)
                message = f"job {job.job.job_id}: the job API has no such job{f': {says}' if says else ''}"
                hint = f"{job.job.provider.api.retention.removesuffix('.')}; nothing was written"
                errors.append(Diagnostic(code=Code.NO_SUCH_JOB, message=message, hint=hint))
            case Unobserved(problem=problem):
                message = f"job {job.job.job_id}: {problem.message}"
                errors.append(Diagnostic(code=problem.code, message=message, hint="nothing was written"))
            case Observed():
                pass
    if errors:
        raise ReconcileError(errors)


def _internal_error(what: str) -> ReconcileError:
    return ReconcileError.because(
        Code.INTERNAL,
        f"internal error: the manifest that would be written {what}; nothing was written",
        hint="this is a bug of reconcile: please report it with this line and the command",
    )
