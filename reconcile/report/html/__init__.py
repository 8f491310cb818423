"""
The plan as one HTML file that loads nothing from elsewhere, and runs only its own script.

The page is a Jinja2 template, `page.html.j2`, which includes one file for each part. Python only prepares the values.
Every text that a template prints passes through `escape`, so that a browser shows what it really contains, and then
through Jinja's escaping. A content security policy has the hashes of the style and the script, so that nothing else
would run even if both escapes failed.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup
from markupsafe import escape as escape_markup

from reconcile.model.plan import Plan
from reconcile.report.escape import escape
from reconcile.report.html.page import build_page
from reconcile.report.style import Style

_FOLDER: Final = Path(__file__).parent

_END_TAG: Final = re.compile(r"</|<!--")
"""Text that would end an inline style or script, or change how a browser parses it."""

_LINE_BREAK: Final = re.compile(r"(?<!</details)(?<!</li)>\n\s*")
"""A line break between two elements, except between two jobs, so that the page is not a single line."""

_PIECES: Final = 500
"""How many pieces from the template are joined to one part."""

_SAFE: Final = (Markup, int, float)


def render(plan: Plan, style: Style) -> Iterator[str]:
    """Render a plan; of `style`, only `docs_url` is used, because the browser chooses light or dark."""
    sheet, script = _read_inline("page.css"), _read_inline("page.js")
    template = _load_templates().get_template("page.html.j2")
    policy = _write_policy(sheet, script)
    page = build_page(plan, style.docs_url)
    pieces = template.generate(plan=plan, page=page, style=sheet, script=script, policy=policy)
    while batch := list(islice(pieces, _PIECES)):
        yield "".join(batch)


class _DropLineBreaks(Extension):
    """Drops the line breaks of the templates: a browser makes a node of each, so that 10,000 jobs would be slow."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _LINE_BREAK.sub(">", source)


@cache
def _load_templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        extensions=[_DropLineBreaks],
        autoescape=True,
        finalize=_make_safe,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["lines"] = _join_lines
    return environment


def _make_safe(value: object) -> object:
    """Escape a text before Jinja escapes it as markup; numbers and markup are safe already."""
    if isinstance(value, _SAFE):
        return value
    if isinstance(value, str):
        return escape(value)
    raise TypeError(f"a template prints a {type(value).__name__}, which is not text")


def _join_lines(lines: Iterable[str]) -> Markup:
    """Join lines and escape them as markup; they come from `escape`, which would cut long ones if applied again."""
    return escape_markup("\n".join(lines))


@cache
def _read_inline(name: str) -> Markup:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    if _END_TAG.search(text):
        raise ValueError(f"{name} cannot stand inside a page")
    return Markup(text)


def _write_policy(style: str, script: str) -> Markup:
    """Write the content security policy: it allows this style, this script, and nothing else."""
    return Markup(
        f"default-src 'none'; style-src '{_hash_source(style)}'; script-src '{_hash_source(script)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash_source(text: str) -> str:
    """Return the hash of an inline element's text, in the notation of CSP Level 3."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
