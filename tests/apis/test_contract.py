"""Recorded answers that leave the description of their API are found, each with the line that they leave."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from apis.test_answers import INDEX, body_of, change, success_of
from msgspec.structs import replace
from program import main

from reconcile.apis import load_api
from reconcile.fetch.contract import find_departures
from reconcile.model.recording import Exchange

NOW = datetime(2026, 11, 30, tzinfo=UTC)
AS_OTHERS = {"elb/other-id.json", "geminidb/other-id.json"}
"""Documented examples about another job than the one that was asked for."""

Change = Callable[[dict[str, Any]], object]


def exchange_of(body: bytes, status_code: int = 200) -> Exchange:
    return Exchange(
        sent_at=NOW, ended_at=NOW, status_code=status_code, headers={"content-type": "application/json"}, body=body
    )


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: str(entry["file"]))
def test_known_answers_are_as_described(entry: dict[str, Any]) -> None:
    answers = [(entry["asked"], exchange_of(body_of(entry), entry["status_code"]))]
    found = [each for each in find_departures(load_api(entry["api"]), answers) if "is missing in" not in each.message]
    assert bool(found) is (entry["file"] in AS_OTHERS), found


@pytest.mark.parametrize(
    ("name", "way", "value", "place", "message"),
    [
        ("ecs", ("status",), "CANCELLED", ("statuses",), 'the word "CANCELLED" at status is unknown'),
        ("ecs", ("job_type",), 7, ("job", "fields", "job_type"), "job_type is a number, and should be a string"),
        ("rds", ("created",), "yesterday", ("times",), 'created is "yesterday"'),
        ("rds", ("instance",), "x", ("job",), "an answer proves nothing"),
        ("elb", ("Status",), "FAIL", ("job", "fields", "status"), "job.Status looks like status"),
        ("ecs", ("sub_jobs",), [{"status": "FAIL"}], ("parts", "at"), "sub_jobs looks like the parts"),
        ("dcs", ("sub_jobs",), [{"status": "FAIL"}], ("parts",), "sub_jobs looks like the parts"),
        ("dcs", ("steps",), [{"status": "SUCCESS"}], ("parts",), "steps lists things with a status"),
        ("ecs", ("entities", "sub_jobs"), {"a": "b"}, ("parts", "at"), "is an object, and should be a list"),
        ("ecs", ("entities", "sub_jobs"), [{"status": "DONE"}], ("statuses",), 'the word "DONE" at status is unknown'),
    ],
)  # fmt: skip
def test_a_difference_names_the_place_of_the_description(
    name: str, way: tuple[str, ...], value: object, place: tuple[str, ...], message: str
) -> None:
    entry, api = success_of(name), load_api(name)
    answer = entry["asked"], exchange_of(change(json.loads(body_of(entry)), api, way, value))
    found = [each for each in find_departures(api, [answer]) if each.place == place]
    assert [each.job_ids for each in found] == [(entry["asked"],)]
    assert message in found[0].message


def test_a_key_that_no_answer_has_is_missing_and_one_that_some_lack_is_not() -> None:
    entry, api = success_of("ecs"), load_api("ecs")
    body = json.loads(body_of(entry))
    whole = exchange_of(json.dumps(body).encode())
    del body["end_time"]
    without = exchange_of(json.dumps(body).encode())
    (found,) = find_departures(api, [(entry["asked"], without), (entry["asked"], without)])
    assert (found.place, "missing in 2 answers" in found.message) == (("job", "fields", "end_time"), True)
    assert find_departures(api, [(entry["asked"], without), (entry["asked"], whole)]) == []


def test_an_error_of_another_shape_is_told() -> None:
    (found,) = find_departures(load_api("ecs"), [("a", exchange_of(b'{"fault": "no"}', 500))])
    assert (found.place, found.message.endswith("but fault")) == (("errors",), True)
    page = exchange_of(b"<html>", 404)
    (found,) = find_departures(load_api("ecs"), [("a", page)])
    assert (found.place, "(HTTP 404) has none of these shapes: the body is not JSON" in found.message) == (
        ("errors",),
        True,
    )
    assert find_departures(load_api("ecs"), [("a", exchange_of(b"<html>", 502))]) == []


def test_what_is_ignored_already_stays_in_the_text_to_paste() -> None:
    entry, api = success_of("dcs"), replace(load_api("dcs"), ignored=(("old", "key"),))
    answer = entry["asked"], exchange_of(change(json.loads(body_of(entry)), api, ("steps",), [{"status": "SUCCESS"}]))
    (found,) = find_departures(api, [answer])
    assert 'write "ignored": ["old.key", "steps"]' in str(found.hint)


def test_the_command_shows_the_line_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = {"job_id": "a", "status": "SUCCESS", "job_type": "createServer"}
    done |= {"begin_time": "2026-01-02T10:00:00.000Z", "end_time": "2026-01-02T11:00:00.000Z"}
    jobs = "jobs: {a: {job_id: a}}"
    Path("reconcile.yaml").write_text(f"version: 1\nproviders: {{p: {{api: ecs, project_id: p1}}}}\n{jobs}\n")
    for folder, body, code in (("as-ever", done, 0), ("monday", {**done, "status": "CANCELLED"}, 1)):
        transport = httpx.MockTransport(lambda request, body=body: httpx.Response(200, json=body))
        arguments = ["plan", "--endpoint", "https://ecs.test", "--record", folder]
        assert main(arguments, environ={"RECONCILE_TOKEN": "t"}, transport=transport) == code
    capsys.readouterr()
    assert main(["apis", "test", "ecs", "as-ever"], environ={}) == 0
    assert capsys.readouterr().out.startswith("No difference between the description of ecs and the recorded answers")
    assert main(["apis", "test", "ecs", "monday"], environ={}) == 2
    told = capsys.readouterr().out
    assert 'ecs.json:36:3: RC116 the word "CANCELLED" at status is unknown (job a)' in told
    assert '"statuses": {' in told
    assert main(["apis", "test", "ecs", "monday", "-o", "json"], environ={}) == 2
    (difference,) = json.loads(capsys.readouterr().out)["differences"]
    assert (difference["code"], difference["line"]) == ("RC116", 36)
    assert main(["apis", "test", "rds", "monday"], environ={}) == 1
    assert "RC003 monday holds no answer of rds" in capsys.readouterr().err
