"""The data is well-formed, refers to itself correctly, and is what the program gets."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconcile import apis
from reconcile.apis import api_names, load_api, read_sources
from reconcile.model.api import ErrorSign
from reconcile.shipped import load_schema

API = load_api("sfs-turbo")
DATA = read_sources("sfs-turbo")
HERE = Path(__file__).parent
FOLDER = Path(apis.__file__).parent
SCHEMAS = {
    "": load_schema("job-api.v1"),
    ".sources": json.loads((HERE / "sources.schema.json").read_text()),
}
CLOUDS_SCHEMA = json.loads((HERE / "clouds.schema.json").read_text())


def check(path: Path, schema: Mapping[str, Any]) -> Any:
    """Return what is in a file that obeys the schema, and has no key twice."""
    data = json.loads(path.read_text(), object_pairs_hook=read_pairs)
    Draft202012Validator.check_schema(schema)
    errors = Draft202012Validator(schema).iter_errors(data)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []
    return data


def read_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize("suffix", SCHEMAS)
@pytest.mark.parametrize("name", api_names())
def test_data_obeys_the_schema(name: str, suffix: str) -> None:
    assert check(FOLDER / f"{name}{suffix}.json", SCHEMAS[suffix])["name"] == name


def test_clouds_obey_their_schema_and_know_no_other_api() -> None:
    clouds = check(FOLDER / "clouds.json", CLOUDS_SCHEMA)["clouds"]
    hosts = {name for cloud in clouds.values() for region in cloud["regions"].values() for name in region["hosts"]}
    assert hosts == set(api_names())


@pytest.mark.parametrize("whole", [SCHEMAS[""], CLOUDS_SCHEMA])
def test_schema_describes_every_property_and_closes_every_object(whole: dict[str, Any]) -> None:
    for schema in mappings_in(whole):
        if "properties" in schema and "description" in schema:
            assert schema["additionalProperties"] is False
            assert all("description" in value for value in schema["properties"].values())


@pytest.mark.parametrize("name", api_names())
def test_sources_say_what_the_program_does(name: str) -> None:
    """Every word, code, type and way of a description is one that its sources have."""
    api, sources = load_api(name), read_sources(name)
    assert set(api.words) == {status["word"] for status in sources["statuses"]}
    for status in sources["statuses"]:
        outcome = api.statuses[api.words[status["word"]]].outcome
        assert status["outcome"] == (outcome.value if outcome else None)
    assert api.path == sources["request"]["path"]
    assert list(api.job_types) == [entry["name"] for entry in sources["job_types"]]
    assert api.error_codes == {entry["code"]: entry["meaning"] for entry in sources["error_codes"]}
    assert {cloud["name"] for cloud in sources["clouds"]} == api.clouds.keys()
    for owner, ways in (("job", api.job), ("sub_job", api.parts)):
        fields = sources[owner]["fields"] if sources[owner] else []
        said = {tuple(entry.get("at", [entry["name"]])) for entry in fields}
        assert {*ways.fields.values(), *ways.shown.values()} <= said if ways else not said
    if api.parts:
        assert list(api.parts.at) == sources["sub_job"].get("at", [sources["sub_job"].get("key")])


def mappings_in(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from mappings_in(inner)


@pytest.mark.parametrize("name", ["", "sfs", "SFS-TURBO", "../apis/sfs-turbo", "sfs-turbo.json"])
def test_stranger_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        load_api(name)


def test_importing_the_data_imports_nothing_heavy() -> None:
    heavy = "{'jsonschema', 'yaml', 'httpx', 'asyncio'}"
    code = f"import sys, reconcile.apis as a; a.load_api('sfs-turbo'); print(*{heavy} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == ""


def test_citations_name_pages_and_sources_that_exist() -> None:
    pages = {page["id"] for page in DATA["pages"]}
    sources = {source["id"] for source in DATA["sources"]}
    positions = [position for entry in DATA["contradictions"] for position in entry["positions"]]
    cited = {entry["source"] for entry in [*DATA["error_codes"], *DATA["clouds"], *positions] if "source" in entry}
    assert cited == sources
    assert {
        page for entry in mappings_in(DATA) if isinstance(entry.get("pages"), list) for page in page_ids(entry)
    } == pages


def page_ids(entry: dict[str, Any]) -> set[str]:
    return {page for page in entry["pages"] if isinstance(page, str)}


def test_every_contradiction_has_two_sides_or_contradicts_a_source() -> None:
    one_sided = {entry["id"] for entry in DATA["contradictions"] if len(entry["positions"]) < 2}
    assert one_sided == {"sub-job-types"}


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("statuses", "word"),
        ("error_codes", "code"),
        ("job_types", "name"),
        ("clouds", "name"),
        ("contradictions", "id"),
    ],
)
def test_no_name_is_taken_twice(table: str, key: str) -> None:
    names = [entry[key] for entry in DATA[table]]
    assert len(names) == len(set(names))


def test_statuses_only_move_forward() -> None:
    for word, status in API.statuses.items():
        assert word not in status.then
        assert all(API.statuses[later].then < status.then for later in status.then)
        assert status.terminal == (status.outcome is not None)
    assert [word for word, status in API.statuses.items() if status.terminal] == [API.success, API.failure]


def test_times_have_the_form_of_the_examples() -> None:
    example = DATA["status_codes"][0]["example"]
    for text in (DATA["times"]["example"], example["begin_time"], example["end_time"]):
        assert f"{datetime.strptime(text, API.time_format)}" == text


def test_no_code_of_the_gateway_says_that_a_job_is_missing() -> None:
    gateway = {code for code in API.error_codes if code.startswith(API.gateway_codes)}
    assert {"APIGW.0101", "APIGW.0301", "APIGW.0308"} <= gateway
    assert all(code.startswith("SFS.TURBO.") for code in API.error_codes.keys() - gateway)
    assert API.missing == (ErrorSign(status_code=404, envelope="service"),)


def test_documented_error_bodies_are_of_the_shape_they_are_said_to_have() -> None:
    envelopes = {envelope.name: envelope for envelope in API.envelopes}
    for answer in DATA["status_codes"][1:]:
        envelope = envelopes[answer["body"]]
        assert answer["example"].keys() == {*envelope.code, *envelope.message}
        assert answer["example"]["errCode"] in API.error_codes


@pytest.mark.parametrize(
    ("cloud", "suffix", "regions"),
    [
        ("otc", "otc.t-systems.com", 2),
        ("huaweicloud", "myhuaweicloud.com", 31),
        ("huaweicloud-eu", "myhuaweicloud.eu", 1),
    ],
)
def test_hosts_of_a_cloud(cloud: str, suffix: str, regions: int) -> None:
    hosts, iam_hosts = API.clouds[cloud].hosts, API.clouds[cloud].iam_hosts
    assert len(hosts) == regions
    assert hosts == {region: f"sfs-turbo.{region}.{suffix}" for region in hosts}
    assert {region: nearest for region, (nearest, *_) in iam_hosts.items()} == {r: f"iam.{r}.{suffix}" for r in hosts}


def test_program_gets_what_the_data_says() -> None:
    assert API.path.format(project_id="P", job_id="J") == "/v1/P/sfs-turbo/jobs/J"
    assert (API.token_header, API.headers) == ("X-Auth-Token", {"Content-Type": "application/json"})
    assert (API.request_id_header, API.sub_jobs) == ("X-Request-Id", "sub_jobs")
    assert API.job_types == tuple(entry["name"] for entry in DATA["job_types"])
    assert "missing, or no permission" in API.error_codes["SFS.TURBO.9000"]
    assert json.dumps(sorted(API.statuses)) == '["failed", "running", "success", "waiting"]'
