"""`reconcile explain`: what an error code, a code of a job API or a verdict means, and the guides."""

import sys
from collections.abc import Iterable
from difflib import get_close_matches

import click

from reconcile.cli import output
from reconcile.cli.context import Context, Done, pass_context
from reconcile.cli.own_apis import known_apis, list_apis
from reconcile.cli.page import fit_tables
from reconcile.codes import Code
from reconcile.document import shorten
from reconcile.errors import UsageError
from reconcile.model.api import JobApi
from reconcile.shipped import shipped_folder

_BY_EXIT_CODE = ("in_sync", "error", "drift", "pending")
"""The page of each exit code, from 0."""

_OTHER_WORDS = {
    **{str(code): page for code, page in enumerate(_BY_EXIT_CODE)},
    "after": "manifest",
    "expect": "manifest",
    "for_each": "manifest",
    "settle": "manifest",
    "stuck": "manifest",
    "missing": "drift",
    "baseline": "evidence",
    "receipt": "evidence",
    "resume": "evidence",
    "witness": "evidence",
    "formats": "reports",
    "threat model": "security",
    "token": "credentials",
    "variables": "environment",
    "waiver": "waived",
    "waivers": "waived",
}
"""Other words for pages."""

_CLOSE = 0.7
"""The similarity from which a word suggests a code, 1 for equal ones; two of three equal digits are not enough."""


def _complete_word(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del param
    pages = [page for page in _list_pages() if page.lower().startswith(incomplete.lower())]
    apis = list_apis(ctx.find_object(Context)).values()
    return pages or [code for code in _find_api_codes(apis) if code.startswith(incomplete.upper())]


@click.command()
@click.argument("words", nargs=-1, metavar="[RCnnn|CODE|WORD]", shell_complete=_complete_word)
@pass_context
def command(context: Context, words: tuple[str, ...]) -> Done:
    """Explain an error code, a job API's error code, a verdict or an exit code, or print a guide.

    Without a word, lists the error codes, the verdicts and the guides. It also knows the error codes of the APIs in
    RECONCILE_API_PATH.

    \b
    Examples:
      reconcile explain
      reconcile explain RC102
      reconcile explain drift
      reconcile explain SFS.TURBO.0005
      reconcile explain credentials
      reconcile explain exit codes
    """
    text = _explain(" ".join(words).strip(), context) if words else _list_titles()
    width = output.measure_width(sys.stdout)
    output.write(text if width is None else fit_tables(text, width))
    return Done.DONE


def _explain(word: str, context: Context) -> str:
    if word.lower() in ("exit code", "exit codes"):
        titles = [f"{code}  {_read_title(page)}\n" for code, page in enumerate(_BY_EXIT_CODE)]
        return "".join([*titles, "129, 130, 143  hung up, interrupted, terminated\n"])
    word = _OTHER_WORDS.get(word.lower(), word)
    pages = {page.lower(): page for page in _list_pages()}
    page = pages.get(word.lower())
    if page is not None:
        return _read_page(page)
    apis = known_apis(context).values()
    meanings = _find_api_codes(apis)
    if word.upper() in meanings:
        return "".join(f"{meaning}\n" for meaning in meanings[word.upper()])
    if word.upper().startswith(_list_gateway_codes(apis)):
        return (
            f"{word.upper()}: an error of the API gateway in front of the job APIs. The request did not reach a job\n"
            "API, so this says nothing about the job, and the gate is red.\n"
        )
    known = {**pages, **{code.lower(): code for code in meanings}}
    close = get_close_matches(word.lower(), known, n=1, cutoff=_CLOSE)
    hint = f"did you mean '{known[close[0]]}'?" if close else "'reconcile explain' lists the pages"
    raise UsageError.because(Code.USAGE, f"there is no explanation of '{shorten(word)}'", hint=hint)


def _list_titles() -> str:
    """List the pages with their titles: error codes, then verdicts and guides."""
    titles = {page: _read_title(page) for page in _list_pages()}
    width = max(map(len, titles))
    return "".join(f"{page:{width}}  {title.removeprefix(f'{page}: ')}\n" for page, title in titles.items())


def _list_pages() -> list[str]:
    """List the names of the pages: the error codes in their order, then the words."""
    words = sorted(path.stem for path in shipped_folder("explanations").glob("*.md") if path.stem not in list(Code))
    return [*Code, *words]


def _read_page(page: str) -> str:
    return (shipped_folder("explanations") / f"{page}.md").read_text(encoding="utf-8")


def _read_title(page: str) -> str:
    return _read_page(page).partition("\n")[0].removeprefix("# ")


def _find_api_codes(apis: Iterable[JobApi]) -> dict[str, list[str]]:
    """Map each error code of the job APIs, in capitals, to its meanings: one line for each API that has it."""
    meanings: dict[str, list[str]] = {}
    for api in apis:
        for code, meaning in api.error_codes.items():
            meanings.setdefault(code.upper(), []).append(f"{code} ({api.title}): {meaning}")
    return meanings


def _list_gateway_codes(apis: Iterable[JobApi]) -> tuple[str, ...]:
    """List the prefixes of the error codes of API gateways."""
    return tuple(sorted({code for api in apis for code in api.gateway_codes}))
