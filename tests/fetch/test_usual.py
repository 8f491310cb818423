"""What is read of an answer is the same, whether it is read at once or key by key."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.apis import api_names, load_api
from reconcile.fetch.lookalikes import Finder
from reconcile.fetch.payload import InvalidAnswerError
from reconcile.fetch.record import NoJobError, read_job
from reconcile.fetch.usual import UsualReader
from reconcile.model import JobApi, Observed

ANSWERS = Path(__file__).parents[1] / "apis" / "answers"
INDEX = [each for each in json.loads((ANSWERS / "index.json").read_text()) if each["expect"]["kind"] == "job"]
BODIES = [json.loads((ANSWERS / entry["file"]).read_text()) for entry in INDEX]
WITH_NUMBERS = "sfs-turbo-du-task"
"""Shows numbers, and the usual form has texts alone."""


def read_key_by_key(api: JobApi, job_id: str, body: Any) -> Observed | str:
    """Read what anything would be redacted in, if there were anything; return why it is refused."""
    try:
        return read_job(api, job_id, body, request_id="r", redact=lambda text: text)
    except InvalidAnswerError as error:
        return f"{error.code} {error.reason}"
    except NoJobError:
        return "no job"


def make_reader(api: JobApi) -> UsualReader:
    return UsualReader(api, Finder(api))


@pytest.mark.parametrize("number", range(len(INDEX)), ids=[entry["file"] for entry in INDEX])
def test_an_answer_is_usual_once_one_like_it_was_read(number: int) -> None:
    entry, body = INDEX[number], BODIES[number]
    api, job_id = load_api(entry["api"]), entry["asked"]
    reader = make_reader(api)
    assert reader.read(job_id, body, "r") is None
    reader.learn(body)
    usual = None if entry["api"] == WITH_NUMBERS else read_key_by_key(api, job_id, body)
    assert reader.read(job_id, body, "r") == usual


# --- The law ------------------------------------------------------------------------------------------------------

KEYS = ("x", "status", "Status", "sub_jobs", "subJobs", "phase", "é", '"', "", "metadata", "spec", "entities", "id")
TEXTS = ("", "Success", "SUCCESS", "success", "failed", "FAIL", "Failed", "2026-01-02 10:00:00", "x" * 70)
VALUES = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1.5, 2**70]) | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=2),
    max_leaves=4,
)


def list_objects(value: Any) -> Iterator[dict[str, Any]]:
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from list_objects(each)
    if isinstance(value, dict):
        yield value


@st.composite
def changed_bodies(draw: st.DrawFn, body: Any) -> Any:
    """Change a body here and there: another value under a key, a new key, or none."""
    body = deepcopy(body)
    for _ in range(draw(st.integers(0, 3))):
        record = draw(st.sampled_from(list(list_objects(body))))
        key = draw(st.sampled_from([*record, *KEYS]))
        wrong = draw(st.integers(0, 5))
        if wrong == 0:
            record.pop(key, None)
        elif wrong == 1 and record:
            other = draw(st.sampled_from(list(record)))
            record[key] = deepcopy(record[other])
        else:
            record[key] = draw(VALUES)
    return body


@given(data=st.data())
def test_what_is_read_at_once_is_read_alike(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(INDEX) - 1))
    api, job_id = load_api(INDEX[number]["api"]), INDEX[number]["asked"]
    reader = make_reader(api)
    for seen in (BODIES[number], data.draw(changed_bodies(BODIES[number]))):
        if isinstance(read_key_by_key(api, job_id, seen), Observed):
            reader.learn(seen)
    body = data.draw(changed_bodies(BODIES[number]))
    usual = reader.read(job_id, body, "r")
    assert usual is None or usual == read_key_by_key(api, job_id, body)
    for other in BODIES[number], body:
        read = reader.read("another", other, "r")
        assert read is None or read == read_key_by_key(api, "another", other)


# --- What a server makes up ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", api_names())
def test_new_keys_are_learned_within_bounds(name: str) -> None:
    number = next(number for number, entry in enumerate(INDEX) if entry["api"] == name)
    api, job_id = load_api(name), INDEX[number]["asked"]
    finder = Finder(api)
    reader = UsualReader(api, finder)
    for turn in range(100):
        reader.learn({**BODIES[number], **{f"new-{turn}-{key}": key for key in range(100)}})
        reader.read(job_id, BODIES[number], "r")
    assert len(finder.body.harmless) + len(finder.body.unread) <= 64


def test_a_key_that_no_attribute_can_have_is_not_learned() -> None:
    number = next(number for number, entry in enumerate(INDEX) if entry["api"] == "ecs")
    reader = make_reader(load_api("ecs"))
    reader.learn({**BODIES[number], "\ud800": 1, 'a"\\\n': 1, "x" * 10_000: 1, "": 1})
    assert isinstance(reader.read(INDEX[number]["asked"], BODIES[number], "r"), Observed)
