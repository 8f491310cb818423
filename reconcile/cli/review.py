"""`reconcile review`: what a change of manifests lets through."""

import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import click
from msgspec.structs import replace

from reconcile.cli import output
from reconcile.cli.context import Context, Done, open_stdin, pass_context
from reconcile.cli.options.apis import api_option
from reconcile.cli.options.manifests import ManifestCommand, variable_options
from reconcile.cli.options.reporting import colour_option, format_option
from reconcile.cli.options.values import FilePath
from reconcile.cli.own_apis import known_apis
from reconcile.codes import Code
from reconcile.document import STDIN, list_names
from reconcile.errors import ReconcileError, UsageError
from reconcile.model.manifest import Assignment, Given, Manifest
from reconcile.model.plan import ExitCode
from reconcile.model.review import Review
from reconcile.report.review import FORMATS


@click.command(cls=ManifestCommand)
@click.argument("old", type=FilePath())
@click.argument("new", type=FilePath())
@variable_options
@api_option
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="ADDRESS",
    help="Accept this job of OLD, or those that match a glob, as it is in NEW; every output shows it. Repeatable.",
)
@format_option(*FORMATS)
@colour_option
@pass_context
def command(
    context: Context, old: str, new: str, given: Sequence[Given], allowed: tuple[str, ...], format_name: str
) -> Done | ExitCode:
    """Show what a change of manifests lets through, offline.

    OLD and NEW are files or directories. OLD may also be REV:PATH, a file or directory at a revision of the git
    repository around NEW. Its path starts at the top of the repository. Write ./NAME for a file with a colon in its
    name.

    Each job is equal in meaning, stronger, weaker, or different: each side lets through what the other stops. A weaker
    or different job is shown with a witness, the smallest answer of the job API that OLD stops and NEW lets pass,
    judged by the gate itself. If an order (`after`) is lost, there are two answers, one about each job. A witness is
    one example: NEW may let more through, and --allow accepts all of it.

    Jobs are compared if they ask for the same remote job, whatever their names are. So a removed job, another project
    and another job id are weaker or different. Each job is judged now, and at each later time at which a waiver or a
    time bound makes a difference. Another job of the same provider is taken to be in sync. An expectation with a
    variable that has no value must be the same in OLD and NEW.

    Exit code, of the jobs that --allow does not accept: 0 if nothing is weaker, 2 if one is weaker or different, 1 if
    one could not be decided.

    \b
    Examples:
      reconcile review old.yaml reconcile.yaml
      reconcile review origin/main:reconcile.yaml reconcile.yaml
      reconcile review origin/main:infra infra --allow 'jobs.legacy-*' -o markdown
    """
    try:
        review = _review(old, new, given, allowed, context)
    except ReconcileError as error:
        from reconcile.report.review import render_failure

        error.terse = format_name != "text"
        output.write(render_failure(error.diagnostics, format_name=format_name))
        raise
    from reconcile.report.review import render_review

    palette = output.choose_palette(context.colour, sys.stdout, context.environ)
    output.write(render_review(review, format_name=format_name, palette=palette))
    return review.failure or Done.DONE


def _review(old: str, new: str, given: Sequence[Given], allowed: Sequence[str], context: Context) -> Review:
    from reconcile.cli.judging import make_judge
    from reconcile.cli.surroundings import find_paths
    from reconcile.review import review_manifests

    _check_names(old, new)
    now = context.clock().replace(microsecond=0)
    after = _load(new, given, context)
    before = _load(old, given, context, near=new)
    _refuse_unknown(given, before, after)
    review = review_manifests(before, after, make_judge(), now=now, allowed=allowed)
    return replace(review, paths=find_paths(after, (), context.environ))


def _check_names(old: str, new: str) -> None:
    """Refuse a revision where a path belongs, and the other way round."""
    from reconcile.cli.git import split_revision

    if split_revision(new) and not Path(new).exists():
        message = f"there is no file {new}: NEW must be a file or directory, only OLD may be REV:PATH"
        raise UsageError.because(Code.NO_SUCH_FILE, message, hint="check that revision out, and name its path")
    if split_revision(old) or Path(old).exists() or old == STDIN or Path(old).suffix in (".yaml", ".yml", ".json"):
        return
    path = "PATH" if Path(new).is_absolute() else PurePosixPath(new)
    hint = f"for a revision of the repository, add the path from its top: {old}:{path}"
    raise UsageError.because(Code.NO_SUCH_FILE, f"there is no file {old}", hint=hint)


def _load(argument: str, given: Sequence[Given], context: Context, *, near: str | None = None) -> Manifest:
    """Load the manifests of an argument; one that lies `near` another path may be those of a revision."""
    from reconcile.cli.git import read_revision, split_revision
    from reconcile.manifest import find_manifests, load_manifests

    revision = split_revision(argument) if near is not None else None
    texts = read_revision(*revision, near=near, environ=context.environ) if revision and near else ()
    manifest = load_manifests(
        [text.file for text in texts] or find_manifests([argument]),
        now=context.clock(),
        given=given,
        environ=context.environ,
        apis=known_apis(context),
        stdin=open_stdin(),
        texts=texts,
        offline=True,
        shared=True,
    )
    if manifest.left_out:
        message = f"the job API of {list_names(manifest.left_out)} depends on a variable without a value"
        hint = f"give it by --var or --var-file; without a value: {list_names(manifest.unset)}"
        raise UsageError.because(Code.NO_VALUE, f"{manifest.files[0].file}: {message}", hint=hint)
    return manifest


def _refuse_unknown(given: Sequence[Given], *manifests: Manifest) -> None:
    """Refuse a value on the command line for a variable that neither side declares."""
    declared = {name for manifest in manifests for file in manifest.files for name in file.variables}
    unknown = [each.name for each in given if isinstance(each, Assignment) and each.name not in declared]
    if unknown:
        message = f"--var gives a value for '{unknown[0]}', and no manifest declares that variable"
        raise UsageError.because(Code.UNDEFINED_VARIABLE, message, hint="declare it under 'variables'")
