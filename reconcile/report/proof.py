"""A proof as text and as JSON; `schemas/prove.v1.schema.json` describes the JSON."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias

from reconcile.canonical import dump
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.proof import Baseline, Proof, Survivor
from reconcile.model.value import JsonValue
from reconcile.report.escape import escape
from reconcile.report.json import FORMAT_VERSION, diagnostic_to_json
from reconcile.report.messages import count
from reconcile.report.style import NO_COLOUR, Colour, Palette

WriteExpect: TypeAlias = Callable[[Mapping[str, JsonValue]], Iterable[str]]
"""Writes an expectation as lines of a manifest, safe to show."""

_SOURCES = {
    Baseline.MANIFEST: "generated from the manifest",
    Baseline.RECORDING: "from a recording",
    Baseline.LIVE: "as they are now",
}
_MADE_UP = """\
Values that the manifest does not specify are placeholders. Put in the real ones, or run with --replay or --live.
"""


def render_proof(proof: Proof, write_expect: WriteExpect, palette: Palette = NO_COLOUR) -> str:
    """Render the survivors by job, each with the expectation that would kill it, and the number of mutants."""
    by_job = groupby(proof.survivors, key=_address_of)
    blocks = [_render_job(list(survivors), write_expect, palette) for _, survivors in by_job]
    total = proof.killed + proof.permitted + len(proof.survivors)
    head = f"reconcile: {count(proof.jobs, 'job')} {_SOURCES[proof.baseline]}, {count(total, 'mutant')}"
    parts = [f"{proof.killed:,} killed"]
    if proof.permitted:
        parts.append(f"{proof.permitted:,} permitted by the manifest")
    parts.append(f"{len(proof.survivors):,} survived")
    allowed = f" ({proof.allowed:,} allowed)" if proof.allowed else ""
    end = f"Proof: {', '.join(parts)}{allowed}.{'' if proof.survivors else ' Every mutant turns the gate red.'}"
    note = f"{_MADE_UP}\n" if proof.survivors and proof.baseline is Baseline.MANIFEST else ""
    return "\n".join([f"{head}\n", *blocks, f"{note}{palette.paint(end, Colour.STRONG)}\n"])


def render_proof_as_json(proof: Proof) -> str:
    """Render a proof for scripts."""
    return dump(
        {
            "format_version": FORMAT_VERSION,
            "baseline": proof.baseline.value,
            "exit_code": 0 if proof.holds else 2,
            "summary": {
                "jobs": proof.jobs,
                "killed": proof.killed,
                "permitted": proof.permitted,
                "survived": len(proof.survivors),
                "allowed": proof.allowed,
            },
            "survivors": [_survivor_to_json(survivor) for survivor in proof.survivors],
            "errors": [],
        }
    )


def render_failure_as_json(errors: Sequence[Diagnostic]) -> str:
    """Render, for scripts, why nothing could be proven."""
    return dump(
        {
            "format_version": FORMAT_VERSION,
            "baseline": None,
            "exit_code": 1,
            "summary": None,
            "survivors": [],
            "errors": [diagnostic_to_json(error) for error in errors],
        }
    )


def _survivor_to_json(survivor: Survivor) -> JsonValue:
    source = survivor.job.source
    waiver = survivor.waiver
    return {
        "address": survivor.job.address,
        "file": source.file,
        "line": source.line,
        "column": source.column,
        "path": survivor.path,
        "change": survivor.change,
        "expect": survivor.killer,
        "waiver": None if waiver is None else {"file": waiver.source.file, "line": waiver.source.line},
    }


def _render_job(survivors: Sequence[Survivor], write_expect: WriteExpect, palette: Palette) -> str:
    job = survivors[0].job
    place = f"{escape(job.source.file)}:{job.source.line}"
    lines = [f"  # {escape(job.address)} leaves the gate green in {count(len(survivors), 'case')}      {place}"]
    by_fix: dict[tuple[str, ...], list[Survivor]] = {}
    for survivor in survivors:
        by_fix.setdefault(tuple(_describe_fix(survivor, write_expect)), []).append(survivor)
    for fix, group in by_fix.items():
        for survivor in group:
            symbol = palette.paint("!", Colour.CHANGED)
            lines.append(f"  {symbol} {escape(survivor.path)}: {escape(survivor.change)}")
        lines += fix
    return "".join(f"{line}\n" for line in lines)


def _describe_fix(survivor: Survivor, write_expect: WriteExpect) -> Iterator[str]:
    """Describe what would catch a survivor."""
    waiver = survivor.waiver
    if waiver is not None:
        yield f"    a waiver hides it until {waiver.expires}: {escape(waiver.source.file)}:{waiver.source.line}"
    elif survivor.killer is None:
        yield "    no expectation can catch it"
    else:
        yield "    to catch it, expect:"
        yield from (f"      {line}" for line in write_expect(survivor.killer))


def _address_of(survivor: Survivor) -> str:
    return survivor.job.address
