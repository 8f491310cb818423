"""`reconcile apis`: the known job APIs."""

import click

from reconcile.apis import api_names, load_api
from reconcile.cli import output
from reconcile.cli.context import Done
from reconcile.cli.options.reporting import format_option
from reconcile.model import JobApi, JsonValue


@click.command()
@format_option("text", "json")
def command(format_name: str) -> Done:
    """List the known job APIs with their clouds, regions and hosts.

    \b
    Examples:
      reconcile apis
      reconcile apis -o json | jq '.apis[].clouds'
    """
    apis = [load_api(name) for name in api_names()]
    output.write(_render_json(apis) if format_name == "json" else _render_text(apis))
    return Done.DONE


def _render_text(apis: list[JobApi]) -> str:
    from reconcile.report.table import draw_table

    blocks = []
    for api in apis:
        rows = [
            [cloud.name, region, host] for cloud in api.clouds.values() for region, host in sorted(cloud.hosts.items())
        ]
        lines = draw_table(rows, ["Cloud", "Region", "Host"])
        blocks.append("".join(f"{line}\n" for line in [f"{api.name}: {api.title}", "", *lines]))
    return "\n".join(blocks)


def _render_json(apis: list[JobApi]) -> str:
    from reconcile.canonical import dump
    from reconcile.report.json import FORMAT_VERSION

    return dump({"format_version": FORMAT_VERSION, "apis": [_to_json(api) for api in apis]})


def _to_json(api: JobApi) -> dict[str, JsonValue]:
    return {
        "name": api.name,
        "title": api.title,
        "statuses": list(api.statuses),
        "job_types": list(api.job_types),
        "clouds": {cloud.name: dict(cloud.hosts) for cloud in api.clouds.values()},
    }
