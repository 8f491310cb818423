"""
The job API that everybody asks: nginx on loopback where it is installed, else the simulator.

nginx answers any job with a success that bears its id, so that the identity check passes. It is one process on one
core, and so is the simulator, which speaks no TLS.
"""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from bench.process import RECONCILE, SERVER_CORE

PROJECT = "0123456789abcdef0123456789abcdef"
DELAY = 0.05
"""Seconds by which the slow server holds back each answer."""

_PATIENCE = 10.0
_ECHO = Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")
_BODY = (
    '{"job_id":"$job","job_type":"bind_ldap","status":"success","begin_time":"2026-11-21 12:00:00",'
    '"end_time":"2026-11-21 12:00:30","error_code":null,"fail_reason":null,"sub_jobs":[{"job_id":"$job-0",'
    '"job_type":"bind_ldap","status":"success","begin_time":"2026-11-21 12:00:00","end_time":"2026-11-21 12:00:30",'
    '"error_code":null,"fail_reason":null}]}'
)
_CONFIGURATION = """
{load_echo}
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 10000000;
    default_type application/json;
    server_tokens off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{plain} backlog=4096;
        listen 127.0.0.1:{tls} ssl backlog=4096;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.pem;
        add_header X-Request-Id $request_id;
        location ~ "^/v1/{project}/sfs-turbo/jobs/(?<job>[A-Za-z0-9_-]+)$" {{ return 200 '{body}'; }}
    }}
    {slow_server}
}}
"""
_SLOW_SERVER = """
    server {{
        listen 127.0.0.1:{slow} backlog=4096;
        location ~ "^/v1/{project}/sfs-turbo/jobs/(?<job>[A-Za-z0-9_-]+)$" {{ echo_sleep {delay}; echo '{body}'; }}
    }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Its name and its URLs: plain, over TLS with the file of its authority, and slow; None is not to be had."""

    name: str
    plain: str
    tls: str | None
    ca_file: Path | None
    slow: str


@contextmanager
def running_server(folder: Path, *, jobs: int) -> Iterator[Server]:
    """
    Serve until the end of the block, on a core of its own.

    Args:
        folder: for what the server needs.
        jobs: how many the simulator has, job-1 and so on.
    """
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    with _run_nginx(nginx, folder, jobs) if nginx else _run_simulators(folder, jobs, with_plain=True) as server:
        yield server


@contextmanager
def _run_nginx(nginx: str, folder: Path, jobs: int) -> Iterator[Server]:
    plain, tls, slow = _find_ports(3)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "server.pem").chmod(0o600)
    values = {"project": PROJECT, "body": _BODY, "slow": slow, "delay": DELAY}
    (folder / "nginx.conf").write_text(
        _CONFIGURATION.format(
            folder=folder,
            plain=plain,
            tls=tls,
            load_echo=f"load_module {_ECHO};" if _ECHO.exists() else "",
            slow_server=_SLOW_SERVER.format(**values) if _ECHO.exists() else "",
            **values,
        )
    )
    version = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr
    command = [nginx, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    with _run_pinned(command) as process:
        url = f"http://127.0.0.1:{plain}"
        _await_answer(url, process)
        name, ca_file = version.strip().rpartition(" ")[2], folder / "ca.pem"
        secure = f"https://localhost:{tls}"
        if _ECHO.exists():
            yield Server(name=name, plain=url, tls=secure, ca_file=ca_file, slow=f"http://127.0.0.1:{slow}")
            return
        with _run_simulators(folder, jobs, with_plain=False) as simulator:
            yield Server(name=name, plain=url, tls=secure, ca_file=ca_file, slow=simulator.slow)


@contextmanager
def _run_simulators(folder: Path, jobs: int, *, with_plain: bool) -> Iterator[Server]:
    with _simulate(folder, jobs, DELAY) as slow:
        if not with_plain:
            yield Server(name="the simulator", plain=slow, tls=None, ca_file=None, slow=slow)
            return
        with _simulate(folder, jobs, 0) as plain:
            yield Server(name="the simulator", plain=plain, tls=None, ca_file=None, slow=slow)


@contextmanager
def _simulate(folder: Path, jobs: int, delay: float) -> Iterator[str]:
    scenario = folder / f"scenario-{delay:g}.yaml"
    held_back = f", delay: {delay * 1000:g}ms" if delay else ""
    scenario.write_text(
        f"version: 1\napi: sfs-turbo\n"
        f"generate: {{count: {jobs}, job: {{status: success, job_type: bind_ldap{held_back}}}}}\n"
    )
    with _run_pinned([*RECONCILE, "simulate", str(scenario)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()


@contextmanager
def _run_pinned(command: list[str], *, stdout: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL) as process:
        os.sched_setaffinity(process.pid, {SERVER_CORE})
        try:
            yield process
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def _find_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/v1/{PROJECT}/sfs-turbo/jobs/job-1", timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("nginx does not answer; see its error.log")
