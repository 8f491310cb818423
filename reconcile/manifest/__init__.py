"""
A file that declares jobs, as the values that the rest of the program works on.

    Document -> checked against the language -> providers, defaults, jobs -> Manifest

What the schema of the language can say stands there; here is what no schema can say, and what is implied.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from reconcile.apis import load_api
from reconcile.document import Document, as_string, as_table, read_document
from reconcile.manifest.faults import Faults
from reconcile.manifest.jobs import read_jobs
from reconcile.manifest.language import check_language
from reconcile.manifest.location import find_manifest
from reconcile.manifest.providers import read_providers
from reconcile.model import JobApi, Manifest

__all__ = ["build_manifest", "find_manifest", "load_manifest"]


def load_manifest(path: str, *, apis: Callable[[str], JobApi] = load_api, stdin: BinaryIO | None = None) -> Manifest:
    """
    Read a manifest from a file, or from `stdin` for "-".

    Args:
        path: the file; its name is what reports call it.
        apis: where job APIs come from; raises KeyError for a name it does not know.
        stdin: what "-" stands for.

    Raises:
        DocumentError: with everything that is wrong, in order of position. What a schema can say is told first;
            what the manifest means is only asked of one that is well-formed.
    """
    with _no_garbage_collection():
        document = read_document(path, stdin=stdin)
        check_language(document)
        return build_manifest(document, apis)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Look for no cycles while values are made that have none: with 100,000 jobs that takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def build_manifest(document: Document, apis: Callable[[str], JobApi]) -> Manifest:
    """Return what a document means that `check_language` has let through; raise DocumentError as `load_manifest`."""
    root = as_table(document.root)
    faults = Faults(document.text)
    providers = read_providers(document, apis, faults)
    jobs = read_jobs(document, providers, faults)
    faults.raise_any()
    return Manifest(
        file=document.text.file,
        name=as_string(root["name"]) if "name" in root else None,
        providers={name: provider for name, provider in providers.items() if provider},
        jobs=jobs,
    )
