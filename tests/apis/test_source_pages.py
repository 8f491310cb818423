"""
The data says of each source page what the page says: all of it, and nothing else.

A page and the data are each turned into facts, path -> value, such as `sub_job.job_id` -> `String`. The five pages
come as rendered text, reStructuredText and HTML; the latter two are first brought into the form of the first, a
sequence of blocks with one block per paragraph, list item or table cell.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reconcile.apis import read_sources

PAGES = Path(__file__).parents[2].parent / "shared" / "api"
IDS = ["000", "001", "002", "003", "004"]
DATA = read_sources("sfs-turbo")

pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the source pages lie beside the checkout")


# --- From a page to blocks ---------------------------------------------------------------------------------------


class _Html(HTMLParser):
    """Cuts HTML into blocks; a list item begins with a bullet."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self._text: list[str] = []
        self._bullet = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in {"h1", "h4", "p", "caption", "pre", "li"}:
            self._end_block()
        if tag == "li":
            self._bullet = "• "

    def handle_endtag(self, tag: str) -> None:
        if tag in {"h1", "h4", "p", "caption", "pre"}:
            self._end_block()

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def _end_block(self) -> None:
        text = "".join(self._text).strip()
        if text:
            self.blocks.append(self._bullet + text)
            self._bullet = ""
        self._text = []


def html_blocks(text: str) -> list[str]:
    parser = _Html()
    parser.feed(text)
    return parser.blocks


def rst_blocks(text: str) -> list[str]:
    return [clean for line in rst_lines(text) if (clean := re.sub(r":ref:`([^`<]+?) *(<[^>]*>)?`|\*\*", r"\1", line))]


def rst_lines(text: str) -> Iterator[str]:
    """Yield the lines of a page, a table cell being a line of its own."""
    columns: list[slice] = []
    borders = 0
    for line in text.splitlines():
        if re.fullmatch(r" *=+( +=+)+", line):
            columns = [slice(*found.span()) for found in re.finditer("=+", line)]
            borders = (borders + 1) % 3
        elif line.lstrip().startswith("|"):
            yield from (cell.strip() for cell in line.strip(" |").split("|"))
        elif borders:
            yield from (line[column].strip() for column in columns[:-1])
            yield line[columns[-1].start :].strip()
        elif not re.fullmatch(r"[ +=-]*", line):
            yield line.strip().removeprefix(".. table:: ")


def text_blocks(text: str) -> list[str]:
    return [block.strip() for block in re.split(r"\n\s*\n", text)]


def file_of(page: str) -> Path:
    (path,) = PAGES.glob(f"{page}_*.txt")
    return path


def blocks_of(page: str) -> list[str]:
    text = file_of(page).read_text(encoding="utf-8").replace("：", ":")
    if "<h1" in text:
        return html_blocks(text)
    return rst_blocks(text) if text.startswith(":original_name:") else text_blocks(text)


# --- From blocks to facts ----------------------------------------------------------------------------------------

TABLES = {
    "Path Parameters": "path.{name}",
    "路径参数": "path.{name}",
    "Request header parameters": "request.header.{name}",
    "请求Header参数": "request.header.{name}",
    "Response header parameters": "response.{status}.header.{name}",
    "响应Header参数": "response.{status}.header.{name}",
    "Response body parameters": "response.{status}.{name}",
    "响应Body参数": "response.{status}.{name}",
    "GetSubJobDetail": "sub_job.{name}",
}
SECTION = re.compile(r"(Request|Response) Parameters|Example Requests|请求参数|响应参数|请求示例")
STATUS = re.compile(r"(?:Status code|状态码): ?(\d{3})")
TIME = re.compile(r"'?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d'?")
BULLET = re.compile(r"•\s+(\w+)(?:: *(.*))?")


@cache
def facts_of(page: str) -> Mapping[str, str]:
    blocks = blocks_of(page)
    function = next(i for i, block in enumerate(blocks) if block in ("Function", "功能介绍"))
    uri = blocks.index("URI")
    facts = {"title": blocks[function - 1], "request": next(block for block in blocks if block.startswith("GET "))}
    if "ldap" in " ".join(blocks[function:uri]).lower():
        facts["function.ldap"] = "yes"
    for path, cells in rows_of(blocks):
        facts |= facts_of_row(path, cells)
    return facts | facts_of_answers(blocks)


