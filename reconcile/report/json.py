"""The plan as JSON; `schemas/plan.v1.schema.json` describes it."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import asdict

from reconcile.canonical import stream
from reconcile.instant import format_instant
from reconcile.lazy import LazyList
from reconcile.model.diagnostic import Diagnostic, Problem
from reconcile.model.manifest import Provider, Waiver
from reconcile.model.observation import Heading, Observation, Observed, SubJob
from reconcile.model.plan import Comparison, Finding, JobPlan, Plan, Truth
from reconcile.model.value import JsonValue
from reconcile.report.causes import Cause, list_causes
from reconcile.report.location import name_file
from reconcile.report.messages import count_declared, find_place
from reconcile.report.style import Style
from reconcile.report.timing import count_resumed

FORMAT_VERSION = "1.0"
"""The minor version is raised for every addition, the major version only for changes that break readers."""


class _Place(Struct, frozen=True, gc=False):
    file: str
    line: int
    column: int


class _Observed(SubJob, frozen=True, kw_only=True, gc=False):
    """The observation of the job itself."""

    sub_jobs: Sequence[SubJob]
    headings: Sequence[Heading] = ()


class _Pending(Struct, frozen=True, kw_only=True, gc=False):
    path: str
    expected: JsonValue
    actual: JsonValue


class _Waiver(Struct, frozen=True, kw_only=True, gc=False):
    fields: Sequence[str]
    reason: str
    expires: str


class _Drift(_Pending, frozen=True, kw_only=True, gc=False):
    kind: str
    implied: bool
    waived: bool
    waiver: _Waiver | None
    line: int
    column: int


class _ComparedDrift(_Drift, frozen=True, kw_only=True, gc=False):
    """A drift of a plan that is compared with an earlier one."""

    baseline: str


class _Job(Struct, frozen=True, kw_only=True, gc=False):
    address: str
    provider: str
    job_id: str
    source: _Place
    verdict: str
    request_id: str | None
    observed: _Observed | None
    drifts: Sequence[_Drift]
    pending: Sequence[_Pending]
    notes: Sequence[str]
    errors: Sequence[Problem]
    attempts: int
    polls: int
    elapsed_ms: int
    owner: str | None
    runbook: str | None


class _PolledJob(_Job, frozen=True, kw_only=True, gc=False):
    """A job that was fetched more than once."""

    looks: dict[str, float]


class _Cause(Struct, frozen=True, kw_only=True, gc=False):
    code: str | None
    reason: str
    verdict: str
    count: int
    addresses: Sequence[str]


def render(plan: Plan, style: Style) -> Iterator[str]:
    """Render a plan; `style` is not used, because JSON has no colour."""
    del style
    return stream(plan_to_json(plan))


def plan_to_json(plan: Plan) -> dict[str, object]:
    """Return the members of the JSON plan, as `reconcile.canonical` writes them."""
    manifest, shard = plan.manifest, plan.manifest.shard
    return {
        **({"baseline": _comparison_to_json(plan.comparison)} if plan.comparison else {}),
        "format_version": FORMAT_VERSION,
        "tool": {"name": "reconcile", "version": plan.tool},
        "started_at": format_instant(plan.started_at) if plan.started_at else None,
        "judged_at": format_instant(plan.judged_at),
        "run_url": plan.run_url,
        "manifests": [
            {"file": each.file, "path": name_file(each.file, plan), "name": each.name, "sha256": each.sha256}
            for each in manifest.files
        ],
        "selection": _selection_to_json(plan),
        "shard": None if shard is None else {"index": shard.index, "total": shard.total, "selected": shard.selected},
        "complete": plan.complete,
        "verdict": plan.verdict,
        "exit_code": plan.exit_code,
        "soft_fail": plan.soft_fail,
        **({"resumed": resumed} if (resumed := count_resumed(plan)) else {}),
        "providers": [_provider_to_json(each, plan.origins.get(each.name)) for each in manifest.providers.values()],
        "summary": plan.summary,
        "jobs": LazyList(_job_to_json, plan.jobs),
        "causes": [_cause_to_json(cause) for cause in list_causes(plan.jobs)],
        "errors": [diagnostic_to_json(diagnostic) for diagnostic in plan.errors],
        "warnings": [diagnostic_to_json(diagnostic) for diagnostic in plan.warnings],
    }


def _comparison_to_json(compared: Comparison) -> dict[str, object]:
    return {
        "file": compared.earlier.file,
        "judged_at": format_instant(compared.earlier.judged_at),
        "new": compared.new,
        "persisting": compared.persisting,
        "fixed": compared.fixed,
        "undecided": compared.undecided,
        "unchecked": compared.unchecked,
        "began_with": compared.began_with,
    }


def _selection_to_json(plan: Plan) -> dict[str, object] | None:
    manifest = plan.manifest
    if manifest.declared is None and not manifest.selection:
        return None
    return {"declared": count_declared(plan), "options": manifest.selection}


def diagnostic_to_json(diagnostic: Diagnostic) -> dict[str, JsonValue]:
    """Return a diagnostic with the keys that scripts rely on; those of its place are None if it has none."""
    source = diagnostic.source
    return {
        "code": diagnostic.code.value,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": source.file if source else None,
        "line": source.line if source else None,
        "column": source.column if source else None,
    }


def _provider_to_json(provider: Provider, endpoint: str | None) -> dict[str, JsonValue]:
    return {
        "name": provider.name,
        "api": provider.api.name,
        **({} if provider.api.sha256 is None else {"api_sha256": provider.api.sha256}),
        "cloud": provider.cloud,
        "region": provider.region,
        "project_id": provider.project_id,
        "endpoint": endpoint,
    }


def _job_to_json(plan: JobPlan) -> _Job:
    job, source = plan.job, plan.job.source
    rendered = _Job(
        address=job.address,
        provider=job.provider.name,
        job_id=job.job_id,
        source=_Place(source.file, source.line, source.column),
        verdict=plan.verdict,
        request_id=plan.observation.request_id,
        observed=_observed_to_json(plan.observation),
        drifts=[_drift_to_json(each, plan) for each in plan.findings if each.truth is Truth.CANNOT_HOLD],
        pending=[_pending_to_json(each) for each in plan.findings if each.truth is Truth.CAN_HOLD],
        notes=plan.notes,
        errors=plan.problems,
        attempts=plan.timing.attempts,
        polls=plan.timing.polls,
        elapsed_ms=round(plan.timing.elapsed * 1000),
        owner=job.owner,
        runbook=job.runbook,
    )
    looks = plan.observation.looks if isinstance(plan.observation, Observed) else None
    return _PolledJob(**asdict(rendered), looks=asdict(looks)) if looks else rendered


def _cause_to_json(cause: Cause) -> _Cause:
    return _Cause(
        code=cause.code,
        reason=cause.reason,
        verdict=cause.verdict,
        count=len(cause.jobs),
        addresses=[each.job.address for each in cause.jobs],
    )


def _observed_to_json(observation: Observation) -> _Observed | None:
    if not isinstance(observation, Observed):
        return None
    return _Observed(
        status=observation.status,
        job_id=observation.job_id,
        job_type=observation.job_type,
        begin_time=observation.begin_time,
        end_time=observation.end_time,
        error_code=observation.error_code,
        fail_reason=observation.fail_reason,
        status_word=observation.status_word,
        shown=observation.shown,
        sub_jobs=observation.sub_jobs,
        headings=observation.headings,
    )


def _drift_to_json(finding: Finding, planned: JobPlan) -> _Drift:
    source = find_place(finding, planned)
    drift = _Drift(
        path=finding.path,
        expected=finding.expected,
        actual=finding.actual,
        kind=finding.kind,
        implied=finding.implied,
        waived=finding.waiver is not None,
        waiver=_waiver_to_json(finding.waiver or finding.ignored),
        line=source.line,
        column=source.column,
    )
    return _ComparedDrift(**asdict(drift), baseline=finding.state) if finding.state else drift


def _waiver_to_json(waiver: Waiver | None) -> _Waiver | None:
    if waiver is None:
        return None
    return _Waiver(fields=waiver.fields, reason=waiver.reason, expires=waiver.expires.isoformat())


def _pending_to_json(finding: Finding) -> _Pending:
    return _Pending(path=finding.path, expected=finding.expected, actual=finding.actual)
