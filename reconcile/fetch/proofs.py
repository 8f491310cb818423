"""
Checks the proofs of a description: answers of the API, each with what should be read from it. Pure.

A misspelled path finds nothing, which is no error in an answer. So each path must find a value in one of the proofs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from reconcile.apis.description import Description, Fault, Proof
from reconcile.fetch.answer import Attempt, assess
from reconcile.fetch.contract import find_differences, write_ignored
from reconcile.fetch.envelope import read_faults
from reconcile.fetch.lookalikes import Finder
from reconcile.fetch.message import Answer
from reconcile.model.api import ROLES, JobApi
from reconcile.model.observation import Missing, Observed, Record, Unobserved
from reconcile.model.value import JsonValue

_Path: TypeAlias = tuple[str | int, ...]
_MISSING = "missing"
_DOUBTFUL = "doubtful"
_OK = 200


def check_proofs(api: JobApi, description: Description) -> Iterator[Fault]:
    """Yield the answers that are not read as the description says or, without any, what no answer proves."""
    read = [_read(api, proof) for proof in description.proofs]
    faults = [
        fault
        for index, (proof, attempt) in enumerate(zip(description.proofs, read, strict=True))
        for fault in _compare(("proofs", index), proof, attempt, api, description)
    ]
    observed = [each.observation for each in read if isinstance(each.observation, Observed)]
    yield from _once_each(faults) or (
        *_find_early_ends(api, observed),
        *_find_hidden_parts(api, description),
        *_find_unproven(description, observed),
    )


def _once_each(faults: Iterable[Fault]) -> list[Fault]:
    """Keep only the first fault at each line of the description outside the proofs."""
    shown: dict[_Path, Fault] = {}
    return [fault for fault in faults if fault.path[0] == "proofs" or shown.setdefault(fault.path, fault) is fault]


def tell_observed(observed: Observed) -> dict[str, JsonValue]:
    """Return an observation in the form of a proof's `reads`: the fields with a value, and the parts."""
    told = _tell_record(observed)
    del told["job_id"]
    if observed.sub_jobs:
        told["sub_jobs"] = [_tell_part(part, part.depth) for part in observed.sub_jobs]
    return told


def _tell_record(record: Record) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {role: value for role in ROLES if (value := getattr(record, role)) is not None}
    return {**told, "shown": dict(record.shown)} if record.shown else told


def _tell_part(part: Record, depth: int) -> JsonValue:
    return {**_tell_record(part), "depth": depth} if depth > 1 else _tell_record(part)


def _read(api: JobApi, proof: Proof) -> Attempt:
    answer = Answer(proof.status_code, {"content-type": "application/json"}, msgspec.json.encode(proof.body))
    return assess(api, proof.job_id, answer)


def _compare(place: _Path, proof: Proof, attempt: Attempt, api: JobApi, description: Description) -> Iterator[Fault]:
    match attempt.observation:
        case Unobserved(problem=problem) if not attempt.doubtful:
            yield from _explain(place, proof, api, problem.message)
        case Missing() | Unobserved():
            word = _DOUBTFUL if attempt.doubtful else _MISSING
            if proof.reads != word:
                yield Fault((*place, "reads"), f"this answer is read as {word}", f'write "reads": "{word}"')
            yield from _find_unread_messages(proof, api)
        case Observed() as observed if isinstance(proof.reads, str):
            hint = f'write "reads": {_write(tell_observed(observed))} if that is what the answer says'
            yield Fault((*place, "reads"), "this answer is read as a job", hint)
        case Observed() as observed:
            yield from _compare_fields((*place, "reads"), proof.reads, tell_observed(observed), description)


def _explain(place: _Path, proof: Proof, api: JobApi, reason: str) -> Iterator[Fault]:
    """Explain why an answer proves nothing, at the line of the description that it contradicts, if there is one."""
    differences = find_differences(api, proof.job_id, proof.status_code, proof.body)
    number = int(place[-1]) + 1
    for where, message, hint in differences:
        yield Fault(where, f"{message}, in the answer of proof {number}", hint)
    if not differences:
        hint = "fix the answer if the API did not send it, otherwise the description"
        yield Fault((*place, "body"), f"this answer proves nothing: {reason}", hint)


