"""The pages that people read, by their path in the repository, wherever the files are."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import reconcile
from reconcile.codes import Code

ROOT = Path(__file__).parents[1]
README = "README.md"
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def locate(path: str) -> Path:
    """Return where a file of the repository is: the package may be installed from a wheel."""
    folder, _, rest = path.partition("/")
    return Path(reconcile.__file__).parent / rest if folder == "reconcile" else ROOT / path


def list_guides() -> list[str]:
    """List the guides and what explains a word, without the explanations of error codes."""
    names = sorted(path.name for path in locate("reconcile/explanations").glob("*.md"))
    return [f"reconcile/explanations/{name}" for name in names if name.removesuffix(".md") not in list(Code)]


def list_pages() -> list[str]:
    """List all pages but the explanations of error codes."""
    examples = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").rglob("README.md"))
    references = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "schemas").glob("*.md"))
    return [README, "CONTRIBUTING.md", *list_guides(), *examples, *references]


def read(page: str) -> str:
    """Return the text of a page."""
    return locate(page).read_text(encoding="utf-8")


def find_links(page: str) -> Iterator[str]:
    """Yield where the relative links of a page lead, as paths in the repository."""
    for target in _LINK.findall(read(page)):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
