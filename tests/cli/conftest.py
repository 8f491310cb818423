"""A gate that waits for a server which never answers, and keys to sign with."""

import os
import socket
import subprocess
from pathlib import Path

import program
import pytest

MANIFEST = """
version: 1
providers: {otc: {api: sfs-turbo, project_id: p1}}
jobs: {a: {job_id: id-a}}
"""


@pytest.fixture
def write_keys():
    """Write a private key to NAME.pem and its public one to NAME.pub.pem in the working directory, for each name."""
    keys = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    from cryptography.hazmat.primitives import serialization as forms

    private = (forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    public = (forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo)

    def write(*names):
        for name in names:
            key = keys.Ed25519PrivateKey.generate()
            Path(f"{name}.pem").write_bytes(key.private_bytes(*private))
            Path(f"{name}.pub.pem").write_bytes(key.public_key().public_bytes(*public))

    return write


@pytest.fixture
def hanging_gate(tmp_path):
    """Start `reconcile plan`; return the process once its request has arrived."""
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    processes = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"

        def start(*argv, **options):
            process = program.start(
                "plan",
                "--endpoint",
                endpoint,
                *argv,
                cwd=tmp_path,
                env={**os.environ, "RECONCILE_TOKEN": "a-token"},
                **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
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
