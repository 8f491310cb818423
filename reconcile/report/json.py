"""The plan as JSON, as `schemas/plan.v1.schema.json` describes it."""

from collections.abc import Mapping

from reconcile.canonical import dump
from reconcile.model import (
    Finding,
    Job,
    JobPlan,
    JsonValue,
    Manifest,
    Observation,
    Observed,
    Plan,
    Provider,
    Shard,
    SubJob,
    Summary,
    Truth,
)
from reconcile.report.diagnostics import diagnostic_to_json
from reconcile.report.style import Style
from reconcile.report.wording import find_place

FORMAT_VERSION = "1.0"
"""Raised by one after the dot for every addition; before the dot only for what breaks a reader."""


def render(plan: Plan, style: Style) -> str:
    """Render a plan; `style` is not used, for JSON has no colour."""
    del style
    return dump(plan_to_json(plan))


def plan_to_json(plan: Plan) -> dict[str, JsonValue]:
    """Return the plan as a JSON value."""
    return {
        "format_version": FORMAT_VERSION,
        "manifests": [{"file": each.file, "name": each.name, "sha256": each.sha256} for each in plan.manifest.files],
        "selection": _selection_to_json(plan.manifest),
        "shard": _shard_to_json(plan.manifest.shard),
        "complete": plan.complete,
        "verdict": plan.verdict.value,
        "exit_code": int(plan.exit_code),
        "soft_fail": plan.soft_fail,
        "providers": [_provider_to_json(provider, plan.origins) for provider in plan.manifest.providers.values()],
        "summary": _summary_to_json(plan.summary),
        "jobs": [_job_to_json(job) for job in plan.jobs],
        "errors": [diagnostic_to_json(diagnostic) for diagnostic in plan.errors],
        "warnings": [diagnostic_to_json(diagnostic) for diagnostic in plan.warnings],
    }


def _selection_to_json(manifest: Manifest) -> JsonValue:
    if manifest.declared is None:
        return None
    return {"declared": manifest.declared, "options": list(manifest.selection)}


def _shard_to_json(shard: Shard | None) -> JsonValue:
    return None if shard is None else {"index": shard.index, "total": shard.total, "selected": shard.selected}


def _provider_to_json(provider: Provider, origins: Mapping[str, str]) -> dict[str, JsonValue]:
    return {
        "name": provider.name,
        "api": provider.api.name,
        "cloud": provider.cloud,
        "region": provider.region,
        "project_id": provider.project_id,
        "endpoint": origins.get(provider.name),
    }


def _summary_to_json(summary: Summary) -> dict[str, JsonValue]:
    return {
        "selected": summary.selected,
        "in_sync": summary.in_sync,
        "drift": summary.drift,
        "pending": summary.pending,
        "waived": summary.waived,
        "error": summary.error,
    }


def _job_to_json(plan: JobPlan) -> dict[str, JsonValue]:
    return {
        **_identity_to_json(plan.job),
        "verdict": plan.verdict.value,
        "request_id": plan.observation.request_id,
        "observed": _observed_to_json(plan.observation),
        "drifts": [_drift_to_json(finding, plan) for finding in plan.findings if finding.truth is Truth.CANNOT_HOLD],
        "pending": [_pending_to_json(finding) for finding in plan.findings if finding.truth is Truth.CAN_HOLD],
        "notes": list(plan.notes),
        "errors": [{"code": problem.code.value, "message": problem.message} for problem in plan.problems],
    }


def _identity_to_json(job: Job) -> dict[str, JsonValue]:
    return {
        "address": job.address,
        "provider": job.provider.name,
        "job_id": job.job_id,
        "source": {"file": job.source.file, "line": job.source.line, "column": job.source.column},
    }


def _observed_to_json(observation: Observation) -> JsonValue:
    if not isinstance(observation, Observed):
        return None
    return {**_record_to_json(observation), "sub_jobs": [_record_to_json(part) for part in observation.sub_jobs]}


def _record_to_json(record: Observed | SubJob) -> dict[str, JsonValue]:
    return {name: getattr(record, name) for name in SubJob.__struct_fields__}


def _drift_to_json(finding: Finding, planned: JobPlan) -> dict[str, JsonValue]:
    source = find_place(finding, planned)
    return {
        **_pending_to_json(finding),
        "kind": finding.kind.value,
        "implied": finding.implied,
        "waived": finding.waiver is not None,
        "line": source.line,
        "column": source.column,
    }


def _pending_to_json(finding: Finding) -> dict[str, JsonValue]:
    return {"path": finding.path, "expected": finding.expected, "actual": finding.actual}
