"""`reconcile explain`: what an error code means, why it matters, and how to fix it."""

import click

from reconcile.cli import output
from reconcile.cli.context import Done
from reconcile.codes import Code
from reconcile.errors import UsageError
from reconcile.shipped import shipped_folder

_CLOSE = 0.7
"""How alike a word and a code are, 1 for equal ones; two of three digits alone are not close."""


def _complete_code(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del ctx, param
    return [code for code in Code if code.startswith(incomplete.upper())]


@click.command()
@click.argument("code", required=False, metavar="[RCnnn]", shell_complete=_complete_code)
def command(code: str | None) -> Done:
    """Explain an error code; without one, list them all.

    Prints what it means, why it matters, how to fix it, and an example.

    \b
    Examples:
      reconcile explain
      reconcile explain RC102
    """
    output.write(_list_codes() if code is None else _read_explanation(_find_code(code)))
    return Done.DONE


def _list_codes() -> str:
    """List the codes with their titles."""
    titles = [_read_explanation(code).partition("\n")[0].removeprefix("# ") for code in Code]
    return "".join(f"{title.replace(':', ' ', 1)}\n" for title in titles)


def _find_code(word: str) -> Code:
    try:
        return Code(word.strip().upper())
    except ValueError as error:
        from difflib import get_close_matches

        from reconcile.document import shorten

        close = get_close_matches(word.upper(), list(Code), n=1, cutoff=_CLOSE)
        hint = f"did you mean '{close[0]}'?" if close else "'reconcile explain' lists them"
        raise UsageError.because(Code.USAGE, f"there is no error code '{shorten(word)}'", hint=hint) from error


def _read_explanation(code: Code) -> str:
    return (shipped_folder("explanations") / f"{code}.md").read_text(encoding="utf-8")
