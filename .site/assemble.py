"""
Assemble the pages of the site from where they live: `python .site/assemble.py FOLDER`.

A page keeps its text. Its links to other pages lead to these, and a file of the repository that it links to is shown at
its end. What else it links to is named.
"""

import posixpath
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconcile.apis import api_names, load_api, read_sources
from reconcile.codes import Code
from reconcile.model.api import JobApi

ROOT = Path(__file__).parents[1]
SITE_NAME = "reconcile"
_LINK = re.compile(r"(?P<text>\[[^\]]*\])\((?P<target>[^)#:\s]*)(?P<fragment>#[^)]*)?\)")
_LANGUAGES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".hcl": "hcl", ".tf": "hcl", ".txt": "console"}
_LARGEST = 20_000
"""Characters of a file that is shown."""


def list_pages() -> dict[str, str]:
    """Map each source, by its path in the repository, to its page in the site."""
    pages = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
    for path in sorted((ROOT / "reconcile" / "explanations").glob("*.md")):
        folder = "errors" if path.stem in list(Code) else "guides"
        pages[_name(path)] = f"{folder}/{path.name}"
    for path in sorted((ROOT / "examples").rglob("README.md")):
        pages[_name(path)] = f"examples/{path.parent.relative_to(ROOT / 'examples').as_posix().replace('/', '-')}.md"
    for path in sorted((ROOT / "schemas").glob("*.md")):
        pages[_name(path)] = f"reference/{path.name.replace('.v1', '')}"
    for path in sorted((ROOT / "tests" / "cases" / "language").glob("*.md")):
        pages[_name(path)] = f"rules/{path.name}"
    return pages


def assemble(folder: Path) -> list[str]:
    """Write every page into a folder; return their paths in it."""
    shutil.rmtree(folder, ignore_errors=True)
    sources = list_pages()
    written = {page: _convert(source, sources) for source, page in sources.items()}
    written |= {f"apis/{name}.md": _describe_api(load_api(name)) for name in api_names()}
    written["apis/index.md"] = _list_apis()
    written["errors/index.md"] = _list_titles("Error codes", "errors", written)
    written["rules/index.md"] = _list_titles("Rules of the manifest", "rules", written)
    for page, text in written.items():
        path = folder / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "llms.txt").write_text(_write_llms(written), encoding="utf-8")
    return sorted(written)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- A page of the repository -------------------------------------------------------------------------------------


def _convert(source: str, pages: Mapping[str, str]) -> str:
    """Return the text of a page with links that work in the site."""
    shown: dict[str, str] = {}

    def lead(link: re.Match[str]) -> str:
        if not link["target"]:
            return link[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link["target"]))
        page = pages.get(target) or pages.get(f"{target}/README.md") or _find_list(target)
        fragment = link["fragment"] or ""
        if page is not None:
            return f"{link['text']}({posixpath.relpath(page, posixpath.dirname(pages[source]))}{fragment})"
        path = ROOT / target
        if path.is_file() and path.stat().st_size <= _LARGEST:
            shown.setdefault(target, f"file-{len(shown) + 1}")
            return f"{link['text']}(#{shown[target]})"
        return link["text"].strip("[]")

    text = _LINK.sub(lead, (ROOT / source).read_text(encoding="utf-8"))
    return "".join([text, *(_show_file(target, anchor) for target, anchor in shown.items())])


def _find_list(target: str) -> str | None:
    return {"tests/cases/language": "rules/index.md", "reconcile/apis": "apis/index.md"}.get(target)


def _show_file(target: str, anchor: str) -> str:
    path = ROOT / target
    language = _LANGUAGES.get(path.suffix, "dockerfile" if path.name == "Dockerfile" else "text")
    text = path.read_text(encoding="utf-8").rstrip("\n")
    return f"\n## `{target}` {{ #{anchor} }}\n\n````{language}\n{text}\n````\n"


# --- Pages that are made from data --------------------------------------------------------------------------------


def _list_titles(title: str, folder: str, pages: Mapping[str, str]) -> str:
    rows = [
        f"- [{text.partition(chr(10))[0].removeprefix('# ')}]({page.removeprefix(f'{folder}/')})"
        for page, text in sorted(pages.items())
        if page.startswith(f"{folder}/")
    ]
    return "\n".join([f"# {title}", "", *rows, ""])


