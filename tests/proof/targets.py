"""
What bytes of others meet, each a function of bytes that raises on whatever must never happen.

A target lets pass the errors that its part of the program documents. It checks as well what is true of every outcome,
so that more than a traceback is found. `make fuzz` searches for bytes on which one raises; `make test` replays those
in `corpus/`.
"""

import ast
import io
import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

from builders import NOW
from msgspec.structs import replace
from report.plans import KINDS, PAYLOADS, check_harmless, plan_of, poison_plan

from reconcile.apis import load_api
from reconcile.canonical import dump
from reconcile.document import Text, escape_hidden, find_hidden, parse_text
from reconcile.document.file import decode_text
from reconcile.document.writing import write_block
from reconcile.errors import DocumentError, ReconcileError
from reconcile.fetch.answer import assess
from reconcile.fetch.failure import ExchangeError
from reconcile.fetch.message import MAX_BODY_SIZE, Answer, read_head
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.secret import Secret
from reconcile.manifest import load_manifests
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.observation import Missing, Observed
from reconcile.plan import derive_plan
from reconcile.report import FORMATS, render_plan
from reconcile.report.diagnostics import render_diagnostics
from reconcile.report.escape import escape, quote
from reconcile.report.json import plan_to_json
from reconcile.report.messages import show_value
from reconcile.report.style import PLAIN
from reconcile.saved import is_document_of, read_saved_plan, write_saved_plan

CORPUS = Path(__file__).with_name("corpus")
JOB_ID = "26f6b565-0000-4000-8000-03f0bd975433"
SECRET = "canary-7f3a9c51"

_API = load_api("sfs-turbo")
_REDACT = Redactor([Secret(SECRET)])
_PLANS = tuple(plan_of(kind("a")) for kind in KINDS)
_NAMES = tuple(FORMATS)


def check(holds: object, law: str) -> None:
    """Raise AssertionError unless a law holds; an `assert` of this module would vanish under -O."""
    if not holds:
        raise AssertionError(law)


