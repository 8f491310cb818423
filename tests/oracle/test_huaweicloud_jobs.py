"""
The official SDK of each service reads our simulator as we do: same request, and every field where it expects it.

What its models lack although a page documents it is listed here, and explained in the sources of the API.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from reconcile.apis import api_names, load_api, read_sources
from reconcile.document import Text, parse_text
from reconcile.model.api import JobApi, RecordWays
from reconcile.simulator import load_scenario, running_simulator

REASON = "the official SDK is not installed: 'make oracle' does that"
pytest.importorskip("huaweicloudsdkcore", reason=REASON)

from huaweicloudsdkcore.auth.credentials import BasicCredentials  # noqa: E402
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException  # noqa: E402

# It uses what newer releases of Python advise against.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PROJECT = "0123456789abcdef0123456789abcdef"
SHARE = "77ba6f23-0000-4000-8000-000000000007"

OPERATIONS = [
    ("bms", "bms.v1.BmsClient.show_job_infos"),
    ("cce", "cce.v3.CceClient.show_job"),
    ("dcs", "dcs.v2.DcsClient.show_job_info"),
    ("ddm", "ddm.v1.DdmClient.show_ddm_job_result"),
    ("dds", "dds.v3.DdsClient.show_job_detail"),
    ("ecs", "ecs.v2.EcsClient.show_job"),
    ("eip", "eip.v2.EipClient.show_resources_job_detail"),
    ("elb", "elb.v3.ElbClient.show_job"),
    ("evs", "evs.v2.EvsClient.show_job"),
    ("gaussdb", "gaussdbforopengauss.v3.GaussDBforopenGaussClient.show_job_detail"),
    ("geminidb", "gaussdbfornosql.v3.GaussDBforNoSQLClient.list_jobs"),
    ("ims", "ims.v2.ImsClient.show_job_progress"),
    ("ims", "ims.v2.ImsClient.show_job"),
    ("rds", "rds.v3.RdsClient.list_job_info"),
    ("sdrs", "sdrs.v1.SdrsClient.show_job_status"),
    ("sfs-turbo", "sfsturbo.v1.SFSTurboClient.show_job_detail"),
    ("sfs-turbo-data-task", "sfsturbo.v1.SFSTurboClient.show_hpc_cache_task"),
    ("sfs-turbo-du-task", "sfsturbo.v1.SFSTurboClient.show_fs_task"),
    ("taurusdb", "gaussdb.v3.GaussDBClient.show_gauss_my_sql_job_info"),
]
"""What the SDK calls our question: package, version, client and method. IMS has two paths."""

NOT_IN_THE_SDK = {"taurusdb": {"entities.instance.endpoint"}}
"""Keys that pages document and its models do not have, joined by dots. The pages win."""

SPAN = {"begin_time": "2026-01-02 10:00:00", "end_time": "2026-01-02 11:00:00"}


def scenario_of(api: JobApi) -> dict[str, Any]:
    """Write a failed job with everything that the API can say of it, and a part like it."""
    failed = {"status": "failed", "job_type": "some_type", "error_code": "E.1", "fail_reason": "no room", **SPAN}
    job = {**failed, "shown": dict.fromkeys(api.job.shown, "7")}
    if api.parts is not None:
        job["sub_jobs"] = [{**failed, "job_id": "part-1", "shown": dict.fromkeys(api.parts.shown, "7")}]
    return {"version": 1, "api": api.name, "project_id": PROJECT, "access_keys": {"AK": "SK"}, "jobs": {"job-1": job}}


def name_type(operation: str) -> str:
    return "".join(part.capitalize() for part in operation.split("_"))


def ask(method: str, job_id: str, url: str) -> dict[str, Any]:
    """Let the client of the SDK ask for the job; return what it made of the answer."""
    package, version, client_name, operation = method.split(".")
    sdk = import_module(f"huaweicloudsdk{package}.{version}")
    request_type = getattr(sdk, f"{name_type(operation)}Request")
    values = {"job_id": job_id, "id": job_id, "task_id": job_id, "share_id": SHARE, "feature": "dir-usage"}
    request = request_type(**{key: value for key, value in values.items() if key in request_type.openapi_types})
    credentials = BasicCredentials("AK", "SK", PROJECT)
    client = getattr(sdk, client_name).new_builder().with_credentials(credentials).with_endpoints([url]).build()
    try:
        answer: dict[str, Any] = json.loads(str(getattr(client, operation)(request)))
    finally:
        client.close()
    return answer


def list_missing(record: Mapping[str, Any], ways: RecordWays, prefix: str = "") -> Iterator[str]:
    for way in (*ways.fields.values(), *ways.shown.values()):
        found: Any = record
        for key in way:
            found = found.get(key) if isinstance(found, dict) else None
        if found is None:
            yield prefix + ".".join(way)


@pytest.fixture
def url(name: str) -> Iterator[str]:
    text = Text("scenario.json", json.dumps(scenario_of(load_api(name))))
    with running_simulator(load_scenario(parse_text(text, is_json=True))) as url:
        yield url


@pytest.mark.parametrize(("name", "method"), OPERATIONS)
def test_its_models_have_what_we_read(name: str, method: str, url: str) -> None:
    api = load_api(name)
    record = ask(method, "job-1", url)
    for key in api.job.at:
        record = record[key]
    if api.job.among:
        (record,) = record
    missing = set(list_missing(record, api.job))
    if api.parts is not None:
        parts: Any = record
        for key in api.parts.at:
            parts = parts[key]
        (part,) = parts
        missing |= set(list_missing(part, api.parts, "part: "))
    assert missing == NOT_IN_THE_SDK.get(name, set())


@pytest.mark.parametrize(("name", "method"), OPERATIONS)
def test_it_understands_that_there_is_no_such_job(name: str, method: str, url: str) -> None:
    api = load_api(name)
    if api.missing_if_empty:
        assert ask(method, "job-2", url)["jobs"] == []
        return
    with pytest.raises(ServiceResponseException) as raised:
        ask(method, "job-2", url)
    signs = (*api.missing, *api.doubtful)
    assert raised.value.status_code == (signs[0].status_code if signs else 404)
    codes = signs[0].codes if signs else None
    assert codes is None or any(code in str(raised.value) for code in codes)


@pytest.mark.parametrize(("name", "method"), OPERATIONS)
def test_its_calls_answer_with_ids_where_we_say(name: str, method: str) -> None:
    package, version, client_name, _ = method.split(".")
    sdk = import_module(f"huaweicloudsdk{package}.{version}")
    wrong = []
    for entry in read_sources(name)["started_by"]:
        for call in entry["calls"]:
            model = getattr(sdk, f"{name_type(call)}Response")
            if not hasattr(getattr(sdk, client_name), call) or not has_key(sdk, model, entry["key"]):
                wrong.append((call, entry["key"]))
    assert wrong == []


def has_key(sdk: ModuleType, model: Any, key: Sequence[str]) -> bool:
    """Return whether a model has a key, or one of its parts the rest of it; [] stands for a list."""
    first, *rest = key
    names = [name for name, own in model.attribute_map.items() if own == first.removesuffix("[]")]
    if not names:
        return False
    kind = model.openapi_types[names[0]]
    inner = kind.removeprefix("list[").removesuffix("]")
    return (inner != kind) is first.endswith("[]") and (not rest or has_key(sdk, getattr(sdk, inner), rest))


def test_every_api_with_a_client_is_compared() -> None:
    assert set(api_names()) - {name for name, _ in OPERATIONS} == {"cce-v2"}
