"""Builds the path and the headers of a request for a job."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from reconcile import __version__
from reconcile.model.api import JobApi
from reconcile.model.manifest import Job, Provider

_NONE: Mapping[str, str] = MappingProxyType({})
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def build_path(job: Job) -> str:
    """
    Build the path of a job; raise ValueError if its ids are not safe in a URL.

    The ids were checked when the manifest was read. They are checked again here, because a dot or a slash would request
    another resource with the same credentials.
    """
    return build_job_path(job.provider, job.job_id, job.parameters)


def build_job_path(provider: Provider, job_id: str, parameters: Mapping[str, str] = _NONE) -> str:
    """Build the path of a job from its id and its parameters; see `build_path`."""
    path = provider.api.paths.get(provider.cloud or "", provider.api.path)
    if parameters:
        before, after = path.split("{job_id}")
        given = {name: _check_id(value) for name, value in parameters.items()}
        given["project_id"] = _check_id(provider.project_id)
        return f"{before.format(**given)}{_check_id(job_id)}{after.format(**given)}"
    before, after = _split_path(path, provider.project_id)
    return f"{before}{_check_id(job_id)}{after}"


@lru_cache(maxsize=64)
def _split_path(template: str, project_id: str) -> tuple[str, str]:
    """Split a path around the job id, the only part that differs between the jobs of a provider."""
    before, after = template.split("{job_id}")
    project = {"project_id": _check_id(project_id)}
    return before.format(**project), after.format(**project)


def _check_id(text: str) -> str:
    if not _SAFE_ID.fullmatch(text):
        raise ValueError("a job id and a project id are 1 to 64 ASCII letters, digits, '_' and '-'")
    return text


def build_headers(api: JobApi, shown: Mapping[str, str]) -> dict[str, str]:
    """
    Build the headers of a request to a job API. Names are unique regardless of case; the last value counts.

    `shown` are the headers of the credential. The client adds Host.
    """
    ours = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Cache-Control": "no-cache",
        "User-Agent": f"reconcile/{__version__}",
    }
    named = {name.lower(): (name, value) for part in (api.headers, ours, shown) for name, value in part.items()}
    return dict(named.values())
