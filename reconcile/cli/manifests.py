"""Loads manifests and selects jobs, for every command with manifests."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from reconcile.apis import OWN_PREFIX
from reconcile.cli import output
from reconcile.cli.context import Context, Deadline, open_stdin, read_clock
from reconcile.cli.options.manifests import ManifestOptions, SelectionOptions
from reconcile.cli.own_apis import known_apis
from reconcile.codes import Code
from reconcile.errors import ReconcileError, UsageError
from reconcile.model.api import JobApi
from reconcile.model.manifest import FAIL_FAST, Deal, Manifest, Provider
from reconcile.report.escape import escape


def load_manifest(
    options: ManifestOptions,
    context: Context,
    *,
    quiet: bool,
    as_of: datetime | None = None,
    deadline: Deadline | None = None,
    offline: bool = False,
    separate: bool = False,
) -> Manifest:
    """
    Load the manifests on the command line, or the default ones, whose names are then printed.

    Args:
        as_of: see `load_manifests`.
        deadline: how long to wait for standard input; None waits without a limit.
        offline: whether variables may have no value.
        separate: whether each file is checked as a separate run.
    """
    from reconcile.manifest import find_manifests, load_manifests

    paths = find_manifests(options.paths)
    if not options.paths and not quiet:
        output.print_note(f"reconcile: using {', '.join(map(escape, paths))}\n")
    apis = known_apis(context)
    manifest = load_manifests(
        paths,
        now=context.clock(),
        as_of=as_of,
        given=options.given,
        environ=context.environ,
        apis=apis,
        stdin=open_stdin(deadline),
        offline=offline,
        separate=separate,
    )
    if context.descriptions and not quiet:
        _note_unused(manifest, apis)
    return manifest


def _note_unused(manifest: Manifest, apis: Mapping[str, JobApi]) -> None:
    used = {provider.api.name for provider in manifest.providers.values()}
    for name in apis:
        if name.startswith(OWN_PREFIX) and name not in used:
            output.print_note(f"reconcile: no provider uses the API {name}\n")


def find_provider(providers: Mapping[str, Provider], name: str) -> Provider:
    """Return a provider of a manifest by its name; raise UsageError if there is none."""
    from reconcile.document import list_names, suggest

    if name not in providers:
        hint = suggest(name, providers) or f"declared: {list_names(providers)}"
        raise UsageError.because(Code.UNKNOWN_PROVIDER, f"the manifest has no provider '{name[:64]}'", hint=hint)
    return providers[name]


def keep_provider(manifest: Manifest, name: str) -> Manifest:
    """Return the manifest with only one provider and its jobs; raise UsageError if there is no such provider."""
    provider = find_provider(manifest.providers, name)
    jobs = tuple([job for job in manifest.jobs if job.provider.name == name])
    return replace(manifest, providers={name: provider}, jobs=jobs)


def select_jobs(
    manifest: Manifest,
    options: SelectionOptions,
    context: Context,
    *,
    quiet: bool,
    deadline: Deadline | None = None,
) -> Manifest:
    """
    Return the manifest with only the selected jobs of the selected shard.

    Args:
        deadline: how long to wait for standard input; None waits without a limit.
    """
    selected = manifest
    if options.targets or options.target_files or options.excluded or options.selectors:
        selected = _pick_jobs(manifest, options, deadline)
        if not quiet:
            output.print_note(f"reconcile: {len(selected.jobs)} of {len(manifest.jobs)} jobs selected\n")
    if options.fail_fast:
        selected = replace(selected, selection=(*selected.selection, FAIL_FAST))
    if options.shard is None:
        if options.deal is not None:
            raise UsageError.because(Code.USAGE, "--by has no effect without --shard", hint="add --shard I/N or auto")
        return selected
    from reconcile.cli.sharding import find_shard, name_run
    from reconcile.shards import take_shard

    index, total = find_shard(options.shard, context.environ)
    deal = Deal(options.deal or Deal.JOB)
    shard = take_shard(selected, index, total, run=name_run(context.environ), deal=deal)
    if not quiet:
        output.print_note(f"reconcile: shard {index} of {total}: {len(shard.jobs)} of {len(selected.jobs)} jobs\n")
    return shard


def _pick_jobs(manifest: Manifest, options: SelectionOptions, deadline: Deadline | None) -> Manifest:
    from reconcile.manifest.selection import read_target_file, select_jobs

    return select_jobs(
        manifest,
        targets=options.targets,
        files={path: read_target_file(path, stdin=open_stdin(deadline)) for path in options.target_files},
        excluded=options.excluded,
        selectors=options.selectors,
    )


def list_addresses(paths: Sequence[str], apis: Mapping[str, JobApi]) -> Sequence[str]:
    """
    List the addresses in manifests, or in the default ones, for completion.

    Returns:
        An empty list if the manifests cannot be read, because a completion cannot show errors.
    """
    from reconcile.manifest import find_manifests, load_manifests

    try:
        manifest = load_manifests(find_manifests(tuple(paths)), now=read_clock(), apis=apis, offline=True)
    except ReconcileError:
        return []
    return [job.address for job in manifest.jobs]
