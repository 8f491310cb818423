"""
Links to pages of the documentation, if the operator says where it is published.

`make site` builds these pages, and a test checks that each one exists.
"""

from collections.abc import Iterable, Sequence

from reconcile.codes import Code
from reconcile.model.plan import Plan

_ERROR, _PENDING = "error", "pending"


def list_codes(plan: Plan) -> Sequence[Code]:
    """List the codes of the errors of a run and of its jobs, each once, in the order of the errors."""
    of_jobs = (problem.code for job in plan.jobs for problem in job.problems)
    return list(dict.fromkeys([*(error.code for error in plan.errors), *of_jobs]))


def list_pages(codes: Iterable[Code], docs_url: str | None) -> Sequence[tuple[Code, str]]:
    """
    List codes with the URLs of their pages; empty if the documentation is not published.

    Args:
        codes: each once.
        docs_url: the URL of the site, without a trailing "/".
    """
    return [(code, _name_page(code, docs_url)) for code in codes] if docs_url else []


def find_rule_page(rule: str, docs_url: str | None) -> str | None:
    """Return the URL of the page about a rule of a machine format: the page of its code, or else of its verdict."""
    if docs_url is None:
        return None
    kind, _, detail = rule.partition(".")
    if kind == _ERROR:
        return _name_page(detail, docs_url)
    return f"{docs_url}/guides/{_PENDING if kind == _PENDING else 'drift'}/"


def _name_page(code: str, docs_url: str) -> str:
    return f"{docs_url}/errors/{code}/"
