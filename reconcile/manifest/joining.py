"""Several manifests in one run: what they are called, and what they have in common."""

import re
from collections.abc import Sequence
from typing import Final

from reconcile.codes import Code
from reconcile.manifest.draft import Draft
from reconcile.model import Provider

_PLAIN: Final = "[A-Za-z_][A-Za-z0-9_.-]*"


def name_drafts(drafts: Sequence[Draft]) -> list[str]:
    """
    Return what the addresses of each manifest's jobs begin with: nothing if it is the only one.

    Of several, each needs a name of its own; what has none is told.
    """
    if len(drafts) == 1:
        return [""]
    first: dict[str, str] = {}
    for draft in drafts:
        file = draft.file
        if file.name is None:
            message = "this manifest has no name, and it is one of several: addresses begin with it"
            _add(draft, message, "add 'name' to each of them")
        elif not re.fullmatch(_PLAIN, file.name):
            message = "an address cannot begin with this name"
            _add(draft, message, "of several manifests each is called by letters, digits, '_', '.' and '-'")
        elif first.setdefault(file.name.casefold(), file.file) != file.file:
            message = f"this manifest has the name of {first[file.name.casefold()]}"
            _add(draft, message, "addresses begin with it: choose another")
    return [f"{draft.file.name}." if draft.file.name else "" for draft in drafts]


def join_providers(drafts: Sequence[Draft]) -> dict[str, Provider]:
    """Return the providers of all manifests; refuse a name that means two things, which one option would address."""
    joined: dict[str, Provider] = {}
    for draft in drafts:
        for name, provider in draft.providers.items():
            if provider is None:
                continue
            other = joined.setdefault(name, provider)
            if _meaning_of(other) != _meaning_of(provider):
                message = f"the provider '{name}' is another one at {other.source.file}:{other.source.line}"
                hint = "one run knows each provider by its name: choose another"
                draft.faults.add(draft.find_mark("providers", name), Code.AMBIGUOUS_MANIFESTS, message, hint)
    return joined


def _add(draft: Draft, message: str, hint: str) -> None:
    draft.faults.add(draft.find_mark("name"), Code.AMBIGUOUS_MANIFESTS, message, hint)


def _meaning_of(provider: Provider) -> tuple[str | None, ...]:
    return provider.api.name, provider.cloud, provider.region, provider.project_id
