"""
Compares the drifts of a plan with those of an earlier one: which are new, persisting or fixed. Pure.

Two drifts are the same if they have the same address, path and observed value. Ages and durations grow by themselves,
so their observed values do not count. A sensitive value is in no plan, so it cannot be compared, and its drift is
always new. The comparison is for readers: no verdict and no exit code depends on it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import replace

from reconcile.canonical import dump
from reconcile.codes import Code
from reconcile.errors import DocumentError
from reconcile.instant import read_time
from reconcile.judge import STUCK, find_root
from reconcile.model.manifest import Manifest, Span
from reconcile.model.observation import Observed
from reconcile.model.plan import (
    Comparison,
    DriftState,
    EarlierDrift,
    EarlierPlan,
    Finding,
    JobDetails,
    JobPlan,
    Keep,
    Plan,
    Truth,
    Verdict,
)
from reconcile.model.value import SENSITIVE, Instant, JsonValue

_AGAIN = "make a new one: reconcile plan -o json, or reconcile plan --out FILE"
_UNDECIDED = (Verdict.PENDING, Verdict.ERROR)

_MISSING, _SUB_JOBS = "missing", "sub_jobs"
_UNEXPECTED = f"{_SUB_JOBS}[+]"

_Key = tuple[str, str, str]


class _Tool(Struct, frozen=True):
    name: str
    version: str


class _File(Struct, frozen=True):
    path: str
    name: str | None = None


class _Drift(Struct, frozen=True):
    path: str
    actual: JsonValue


class _Job(Struct, frozen=True):
    address: str
    verdict: Verdict
    drifts: tuple[_Drift, ...]


class _Document(Struct, frozen=True):
    """The keys of a plan in JSON that are needed here."""

    format_version: Annotated[str, Meta(pattern=r"^1\.[0-9]+$")]
    judged_at: Instant
    manifests: tuple[_File, ...]
    jobs: tuple[_Job, ...]


# --- The earlier plan ------------------------------------------------------------------------------------------


def parse_document(file: str, content: str) -> Mapping[str, object]:
    """Return the JSON object in a file; raise DocumentError if there is none."""
    try:
        document = json.loads(content)
    except (RecursionError, ValueError) as error:
        raise _refuse(file, "it is not JSON") from error
    if not isinstance(document, dict):
        raise _refuse(file, "it is JSON, but not a plan")
    return document


def read_earlier_plan(file: str, document: Mapping[str, object]) -> EarlierPlan:
    """
    Read the drifts of a plan in JSON.

    Args:
        file: the name of the file in messages.
        document: a plan that `reconcile plan -o json` printed or `--out` saved.

    Raises:
        DocumentError: it is not a plan, has another format, or is from a run that failed.
    """
    try:
        tool = convert(document.get("tool"), _Tool)
    except ValidationError as error:
        raise _refuse(file, "it is not a reconcile plan") from error
    if tool.name != "reconcile":
        raise _refuse(file, "it is not a reconcile plan")
    try:
        read = convert(document, _Document)
    except (RecursionError, ValidationError) as error:
        raise _refuse(file, f"it is not a reconcile plan: {error}") from error
    if not read.jobs:
        raise _refuse(file, "its run failed before any job was judged, so there is nothing to compare with")
    return EarlierPlan(
        file=file,
        made_by=tool.version,
        judged_at=read.judged_at,
        manifests=tuple([each.path for each in read.manifests]),
        names=frozenset(each.name for each in read.manifests if each.name),
        addresses=frozenset(job.address for job in read.jobs),
        drifts=tuple(
            [
                EarlierDrift(address=job.address, path=each.path, actual=each.actual)
                for job in read.jobs
                for each in job.drifts
            ]
        ),
        unchecked=frozenset(job.address for job in read.jobs if job.verdict is Verdict.ERROR),
    )


def check_manifests(earlier: EarlierPlan, manifest: Manifest, paths: Mapping[str, str]) -> None:
    """
    Raise DocumentError if an earlier plan has none of the manifests: other paths, other names, or no job in common.

    A selection or a shard may have only jobs that the earlier plan lacks.

    Args:
        paths: see `Evidence`.
    """
    own = [paths.get(each.file, each.file) for each in manifest.files]
    if own and not set(own) & set(earlier.manifests):
        others = ", ".join(earlier.manifests) or "no manifest"
        raise _refuse(earlier.file, f"it is a plan of {others}, not of {', '.join(own)}")
    names = {each.name for each in manifest.files if each.name}
    if names and earlier.names and not names & earlier.names:
        others = ", ".join(sorted(earlier.names))
        raise _refuse(earlier.file, f"it is a plan of the manifest named {others}, not of {', '.join(sorted(names))}")
    is_whole = manifest.declared is None and manifest.shard is None
    if is_whole and manifest.jobs and all(job.address not in earlier.addresses for job in manifest.jobs):
        raise _refuse(earlier.file, "no job is in both plans, so it is of another manifest or all jobs were renamed")


def _refuse(file: str, why: str) -> DocumentError:
    message = f"cannot compare with {file}: {why}"
    return DocumentError.because(Code.NOT_COMPARABLE, message, hint=_AGAIN)


# --- The comparison --------------------------------------------------------------------------------------------


def compare_plans(plan: Plan, earlier: EarlierPlan, *, keep: Keep | None = None) -> Plan:
    """
    Return the plan with a state in each of its drifts, and with the comparison.

    Of several equal drifts, as many persist as the earlier plan has. Sensitive values cannot be compared, so their
    drift is new, and an earlier one is undecided until there is no such drift. The work is linear in both plans.

    Args:
        plan: the plan of this run.
        earlier: the plan to compare with.
        keep: see `make_plan`.

    Raises:
        DocumentError: see `check_manifests`.
    """
    check_manifests(earlier, plan.manifest, plan.paths)
    left = Counter(map(_name_earlier, earlier.drifts))
    jobs = tuple([_mark_drifts(job, left, keep) for job in plan.jobs])
    found = [(job, each) for job in jobs for each in job.findings if each.state is DriftState.NEW]
    new = [job for job, _ in found]
    hidden = {(job.job.address, _generalize(each.path)) for job, each in found if _is_hidden(each.actual)}
    gone = _take_left(earlier.drifts, left)
    decided = {(job.job.address, path) for job in plan.jobs for path in _list_decided(job)}
    fixed: list[EarlierDrift] = []
    undecided: list[EarlierDrift] = []
    for drift in gone:
        place = drift.address, _generalize(drift.path)
        is_unknown = place not in decided or (place in hidden and _is_hidden(drift.actual))
        (undecided if is_unknown else fixed).append(drift)
    unchecked = sum(job.job.address in earlier.unchecked for job in new)
    comparison = Comparison(
        earlier=earlier,
        new=len(new),
        persisting=len(earlier.drifts) - len(gone),
        fixed=tuple(fixed),
        undecided=tuple(undecided),
        unchecked=unchecked,
        began_with=None if unchecked else _find_begin({job.job.address: job for job in new}),
    )
    return replace(plan, jobs=jobs, comparison=comparison)


def _mark_drifts(planned: JobPlan, left: Counter[_Key], keep: Keep | None) -> JobPlan:
    """Add its state to each drift of a job, and remove persisting ones from `left`."""
    if all(each.truth is not Truth.CANNOT_HOLD for each in planned.findings):
        return planned
    findings = tuple([_mark(each, planned.job.address, left) for each in planned.findings])
    details = JobDetails(observation=planned.observation, findings=findings, notes=planned.notes)
    return replace(planned, details=keep(details) if keep else details)


def _mark(finding: Finding, address: str, left: Counter[_Key]) -> Finding:
    if finding.truth is not Truth.CANNOT_HOLD:
        return finding
    key = _name(address, finding.path, finding.actual)
    if not left[key] or _is_hidden(finding.actual):
        return replace(finding, state=DriftState.NEW)
    left[key] -= 1
    return replace(finding, state=DriftState.PERSISTING)


def _take_left(drifts: Iterable[EarlierDrift], left: Counter[_Key]) -> list[EarlierDrift]:
    """Return the drifts that `left` still counts, in their order."""
    gone = []
    for drift in drifts:
        key = _name_earlier(drift)
        if left[key]:
            left[key] -= 1
            gone.append(drift)
    return gone


def _list_decided(planned: JobPlan) -> set[str]:
    """
    Return the paths that are decided in a job, none if the job is undecided. What is not expected has no path.

    The path of some drifts disappears with them, so the findings that show this add those paths.
    """
    if planned.verdict in _UNDECIDED:
        return set()
    paths = {_MISSING} if isinstance(planned.observation, Observed) else set()
    for finding in planned.findings:
        path = _generalize(finding.path)
        paths |= {path, *_list_gone(path)}
    return paths - {_generalize(each.path) for each in planned.findings if each.truth is Truth.CAN_HOLD}


def _is_hidden(actual: JsonValue) -> bool:
    """Return whether the observed value is sensitive, so that no plan shows it."""
    return SENSITIVE in dump(actual, compact=True)


def _list_gone(path: str) -> Iterator[str]:
    """Yield the paths of drifts that cannot exist if there is a finding at this path."""
    place, dot, _ = path.partition("].")
    if path == _SUB_JOBS:
        yield _UNEXPECTED
    elif dot and place.startswith(f"{_SUB_JOBS}[+"):
        yield f"{_SUB_JOBS}.each"
    elif dot:
        yield f"{place}]"
        yield f"{place}].count"


def _generalize(path: str) -> str:
    """Return the path of an unexpected sub-job without its position, and any other path unchanged."""
    return _UNEXPECTED if path.startswith(f"{_SUB_JOBS}[+") and path.endswith("]") else path


def _name_earlier(drift: EarlierDrift) -> _Key:
    return _name(drift.address, drift.path, drift.actual)


def _name(address: str, path: str, actual: JsonValue) -> _Key:
    grows = path.rpartition(".")[2] in (Span.AGE, Span.DURATION, STUCK)
    return address, path, "" if grows else dump(actual, compact=True)


# --- Where it began --------------------------------------------------------------------------------------------


def _find_begin(jobs: Mapping[str, JobPlan]) -> str | None:
    """Return the address of the job that failed first; None unless there are several and all times are known."""
    times = [(_find_failure(job), address) for address, job in jobs.items()]
    known = sorted((time, address) for time, address in times if time is not None)
    if len(known) < max(2, len(times)) or known[0][0] == known[1][0]:
        return None
    return known[0][1]


def _find_failure(planned: JobPlan) -> datetime | None:
    """Return when the first failed sub-job, or else the job, ended, in UTC; None if unknown."""
    observed, api = planned.observation, planned.job.provider.api
    if not isinstance(observed, Observed):
        return None
    root = find_root(observed.sub_jobs, api)
    end = observed.sub_jobs[root].end_time if root is not None else None
    return read_time(end or observed.end_time, api.time_format)
