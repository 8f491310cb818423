"""`reconcile schema`: the JSON Schemas that this program uses itself."""

import click

from reconcile.cli import output
from reconcile.cli.context import Done
from reconcile.codes import Code
from reconcile.errors import UsageError
from reconcile.shipped import read_schema, schema_names


@click.command()
@click.argument("name", required=False)
def command(name: str | None) -> Done:
    """Print a JSON Schema; without NAME, list them.

    \b
    Examples:
      reconcile schema
      reconcile schema manifest > manifest.schema.json
    """
    output.write(_list_schemas() if name is None else _read_schema(name))
    return Done.DONE


def _list_schemas() -> str:
    return "".join(f"{name}\n" for name in schema_names())


def _read_schema(name: str) -> str:
    matching = [full for full in schema_names() if name in (full, full.partition(".")[0])]
    if not matching:
        hint = f"known schemas: {', '.join(schema_names())}"
        raise UsageError.because(Code.USAGE, f"there is no schema '{name}'", hint=hint)
    return read_schema(matching[-1])
