"""The kept result as Markdown."""

from collections.abc import Mapping
from dataclasses import fields

from bench.figures import Row

_FORMS = {"s": "{:.3f} s", "us": "{:.1f} us", "KB": "{:.2f} KB", "MB": "{:.0f} MB", "requests": "{:,.0f} requests"}


def render_result(result: Mapping[str, dict]) -> str:
    """Render every figure that was measured, with its date and its conditions."""
    machine = result["machine"]
    parts = [
        "# Measured",
        f"Written by `make bench`. {machine['system']}, {machine['processor']}, {machine['cores']} cores, "
        f"Python {machine['python']}. Server and client have a core each. Ratios are ours by theirs: less is better.",
    ]
    for name, figure in result["figures"].items():
        parts.append(f"## {name}")
        measured = f"{figure['date']}, against {figure['server']}, load {figure['load']:.1f} when it began"
        parts.append(f"{measured}: `{figure['command']}`")
        parts.append(render_rows([_read_row(row) for row in figure["rows"]]))
    return "\n\n".join(parts) + "\n"


def render_rows(rows: list[Row]) -> str:
    """Render a table; a peer that is missing has no ratio."""
    lines = ["| what | shape | reconcile | peer | takes | ratio | goal |", "|---|---|---:|---|---:|---:|---|"]
    for row in rows:
        theirs = "not installed" if row.theirs is None else _show(row.theirs, row.unit)
        ratio = "-" if row.ratio is None else f"{row.ratio:.3f}"
        ours = _show(row.ours, row.unit)
        lines.append(f"| {row.what} | {row.shape} | {ours} | {row.peer} | {theirs} | {ratio} | {_judge(row)} |")
    return "\n".join(lines)


def _read_row(kept: Mapping[str, object]) -> Row:
    return Row(**{field.name: kept[field.name] for field in fields(Row)})


def _judge(row: Row) -> str:
    if row.goal is None:
        return ""
    word = {True: "met", False: "**missed**", None: "not measured"}[row.met]
    return f"{row.goal:g}: {word}"


def _show(value: float, unit: str) -> str:
    return _FORMS[unit].format(value)
