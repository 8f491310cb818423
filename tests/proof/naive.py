"""
What a good engineer writes in twenty minutes, as one would check it in: the other column of `make baseline`.

It reads the same manifests, asks the same API, tries again, and ends with the same exit codes.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import httpx
import yaml


def fetch(client, url):
    for attempt in range(3):
        try:
            response = client.get(url)
        except httpx.TransportError:
            if attempt == 2:
                raise
        else:
            if response.status_code < 500 and response.status_code != 429:
                return response
        time.sleep(2**attempt)
    return response


def compare(expect, actual):
    """Return drift and pending of one job as lines."""
    drift, pending = [], []
    for field, expected in {"status": "success", **expect}.items():
        found = actual.get(field)
        if field == "sub_jobs":
            found = sorted(sub_job["job_type"] for sub_job in found or [])
            expected = sorted(expected)
        if found == expected:
            continue
        lines = pending if field == "status" and found in ("waiting", "running") else drift
        lines.append(f"{field}: expected {expected}, found {found} {actual.get('fail_reason') or ''}")
    return drift, pending


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("manifest", nargs="?", default="reconcile.yaml")
    args = parser.parse_args()
    manifest = yaml.safe_load(Path(args.manifest).read_text())
    client = httpx.Client(
        base_url=os.environ["RECONCILE_ENDPOINT"], headers={"X-Auth-Token": os.environ["RECONCILE_TOKEN"]}, timeout=5
    )
    default = next(iter(manifest["providers"]))
    drift, pending = [], []
    for name, job in manifest["jobs"].items():
        project_id = manifest["providers"][job.get("provider", default)]["project_id"]
        expect = job.get("expect", {})
        response = fetch(client, f"/v1/{project_id}/sfs-turbo/jobs/{job['job_id']}")
        if response.status_code == 404:
            if expect != "absent":
                drift.append(f"{name}: missing")
            continue
        response.raise_for_status()
        if expect == "absent":
            drift.append(f"{name}: is there")
            continue
        found = compare(expect, response.json())
        drift += [f"{name}: {line}" for line in found[0]]
        pending += [f"{name}: {line}" for line in found[1]]
    for line in drift + pending:
        print(line)
    print(f"{len(manifest['jobs'])} jobs, {len(drift)} drift, {len(pending)} pending")
    return 2 if drift else 3 if pending else 0


if __name__ == "__main__":
    sys.exit(main())