def check_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Raise AssertionError unless there are some, and each can be told to a terminal."""
    told = tuple(diagnostics)
    check(told, "an error says what is wrong")
    check(all(line.isprintable() for line in render_diagnostics(told).splitlines()), "diagnostics are harmless")
    check(all(each.source is None or each.source.line >= 1 <= each.source.column for each in told), "places exist")


# --- Files that people write -----------------------------------------------------------------------------------


def read_yaml(data: bytes) -> None:
    """Read bytes as YAML."""
    try:
        document = parse_text(decode_text("fuzz.yaml", data), is_json=False)
    except DocumentError as error:
        check_diagnostics(error.diagnostics)
    else:
        check(find_hidden(document.text.content) is None, "nothing hidden is accepted")


def read_json(data: bytes) -> None:
    """Read bytes as JSON, and as the standard library does: whatever we accept, it reads in the same way."""
    try:
        document = parse_text(decode_text("fuzz.json", data), is_json=True)
    except DocumentError as error:
        check_diagnostics(error.diagnostics)
        return
    content = document.text.content
    if content.strip():
        check(document.root == json.loads(content), "JSON means what it means to others")


def read_manifest(data: bytes) -> None:
    """Read bytes as a manifest."""
    try:
        manifest = load_manifests(["-"], now=NOW, stdin=io.BytesIO(data))
    except ReconcileError as error:
        check_diagnostics(error.diagnostics)
        return
    check(manifest.jobs, "a manifest has jobs")
    check(len({job.address for job in manifest.jobs}) == len(manifest.jobs), "addresses are unique")


# --- Saved plans -----------------------------------------------------------------------------------------------


def read_plan(data: bytes) -> None:
    """Read bytes as a saved plan, and the same with a seal that fits, as a deceiver would write it."""
    content = data.decode("utf-8", "replace")
    for each in (content, _seal(content)):
        try:
            saved = read_saved_plan("plan.json", each)
        except DocumentError as error:
            check_diagnostics(error.diagnostics)
            continue
        check(saved.digest in each, "a plan is sealed")
        try:
            is_document_of(saved.document, plan_to_json(derive_plan(saved.evidence)))
        except (ArithmeticError, LookupError, TypeError, ValueError):
            continue  # so says the command line: the plan does not follow
        write_saved_plan(saved.document, saved.evidence)


def _seal(content: str) -> str:
    """Return the content as this program would have written it, if it is a JSON object."""
    try:
        document = json.loads(content)
        body = {key: value for key, value in document.items() if key not in ("digest", "signature")}
        digest = sha256(dump(body, compact=True).encode()).hexdigest()
        return dump({**body, "digest": f"sha256:{digest}"}, compact=True)
    except (AttributeError, RecursionError, ValueError):
        return content


# --- What a server sends ---------------------------------------------------------------------------------------


def read_response(data: bytes) -> None:
    """Read bytes as the head of an answer, line by line as libcurl gives it."""
    lines = data.splitlines(keepends=True)
    try:
        status_code, headers = read_head(lines)
    except ExchangeError:
        return
    check(200 <= status_code <= 999, "an answer has a final status")
    check(all(name == name.lower().strip() and name for name in headers), "headers have names")
    check("\n" not in "".join(headers.values()), "a header is one line")
    length = headers.get("content-length")
    check(length is None or int(length) <= MAX_BODY_SIZE, "bodies are small")
    assess(_API, JOB_ID, Answer(status_code, headers, b"{}"), redact=_REDACT)


def assess_answer(data: bytes) -> None:
    """Judge an answer of which the status, `name: value` lines, a blank line and the body are the bytes."""
    head, _, body = data.partition(b"\n\n")
    status, *lines = head.split(b"\n")
    fields = [line.partition(b":") for line in lines]
    headers = {name.decode("latin-1").strip().lower(): value.decode("latin-1").strip() for name, _, value in fields}
    code = int(status) if len(status) == 3 and status.isdigit() else 200
    attempt = assess(_API, JOB_ID, Answer(code, headers, body), redact=_REDACT)
    observation = attempt.observation
    check(SECRET not in repr(observation), "no secret is kept")
    if body.startswith(b"{"):
        # Nobody writes a blank there, and it means nothing.
        blank = assess(_API, JOB_ID, Answer(code, headers, b"{ " + body[1:]), redact=_REDACT)
        check(blank == attempt, "what is read in less time is read alike")
    match observation:
        case Observed():
            said = json.loads(body.decode("utf-8-sig"))
            check(code == 200 and said["job_id"] == JOB_ID, "only a 200 about the job is accepted")
            check(said["status"] == observation.status and observation.status in _API.statuses, "its status is known")
        case Missing():
            check(code == 404, "only a 404 says that there is no job")
        case _:
            check(observation.problem.message.startswith("HTTP "), "what is refused is explained")


# --- What readers are told -------------------------------------------------------------------------------------


def escape_text(data: bytes) -> None:
    """Write a text, lone surrogates included, through the escaping of each sink that has one of its own."""
    text = data.decode("utf-8", "surrogateescape")
    shown, quoted, visible = escape(text), quote(text), escape_hidden(text)
    check(all(each.isprintable() for each in (shown, quoted, show_value({text: [text]}))), "what is shown is printable")
    check("##" not in shown and not shown.lstrip().startswith("::"), "no CI runner obeys it")
    if len(text) < 256 and shown == text:
        check(ast.literal_eval(quoted) == text, "quoting is unambiguous")
    check(escape_hidden(visible) == visible, "hidden characters are shown once")
    check(SECRET not in _REDACT(text), "secrets are hidden")


def write_yaml(data: bytes) -> None:
    """Write a text as a value of YAML and read it again; what a file may not hold is refused when it is read."""
    text = data.decode("utf-8", "replace")
    if find_hidden(text) is None:
        written = "\n".join(write_block({"key": text, "list": [text]}, indent=0))
        document = parse_text(Text("fuzz.yaml", written), is_json=False)
        check(document.root == {"key": text, "list": [text]}, "what is written is read")


def render_report(data: bytes) -> None:
    """Render a plan in which every text is this one; the first bytes choose the format and what the job is like."""
    name = _NAMES[data[0] % len(_NAMES)] if data else _NAMES[0]
    kind = data[1] % len(_PLANS) if len(data) > 1 else 0
    text = data[2:].decode("utf-8", "surrogateescape") or PAYLOADS[0]
    plan = poison_plan(_PLANS[kind], text)
    report = render_plan(replace(plan, soft_fail=bool(kind % 2)), format_name=name, style=PLAIN)
    if name == "html":
        check("<script>alert" not in report, "no text is markup")
        report.encode()
        return
    if name == "text":
        check(all(line.isprintable() for line in report.split("\n")), "a terminal obeys no text")
        return
    check_harmless(report, name)
    if name in ("json", "sarif", "gitlab", "ctrf", "otlp"):
        json.loads(report)
    elif name == "junit":
        ElementTree.fromstring(report)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "yaml": read_yaml,
    "json": read_json,
    "manifest": read_manifest,
    "saved": read_plan,
    "response": read_response,
    "answer": assess_answer,
    "escaping": escape_text,
    "writing": write_yaml,
    "reports": render_report,
}
"""By the name of their folder in `corpus/`."""


def list_corpus(name: str) -> list[Path]:
    """Return the files of the corpus of a target, in the order of their names."""
    return sorted((CORPUS / name).iterdir())
