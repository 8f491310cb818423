"""A manifest around what a test is about, loaded or refused."""

import io
from collections.abc import Callable, Sequence

import pytest
from builders import NOW

from reconcile.document import Text
from reconcile.errors import ReconcileError
from reconcile.manifest import load_manifests
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Job, Manifest

Load = Callable[..., Manifest]
Refuse = Callable[..., Sequence[Diagnostic]]

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"


def _load(content: str, **options: object) -> Manifest:
    return load_manifests(["-"], now=NOW, stdin=io.BytesIO(content.encode()), **options)


def _refuse(content: str, **options: object) -> Sequence[Diagnostic]:
    with pytest.raises(ReconcileError) as raised:
        _load(content, **options)
    return raised.value.diagnostics


@pytest.fixture(scope="session")
def load() -> Load:
    """Load a whole manifest."""
    return _load


@pytest.fixture(scope="session")
def load_files() -> Load:
    """Load several manifests of one provider, each from what follows it; they are called a, b, c."""

    def load(*contents: str, **options: object) -> Manifest:
        texts = [Text(name, f"name: {name}\n{HEAD}{content}") for name, content in zip("abc", contents, strict=False)]
        return load_manifests([text.file for text in texts], now=NOW, texts=texts, **options)

    return load


@pytest.fixture(scope="session")
def load_jobs() -> Callable[[str], Sequence[Job]]:
    """Load a manifest of one provider from what follows it: defaults and jobs."""
    return lambda content, **options: _load(HEAD + content, **options).jobs


@pytest.fixture(scope="session")
def load_job() -> Callable[[str], Job]:
    """Load the only job of a manifest from its `expect`."""
    return lambda expect: _load(f"{HEAD}jobs:\n  a: {{job_id: i, expect: {expect}}}\n").jobs[0]


@pytest.fixture(scope="session")
def refuse() -> Refuse:
    """Return everything that is wrong with a whole manifest."""
    return _refuse


@pytest.fixture(scope="session")
def refuse_jobs() -> Refuse:
    """Return everything that is wrong with a manifest of one provider, from what follows it."""
    return lambda content, **options: _refuse(HEAD + content, **options)
