"""`reconcile import`: write a manifest that expects the current state of jobs."""

import io
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import click
from msgspec import Struct
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.context import Context, Done, open_stdin, pass_context
from reconcile.cli.fetching import fetch_manifest, find_targets
from reconcile.cli.manifests import find_provider
from reconcile.cli.options.access import AccessOptions, access_options
from reconcile.cli.options.apis import ApiType
from reconcile.cli.options.manifests import ManifestCommand, variable_options
from reconcile.cli.options.values import DEFAULT_API, AssignmentType, FilePath, as_one
from reconcile.cli.own_apis import choose_api, is_file, known_apis
from reconcile.codes import Code
from reconcile.errors import DocumentError, ReconcileError, UsageError
from reconcile.model.api import JobApi
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Assignment, Given, Manifest, Provider, VariableFile
from reconcile.model.observation import Fetched, Missing, Observed, Unobserved
from reconcile.model.plan import JobPlan, Plan, Verdict

_STDIN = "-"


class _ProviderOptions(Struct, frozen=True, kw_only=True):
    """The provider of the jobs: one of a manifest, or its parts. None for options that were not given."""

    cloud: str | None
    region: str | None
    project_id: str | None
    api: str | None
    manifest: str | None
    provider: str | None


_provider_options = as_one(
    _ProviderOptions,
    "options",
    click.option(
        "--cloud", metavar="CLOUD", help="Cloud. 'reconcile apis show API' lists the clouds and their regions."
    ),
    click.option("--region", metavar="REGION", help="Region of the cloud."),
    click.option("--project-id", metavar="ID", help="Project of the jobs."),
    click.option(
        "--api",
        type=ApiType(),
        metavar="NAME|FILE[@sha256:HEX]",
        help=f"Job API, as 'reconcile apis' lists them, or the file that describes one. Default: {DEFAULT_API}.",
    ),
    click.option("--manifest", metavar="FILE", type=FilePath(), help="Take the provider from this manifest instead."),
    click.option(
        "--provider", metavar="NAME", help="Provider of that manifest. Without --manifest, the name of the new one."
    ),
)


@click.command(cls=ManifestCommand)
@click.argument("arguments", metavar="JOB_ID...", nargs=-1, required=True)
@_provider_options
@click.option(
    "--parameter",
    "parameters",
    type=AssignmentType(),
    multiple=True,
    metavar="NAME=VALUE",
    help="A further value that the path of the API needs, for all these jobs, such as share_id=ID: "
    "'reconcile apis show API' names it.",
)
@variable_options
@access_options
@pass_context
def command(
    context: Context,
    arguments: tuple[str, ...],
    options: _ProviderOptions,
    parameters: tuple[Assignment, ...],
    given: tuple[Given, ...],
    access: AccessOptions,
) -> Done:
    """Write a manifest that expects the current state of jobs to standard output.

    JOB_ID is the id of a job, or - to read ids from standard input, one per line. The manifest is valid, and 'reconcile
    plan' is in sync with it as long as the jobs do not change: it expects the state of each job, whatever it is.
    Nothing is written if a job is missing or could not be fetched. --wait waits for unfinished jobs.

    \b
    Examples:
      reconcile import 26f6b565-0000-4000-8000-03f0bd975433 \\
        --cloud otc --region eu-de --project-id 0123456789abcdef > reconcile.yaml
      terraform output -json job_ids | jq -r '.[]' |
        reconcile import - --manifest reconcile.yaml --provider otc
      reconcile import 7f3a --api sfs-turbo-du-task --parameter share_id=77ba6f23 \\
        --cloud huaweicloud --region cn-north-4 --project-id 0123456789abcdef
    """
    deadline = context.start_deadline(access.limit)
    _check_stdin_used_once(arguments, options, given)
    if options.manifest is None:
        _check_provider(options, has_host=bool(access.endpoints) or "RECONCILE_ENDPOINT" in context.environ)
    stdin = open_stdin(deadline)
    job_ids = _read_ids(arguments, stdin)
    context, options = _read_description(context, options)
    probe = _probe(options, parameters, job_ids, given, context, stdin)
    targets = find_targets(probe, probe, access, context)
    fetched, ended_by = fetch_manifest(probe, targets, access, context, deadline=deadline, strict=False, quiet=False)
    if ended_by is not None:
        raise KeyboardInterrupt
    origins = {name: str(target.origin) for name, target in targets.items()}
    output.write_document(_compose(probe, fetched, origins, context))
    return Done.DONE


