"""
The shapes of a manifest that are measured, and what their jobs are.

Every job expects two sub-jobs. Its id holds what the job API answers: the digits in the middle are the time of day at
which it began and its kind, so that a server without a database can give every job sub-jobs and times of its own.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

PROJECT = "0123456789abcdef0123456789abcdef"
DAY = "2026-11-21"
KINDS = (
    ("create_share", "change_security_group"),
    ("extend_share", "create_obs_target"),
    ("create_obs_target", "change_security_group"),
    ("delete_share", "delete_obs_target"),
)
"""The types of the two sub-jobs; that of the job is the first."""
SECONDS = 57
"""Jobs begin in the first 57 seconds of a minute, and end in its last."""

_DEFAULTS = "defaults: {expect: {status: success, error_code: null}}\n"
_HEAD = f"version: 1\nproviders: {{otc: {{api: sfs-turbo, project_id: {PROJECT}}}}}\n{_DEFAULTS}"
_ALIKE = (
    "    labels: {tier: web}\n    expect: {job_type: create_share, sub_jobs: [create_share, change_security_group]}\n"
)


def make_id(number: int, kind: int) -> str:
    """Make the id of the job with this number, which begins at a time of day of its own."""
    minutes, second = divmod(number, SECONDS)
    hour, minute = divmod(minutes % 1440, 60)
    return f"{number:08x}-{hour:02}{minute:02}-4{kind}{second:02}-8000-{number:012x}"


def list_ids(count: int) -> list[str]:
    """List the ids of so many jobs of all kinds."""
    return [make_id(number, number % len(KINDS)) for number in range(count)]


# --- Shapes --------------------------------------------------------------------------------------------------------


def write_for_each(folder: Path, count: int) -> tuple[str, ...]:
    """Declare all jobs at once, for the ids of a variable; return the options that give its value."""
    ids = "".join(f"  - {make_id(number, 0)}\n" for number in range(count))
    (folder / "ids.yaml").write_text(f"ids:\n{ids}")
    declared = 'variables: {ids: {}}\njobs:\n  job:\n    for_each: ${var.ids}\n    job_id: "${each.value}"\n'
    _write(folder, declared + _ALIKE)
    return ("--var-file", "ids.yaml")


def write_alike(folder: Path, count: int) -> tuple[str, ...]:
    """Write every job out, all alike but for names and ids."""
    jobs = (f"  job-{number}:\n    job_id: {make_id(number, 0)}\n{_ALIKE}" for number in range(count))
    _write(folder, "jobs:\n" + "".join(jobs))
    return ()


def write_different(folder: Path, count: int) -> tuple[str, ...]:
    """Write every job out as people do: names, labels, order of keys, expectations and comments differ."""
    _write(folder, "jobs:\n" + "".join(_describe(number) for number in range(count)))
    return ()


def write_fleet(folder: Path, manifests: int, count: int, projects: int) -> None:
    """Write so many manifests, each with so many jobs in so many projects of its own; it lists their ids itself."""
    for number in range(manifests):
        names = [f"p{number * projects + each}" for each in range(projects)]
        providers = "".join(f"  {name}: {{api: sfs-turbo, project_id: {name:0>32}}}\n" for name in names)
        jobs = []
        for at, name in enumerate(names):
            first = number * count + at * count // projects
            last = number * count + (at + 1) * count // projects
            ids = "".join(f"      - {make_id(each, 0)}\n" for each in range(first, last))
            jobs.append(f'  {name}:\n    provider: {name}\n    for_each:\n{ids}    job_id: "${{each.value}}"\n{_ALIKE}')
        head = f"version: 1\nname: fleet-{number}\nproviders:\n{providers}{_DEFAULTS}"
        (folder / f"{number}.reconcile.yaml").write_text(f"{head}jobs:\n{''.join(jobs)}")


SHAPES: Mapping[str, Callable[[Path, int], tuple[str, ...]]] = {
    "for_each": write_for_each,
    "alike": write_alike,
    "all different": write_different,
}
"""By name: writes `reconcile.yaml` with so many jobs into a folder, and returns the options that it needs."""


def _write(folder: Path, text: str) -> None:
    (folder / "reconcile.yaml").write_text(_HEAD + text)


def write_weaker(folder: Path, weaker: Path) -> None:
    """Write the manifest of a folder to another file, with defaults that let every job fail."""
    text = (folder / "reconcile.yaml").read_text()
    weaker.write_text(text.replace(_DEFAULTS, "defaults: {expect: {status: [success, failed]}}\n"))


# --- A job like no other -------------------------------------------------------------------------------------------


def _describe(number: int) -> str:
    """Write one job; all that it expects is so."""
    chance, kind = Random(number), number % len(KINDS)
    keys = {
        "job_id": make_id(number, kind),
        "labels": _draw_labels(chance),
        "timeout": f"{chance.randint(1, 90)}m",
        "expect": _draw_expectations(chance, *KINDS[kind]),
    }
    for key in ("labels", "timeout"):
        if chance.random() < 0.5:
            del keys[key]
    name = f"{chance.choice(('share', 'Bind', 'expand-data', 'nightly_backup'))}-{number}"
    lines = [f"  {name}:{_comment(chance, number)}"]
    for key, value in _shuffle(chance, keys).items():
        if isinstance(value, dict) and chance.random() < 0.7:
            lines.append(f"    {key}:{_comment(chance, number)}")
            lines += [f"      {inner}: {_flow(each)}" for inner, each in value.items()]
        else:
            lines.append(f"    {key}: {_flow(value)}{_comment(chance, number)}")
    return "\n".join(lines) + "\n"


def _draw_labels(chance: Random) -> dict[str, object]:
    labels = {"tier": ("web", "db"), "zone": ("eu-de-01", "eu-de-02"), "tenant": [f"t-{chance.randint(0, 9999)}"]}
    drawn = {key: chance.choice(values) for key, values in labels.items() if chance.random() < 0.6}
    return _shuffle(chance, drawn or {"team": "storage"})


def _draw_expectations(chance: Random, first: str, second: str) -> dict[str, object]:
    expect: dict[str, object] = {
        "job_type": chance.choice([first, [first, "bind_ldap"], {"glob": f"{first[:6]}*"}]),
        "status": chance.choice(["success", ["running", "success"]]),
        "fail_reason": None,
        "duration": {"max": f"{chance.randint(1, 600)}m"},
        "begin_time": {"after": f"2026-11-{chance.randint(10, 20)}T00:00:00Z"},
        "end_time": {"before": f"2026-12-{chance.randint(10, 20)}T{chance.randint(10, 23)}:00:00+01:00"},
    }
    kept = {key: value for key, value in expect.items() if chance.random() < 0.4}
    return _shuffle(chance, {**kept, "sub_jobs": _draw_sub_jobs(chance, first, second)})


def _draw_sub_jobs(chance: Random, first: str, second: str) -> object:
    """Draw one of the ways to expect both sub-jobs; half of all jobs list their types."""
    if chance.random() < 0.5:
        return chance.sample([first, second], 2)
    return chance.choice(
        [
            {"items": [{"job_type": second, "status": "success"}, {"job_type": first}]},
            {"match": "ordered", "items": [{"job_type": first}, {"job_type": second, "duration": {"max": "1h"}}]},
            {"match": "contains", "items": [{"job_type": first}], "count": {"min": 2, "max": chance.randint(2, 9)}},
            {"each": {"status": "success"}, "count": {"min": 2}},
        ]
    )


def _shuffle(chance: Random, mapping: dict[str, object]) -> dict[str, object]:
    return {key: mapping[key] for key in chance.sample(list(mapping), len(mapping))}


def _comment(chance: Random, number: int) -> str:
    return f"  # OPS-{number}: as agreed" if chance.random() < 0.2 else ""


def _flow(value: object) -> str:
    match value:
        case None:
            return "null"
        case dict():
            return f"{{{', '.join(f'{key}: {_flow(each)}' for key, each in value.items())}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str() if not value.replace("-", "").replace("_", "").isalnum():
            return f'"{value}"'
    return str(value)
