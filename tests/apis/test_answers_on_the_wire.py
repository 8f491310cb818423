"""The whole program asks a real socket: known answers are read as they are meant, and no broken one is accepted."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from apis.test_answers import INDEX, body_of, change, list_broken, read, set_at, success_of
from fault_server import Wire, serving
from program import main

from reconcile.apis import api_names, load_api
from reconcile.fetch import Pace
from reconcile.model.observation import Observed

ASKED = re.compile(rb"case-[0-9]{5}")
LOST = (204, 302)
"""Status codes whose bodies no client reads."""

Case = tuple[str, int, bytes]


def plan_served(
    api: str, cases: Sequence[Case], folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[list[dict[str, Any]], set[str]]:
    """Serve each case under an id of its own; return the jobs of the plan, and the ids that were asked for."""
    names = [f"case-{number:05}" for number in range(len(cases))]
    served = {
        name.encode(): (code, b"" if code in LOST else body.replace(asked.encode(), name.encode()))
        for name, (asked, code, body) in zip(names, cases, strict=True)
    }
    parameters = dict.fromkeys(load_api(api).parameters, "s1")
    jobs = {name: {"job_id": name, "parameters": parameters} for name in names}
    manifest = {"version": 1, "providers": {"p": {"api": api, "project_id": "p1"}}, "jobs": jobs}
    path = folder / "reconcile.yaml"
    path.write_text(json.dumps(manifest))
    seen: set[str] = set()

    async def answer(wire: Wire) -> None:
        while True:
            found = ASKED.search(await wire.read_request())
            assert found is not None
            seen.add(found[0].decode())
            code, body = served[found[0]]
            length = b"" if code == 204 else b"Content-Length: %d\r\n" % len(body)
            head = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nLocation: /\r\n%b\r\n" % (code, length)
            await wire.send(head + body)

    with serving(answer) as server:
        endpoint = server.url.partition("/v1")[0]
        arguments = ("plan", str(path), "--endpoint", endpoint, "-o", "json", "--rate", "100000/s")
        main(arguments, environ={"RECONCILE_TOKEN": "t"}, pace=Pace(attempts=1))
    planned: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["jobs"]
    assert [job["job_id"] for job in planned] == names
    return planned, seen


@pytest.mark.parametrize("api", api_names())
def test_known_answers_are_read_as_they_are_meant(api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = [entry for entry in INDEX if entry["api"] == api]
    cases = [(entry["asked"], entry["status_code"], body_of(entry)) for entry in entries]
    planned, seen = plan_served(api, cases, tmp_path, capsys)
    assert len(seen) == len(cases)
    for entry, job in zip(entries, planned, strict=True):
        meant = read(entry, body_of(entry))
        if isinstance(meant, Observed):
            assert job["verdict"] == {"success": "in_sync", "failed": "drift"}.get(meant.status, "pending")
            told = job["observed"]
            roles = ("status", "job_type", "begin_time", "end_time", "error_code", "fail_reason")
            assert {role: told[role] for role in roles} == {role: getattr(meant, role) for role in roles}
            assert [part["status"] for part in told["sub_jobs"]] == [part.status for part in meant.sub_jobs]
        else:
            kind = entry["expect"]["kind"]
            assert (job["verdict"], job["observed"]) == ("drift" if kind == "missing" else "error", None), job


@pytest.mark.parametrize("api", api_names())
def test_no_broken_answer_is_accepted(api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = [entry for entry in INDEX if entry["api"] == api and entry["expect"]["kind"] == "job"]
    broken = [(what, entry["asked"], code, body) for entry in entries for what, code, body in list_broken(entry)]
    for codes in (range(200, 201), range(202, 600)):
        cases = [case for case in broken if case[2] in codes]
        planned, seen = plan_served(api, [case[1:] for case in cases], tmp_path, capsys)
        if 200 in codes:
            assert len(seen) == len(cases)
        accepted = [case[0] for case, job in zip(cases, planned, strict=True) if job["verdict"] != "error"]
        assert accepted == []


@pytest.mark.parametrize("api", [name for name in api_names() if load_api(name).parts is not None])
def test_a_job_with_a_failed_part_is_drift_however_deep_the_part_is(
    api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known, entry = load_api(api), success_of(api)
    assert known.parts is not None
    part: dict[str, Any] = {}
    set_at(part, known.parts.fields["status"], next(word for word, state in known.words.items() if state == "failed"))
    cases = []
    for _ in range(5 if known.parts.nested else 1):
        cases.append((entry["asked"], 200, change(json.loads(body_of(entry)), known, known.parts.at, [part])))
        outer: dict[str, Any] = {}
        set_at(outer, known.parts.fields["status"], entry["expect"]["status"])
        set_at(outer, known.parts.at, [part])
        part = outer
    planned, _ = plan_served(api, cases, tmp_path, capsys)
    assert {job["verdict"] for job in planned} == {"drift"}
