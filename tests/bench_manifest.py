"""
Manifests of many jobs, read, checked and built: by us, and by PyYAML's CSafeLoader and jsonschema on each job.

`tests/bench/` measures how soon, in turn in one process.
"""

import gc
import io
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from reconcile.manifest import load_manifests
from reconcile.model import VariableFile
from reconcile.shipped import load_schema

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HEAD = (
    "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p}}\n"
    "defaults: {expect: {status: success, error_code: null}}\n"
)


_DECLARED = "    labels: {tier: web}\n    expect: {job_type: bind_ldap, sub_jobs: [a]}\n"


def make_id(number: int) -> str:
    """Make an id as the job API has them."""
    return f"{number:08x}-0000-4000-8000-000000000000"


def write_jobs(count: int) -> str:
    """Write each job out, no two alike."""
    job = (
        "  job-{0}:\n    job_id: id-{0}\n    labels: {{tier: web}}\n    expect: {{job_type: type-{0}, sub_jobs: [a]}}\n"
    )
    return f"{HEAD}jobs:\n" + "".join(job.format(n) for n in range(count))


KINDS = (
    "    job_id: {id}\n    labels: {{tier: {tier}, tenant: t-{n}}}\n    expect:\n      job_type: bind_ldap\n"
    "      duration: {{max: 10m}}\n      sub_jobs: [bind_ldap]\n",
    "    job_id: {id}\n    labels:\n      tier: {tier}\n      tenant: t-{n}\n    expect:\n"
    "      job_type: [extend_share, create_share]\n      age: {{max: 24h}}\n      sub_jobs:\n        match: contains\n"
    "        count: {{min: 1, max: 4}}\n        each: {{status: success}}\n        items:\n"
    "          - {{job_type: extend_share, status: success}}\n",
    "    job_id: {id}\n    labels: {{tier: {tier}}}\n    expect:\n      status: success\n      fail_reason: null\n"
    "      job_type: create_share\n      sub_jobs: [create_share, change_security_group]\n"
    '      end_time: {{after: "2026-11-{day:02}T00:00:00Z"}}\n',
    "    job_id: {id}\n    labels: {{tier: {tier}, zone: eu-de}}\n    timeout: 10m\n    expect:\n"
    '      status: [running, success]\n      job_type: {{glob: "*_obs_target"}}\n      sub_jobs: []\n',
)
"""Four ways to write a job, as a manifest of many jobs has them."""


def write_realistic(count: int) -> str:
    """Write each job out in one of four ways, the third of which has twenty different days."""
    jobs = (
        f"  share-{n:06}:\n" + KINDS[n % 4].format(id=make_id(n), tier=("web", "db")[n % 2], n=n, day=1 + n % 20)
        for n in range(count)
    )
    return f"{HEAD}jobs:\n" + "".join(jobs)


def write_alike(count: int) -> str:
    """Write each job out, all of them alike but for their names and ids."""
    jobs = (f"  job-{n}:\n    job_id: {make_id(n)}\n{_DECLARED}" for n in range(count))
    return f"{HEAD}jobs:\n" + "".join(jobs)


def write_for_each(count: int) -> str:
    """Write one declaration for all jobs."""
    ids = "".join(f"      - {make_id(n)}\n" for n in range(count))
    return f'{HEAD}jobs:\n  job:\n    job_id: "${{each.key}}"\n{_DECLARED}    for_each:\n{ids}'


def write_reference() -> str:
    """Write the same declaration for the entries of a variable, which a file gives."""
    declared = f'    job_id: "${{each.key}}"\n{_DECLARED}    for_each: ${{var.ids}}\n'
    return f"{HEAD}variables: {{ids: {{}}}}\njobs:\n  job:\n{declared}"


def write_values(path: Path, count: int, *, by_terraform: bool = False) -> None:
    """Write a file with so many ids: YAML or JSON, by its name, or what `terraform output -json` prints."""
    ids = [make_id(n) for n in range(count)]
    value = {"sensitive": False, "type": ["list", "string"], "value": ids} if by_terraform else ids
    if path.suffix == ".json":
        path.write_text(json.dumps({"ids": value}, indent=2))
    else:
        path.write_text("ids:\n" + "".join(f"  - {each}\n" for each in ids))


def load(content: str, *var_files: Path) -> None:
    """Parse, check and build, as the gate does."""
    given = [VariableFile(str(path)) for path in var_files]
    load_manifests(["-"], now=NOW, given=given, stdin=io.BytesIO(content.encode()))


def load_otherwise(content: str) -> None:
    """Parse with the fastest loader of PyYAML, and check each job."""
    schema = load_schema("manifest.v1")
    validator = Draft202012Validator({"$ref": "#/$defs/job", "$defs": schema["$defs"]})
    root = yaml.load(content, yaml.CSafeLoader)
    for name, job in root["jobs"].items():
        for key in job.pop("for_each", [name]):
            list(validator.iter_errors({**job, "job_id": key}))


def measure(read: Callable[[], None], rounds: int) -> float:
    """Return the median of the CPU seconds, in which nobody looks for cycles: the gate does not while it reads."""
    seconds = []
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        started = time.process_time()
        read()
        seconds.append(time.process_time() - started)
        gc.enable()
    return statistics.median(seconds)
