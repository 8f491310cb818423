"""
The facts about each job API, as data: `<name>.json` has what the program needs, `<name>.sources.json` the sources.

The hosts of all clouds are in `clouds.json`. To add an API, add files: no code is specific to one API.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reconcile.apis.description import Description, Error, Fields, Sign, parse_description
from reconcile.apis.own import OWN_PREFIX
from reconcile.model.api import Cloud, ErrorEnvelope, ErrorSign, JobApi, JobWays, Outcome, PartWays, Status

__all__ = [
    "OWN_PREFIX",
    "SHIPPED",
    "KnownApis",
    "api_names",
    "build_api",
    "find_clouds",
    "find_file",
    "load_api",
    "read_sources",
]

_FOLDER = Path(__file__).parent
_CLOUDS = "clouds"
_SOURCES = ".sources"

_FOLLOWING = {
    "waiting": ("running", "success", "failed"),
    "running": ("success", "failed"),
    "success": (),
    "failed": (),
}
_OUTCOMES = {"success": Outcome.SUCCESS, "failed": Outcome.FAILURE}


@cache
def api_names() -> tuple[str, ...]:
    """List the known APIs in alphabetical order."""
    stems = (path.stem for path in _FOLDER.iterdir() if path.suffix == ".json")
    return tuple(sorted(stem for stem in stems if stem != _CLOUDS and not stem.endswith(_SOURCES)))


class KnownApis(Mapping[str, JobApi]):
    """The shipped job APIs, each read on first use, and those that an operator described."""

    def __init__(self, own: Mapping[str, JobApi] | None = None) -> None:
        self._own = own or {}

    def __getitem__(self, name: str) -> JobApi:
        return self._own[name] if name in self._own else load_api(name)

    def __iter__(self) -> Iterator[str]:
        return iter((*api_names(), *self._own))

    def __len__(self) -> int:
        return len(api_names()) + len(self._own)


SHIPPED: Mapping[str, JobApi] = KnownApis()


@cache
def read_sources(name: str) -> Mapping[str, Any]:
    """Return the sources of an API's facts; do not modify the value. Raises KeyError for an unknown API."""
    if name not in api_names():
        raise KeyError(name)
    data: Mapping[str, Any] = msgspec.json.decode((_FOLDER / f"{name}{_SOURCES}.json").read_bytes())
    return data


@cache
def load_api(name: str) -> JobApi:
    """Return a shipped API; raise KeyError for a name that is not in `api_names`."""
    return build_api(parse_description(Path(find_file(name)).read_bytes()), find_clouds(name))


def find_file(name: str) -> str:
    """Return the path of the file that describes a shipped API; raise KeyError for an unknown one."""
    if name not in api_names():
        raise KeyError(name)
    return str(_FOLDER / f"{name}.json")


def find_clouds(name: str) -> dict[str, Cloud]:
    """Return the clouds that run an API, by name."""
    clouds = {cloud: _read_cloud(cloud, data["regions"], name) for cloud, data in _read_clouds().items()}
    return {name: cloud for name, cloud in clouds.items() if cloud.hosts}


def build_api(description: Description, clouds: Mapping[str, Cloud], *, sha256: str | None = None) -> JobApi:
    """Build an API from its description; `sha256` is the digest of the file if an operator provided it."""
    request, job, parts = description.request, description.job, description.parts
    missing = () if description.missing == "empty list" else description.missing
    return JobApi(
        name=description.name,
        title=description.title,
        purpose=description.purpose,
        path=request.path,
        paths=request.paths,
        parameters=request.parameters,
        headers=request.headers,
        token_header=request.token_header,
        request_id_header=request.request_id_header,
        requests_per_minute=request.requests_per_minute,
        words=description.statuses,
        statuses=_order_states(set(description.statuses.values())),
        job=JobWays(
            at=_keys(job.at),
            among=job.among,
            count=_keys(job.count),
            fields=_read_fields(job.fields),
            shown={label: _keys(way) for label, way in job.shown.items()},
            end_time_moves=job.end_time_moves,
        ),
        parts=None
        if parts == "none"
        else PartWays(
            at=_keys(parts.at),
            nested=parts.nested,
            fields=_read_fields(parts.fields),
            shown={label: _keys(way) for label, way in parts.shown.items()},
            end_time_moves=parts.end_time_moves,
        ),
        time_format=description.times,
        times_as_text=description.times_as_text,
        envelopes=tuple(_read_envelope(name, error) for name, error in description.errors.items()),
        missing=tuple(map(_read_sign, missing)),
        missing_if_empty=job.among,
        doubtful=tuple(map(_read_sign, description.doubtful)),
        gateway_codes=description.gateway_codes,
        retention=description.retention,
        job_types=description.job_types,
        clouds=clouds,
        error_codes=description.error_codes,
        ignored=tuple(map(_keys, description.ignored)),
        sha256=sha256,
    )


def _order_states(states: set[str]) -> dict[str, Status]:
    """Return the states of an API in the order in which a job passes through them, each with those that can follow."""
    return {
        state: Status(word=state, then=frozenset(states.intersection(following)), outcome=_OUTCOMES.get(state))
        for state, following in _FOLLOWING.items()
        if state in states
    }


def _keys(way: str | None) -> tuple[str, ...]:
    return tuple(way.split(".")) if way else ()


def _read_fields(fields: Fields) -> dict[str, tuple[str, ...]]:
    ways = {role: getattr(fields, role) for role in fields.__struct_fields__}
    return {role: _keys(way) for role, way in ways.items() if way is not None}


def _read_envelope(name: str, error: Error) -> ErrorEnvelope:
    return ErrorEnvelope(
        name=name,
        code=_keys(error.code),
        message=_keys(error.message),
        request_id=_keys(error.request_id) if error.request_id else None,
    )


def _read_sign(sign: Sign) -> ErrorSign:
    codes = frozenset(sign.codes) if sign.codes is not None else None
    return ErrorSign(status_code=sign.status_code, envelope=sign.error, codes=codes)


@cache
def _read_clouds() -> Mapping[str, Any]:
    data: Mapping[str, Any] = msgspec.json.decode((_FOLDER / f"{_CLOUDS}.json").read_bytes())
    clouds: Mapping[str, Any] = data["clouds"]
    return clouds


def _read_cloud(name: str, regions: Mapping[str, Any], api_name: str) -> Cloud:
    own = {region: data for region, data in regions.items() if api_name in data["hosts"]}
    return Cloud(
        name=name,
        hosts={region: data["hosts"][api_name] for region, data in own.items()},
        iam_hosts={region: tuple(data["iam_hosts"]) for region, data in own.items()},
    )
