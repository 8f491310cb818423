"""
A server of the cloud: a network namespace with a metadata service at its real address, and a job API on loopback.

    python cloud_server.py ASKED COMMAND...

runs a command there with JOB_API in its environment, and writes what the metadata service was asked to the file ASKED.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
from identity_service import issue_key, serve_identity

from reconcile.document import Text, parse_text
from reconcile.simulator import load_scenario, running_simulator

ADDRESS = "169.254.169.254"
SCENARIO = """
version: 1
api: sfs-turbo
project_id: p
access_keys: {KEY-server: secret-server}
jobs: {job: {status: success}}
"""
ANSWERS = {
    "/meta-data/latest/api/token": httpx.Response(200, text="metadata-token"),
    "/openstack/latest/securitykey": issue_key("server"),
}
_ENTER = ("unshare", "--user", "--map-root-user", "--net")
_SET_UP = f"ip link set lo up && ip address add {ADDRESS}/32 dev lo"


def can_run() -> bool:
    """Return whether this machine can make such a namespace."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run([*_ENTER, "sh", "-c", _SET_UP], capture_output=True, check=False).returncode == 0


def prefix(asked: Path) -> list[str]:
    """Return what to write before a command that is to run there."""
    return [*_ENTER, "sh", "-c", f'{_SET_UP} && exec "$@"', "sh", sys.executable, __file__, str(asked)]


def main(asked: str, *command: str) -> int:
    """Run a command beside both services."""
    scenario = load_scenario(parse_text(Text("scenario.yaml", SCENARIO), is_json=False))
    with serve_identity(ANSWERS, (ADDRESS, 80)) as service, running_simulator(scenario) as url:
        code = subprocess.run(command, env={**os.environ, "RECONCILE_ENDPOINT": url}, check=False).returncode
    Path(asked).write_text(json.dumps([(request.method, request.path) for request in service.requests]))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
