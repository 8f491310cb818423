"""A description that would leave something unread does not load."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconcile import apis
from reconcile.apis import build_api, find_clouds, load_api
from reconcile.apis.description import parse_description

FOLDER = Path(apis.__file__).parent

Change = Callable[[dict[str, Any]], object]


def description_of(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return data


def load(data: object) -> object:
    return parse_description(json.dumps(data).encode())


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("ecs", lambda data: data.pop("parts"), "parts"),
        ("ecs", lambda data: data.update(sub_job={"key": "sub_jobs"}), "sub_job"),
        ("ecs", lambda data: data["parts"].pop("at"), "at"),
        ("ecs", lambda data: data["parts"].update(at="entities..sub_jobs"), "at"),
        ("ecs", lambda data: data["parts"].update(key="sub_jobs"), "key"),
        ("ecs", lambda data: data["parts"]["fields"].pop("begin_time"), "begin_time"),
        ("ecs", lambda data: data["parts"]["fields"].update(status=None), "status"),
        ("ecs", lambda data: data["job"]["fields"].pop("error_code"), "error_code"),
        ("ecs", lambda data: data["job"]["fields"].update(job_id=None), "identify its job"),
        ("ecs", lambda data: data["job"]["fields"].update(end_time="begin_time"), "begin_time has two roles"),
        ("ecs", lambda data: data["job"]["fields"].update(ended="x"), "ended"),
        ("ecs", lambda data: data.update(times="iso"), "times of the form iso cannot be read"),
        ("ecs", lambda data: data.update(times="%Y-%m-%d"), "cannot be read"),
        ("ecs", lambda data: data["statuses"].update(RUNNING="busy"), "busy"),
        ("ecs", lambda data: data["statuses"].pop("FAIL"), "no status word means failed"),
        ("ecs", lambda data: data["statuses"].pop("SUCCESS"), "no status word means success"),
        ("ecs", lambda data: data.update(job_at="x"), "job_at"),
        ("ecs", lambda data: data["request"].update(path="/v1/{project_id}/jobs"), "has the job id 0 times"),
        ("ecs", lambda data: data["request"].update(path="/v1/{job_id}/{job_id}"), "has the job id 2 times"),
        ("ecs", lambda data: data["request"].update(path="/v1/{share_id}/{job_id}"), "is not a parameter"),
        ("ecs", lambda data: data["request"].update(path="/v1/../{job_id}"), "not a plain path"),
        ("ecs", lambda data: data["request"].update(parameters=["share_id"]), "lacks share_id"),
        ("rds", lambda data: data["missing"][0].update(status_code=401), "no 401 says"),
        ("rds", lambda data: data["missing"][0].update(status_code=429), "no 429 says"),
        ("rds", lambda data: data["missing"][0].update(status_code=503), "no 503 says"),
        ("rds", lambda data: data["missing"][0].update(status_code=200), "status_code"),
        ("rds", lambda data: data["missing"][0].update(codes=["APIGW.0101"]), "a code of the gateway"),
        ("rds", lambda data: data["missing"][0].update(codes=[]), "codes"),
        ("rds", lambda data: data["missing"][0].update(error="servcie"), "there is no error servcie"),
        ("rds", lambda data: data.update(missing="empty list"), "an empty list says"),
        ("geminidb", lambda data: data.update(missing=[]), "an empty list says"),
        ("geminidb", lambda data: data["job"].pop("at"), "must be at some key"),
        ("dds", lambda data: data["job"]["fields"].update(end_time=None), "no end time that could move"),
    ],
)  # fmt: skip
def test_a_description_that_leaves_something_out_does_not_load(name: str, change: Change, message: str) -> None:
    data = description_of(name)
    assert load(data)
    change(data)
    with pytest.raises(ValueError, match=message):
        load(data)


def test_an_error_without_a_code_says_nothing_where_no_gateway_is_known() -> None:
    data = description_of("sfs-turbo")
    data["gateway_codes"] = []
    with pytest.raises(ValueError, match="known by its error codes"):
        load(data)


def test_the_former_form_does_not_load() -> None:
    """It could name the key of the parts only at the top, and would have read none of ECS."""
    with pytest.raises(ValueError, match=r"pages|unknown|missing"):
        load(json.loads((FOLDER / "ecs.sources.json").read_text()))


def test_comments_are_not_read() -> None:
    data = {"x-why": "because", **description_of("rds")}
    built = build_api(parse_description(json.dumps(data).encode()), find_clouds("rds"))
    assert built.words == load_api("rds").words