def rows_of(blocks: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each row of each parameter table: the path of its fact, then all its cells but the first."""
    status, table, path, cells = "", "", "", list[str]()
    for i, block in enumerate(blocks):
        caption = re.fullmatch(r"(?:Table|表) ?\d+ ?(.*)", block)
        heading = STATUS.fullmatch(block)
        starts = table and block != "Yes" and re.fullmatch(r"[A-Za-z_-]+", block) and has_type(blocks[i + 1 : i + 3])
        if caption or heading or starts or SECTION.fullmatch(block):
            if path:
                yield path, cells
            path, cells = "", []
        if heading:
            status = heading[1]
        if caption:
            table = TABLES[caption[1]]
        elif starts:
            path = re.sub(r"^response\.200\.(?=\w+$)", "job.", table.format(status=status, name=block))
        elif heading or SECTION.fullmatch(block):
            table = ""
        elif path:
            cells.append(block)


def has_type(blocks: list[str]) -> bool:
    following = blocks[1] if blocks[0] == "Yes" else blocks[0]
    return following == "String" or following.startswith("Array of ")


def facts_of_row(path: str, cells: list[str]) -> dict[str, str]:
    """Turn one row into facts: the type of the parameter, and what is special about its description."""
    mandatory = cells[0] == "Yes"
    kind, *description = cells[mandatory:]
    owner, _, name = path.rpartition(".")
    facts = {path: f"{kind}, mandatory" if mandatory else kind}
    lengths = re.findall(r"最[小大]长度:(\d+)", " ".join(description))
    if lengths:
        facts[f"{path}.length"] = "..".join(lengths)
    if owner == "sub_job":
        facts[f"{path}.whose"] = "sub-job" if re.search("subtask|子", description[0].lower()) else "job"
    if name in ("begin_time", "end_time"):
        (facts[f"{path}.example"],) = TIME.findall(description[0])
    if name in ("status", "job_type"):
        facts |= {f"{path}.{key}": value for key, value in facts_of_words(name, description).items()}
    return facts


def facts_of_words(name: str, description: list[str]) -> dict[str, str]:
    listed: dict[str, str] = {match[1]: match[2] for block in description if (match := BULLET.fullmatch(block))}
    if name == "job_type":
        return listed
    prose = description[0]
    words = {word for word in ("success", "failed", "waiting", "running") if word in prose} | listed.keys()
    explained = dict(re.findall(r"([a-z]+):([^。]+)", prose)) | {word: text for word, text in listed.items() if text}
    forms = {word: ", ".join(["prose"] * (word in prose) + ["list"] * (word in listed)) for word in words}
    return forms | {f"{word}.meaning": text for word, text in explained.items()}


def facts_of_answers(blocks: list[str]) -> dict[str, str]:
    """Find the example bodies and the table of status codes."""
    text = "\n".join(blocks)
    examples = re.findall(r"(?:Status code|状态码): ?(\d{3})\n[^\n{]*\n(?:\.\. code-block::\n)?(\{[^}]*\})", text)
    codes = [code for code, _ in pairwise(blocks) if re.fullmatch(r"[1-5]\d\d", code)]
    facts = {f"example.{code}": canonical(json.loads(body)) for code, body in examples}
    return facts | {f"status_code.{code}": "yes" for code in codes}


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


# --- From the data to facts --------------------------------------------------------------------------------------


def facts_claimed(page: str) -> Mapping[str, str]:
    """Return what the data says that the page says."""
    (about,) = (entry for entry in DATA["pages"] if entry["id"] == page)
    request = DATA["request"]
    facts = {"title": about["title"], "request": f"{request['method']} {request['path']}"}
    for owner, parameters in (("path", request["path_parameters"]), ("request.header", request["headers"])):
        for parameter in of_page(page, parameters):
            mandatory = ", mandatory" if page in parameter["mandatory_on"] else ""
            facts[f"{owner}.{parameter['name']}"] = parameter["type"] + mandatory
    for code in of_page(page, DATA["status_codes"]):
        facts |= claimed_of_answer(page, code)
    for owner in ("job", "sub_job"):
        facts |= claimed_of_record(page, owner)
    if any(page in job_type.get("sentence_on", ()) for job_type in DATA["job_types"]):
        facts["function.ldap"] = "yes"
    return facts


def claimed_of_answer(page: str, answer: Mapping[str, Any]) -> dict[str, str]:
    code = str(answer["code"])
    facts = {f"status_code.{code}": "yes", f"example.{code}": canonical(answer["example"])}
    if page in DATA["request_id"]["pages"][code]:
        facts[f"response.{code}.header.{DATA['request_id']['spelling']}"] = DATA["request_id"]["type"]
    envelopes = [envelope for envelope in DATA["error_envelopes"] if envelope["name"] == answer["body"]]
    for field in of_page(page, (field for envelope in envelopes for field in envelope["fields"])):
        facts[f"response.{code}.{field['name']}"] = field["type"]
        if page in field["length"]["pages"]:
            facts[f"response.{code}.{field['name']}.length"] = f"{field['length']['min']}..{field['length']['max']}"
    return facts


def claimed_of_record(page: str, owner: str) -> dict[str, str]:
    facts = {}
    (printed,) = of_page(page, DATA["times"]["printed"])
    for field in of_page(page, DATA[owner]["fields"]):
        path = f"{owner}.{field['name']}"
        facts[path] = field["type"]
        if owner == "sub_job":
            facts[f"{path}.whose"] = "job" if page in field["described_as_the_jobs_on"] else "sub-job"
        if field["name"].endswith("_time"):
            facts[f"{path}.example"] = printed["text"]
    lists = DATA["status_lists"][owner]
    forms = ["prose"] * (page in lists["in_prose"]) + ["list"] * (page in lists["listed"])
    (language,) = (entry["language"] for entry in DATA["pages"] if entry["id"] == page)
    for status in of_page(page, DATA["statuses"]):
        facts[f"{owner}.status.{status['word']}"] = ", ".join(forms)
        if page in lists["with_meanings"]:
            facts[f"{owner}.status.{status['word']}.meaning"] = status["printed_meanings"][language]
    for job_type in DATA["job_types"]:
        if page in job_type["listed_on"]:
            facts[f"{owner}.job_type.{job_type['name']}"] = job_type["meaning"]
    return facts


def of_page(page: str, entries: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in entries if page in entry["pages"])


# --- The tests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", IDS)
def test_data_says_what_page_says(page: str) -> None:
    assert facts_claimed(page) == facts_of(page)


@pytest.mark.parametrize("page", IDS)
def test_walk_misses_nothing(page: str) -> None:
    """Guard the walk itself: 2 path parameters, 2 headers, 8 + 7 fields, 3 error bodies of 2, 4 codes and examples."""
    facts = facts_of(page)
    of = {prefix: sum(re.fullmatch(prefix, path) is not None for path in facts) for prefix in EXPECTED}
    assert of == EXPECTED


EXPECTED = {
    r"path\.\w+": 2,
    r"request\.header\.[\w-]+": 2,
    r"response\.200\.header\.X-request-id": 1,
    r"job\.\w+": 8,
    r"sub_job\.\w+": 7,
    r"job\.status\.\w+": 4,
    r"sub_job\.status\.(?!whose)\w+": 4,
    r"response\.[45]\d\d\.err(Code|Msg)": 6,
    r"status_code\.\d+": 4,
    r"example\.\d+": 4,
}


@pytest.mark.parametrize("page", [entry["id"] for entry in DATA["pages"] if entry["dated_by"] == "page"])
def test_page_has_its_date(page: str) -> None:
    (entry,) = (entry for entry in DATA["pages"] if entry["id"] == page)
    assert entry["date"] in file_of(page).read_text(encoding="utf-8")[:500]


def test_every_difference_between_pages_is_a_contradiction() -> None:
    paths = sorted({path for page in IDS for path in facts_of(page)})
    differing = {path: sides for path in paths if len(sides := sides_of(path)) > 1}
    listed = {path: positions_of(entry) for entry in DATA["contradictions"] for path in entry["about"]}
    assert listed == differing


def test_every_contradiction_names_its_facts_once() -> None:
    about = [path for entry in DATA["contradictions"] for path in entry["about"]]
    assert len(about) == len(set(about))


def sides_of(path: str) -> frozenset[frozenset[str]]:
    """Group the pages by what they say of the path; silence is an answer, too."""
    sides: dict[str | None, set[str]] = {}
    for page in IDS:
        sides.setdefault(facts_of(page).get(path), set()).add(page)
    return frozenset(map(frozenset, sides.values()))


def positions_of(contradiction: Mapping[str, Any]) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(position["pages"]) for position in contradiction["positions"])
