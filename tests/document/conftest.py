"""Ways to turn a text into a document, or into what is wrong with it."""

import io
from collections.abc import Callable

import pytest

from reconcile.document import Document, parse_text, read_document
from reconcile.document.text import Text
from reconcile.errors import DocumentError
from reconcile.model.diagnostic import Diagnostic

Parse = Callable[[str], Document]
Refuse = Callable[[str], Diagnostic]


def _refuse(read: Callable[[], Document]) -> Diagnostic:
    with pytest.raises(DocumentError) as raised:
        read()
    (diagnostic,) = raised.value.diagnostics
    return diagnostic


@pytest.fixture
def parse_yaml() -> Parse:
    return lambda content: parse_text(Text("f.yaml", content), is_json=False)


@pytest.fixture
def parse_json() -> Parse:
    return lambda content: parse_text(Text("f.json", content), is_json=True)


@pytest.fixture
def refuse_yaml(parse_yaml: Parse) -> Refuse:
    return lambda content: _refuse(lambda: parse_yaml(content))


@pytest.fixture
def refuse_json(parse_json: Parse) -> Refuse:
    return lambda content: _refuse(lambda: parse_json(content))


@pytest.fixture
def refuse_bytes() -> Callable[[bytes], Diagnostic]:
    return lambda data: _refuse(lambda: read_document("-", stdin=io.BytesIO(data)))


@pytest.fixture
def refuse_path() -> Callable[[str], Diagnostic]:
    return lambda path: _refuse(lambda: read_document(path))
