"""The site that `make site` builds has every page, those that reports link to too, and its links lead somewhere."""

import posixpath
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from lxml import html

from reconcile.apis import api_names
from reconcile.codes import Code
from reconcile.report.documentation import find_rule_page, list_pages

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


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site; without the program that does, as in `make test`, there is none."""
    pytest.importorskip("zensical", reason="`make site` installs zensical")
    folder = tmp_path_factory.mktemp("site")
    runpy.run_path(str(SITE / "assemble.py"))["assemble"](folder / "pages")
    shutil.copy(SITE / "zensical.toml", folder)
    zensical = Path(sys.executable).with_name("zensical")
    argv = [zensical, "build", "--strict", "--config-file", folder / "zensical.toml"]
    subprocess.run(argv, check=True, capture_output=True)
    return folder / "html"


def test_reports_link_to_pages_that_are_built(site):
    docs_url = "https://docs.example.com/reconcile"
    rules = ("drift.status", "missing", "pending", "error.RC500")
    linked = [*(url for _, url in list_pages(Code, docs_url)), *(find_rule_page(rule, docs_url) for rule in rules)]
    assert len(linked) == len(Code) + len(rules)
    assert [url for url in linked if not (site / url.removeprefix(f"{docs_url}/") / "index.html").is_file()] == []


def test_every_link_of_the_built_site_leads_somewhere(site):
    trees = {path: html.parse(path) for path in site.rglob("*.html") if path.name != "404.html"}
    anchors = {path: {*tree.xpath("//@id"), *tree.xpath("//a/@name")} for path, tree in trees.items()}
    dead = []
    for path, tree in trees.items():
        for link in {*tree.xpath("//@href"), *tree.xpath("//@src")}:
            target, fragment = urldefrag(link)
            if urlsplit(link).scheme or link == "javascript:void(0)":
                continue
            place = (path.parent / unquote(target)).resolve() if target else path
            place = place / "index.html" if place.is_dir() else place
            if not place.is_file() or (fragment and place in anchors and unquote(fragment) not in anchors[place]):
                dead.append((str(path.relative_to(site)), link))
    assert dead == []


def _has_anchor(text, fragment):
    headings = re.findall(r"^#+ (.*?)(?: \{ #([a-z0-9-]+) \})?$", text, re.MULTILINE)
    return fragment[1:] in {
        anchor or re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title, anchor in headings
    }
