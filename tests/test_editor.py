"""An editor with the YAML language server completes, explains and checks a manifest by its schema."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from reconcile.shipped import load_schema, read_schema

ROOT = Path(__file__).parents[1]
SERVER = ROOT / ".venv" / "editor" / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
PATIENCE = 30
"""Seconds until a server that hangs is ended, and with it whoever waits for its answer."""

HEAD = """\
# yaml-language-server: $schema=manifest.v1.schema.json
version: 1
providers: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: 0123456789abcdef}}
"""

pytestmark = pytest.mark.skipif(
    not SERVER.exists() or shutil.which("node") is None, reason="`make editor-test` installs the language server"
)


class Editor:
    """As much of an editor as the Language Server Protocol 3.17 needs to open one file and ask about a place in it."""

    def __init__(self, process, folder):
        self._process = process
        self._folder = folder
        self._requests = self._opened = 0
        self._ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self._send({"method": "initialized", "params": {}})

    def open(self, text):
        """Open a manifest, the cursor where `|` stands; return its diagnostics."""
        before, _, behind = text.partition("|")
        self._place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        self._opened += 1
        self._document = {"uri": (self._folder / f"{self._opened}.yaml").as_uri()}
        opened = {**self._document, "languageId": "yaml", "version": 1, "text": before + behind}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": opened}})
        return self._receive(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == self._document["uri"]
            )
        )["params"]["diagnostics"]

    def complete(self):
        """Return what the editor offers at the cursor."""
        found = self._ask("textDocument/completion", {"textDocument": self._document, "position": self._place})
        return {item["label"]: item.get("documentation", "") for item in found["items"]}

    def hover(self):
        """Return what the editor shows for the word at the cursor."""
        return self._ask("textDocument/hover", {"textDocument": self._document, "position": self._place})["contents"]

    def _ask(self, method, params):
        self._requests += 1
        request = {"id": self._requests, "method": method, "params": params}
        self._send(request)
        return self._receive(lambda message: message.get("id") == request["id"] and "method" not in message)["result"]

    def _send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self, is_wanted):
        while True:
            length = 0
            while line := self._process.stdout.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name == b"Content-Length" else length
            message = json.loads(self._process.stdout.read(length))
            if is_wanted(message):
                return message
            if "id" in message and "method" in message:
                items = message.get("params", {}).get("items", [])
                self._send({"id": message["id"], "result": [None] * len(items) or None})


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("editor")
    (folder / "manifest.v1.schema.json").write_text(read_schema("manifest.v1"), encoding="utf-8")
    command = ["timeout", str(PATIENCE), "node", str(SERVER), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder) as process:
        try:
            yield Editor(process, folder)
        finally:
            process.terminate()


def test_a_valid_manifest_has_no_squiggle(editor):
    assert editor.open(HEAD + "jobs:\n  a: {job_id: id-a, expect: {status: success}}\n") == []


def test_expect_completes_its_keys_with_what_they_mean(editor):
    editor.open(HEAD + "jobs:\n  a:\n    job_id: id-a\n    expect:\n      |\n")
    offered = editor.complete()
    assert offered.keys() >= load_schema("manifest.v1")["$defs"]["expect"]["properties"].keys()
    assert all(offered.values())


def test_status_completes_its_words(editor):
    editor.open(HEAD + "jobs:\n  a:\n    job_id: id-a\n    expect:\n      status: |\n")
    assert editor.complete().keys() >= {"waiting", "running", "success", "failed"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("    expect:\n      sta|tus: success\n", "status"),
        ("    exp|ect:\n      status: success\n", "success is expected"),
        ("    labels: {ti|er: web}\n", "label"),
    ],
    ids=["status", "expect", "labels"],
)
def test_hovering_shows_what_a_key_means(editor, text, shown):
    editor.open(f"{HEAD}jobs:\n  a:\n    job_id: id-a\n{text}")
    assert shown in json.dumps(editor.hover())


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("    expcet: {status: success}\n", 6, 4, "expcet"),
        ("    expect: {status: succes}\n", 6, 21, "success"),
        ("    expect: {duration: 10}\n", 6, 13, ""),
    ],
    ids=["key", "word", "type"],
)
def test_a_typo_gets_a_squiggle(editor, text, line, column, message):
    (squiggle,) = editor.open(f"{HEAD}jobs:\n  a:\n    job_id: id-a\n{text}")
    assert (squiggle["range"]["start"]["line"], squiggle["range"]["start"]["character"]) >= (line, column)
    assert message in squiggle["message"]
