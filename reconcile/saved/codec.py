"""
Evidence -> JSON -> Evidence.

Reading is lenient: a number may become a text, and an unknown key is passed over. Whoever must know that nothing was
changed writes the evidence once more and compares: what was read in another way is written in another way.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from cattrs import Converter
from cattrs.errors import BaseValidationError, StructureHandlerNotFoundError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from reconcile.apis import load_api
from reconcile.model import (
    Accepted,
    Evidence,
    Glob,
    JobApi,
    JsonValue,
    Manifest,
    ManifestFile,
    Provider,
    Source,
)

_Value = TypeVar("_Value")


class UndecodableError(ValueError):
    """It is not the evidence of a plan."""


def encode_evidence(evidence: Evidence) -> JsonValue:
    """Return evidence as a JSON value: a provider as its name but for one place, an API as its name."""
    encoded: JsonValue = _make_encoder().unstructure(evidence)
    return encoded


def decode_evidence(value: object, *, apis: Callable[[str], JobApi] = load_api) -> Evidence:
    """
    Return the evidence that a JSON value is.

    Raises UndecodableError if it is none, or if it is about an API that is not known.

    Args:
        apis: where job APIs come from; raises KeyError for a name it does not know.
    """
    try:
        return _make_decoder(value["manifest"]["providers"], apis).structure(value, Evidence)  # type: ignore[index]
    except (
        ArithmeticError,
        AttributeError,
        BaseValidationError,
        LookupError,
        RecursionError,
        StructureHandlerNotFoundError,
        TypeError,
        ValueError,
    ) as error:
        raise UndecodableError("it is not the evidence of a plan") from error


# --- Writing ---------------------------------------------------------------------------------------------------


def _make_encoder() -> Converter:
    converter = Converter(omit_if_default=True)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(Source, lambda source: [source.file, source.line, source.column])
    converter.register_unstructure_hook(JobApi, lambda api: api.name)
    converter.register_unstructure_hook(Accepted, _encode_accepted)
    converter.register_unstructure_hook(
        ManifestFile,
        make_dict_unstructure_fn(ManifestFile, converter, variables=override(unstruct_hook=dict)),
    )
    encode_provider = make_dict_unstructure_fn(Provider, converter)
    # A hook counts for what is made after it: from here on, a provider is its name.
    converter.register_unstructure_hook(Provider, lambda provider: provider.name)
    converter.register_unstructure_hook(
        Manifest,
        make_dict_unstructure_fn(
            Manifest,
            converter,
            _cattrs_omit_if_default=True,
            providers=override(unstruct_hook=lambda providers: [encode_provider(each) for each in providers.values()]),
        ),
    )
    return converter


def _encode_accepted(accepted: Accepted) -> JsonValue:
    return {"glob": accepted.pattern} if isinstance(accepted, Glob) else accepted


# --- Reading ---------------------------------------------------------------------------------------------------


def _make_decoder(providers: Any, apis: Callable[[str], JobApi]) -> Converter:  # noqa: ANN401 - from outside
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    converter.register_structure_hook(Source, lambda value, _: _decode_source(*value))
    converter.register_structure_hook(JobApi, lambda value, _: apis(value))
    converter.register_structure_hook(Accepted, _decode_accepted)
    converter.register_structure_hook(
        ManifestFile,
        make_dict_structure_fn(ManifestFile, converter, variables=override(struct_hook=lambda value, _: value)),
    )
    decode_provider = make_dict_structure_fn(Provider, converter)
    known: Mapping[str, Provider] = {
        provider.name: provider for provider in (decode_provider(each, Provider) for each in providers)
    }
    converter.register_structure_hook(Provider, lambda value, _: known[value])
    converter.register_structure_hook(
        Manifest,
        make_dict_structure_fn(Manifest, converter, providers=override(struct_hook=lambda value, _: known)),
    )
    return converter


def _decode_source(file: str, line: int, column: int) -> Source:
    return Source(file=file, line=line, column=column)


def _decode_accepted(value: Any, _: object) -> Accepted:  # noqa: ANN401 - from outside
    return Glob(pattern=value["glob"]) if isinstance(value, dict) else value
