"""Finds the shard of a run and the name of the run, from the operator or the CI system."""

import re
from collections.abc import Mapping

from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import UsageError

MOST_SHARDS = 10_000


class _System(Struct, frozen=True, kw_only=True):
    """A CI system that runs a job several times, with the variables of the index and the number of runs."""

    name: str
    index: str
    total: str
    base: int


_SYSTEMS = (
    _System(name="GitLab", index="CI_NODE_INDEX", total="CI_NODE_TOTAL", base=1),
    _System(name="CircleCI", index="CIRCLE_NODE_INDEX", total="CIRCLE_NODE_TOTAL", base=0),
    _System(name="Buildkite", index="BUILDKITE_PARALLEL_JOB", total="BUILDKITE_PARALLEL_JOB_COUNT", base=0),
    _System(name="Azure Pipelines", index="SYSTEM_JOBPOSITIONINPHASE", total="SYSTEM_TOTALJOBSINPHASE", base=1),
    # Kubernetes passes only the index to a pod of an Indexed Job; its manifest must pass on `completions`.
    _System(name="Kubernetes", index="JOB_COMPLETION_INDEX", total="RECONCILE_SHARDS", base=0),
)
"""Source: the documentation of each system."""

RUN_ID = "RECONCILE_RUN_ID"
"""The variable with which an operator names the run that the shards belong to."""

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
Variables that are the same in all jobs of a run. The first one that is set names the run, together with the attempt if
the system can repeat a run. In order: that of the operator, GitHub, GitLab, CircleCI, Buildkite, Azure Pipelines.
"""


def find_shard(option: str, environ: Mapping[str, str]) -> tuple[int, int]:
    """
    Return the number of the shard, from 1, and the number of shards.

    Args:
        option: `I/N`, or `auto` for the values of the CI system.
        environ: the variables of the CI system.

    Raises:
        UsageError: the option is malformed, or `auto` finds the variables of no system or of several.
    """
    if option != "auto":
        index, _, total = option.partition("/")
        return _read(index, total, 1, f"--shard {option[:40]}")
    systems = [system for system in _SYSTEMS if environ.get(system.index)]
    if len(systems) != 1:
        found = " and ".join(system.name for system in systems)
        message = (
            f"--shard auto: the variables of {found} are both set"
            if systems
            else "--shard auto: no variable of a CI system is set"
        )
        variables = ", ".join(system.index for system in _SYSTEMS)
        raise UsageError.because(Code.USAGE, message, hint=f"use --shard I/N; auto reads {variables}")
    (system,) = systems
    if not environ.get(system.total):
        message = f"--shard auto: {system.index} ({system.name}) is set, but {system.total} is not"
        raise UsageError.because(Code.USAGE, message, hint=f"set {system.total} to the number of shards")
    place = f"{system.index} and {system.total} ({system.name})"
    return _read(environ[system.index], environ.get(system.total, ""), system.base, place)


def name_run(environ: Mapping[str, str]) -> str | None:
    """
    Return the name of the run that the shard belongs to, such as `GITHUB_RUN_ID=1 GITHUB_RUN_ATTEMPT=1`.

    Returns:
        None if neither the operator nor a CI system names it.

    Raises:
        UsageError: the operator's name is too long.
    """
    if len(environ.get(RUN_ID, "")) > _LONGEST_NAME:
        hint = "use the number of the pipeline"
        raise UsageError.because(Code.USAGE, f"{RUN_ID} is longer than {_LONGEST_NAME} characters", hint=hint)
    variables = next((each for each in _RUNS if environ.get(each[0])), ())
    return " ".join(f"{name}={environ[name]}" for name in variables if environ.get(name)) or None


def _read(index: str, total: str, base: int, place: str) -> tuple[int, int]:
    if all(re.fullmatch("[0-9]{1,9}", text, re.ASCII) for text in (index, total)):
        number, count = int(index) - base + 1, int(total)
        if 1 <= number <= count <= MOST_SHARDS:
            return number, count
    hint = "use --shard I/N with I from 1 to N, such as --shard 2/5"
    raise UsageError.because(Code.USAGE, f"{place}: not a valid shard", hint=hint)
