"""
Measure how soon a manifest is read, checked and built: `make bench`.

Against PyYAML's CSafeLoader and jsonschema on each job, in turn in one process; written and by `for_each`. Ratios are
what counts: machines differ, and are noisy. The other side, which takes long, checks a tenth of 100,000 jobs.
"""

import gc
import io
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

import yaml
from jsonschema import Draft202012Validator

from reconcile.manifest import load_manifests
from reconcile.shipped import load_schema

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 3
MOST_COMPARED = 10_000
NOW = datetime(2026, 11, 21, tzinfo=UTC)
HEAD = (
    "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p}}\n"
    "defaults: {expect: {status: success, error_code: null}}\n"
)


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
        f"  share-{n:06}:\n"
        + KINDS[n % 4].format(id=f"{n:08x}-0000-4000-8000-000000000000", tier=("web", "db")[n % 2], n=n, day=1 + n % 20)
        for n in range(count)
    )
    return f"{HEAD}jobs:\n" + "".join(jobs)


def write_for_each(count: int) -> str:
    """Write one declaration for all jobs."""
    keys = "".join(f"      - id-{n}\n" for n in range(count))
    job = '    job_id: "${each.key}"\n    labels: {tier: web}\n    expect: {job_type: bind_ldap, sub_jobs: [a]}\n'
    return f"{HEAD}jobs:\n  job:\n{job}    for_each:\n{keys}"


def load(content: str) -> None:
    """Parse, check and build, as the gate does."""
    load_manifests(["-"], now=NOW, stdin=io.BytesIO(content.encode()))


def load_otherwise(content: str) -> None:
    """Parse with the fastest loader of PyYAML, and check each job."""
    schema = load_schema("manifest.v1")
    validator = Draft202012Validator({"$ref": "#/$defs/job", "$defs": schema["$defs"]})
    root = yaml.load(content, yaml.CSafeLoader)
    for name, job in root["jobs"].items():
        for key in job.pop("for_each", [name]):
            list(validator.iter_errors({**job, "job_id": key}))


def measure(read: Callable[[str], None], content: str, rounds: int) -> float:
    """Return the median of the CPU seconds, in which nobody looks for cycles: the gate does not while it reads."""
    seconds = []
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        started = time.process_time()
        read(content)
        seconds.append(time.process_time() - started)
        gc.enable()
    return statistics.median(seconds)


def main() -> None:
    """Measure all, as a table."""
    print(f"{'jobs':>7}  {'':<8}  {'MB':>5}  {'reconcile':>9}  {'CSafeLoader + jsonschema':>24}  ratio")  # noqa: T201
    load(write_jobs(10))
    for count in SIZES:
        for name, write in (("written", write_jobs), ("for_each", write_for_each)):
            content, rounds = write(count), ROUNDS if count <= MOST_COMPARED else 1
            ours = measure(load, content, rounds)
            compared = min(count, MOST_COMPARED)
            others = measure(load_otherwise, write(compared), 1 if compared == MOST_COMPARED else ROUNDS)
            others *= count / compared
            figures = f"{ours:7.2f} s  {others:22.2f} s  {others / ours:5.1f}"
            print(f"{count:>7}  {name:<8}  {len(content) / 1e6:5.1f}  {figures}")  # noqa: T201


if __name__ == "__main__":
    main()