def _check_stdin_used_once(arguments: Sequence[str], options: _ProviderOptions, given: Sequence[Given]) -> None:
    inputs = [*arguments, options.manifest, *(each.path for each in given if isinstance(each, VariableFile))]
    if inputs.count(_STDIN) > 1:
        raise UsageError.because(Code.USAGE, "'-' is given twice, but standard input can be read only once")


def _check_provider(options: _ProviderOptions, *, has_host: bool) -> None:
    """Raise UsageError if the command line does not say where jobs are."""
    place = {} if has_host else {"--cloud": options.cloud, "--region": options.region}
    missing = [name for name, value in {**place, "--project-id": options.project_id}.items() if value is None]
    if missing:
        message = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        hint = "'reconcile apis show API' lists clouds and regions; or give --manifest FILE --provider NAME"
        raise UsageError.because(Code.USAGE, message, hint=hint)


def _read_ids(arguments: Sequence[str], stdin: BinaryIO | None) -> Sequence[str]:
    """Return the job ids without duplicates, in the order given."""
    from reconcile.document import read_text

    job_ids: dict[str, None] = {}
    for argument in arguments:
        words = [argument]
        if argument == _STDIN:
            words = read_text(_STDIN, stdin=stdin).content.split()
        job_ids |= dict.fromkeys(words)
    if not job_ids:
        raise UsageError.because(Code.NOTHING_TO_CHECK, "standard input is empty: there is nothing to import")
    return tuple(job_ids)


def _read_description(context: Context, options: _ProviderOptions) -> tuple[Context, _ProviderOptions]:
    """Add the API that a file describes to the run; it is the API of the jobs, unless a manifest has their provider."""
    if options.api is None or not is_file(options.api):
        return context, options
    context = replace(context, descriptions=(options.api,))
    name = choose_api(options.api, context).name
    return context, replace(options, api=None if options.manifest is not None else name)


# --- The provider ----------------------------------------------------------------------------------------------


def _probe(
    options: _ProviderOptions,
    parameters: Sequence[Assignment],
    job_ids: Sequence[str],
    given: Sequence[Given],
    context: Context,
    stdin: BinaryIO | None,
) -> Manifest:
    """Return a manifest of the jobs that only expects them to have ended."""
    from reconcile.authoring import compose_probe, declare_provider

    if options.manifest is None:
        name, declared = _declare(options, given)
        api = choose_api(options.api or DEFAULT_API, context)
    else:
        provider = _pick_provider(options, given, context, stdin)
        name, declared, api = provider.name, declare_provider(provider), provider.api
    try:
        return _load(compose_probe(name, declared, api, job_ids, _read_parameters(parameters, api)), context)
    except DocumentError as error:
        # The command line is wrong; this text was generated.
        raise UsageError(replace(each, source=None, excerpt=None) for each in error.diagnostics) from error


def _read_parameters(given: Sequence[Assignment], api: JobApi) -> Mapping[str, str]:
    """Return the parameters of the API's path; raise UsageError if some are missing or unknown."""
    parameters = {each.name: each.value for each in given}
    if len(parameters) < len(given):
        raise UsageError.because(Code.USAGE, "--parameter names one twice; it holds for all jobs of the command")
    for name in api.parameters:
        if name not in parameters:
            message = f"--parameter {name}=VALUE is missing: the path of the API {api.name} needs it"
            raise UsageError.because(Code.USAGE, message)
    for name in parameters:
        if name not in api.parameters:
            raise UsageError.because(Code.USAGE, f"--parameter: the API {api.name} takes no '{name[:64]}'")
    return parameters


