"""Finds reasons in the environment variables why a credential may have been rejected."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from reconcile.fetch.credentials.settings import suggest_name
from reconcile.fetch.credentials.variables import list_known_variables

_QUOTED: Final = re.compile(r"""(["']).*\1""", re.DOTALL)
_LEFT_OVER: Final = re.compile(r"\$[A-Za-z_({].*|\{\{.*|%.+%|<.*>|\*+", re.DOTALL)
"""Placeholders of shells, GitHub, Jinja and Windows, and the stars that CI prints in place of a secret."""
_NOTHING: Final = frozenset({"null", "none", "nil", "undefined", "changeme", "todo", "placeholder"})


def explain_rejection(environ: Mapping[str, str], provider: str, unknown: Iterable[str]) -> str:
    """
    Describe what is odd about the variables with credentials, and which variables are probably misspelt.

    Args:
        environ: the environment variables.
        provider: the provider whose credential was rejected.
        unknown: the variables that nothing reads.

    Returns:
        Clauses without any value of a variable, each preceded by "; "; "" if nothing is odd.
    """
    known = tuple(dict.fromkeys(list_known_variables([provider])))
    clauses = [*_find_odd_values(environ, known), *filter(None, [suggest_name(known, unknown)])]
    return "".join(f"; {clause}" for clause in clauses)


def _find_odd_values(environ: Mapping[str, str], known: Iterable[str]) -> Iterator[str]:
    for name in known:
        value = environ.get(name, "unset")
        if not value.strip():
            yield f"{name} is empty"
        elif value != value.strip():
            yield f"{name} begins or ends with a space or a line break"
        elif _QUOTED.fullmatch(value):
            yield f"{name} has quotes around its value"
        elif _LEFT_OVER.fullmatch(value) or value.casefold() in _NOTHING:
            yield f"{name} looks like a placeholder"
