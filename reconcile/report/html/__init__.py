"""
The plan as one HTML file: nothing in it is loaded from elsewhere, and nothing in it runs but its own script.

Every text that a template prints passes `escape`, for what a browser would show as nothing or as something else,
and then Jinja's own escaping; what is finished markup says so by its type. A content security policy holds the
hashes of style and script, so that even a hole in both would run nothing.
"""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup

from reconcile.model import Plan
from reconcile.report.escape import escape
from reconcile.report.html.page import build_page
from reconcile.report.style import Style

_FOLDER: Final = Path(__file__).parent

_END_TAG: Final = re.compile(r"</|<!--")
"""What would end an inline style or script, or change how it is read."""

_LINE_BREAK: Final = re.compile(r"(?<!</details)(?<!</li)>\n\s*")
"""A line break between two elements, but not between two jobs, lest the page be one line."""

_HARMLESS: Final = (Markup, int, float)


def render(plan: Plan, style: Style) -> str:
    """Render a plan; `style` is not used, for the reader's browser chooses light or dark."""
    del style
    sheet, script = _read_inline("page.css"), _read_inline("page.js")
    template = _open_templates().get_template("page.html")
    return template.render(page=build_page(plan), style=sheet, script=script, policy=_write_policy(sheet, script))


class _FewNodes(Extension):
    """Drops line breaks of templates: a browser makes a node of each, and of ten thousand jobs a slow page."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _LINE_BREAK.sub(">", source)


@cache
def _open_templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        extensions=[_FewNodes],
        autoescape=True,
        finalize=_make_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _make_harmless(value: object) -> object:
    """Escape what a template is about to print, unless it is markup already; numbers are harmless."""
    if isinstance(value, _HARMLESS):
        return value
    if isinstance(value, str):
        return escape(value)
    raise TypeError(f"a template prints a {type(value).__name__}, which is no text")


@cache
def _read_inline(name: str) -> Markup:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    if _END_TAG.search(text):
        raise ValueError(f"{name} cannot stand inside a page")
    return Markup(text)


def _write_policy(style: str, script: str) -> Markup:
    """Write the content security policy: this style, this script, and nothing else from anywhere."""
    return Markup(
        f"default-src 'none'; style-src '{_hash_source(style)}'; script-src '{_hash_source(script)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash_source(text: str) -> str:
    """Return the hash of an inline element's text, as CSP Level 3 names it."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
