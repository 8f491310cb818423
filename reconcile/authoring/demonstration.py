"""Writes manifests and a scenario for any job API, which show each verdict."""

from collections.abc import Iterator, Mapping
from typing import Final

from reconcile.authoring.starter import EXAMPLE_PARAMETER, EXAMPLE_PROJECT, choose_place
from reconcile.document.writing import write_block
from reconcile.model.api import JobApi
from reconcile.model.value import JsonValue

_DONE: Final = "8a8b8c8d-0000-4000-8000-000000000001"
_FAILED: Final = "8a8b8c8d-0000-4000-8000-000000000002"
_RUNNING: Final = "8a8b8c8d-0000-4000-8000-000000000003"
_BEGIN: Final = {"begin_time": "2026-11-20 10:00:00"}
_END: Final = {"end_time": "2026-11-20 10:04:31"}
_REASON: Final = {"error_code": "DEMO.0001", "fail_reason": "the quota is used up"}


def compose_demo(api: JobApi) -> Mapping[str, str]:
    """
    Write the files of a demo, by name.

    `scenario.yaml` has three jobs, and each manifest expects one of them to succeed: `reconcile.yaml` is green,
    `drift.yaml` is not, and `pending.yaml` is green only after its job was polled twice.
    """
    return {
        "scenario.yaml": _write({"version": 1, "api": api.name, "project_id": EXAMPLE_PROJECT, "jobs": _play(api)}),
        "reconcile.yaml": _write(_expect_success(api, "done", _DONE)),
        "drift.yaml": _write(_expect_success(api, "failed", _FAILED)),
        "pending.yaml": _write(_expect_success(api, "running", _RUNNING)),
    }


def _play(api: JobApi) -> dict[str, JsonValue]:
    """Return the jobs of the scenario; the answers leave out fields that the API does not have."""
    running: dict[str, JsonValue] = {"status": "running", "job_type": _choose_type(api), **_BEGIN}
    done = {**running, "status": "success", **_END}
    failed = {**done, "status": "failed", **_REASON}
    done, failed = ({**job, "sub_jobs": [job]} for job in (done, failed))
    shown = dict.fromkeys(list(api.job.shown)[:1], "example-1")
    return {
        _DONE: done,
        _FAILED: {**failed, "shown": shown},
        _RUNNING: {"timeline": [{"requests": 2, **running}, done]},
    }


def _expect_success(api: JobApi, name: str, job_id: str) -> dict[str, JsonValue]:
    """Expect every field that the API has for a successful job."""
    provider = {"api": api.name, **choose_place(api), "project_id": EXAMPLE_PROJECT}
    parameters = {"parameters": dict.fromkeys(api.parameters, EXAMPLE_PARAMETER)} if api.parameters else {}
    job: dict[str, JsonValue] = {"job_id": job_id, **parameters, "expect": dict(_list_expectations(api))}
    return {"version": 1, "name": name, "providers": {"demo": provider}, "jobs": {name: job}}


def _list_expectations(api: JobApi) -> Iterator[tuple[str, JsonValue]]:
    yield "status", api.success
    if "job_type" in api.job.fields:
        yield "job_type", _choose_type(api)
    for role in _REASON:
        if role in api.job.fields:
            yield role, None
    if api.parts is not None:
        yield "sub_jobs", [_choose_type(api)]


def _choose_type(api: JobApi) -> str:
    return next(iter(api.job_types), "example")


def _write(tree: Mapping[str, JsonValue]) -> str:
    return "".join(f"{line}\n" for line in write_block(tree, indent=0))
