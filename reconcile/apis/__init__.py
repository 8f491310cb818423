"""
What is known of each job API, as data: one JSON file per API, described by `schemas/job-api.v1.schema.json`.

An API is added by adding a file; no code of the program knows one API from another.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reconcile.model import Cloud, ErrorEnvelope, JobApi, Outcome, Status

_FOLDER = Path(__file__).parent


def api_names() -> tuple[str, ...]:
    """List the known APIs in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.iterdir() if path.suffix == ".json"))


@cache
def read_api(name: str) -> Mapping[str, Any]:
    """Return everything that is known of the API, as a value that no one may change; raise KeyError for a stranger."""
    if name not in api_names():
        raise KeyError(name)
    data: Mapping[str, Any] = msgspec.json.decode((_FOLDER / f"{name}.json").read_bytes())
    return data


@cache
def load_api(name: str) -> JobApi:
    """Return what the program needs of the API; raise KeyError for a name that is not one of `api_names`."""
    data = read_api(name)
    request, missing, sub_job = data["request"], data["missing"], data["sub_job"]
    return JobApi(
        name=data["name"],
        title=data["title"],
        path=request["path"],
        headers={header["name"]: header["value"] for header in request["headers"] if header["role"] == "fixed"},
        token_header=next(header["name"] for header in request["headers"] if header["role"] == "token"),
        request_id_header=data["request_id"]["header"],
        statuses={status["word"]: _status(status) for status in data["statuses"]},
        sub_jobs=sub_job["key"] if sub_job else None,
        time_format=data["times"]["format"],
        envelopes=tuple(_envelope(envelope) for envelope in data["error_envelopes"]),
        missing_envelopes=frozenset(missing["envelopes"]),
        gateway_codes=tuple(missing["gateway_code_prefixes"]),
        retention=data["retention"]["sentence"],
        job_types=tuple(job_type["name"] for job_type in data["job_types"]),
        clouds={cloud["name"]: _cloud(cloud) for cloud in data["clouds"]},
        error_codes={code["code"]: code["meaning"] for code in data["error_codes"]},
    )


def _status(data: Mapping[str, Any]) -> Status:
    outcome = data["outcome"]
    return Status(
        word=data["word"],
        then=frozenset(data["then"]),
        outcome=Outcome(outcome) if outcome else None,
    )


def _envelope(data: Mapping[str, Any]) -> ErrorEnvelope:
    request_id = data["request_id"]
    return ErrorEnvelope(
        name=data["name"],
        code=tuple(data["code"]),
        message=tuple(data["message"]),
        request_id=tuple(request_id) if request_id else None,
    )


def _cloud(data: Mapping[str, Any]) -> Cloud:
    regions = data["regions"]
    return Cloud(
        name=data["name"],
        hosts={region["name"]: region["host"] for region in regions},
        iam_hosts={region["name"]: tuple(region["iam_hosts"]) for region in regions},
    )
