"""`reconcile apis`: the known job APIs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from reconcile.apis import api_names, load_api, read_sources
from reconcile.cli import output
from reconcile.cli.context import Done
from reconcile.cli.options.reporting import format_option
from reconcile.model import ROLES, ErrorSign, JobApi, JsonValue
from reconcile.report.messages import count


@click.group(invoke_without_command=True)
@format_option("text", "json")
@click.pass_context
def command(ctx: click.Context, format_name: str) -> Done:
    """List the known job APIs: what their jobs are about, and which clouds run them.

    'reconcile apis show NAME' lists the regions and hosts of one, and JSON those of all.

    \b
    Examples:
      reconcile apis
      reconcile apis -o json | jq '.apis[].clouds'
      reconcile apis show ecs
    """
    if ctx.invoked_subcommand is None:
        apis = [load_api(name) for name in api_names()]
        output.write(_render_json(apis) if format_name == "json" else _render_text(apis))
    return Done.DONE


@command.command()
@click.argument("name", type=click.Choice(api_names()), metavar="NAME")
@click.option("--ids", is_flag=True, help="Print instead which keys of the service's answers hold the ids of its jobs.")
def show(name: str, ids: bool) -> Done:
    """Print how a job API is asked, and what is read from where.

    \b
    Examples:
      reconcile apis show ecs
      reconcile apis show cce --ids
    """
    lines = _describe_ids(name) if ids else _describe(load_api(name))
    output.write("".join(f"{line}\n" for line in lines))
    return Done.DONE


def _render_text(apis: list[JobApi]) -> str:
    from reconcile.report.table import draw_table

    rows = [[api.name, api.purpose or api.title, ", ".join(api.clouds) or "at --endpoint"] for api in apis]
    return "".join(f"{line}\n" for line in draw_table(rows, ["API", "Jobs", "Clouds"]))


def _render_json(apis: list[JobApi]) -> str:
    from reconcile.canonical import dump
    from reconcile.report.json import FORMAT_VERSION

    return dump({"format_version": FORMAT_VERSION, "apis": [_to_json(api) for api in apis]})


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

    yield from (f"{api.name}: {api.title}{f', {api.purpose}' if api.purpose else ''}", "")
    yield f"GET {api.path}"
    yield from (f"GET {path} in {cloud}" for cloud, path in api.paths.items())
    if api.parameters:
        yield f"Each job brings, under parameters: {', '.join(api.parameters)}."
    if api.requests_per_minute is not None:
        yield f"At most {api.requests_per_minute:,} requests per minute, unless --rate says otherwise."
    yield ""
    yield from draw_table(list(_list_ways(api)), ["Field", "In a job", "In a part"])
    yield ""
    yield from draw_table([[state, word] for word, state in api.words.items()], ["Status", "The API's word"])
    yield ""
    yield f"Times: {api.time_format}."
    signs = ["an empty list"] if api.missing_if_empty else [*_list_signs(api.missing)]
    yield f"No such job: {', '.join(signs) or 'no answer says so, so none can be expected to be absent'}."
    if api.doubtful:
        yield f"Perhaps no such job, which is told and never judged: {', '.join(_list_signs(api.doubtful))}."
    yield f"Retention: {api.retention}."
    if api.clouds:
        yield ""
        hosts = [[cloud.name, *host] for cloud in api.clouds.values() for host in sorted(cloud.hosts.items())]
        yield from draw_table(hosts, ["Cloud", "Region", "Host"])


def _describe_ids(name: str) -> Iterator[str]:
    from reconcile.report.table import draw_table

    data = read_sources(name)
    titles = {source["id"]: source["title"] for source in data["sources"]}
    entries = data.get("started_by", ())
    own = [entry for entry in entries if "other" not in entry]
    if own:
        rows = [[_name_key(entry), _name_calls(entry), titles[entry["source"]]] for entry in own]
        yield from draw_table(rows, ["Key", "In the answer to", "Source"])
    else:
        yield f"No source says which operations give ids for {data['title']}."
    for entry in entries[len(own) :]:
        yield f"No such id: {_name_key(entry)} in the answer to {_name_calls(entry)}. It is that of {entry['other']}."


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
