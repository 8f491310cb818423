"""The site that `make site` builds has every page, and its links lead somewhere."""

import posixpath
import re
import runpy
import tomllib
from pathlib import Path

import pytest

from reconcile.apis import api_names
from reconcile.codes import Code

SITE = Path(__file__).parents[1] / ".site"
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)#:\s]*)(#[^)]*)?\)")
FENCED = re.compile(r"^(````?).*?^\1$", re.DOTALL | re.MULTILINE)
pytestmark = pytest.mark.skipif(not SITE.is_dir(), reason="the site is built from a checkout")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    written = runpy.run_path(str(SITE / "assemble.py"))["assemble"](folder)
    return {page: (folder / page).read_text(encoding="utf-8") for page in written} | {
        "llms.txt": (folder / "llms.txt").read_text(encoding="utf-8")
    }


def test_each_code_and_each_api_has_a_page(pages):
    assert {f"errors/{code}.md" for code in Code} <= set(pages)
    assert {f"apis/{name}.md" for name in api_names()} <= set(pages)


def test_every_link_leads_to_a_page(pages):
    dead = []
    for page, text in pages.items():
        for target, fragment in LINK.findall(FENCED.sub("", text)):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target)) if target else page
            path = f"{path}.md" if page == "llms.txt" else path
            if path not in pages or (fragment and not _has_anchor(pages[path], fragment)):
                dead.append((page, target, fragment))
    assert dead == []


def test_the_navigation_has_every_guide(pages):
    navigation = tomllib.loads((SITE / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    listed = set(re.findall(r"'([a-z_/-]+\.md)'", str(navigation)))
    assert listed <= set(pages)
    assert {page for page in pages if page.startswith(("guides/", "examples/", "reference/"))} <= listed


def _has_anchor(text, fragment):
    headings = re.findall(r"^#+ (.*?)(?: \{ #([a-z0-9-]+) \})?$", text, re.MULTILINE)
    return fragment[1:] in {
        anchor or re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title, anchor in headings
    }
