"""`reconcile man`: the manual page, made of the help texts of all commands."""

import re
import textwrap
from collections.abc import Iterator
from inspect import cleandoc

import click

from reconcile import __version__
from reconcile.cli import output
from reconcile.cli.commands import reconcile
from reconcile.cli.context import Done

_ROFF = str.maketrans({"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"})
"""Characters that roff interprets, or prints as typographic ones that shells do not understand."""

_WIDTH = 72

_SEE_ALSO = "'reconcile explain' explains error codes, 'reconcile schema' prints schemas."


@click.command()
@click.pass_context
def command(ctx: click.Context) -> Done:
    """Print the manual page: every command with its options.

    \b
    Examples:
      reconcile man | man -l -
      reconcile man > ~/.local/share/man/man1/reconcile.1
    """
    output.write("".join(f"{line}\n" for line in _write_page(ctx.find_root())))
    return Done.DONE


def _write_page(root: click.Context) -> Iterator[str]:
    summary, _, description = (reconcile.help or "").partition("\n\n")
    yield f'.TH RECONCILE 1 "" "reconcile {__version__}"'
    yield ".SH NAME"
    yield rf"reconcile \- {_escape(summary)}"
    yield ".SH SYNOPSIS"
    yield rf"\fBreconcile\fR {_escape(' '.join(reconcile.collect_usage_pieces(root)))}"
    yield ".SH DESCRIPTION"
    yield from _write_prose(description)
    yield ".SH OPTIONS"
    yield from _write_options(reconcile, root)
    yield ".SH COMMANDS"
    for name in reconcile.list_commands(root):
        part = reconcile.get_command(root, name)
        if part is not None:
            yield from _write_command(part, click.Context(part, info_name=name, parent=root))
    yield ".SH EXIT STATUS AND EXAMPLES"
    yield from _write_prose(reconcile.epilog or "")
    yield ".SH SEE ALSO"
    yield from _write_prose(_SEE_ALSO)


def _write_command(part: click.Command, context: click.Context) -> Iterator[str]:
    yield f".SS {_escape(context.command_path)} {_escape(' '.join(part.collect_usage_pieces(context)))}"
    yield from _write_prose(part.help or "")
    yield from _write_options(part, context)


def _write_options(part: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in part.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            names, meaning = record
            yield from (".TP", rf"\fB{_escape(names)}\fR")
            yield from _fill(meaning)


def _write_prose(text: str) -> Iterator[str]:
    """Write paragraphs. Those after a line with a backspace keep their line breaks, as in click."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", cleandoc(text))):
        if number:
            yield ".PP"
        first, *rest = paragraph.splitlines() or [""]
        if first.strip() == "\b":
            yield from (".nf", *(_escape(line) for line in rest), ".fi")
        else:
            yield from _fill(paragraph)


def _fill(text: str) -> Iterator[str]:
    return (_escape(line) for line in textwrap.wrap(text, _WIDTH, break_on_hyphens=False))


def _escape(line: str) -> str:
    """Escape one line for roff, which interprets a leading dot."""
    escaped = line.translate(_ROFF)
    return rf"\&{escaped}" if escaped.startswith(".") else escaped
