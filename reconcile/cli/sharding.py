"""Which part of the jobs a run is about, and of which run it is a part: as the operator says, or the CI system."""

import re
from collections.abc import Mapping

from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import UsageError

MOST_SHARDS = 10_000


class _System(Struct, frozen=True, kw_only=True):
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

RUN_ID = "RECONCILE_RUN_ID"
"""The variable by which an operator names the run that all shards are of."""

_LONGEST_NAME = 200

_RUNS = (
    (RUN_ID,),
    ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    ("CI_PIPELINE_ID",),
    ("CIRCLE_WORKFLOW_ID",),
    ("BUILDKITE_BUILD_ID",),
    ("BUILD_BUILDID", "SYSTEM_STAGEATTEMPT"),
)
"""
The variables that name a run, the same in all jobs of it: the first of them that is set names it, together with the
attempt where a run can be repeated. The operator's own, then GitHub, GitLab, CircleCI, Buildkite, Azure Pipelines.
"""


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
    if not environ.get(system.total):
        message = f"--shard auto: {system.index} ({system.name}) is set, but {system.total} is not"
        raise UsageError.because(Code.USAGE, message, hint=f"set {system.total} to how many shards there are")
    place = f"{system.index} and {system.total} ({system.name})"
    return _read(environ[system.index], environ.get(system.total, ""), system.base, place)


def name_run(environ: Mapping[str, str]) -> str | None:
    """
    Return the name of the run that all shards are of, such as `GITHUB_RUN_ID=1 GITHUB_RUN_ATTEMPT=1`.

    Returns:
        None where neither the operator nor a CI system names it.

    Raises:
        UsageError: the operator's name is too long to be one.
    """
    if len(environ.get(RUN_ID, "")) > _LONGEST_NAME:
        hint = "a number of the pipeline will do"
        raise UsageError.because(Code.USAGE, f"{RUN_ID} is longer than {_LONGEST_NAME} characters", hint=hint)
    variables = next((each for each in _RUNS if environ.get(each[0])), ())
    return " ".join(f"{name}={environ[name]}" for name in variables if environ.get(name)) or None


def _read(index: str, total: str, base: int, place: str) -> tuple[int, int]:
    if all(re.fullmatch("[0-9]{1,9}", text, re.ASCII) for text in (index, total)):
        number, count = int(index) - base + 1, int(total)
        if 1 <= number <= count <= MOST_SHARDS:
            return number, count
    hint = "write --shard I/N with I from 1 to N, such as --shard 2/5"
    raise UsageError.because(Code.USAGE, f"{place}: this is no shard", hint=hint)