def _find_unread_messages(proof: Proof, api: JobApi) -> Iterator[Fault]:
    for fault in read_faults(api.envelopes, proof.body, redact=str):
        if fault.message is None:
            hint = "fix the path to the message"
            yield Fault(("errors", fault.envelope, "message"), "the answer of a proof has no message there", hint)


def _compare_fields(
    place: _Path, said: Mapping[str, Any], told: Mapping[str, JsonValue], description: Description
) -> Iterator[Fault]:
    lacking = [name for name in told if name not in said]
    if lacking:
        hint = f'write "reads": {_write(told)} if that is what the answer says'
        yield Fault(place, f"this answer is also read to have {', '.join(lacking)}", hint)
    for name, value in said.items():
        if value != told.get(name):
            message = f"{name} is read as {_write(told.get(name))}, not as {_write(value)}"
            yield Fault((*place, name), message, _fix(name, told, description))


def _fix(name: str, told: Mapping[str, JsonValue], description: Description) -> str:
    way = getattr(description.job.fields, name, None)
    if way is None:
        fix = f'fix "{"parts" if name == "sub_jobs" else name}" of the description'
    else:
        fix = f'fix "{name}": "{way}" in the fields of the job'
    right = f'write "{name}": {_write(told[name])} here' if name in told else "remove it here"
    return f"{right} if that is what the answer says; if not, {fix}"


def _write(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


def _find_early_ends(api: JobApi, read: Sequence[Observed]) -> Iterator[Fault]:
    """Find end times of unfinished jobs: those are times of the latest change, and must not be judged."""
    groups: dict[str, list[Record]] = {"job": [*read], "parts": [part for job in read for part in job.sub_jobs]}
    for name, records in groups.items():
        if any(each.end_time is not None and not api.statuses[each.status].terminal for each in records):
            message = "a record that has not ended has an end time"
            yield Fault((name, "fields", "end_time"), message, f'write "end_time_moves": true in the {name}')


def _find_hidden_parts(api: JobApi, description: Description) -> Iterator[Fault]:
    """Find undescribed lists of objects with a status, which are probably the parts of a job."""
    finder = Finder(api)
    for index, proof in enumerate(description.proofs):
        for way in finder.list_status_lists(proof.body) if proof.status_code == _OK else ():
            message = f"{'.'.join(way)} lists things with a status, which are not described"
            hint = (
                f"describe them as the parts, or write {write_ignored(api, '.'.join(way))} if they are something else"
            )
            yield Fault(("proofs", index, "body", *way), message, hint)


def _find_unproven(description: Description, read: Sequence[Observed]) -> Iterator[Fault]:
    records: dict[str, list[Record]] = {"job": [*read], "parts": [part for job in read for part in job.sub_jobs]}
    if description.parts != "none" and not records["parts"]:
        hint = 'add an answer with some, or write "parts": "none" if jobs have none'
        yield Fault(("parts",), "no proof has a part", hint)
        del records["parts"]
    hint = "add an answer that has it, or fix the path"
    for name, record in description.records.items():
        if name not in records:
            continue
        for role in ROLES:
            way = getattr(record.fields, role)
            if way is not None and not any(getattr(each, role) is not None for each in records[name]):
                yield Fault((name, "fields", role), f"no proof has anything at {way}", f"{hint}, or write null")
        for label, way in record.shown.items():
            if not any(label in each.shown for each in records[name]):
                yield Fault((name, "shown", label), f"no proof has anything at {way}", f"{hint}, or remove it")
    # A part does not prove a word: it would then count for jobs as well, which no answer has shown.
    proven = {each.status_word or each.status for each in read}
    for word, state in description.statuses.items():
        if state == "success" and word not in proven:
            message = f"no proof shows that {word} means success of a job"
            yield Fault(("statuses", word), message, f"add an answer of a job whose status is {word}")
