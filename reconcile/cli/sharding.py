"""Which part of the jobs a run is about: as the operator says, or as the CI system does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reconcile.codes import Code
from reconcile.errors import UsageError

MOST_SHARDS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _System:
    """A CI system that runs a job several times: the variables of its number and of how many there are."""

    name: str
    index: str
    total: str
    base: int


_SYSTEMS = (
    _System(name="GitLab", index="CI_NODE_INDEX", total="CI_NODE_TOTAL", base=1),
    _System(name="CircleCI", index="CIRCLE_NODE_INDEX", total="CIRCLE_NODE_TOTAL", base=0),
    _System(name="Buildkite", index="BUILDKITE_PARALLEL_JOB", total="BUILDKITE_PARALLEL_JOB_COUNT", base=0),
    _System(name="Azure Pipelines", index="SYSTEM_JOBPOSITIONINPHASE", total="SYSTEM_TOTALJOBSINPHASE", base=1),
    # Kubernetes tells an Indexed Job's pod its number only: the manifest of the Job has to pass on `completions`.
    _System(name="Kubernetes", index="JOB_COMPLETION_INDEX", total="RECONCILE_SHARDS", base=0),
)
"""Each system's own documentation is the source."""


def find_shard(said: str, environ: Mapping[str, str]) -> tuple[int, int]:
    """
    Return the number of the shard, from 1, and how many there are.

    Args:
        said: `I/N`, or `auto` for what the CI system says.
        environ: where that is looked for.

    Raises:
        UsageError: it cannot be read, or several systems or none say it.
    """
    if said != "auto":
        index, _, total = said.partition("/")
        return _read(index, total, 1, f"--shard {said[:40]}")
    systems = [system for system in _SYSTEMS if environ.get(system.index)]
    if len(systems) != 1:
        found = " and ".join(system.name for system in systems)
        message = (
            f"--shard auto: {found} both say which shard this is"
            if systems
            else ("--shard auto: no variable of a CI system says which shard this is")
        )
        variables = ", ".join(system.index for system in _SYSTEMS)
        raise UsageError.because(Code.USAGE, message, hint=f"write --shard I/N; auto knows {variables}")
    (system,) = systems
    place = f"{system.index} and {system.total} ({system.name})"
    return _read(environ[system.index], environ.get(system.total, ""), system.base, place)


def _read(index: str, total: str, base: int, place: str) -> tuple[int, int]:
    if all(re.fullmatch("[0-9]{1,9}", text, re.ASCII) for text in (index, total)):
        number, count = int(index) - base + 1, int(total)
        if 1 <= number <= count <= MOST_SHARDS:
            return number, count
    hint = "write --shard I/N with I from 1 to N, such as --shard 2/5"
    raise UsageError.because(Code.USAGE, f"{place}: this is no shard", hint=hint)
