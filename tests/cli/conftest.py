"""A gate that waits for a server which never answers."""

import os
import socket
import subprocess

import program
import pytest

MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, project_id: p1}}
jobs: {a: {job_id: id-a}}
"""


@pytest.fixture
def hanging_gate(tmp_path):
    """Start `reconcile plan`; return the process once its request has arrived."""
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    processes = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"

        def start(**options):
            process = program.start(
                "plan",
                "--endpoint",
                endpoint,
                cwd=tmp_path,
                env={**os.environ, "RECONCILE_TOKEN": "a-token"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **options,
            )
            processes.append(process)
            connection, _ = server.accept()
            connection.settimeout(10)
            connection.recv(1)
            connections.append(connection)
            return process

        connections = []
        try:
            yield start
        finally:
            for connection in connections:
                connection.close()
            for process in processes:
                process.kill()
                process.communicate()
