"""`reconcile apis`: the known job APIs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from reconcile.apis import read_sources
from reconcile.cli import output
from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.options.apis import ApiType
from reconcile.cli.options.reporting import format_option
from reconcile.cli.options.values import FilePath
from reconcile.cli.own_apis import choose_api, find_path, known_apis, locate_departures, pin, read_description
from reconcile.codes import Code
from reconcile.errors import ReconcileError, UsageError
from reconcile.model.api import ROLES, ErrorSign, JobApi
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.plan import ExitCode
from reconcile.model.value import JsonValue
from reconcile.report.escape import escape
from reconcile.report.messages import count

_NO_SOURCES: Mapping[str, Any] = {"sources": ()}


@click.group(invoke_without_command=True)
@format_option("text", "json")
@pass_context
@click.pass_context
def command(ctx: click.Context, context: Context, format_name: str) -> Done:
    """List the known job APIs: what their jobs do, and which clouds run them.

    'reconcile apis show NAME' lists the regions and hosts of one API, and JSON those of all.

    \b
    Examples:
      reconcile apis
      reconcile apis -o json | jq '.apis[].clouds'
      reconcile apis show ecs
    """
    if ctx.invoked_subcommand is None:
        apis = list(known_apis(context).values())
        output.write(_render_json(apis) if format_name == "json" else _render_text(apis))
    return Done.DONE


@command.command()
@click.argument("name", type=ApiType(), metavar="NAME|FILE")
@click.option("--ids", is_flag=True, help="Instead, print which keys of the service's responses hold job ids.")
@pass_context
def show(context: Context, name: str, ids: bool) -> Done:
    """Print the requests of a job API, and which keys its fields are read from.

    NAME is one of 'reconcile apis', FILE describes your own.

    \b
    Examples:
      reconcile apis show ecs
      reconcile apis show cce --ids
    """
    api = choose_api(name, context)
    lines = _describe_ids(api) if ids else _describe(api)
    output.write("".join(f"{line}\n" for line in lines))
    return Done.DONE


@command.command()
@click.argument("path", type=FilePath(), metavar="FILE[@sha256:HEX]")
@format_option("text", "json")
def check(path: str, format_name: str) -> Done:
    """Check your own description of a job API, and read the answers in it.

    Every problem is listed with its place and a fix. Exit code: 0 if --api would accept the file, else 1.

    \b
    Examples:
      reconcile apis check x-glance-tasks.json
      reconcile apis check x-glance-tasks.json -o json | jq -r .sha256
    """
    try:
        api = read_description(path)
    except ReconcileError as error:
        error.terse = format_name == "json"
        if format_name == "json":
            output.write(_dump({"valid": False, "name": None, "sha256": None, "errors": _list(error.diagnostics)}))
        raise
    if format_name == "json":
        output.write(_dump({"valid": True, "name": api.name, "sha256": api.sha256, "errors": []}))
        return Done.DONE
    output.write(
        f"{escape(api.name)}: the description is valid, and its sample answers are read as expected. To pin it:\n"
    )
    output.write(f"  --api {escape(pin(path, api))}\n")
    return Done.DONE


@command.command()
@click.argument("name", type=ApiType(), metavar="NAME|FILE")
@click.argument("folder", type=FilePath(), metavar="RECORDING")
@format_option("text", "json")
@pass_context
def test(context: Context, name: str, folder: str, format_name: str) -> Done | ExitCode:
    """Compare recorded answers with the description of their API.

    NAME is one of 'reconcile apis', FILE describes your own. RECORDING is a directory that 'reconcile plan --record'
    has written. Each line of the description that an answer contradicts is shown: an unknown status word, a field of
    another type, parts in another place, missing keys, errors of another shape.

    Exit code: 0 if all answers match the description, 2 if some do not, 1 if there is nothing to compare.

    \b
    Examples:
      reconcile apis test ecs monday
      reconcile apis test x-glance-tasks.json monday
    """
    from reconcile.fetch.contract import find_departures
    from reconcile.recording import open_recording
    from reconcile.report.diagnostics import render_diagnostics

    api = choose_api(name, context)
    recording = open_recording(folder)
    jobs = [
        (job_id, job)
        for provider, each in recording.providers.items()
        if each.api == api.name
        for job_id in recording.list_jobs(provider)
        if (job := recording.find_job(provider, job_id)) is not None
    ]
    if not jobs:
        hint = f"record some: reconcile plan --record {folder}"
        raise UsageError.because(Code.NOTHING_TO_CHECK, f"{folder} holds no answer of {api.name}", hint=hint)
    departures = find_departures(api, [(job_id, exchange) for job_id, job in jobs for exchange in job.exchanges])
    located = locate_departures(find_path(name, api, context), departures)
    verdict = ExitCode.DRIFT if departures else Done.DONE
    if format_name == "json":
        output.write(_dump({"api": api.name, "jobs": len(jobs), "differences": _list(located)}))
        return verdict
    output.write(render_diagnostics(located))
    many = f"{count(len(departures), 'difference')} between" if departures else "No difference between"
    output.write(f"{many} the description of {api.name} and the recorded answers for {count(len(jobs), 'job')}.\n")
    return verdict


def _render_text(apis: list[JobApi]) -> str:
    from reconcile.report.table import draw_table

    rows = [[api.name, api.purpose or api.title, ", ".join(api.clouds) or "at --endpoint"] for api in apis]
    return "".join(f"{line}\n" for line in draw_table(rows, ["API", "Jobs", "Clouds"]))


def _render_json(apis: list[JobApi]) -> str:
    return _dump({"apis": [_to_json(api) for api in apis]})


def _dump(document: Mapping[str, JsonValue]) -> str:
    from reconcile.canonical import dump
    from reconcile.report.json import FORMAT_VERSION

    return dump({"format_version": FORMAT_VERSION, **document})


def _list(diagnostics: Iterable[Diagnostic]) -> list[JsonValue]:
    from reconcile.report.json import diagnostic_to_json

    return [diagnostic_to_json(each) for each in diagnostics]


def _to_json(api: JobApi) -> dict[str, JsonValue]:
    return {
        "name": api.name,
        "title": api.title,
        "purpose": api.purpose,
        "statuses": list(api.statuses),
        "job_types": list(api.job_types),
        "clouds": {cloud.name: dict(cloud.hosts) for cloud in api.clouds.values()},
    }


# --- One API ------------------------------------------------------------------------------------------------------


def _describe(api: JobApi) -> Iterator[str]:
    from reconcile.report.table import draw_table

    yield from (f"{api.reference}: {api.title}{f', {api.purpose}' if api.purpose else ''}", "")
    yield f"GET {api.path}"
    yield from (f"GET {path} in {cloud}" for cloud, path in api.paths.items())
    if api.parameters:
        yield f"Each job needs these parameters: {', '.join(api.parameters)}."
    if api.requests_per_minute is not None:
        yield f"At most {api.requests_per_minute:,} requests per minute, unless --rate says otherwise."
    yield ""
    yield from draw_table(list(_list_ways(api)), ["Field", "In a job", "In a part"])
    yield ""
    yield from draw_table([[state, word] for word, state in api.words.items()], ["Status", "The API's word"])
    yield ""
    yield f"Times: {api.time_format}."
    signs = ["an empty list"] if api.missing_if_empty else [*_list_signs(api.missing)]
    yield f"No such job: {', '.join(signs) or 'no answer reports it, so `absent` cannot be expected'}."
    if api.doubtful:
        yield f"Possibly no such job, reported as an error: {', '.join(_list_signs(api.doubtful))}."
    if api.ignored:
        yield f"Ignored, although it looks like a part: {', '.join(map('.'.join, api.ignored))}."
    yield f"Retention: {api.retention}."
    if api.clouds:
        yield ""
        hosts = [[cloud.name, *host] for cloud in api.clouds.values() for host in sorted(cloud.hosts.items())]
        yield from draw_table(hosts, ["Cloud", "Region", "Host"])


def _describe_ids(api: JobApi) -> Iterator[str]:
    from reconcile.report.table import draw_table

    data = read_sources(api.name) if api.sha256 is None else _NO_SOURCES
    titles = {source["id"]: source["title"] for source in data["sources"]}
    entries = data.get("started_by", ())
    own = [entry for entry in entries if "other" not in entry]
    if own:
        rows = [[_name_key(entry), _name_calls(entry), titles[entry["source"]]] for entry in own]
        yield from draw_table(rows, ["Key", "In the answer to", "Source"])
    else:
        yield f"No source lists the calls that return ids for {api.title}."
    for entry in entries[len(own) :]:
        place = f"{_name_key(entry)} in the answer to {_name_calls(entry)}"
        yield f"Not such an id: {place}, which is that of {entry['other']}."


def _name_key(entry: Mapping[str, Any]) -> str:
    return ".".join(entry["key"])


def _name_calls(entry: Mapping[str, Any]) -> str:
    calls, number = entry["calls"], entry["operations"]
    named = ", ".join(calls) or count(number, "call")
    return f"{named} and {number - len(calls):,} more" if 0 < len(calls) < number else named


def _list_ways(api: JobApi) -> Iterator[list[str]]:
    prefix = "".join(f"{key}." for key in api.job.at)
    if api.job.among:
        prefix = f"{prefix[:-1]}[]."
    parts = api.parts
    for role in ROLES:
        own, of_part = api.job.fields.get(role), parts.fields.get(role) if parts is not None else None
        yield [role, f"{prefix}{'.'.join(own)}" if own else "-", ".".join(of_part) if of_part else "-"]
    if parts is not None:
        yield ["sub_jobs", f"{prefix}{'.'.join(parts.at)}", ".".join(parts.at) if parts.nested else "-"]
    for label, way in api.job.shown.items():
        yield [f"({label})", f"{prefix}{'.'.join(way)}", ".".join(parts.shown.get(label, "-")) if parts else "-"]


def _list_signs(signs: Iterable[ErrorSign]) -> Iterator[str]:
    for sign in signs:
        codes = f" with {' or '.join(sorted(sign.codes))}" if sign.codes is not None else ""
        yield f"HTTP {sign.status_code}{codes} from the {sign.envelope}"