def _declare(options: _ProviderOptions, given: Sequence[Given]) -> tuple[str, Mapping[str, str]]:
    """Return the name and the declaration of the provider that the command line describes."""
    if given:
        raise UsageError.because(Code.USAGE, "--var and --var-file need --manifest")
    if (options.cloud is None) != (options.region is None):
        raise UsageError.because(
            Code.USAGE, "--cloud and --region must be given together", hint="'reconcile apis show API' lists them"
        )
    declared = {
        "api": options.api or DEFAULT_API,
        "cloud": options.cloud,
        "region": options.region,
        "project_id": options.project_id,
    }
    name = options.provider or options.cloud or declared["api"] or DEFAULT_API
    return name, {key: value for key, value in declared.items() if value is not None}


def _pick_provider(
    options: _ProviderOptions, given: Sequence[Given], context: Context, stdin: BinaryIO | None
) -> Provider:
    """Return the chosen provider of the manifest."""
    from reconcile.document import list_names

    parts = [name for name in ("cloud", "region", "project_id", "api") if getattr(options, name) is not None]
    if parts:
        option = f"--{parts[0].replace('_', '-')}"
        raise UsageError.because(Code.USAGE, f"{option} and --manifest cannot be combined", hint="use one of them")
    providers = _load_file(str(options.manifest), given, context, stdin).providers
    if options.provider is None and len(providers) == 1:
        return next(iter(providers.values()))
    if options.provider is None:
        hint = f"add --provider; declared: {list_names(providers)}"
        raise UsageError.because(Code.UNKNOWN_PROVIDER, "the manifest has several providers", hint=hint)
    return find_provider(providers, options.provider)


def _load_file(path: str, given: Sequence[Given], context: Context, stdin: BinaryIO | None) -> Manifest:
    from reconcile.manifest import find_manifests, load_manifests

    paths = find_manifests([path])
    if len(paths) > 1:
        message = f"{path} has {len(paths)} manifests, and --manifest needs one"
        raise UsageError.because(Code.USAGE, message, hint=f"name one of them: {', '.join(paths[:3])}")
    apis = known_apis(context)
    return load_manifests(paths, now=context.clock(), given=given, environ=context.environ, apis=apis, stdin=stdin)


def _load(text: str, context: Context) -> Manifest:
    """Load a generated manifest, which has no variables."""
    from reconcile.manifest import load_manifests

    return load_manifests([_STDIN], now=context.clock(), apis=known_apis(context), stdin=io.BytesIO(text.encode()))


# --- The manifest ----------------------------------------------------------------------------------------------


def _compose(probe: Manifest, fetched: Sequence[Fetched], origins: Mapping[str, str], context: Context) -> str:
    """Return the manifest, after checking that the jobs are in sync with it."""
    from reconcile.authoring import Seen, compose_manifest
    from reconcile.judge import list_fetch_notes
    from reconcile.plan import make_plan

    def judge(manifest: Manifest) -> Plan:
        return make_plan(
            manifest,
            [each.observation for each in fetched],
            now=context.clock(),
            origins=origins,
            notes=[list_fetch_notes(each) for each in fetched],
        )

    jobs = judge(probe).jobs
    _check_observed(jobs)
    seen = [
        Seen(observed=job.observation, job_id=job.job.job_id, parameters=job.job.parameters, notes=job.notes)
        for job in jobs
        if isinstance(job.observation, Observed)
    ]
    (provider,) = probe.providers.values()
    text = compose_manifest(provider, seen)
    try:
        verdict = judge(_load(text, context)).verdict
    except DocumentError as error:
        raise _internal_error(f"is not valid: {error.diagnostics[0].message}") from error
    if verdict is not Verdict.IN_SYNC:
        raise _internal_error(f"is {verdict.value} with the jobs")
    return text


def _check_observed(jobs: Sequence[JobPlan]) -> None:
    errors = []
    for job in jobs:
        match job.observation:
            case Missing(code=code, message=text):
                reason = " ".join(part for part in (code, text) if part)
                message = f"job {job.job.job_id}: the job API has no such job{f': {reason}' if reason else ''}"
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
        f"internal error: the generated manifest {what}; nothing was written",
        hint="this is a bug of reconcile: please report it with this line and the command",
    )
