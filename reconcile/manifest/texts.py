"""Expected texts that look like others: what a reviewer takes for a proof must be one."""

from reconcile.codes import Code
from reconcile.document import Array, Document, Mark, Node, Sensitive, Table, name_character
from reconcile.manifest.faults import Faults
from reconcile.model import Field


def check_texts(document: Document, table: Table, key: str, faults: Faults) -> None:
    """Refuse blanks around a text that is expected under a key, and warn of a job_type that is not ASCII."""
    node = table[key]
    if type(node) is str:
        if node and not _is_plain(node, key):
            _check_text(node, document.value_mark(table, key), key, faults)
    elif isinstance(node, Array):
        check_elements(document, node, key, faults)
    else:
        _check_node(document, node, document.value_mark(table, key), key, faults)


def check_elements(document: Document, nodes: Array, key: str, faults: Faults) -> None:
    """Do the same for each element of a list, any of which is expected."""
    for node, mark in document.elements(nodes):
        _check_node(document, node, mark, key, faults)


def _check_node(document: Document, node: Node, mark: Mark, key: str, faults: Faults) -> None:
    if isinstance(node, Table):
        mark, node = document.value_mark(node, "glob"), node["glob"]
    if isinstance(node, str) and not _is_plain(node, key):
        _check_text(node, mark, key, faults)


def _is_plain(content: str, key: str) -> bool:
    return content == content.strip() and (key != Field.JOB_TYPE.value or content.isascii())


def _check_text(content: str, mark: Mark, key: str, faults: Faults) -> None:
    if content != content.strip():
        message = f"blanks or line ends stand around this {key}: no answer can be told from one without them"
        hint = "remove them; a text of several lines begins with |- to have no line end behind it"
        faults.add(mark, Code.VALUE_NOT_ALLOWED, message, hint)
    elif not isinstance(content, Sensitive):
        foreign = next(character for character in content if not character.isascii())
        message = f"this {key} holds {name_character(foreign)}, and job types are ASCII"
        faults.warn(mark, Code.ENCODING, message, "type it again: a letter that only looks the same matches nothing")
    else:
        faults.warn(mark, Code.ENCODING, f"this {key} is not ASCII, and job types are", None)