def _list_apis() -> str:
    apis = [load_api(name) for name in api_names()]
    rows = [[f"[{api.name}]({api.name}.md)", api.title, ", ".join(sorted(api.clouds))] for api in apis]
    return "\n".join(["# Job APIs", "", *_draw_table(["api", "service", "clouds"], rows), ""])


def _describe_api(api: JobApi) -> str:
    return "\n".join(_write_api(api))


def _write_api(api: JobApi) -> Iterator[str]:
    sources = read_sources(api.name)
    yield f"# {api.title} (`{api.name}`)\n"
    yield f"    GET {api.path}\n"
    yield from (f"In `{cloud}`: `GET {path}`\n" for cloud, path in api.paths.items())
    if api.parameters:
        yield f"Each job of a manifest has, under `parameters`: {', '.join(f'`{name}`' for name in api.parameters)}.\n"
    if api.requests_per_minute is not None:
        yield f"The API publishes a limit of {api.requests_per_minute:,} requests per minute: the default `--rate`.\n"
    yield "## Where job ids come from\n"
    titles = {source["id"]: source["title"] for source in sources["sources"]}
    started = [
        [f"`{'.'.join(entry['key'])}`", str(entry["operations"]), titles[entry["source"]]]
        for entry in sources.get("started_by", ())
    ]
    if started:
        yield from _draw_table(["key of the response", "operations", "source"], started)
    else:
        yield "No source says which operations return ids."
    yield "\n## Fields\n"
    parts = api.parts.fields if api.parts is not None else {}
    fields = [
        [f"`{role}`", _show_way(way), _show_way(parts[role]) if role in parts else ""]
        for role, way in api.job.fields.items()
    ]
    yield from _draw_table(["expectation", "in a job", "in a part"], fields)
    if api.parts is not None:
        nested = ", nested to any depth that is read" if api.parts.nested else ""
        yield f"\nParts (`sub_jobs`) are listed at {_show_way(api.parts.at)}{nested}."
    yield "\n## Status\n"
    words: dict[str, list[str]] = {}
    for word, state in api.words.items():
        words.setdefault(state, []).append(f"`{word}`")
    yield from _draw_table(
        ["state", "the API's words"], [[f"`{state}`", ", ".join(own)] for state, own in words.items()]
    )
    if api.error_codes:
        yield "\n## Error codes\n"
        codes = [[f"`{code}`", meaning.replace("|", "\\|")] for code, meaning in api.error_codes.items()]
        yield from _draw_table(["code", "meaning"], codes)
    yield "\n## Clouds\n"
    hosts = [
        [f"`{cloud.name}`", f"`{region}`", f"`{host}`"]
        for cloud in api.clouds.values()
        for region, host in sorted(cloud.hosts.items())
    ]
    yield from _draw_table(["cloud", "region", "host"], hosts)
    yield f"\nRetention: {api.retention}.\n"
    yield "## Sources\n"
    yield from (f"- {page['title']}: {page['document']}" for page in sources["pages"])
    yield from (f"- {source['title']}" for source in sources["sources"])
    for each in sources["contradictions"]:
        yield f"\nWhere sources differ: {each['what']} Decided: {each['decision']}."
    yield ""


def _show_way(way: tuple[str, ...]) -> str:
    return f"`{'.'.join(way)}`"


def _draw_table(headers: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headers)} |"
    yield f"|{'---|' * len(headers)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _write_llms(pages: Mapping[str, str]) -> str:
    """Write the index that llmstxt.org describes."""
    lines = [f"# {SITE_NAME}", "", "> terraform plan for asynchronous cloud jobs: a gate whose exit 0 is a proof."]
    for folder in ("guides", "examples", "reference", "apis", "errors"):
        lines += ["", f"## {folder.capitalize()}", ""]
        lines += [
            f"- [{text.partition(chr(10))[0].removeprefix('# ')}]({page.removesuffix('.md')}/)"
            for page, text in sorted(pages.items())
            if page.startswith(f"{folder}/") and not page.endswith("index.md")
        ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    assemble(Path(sys.argv[1]))
