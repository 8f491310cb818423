"""
The job API that everybody asks: nginx on loopback, one process on a core of its own.

It answers from memory what the id of a job says, see `shapes.py`: a success with two sub-jobs, each with an id and
times of its own. Over TLS it speaks HTTP/2 and nothing else, so that nobody is measured with another protocol.
"""

import json
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
from string import Template

import trustme

from bench.process import SERVER_CORE
from bench.shapes import DAY, KINDS, PROJECT, make_id

DELAY = 0.05
"""Seconds by which the slow server holds back each answer."""

_PATIENCE = 10.0
_ECHO = Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")


def _answer(job_id: str, job_type: str, *, begin: str, end: str, **more: object) -> dict[str, object]:
    times = {"begin_time": f"{DAY} $h:$m:{begin}", "end_time": f"{DAY} $h:$m:{end}"}
    return {"job_id": job_id, "job_type": job_type, "status": "success", **times, "error_code": None, **more}


_PARTS = [
    _answer("$job-0", "$first", begin="$s", end="57", fail_reason=None),
    _answer("$job-1", "$second", begin="58", end="59", fail_reason=None),
]
_BODY = json.dumps(_answer("$job", "$first", begin="$s", end="59", fail_reason=None, sub_jobs=_PARTS))
_LOCATION = (
    'location ~ "^/v1/[0-9a-z]{32}/sfs-turbo/jobs/'
    r'(?<job>[0-9a-f]{8}-(?<h>\d\d)(?<m>\d\d)-4(?<kind>\d)(?<s>\d\d)-8000-[0-9a-f]{12})$"'
)
_CONFIGURATION = """
%(load_echo)s
daemon off;
master_process off;
pid %(folder)s/nginx.pid;
error_log %(folder)s/error.log crit;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 10000000;
    default_type application/json;
    server_tokens off;
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    add_header X-Request-Id $request_id;
    map $kind $first { %(first)s }
    map $kind $second { %(second)s }
    server {
        listen 127.0.0.1:%(plain)d backlog=4096;
        %(location)s { return 200 '%(body)s'; }
    }
    server {
        listen 127.0.0.1:%(tls)d ssl http2 backlog=4096;
        ssl_certificate %(folder)s/server.pem;
        ssl_certificate_key %(folder)s/server.pem;
        if ($server_protocol != HTTP/2.0) { return 505; }
        %(location)s { return 200 '%(body)s'; }
    }
    %(slow_server)s
}
"""
_SLOW_SERVER = """
    server {
        listen 127.0.0.1:%(slow)d backlog=4096;
        %(location)s { echo_sleep %(delay)g; echo '%(body)s'; }
    }
"""


def make_body(job_id: str) -> bytes:
    """Return what the server answers about a job."""
    _, time_of_day, kind, *_ = job_id.split("-")
    first, second = KINDS[int(kind[1])]
    hour, minute = time_of_day[:2], time_of_day[2:]
    return Template(_BODY).substitute(job=job_id, h=hour, m=minute, s=kind[2:], first=first, second=second).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Its name and its URLs: plain, over TLS, for which there is the file of its authority, and slow, None without."""

    name: str
    plain: str
    tls: str
    ca_file: Path
    slow: str | None


@contextmanager
def running_server(folder: Path) -> Iterator[Server | None]:
    """Serve until the end of the block, with files in the folder; None where nginx is not installed."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        yield None
        return
    plain, tls, slow = _find_ports(3)
    _write_files(folder, plain=plain, tls=tls, slow=slow)
    version = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=True).stderr
    command = [nginx, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    with _run_pinned(command) as process:
        _await_answer(f"http://127.0.0.1:{plain}", process)
        yield Server(
            name=version.strip().rpartition(" ")[2],
            plain=f"http://127.0.0.1:{plain}",
            tls=f"https://localhost:{tls}",
            ca_file=folder / "ca.pem",
            slow=f"http://127.0.0.1:{slow}" if _ECHO.exists() else None,
        )


def _write_files(folder: Path, *, plain: int, tls: int, slow: int) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "server.pem").chmod(0o600)
    location = {"location": _LOCATION, "body": _BODY}
    first, second = ("".join(f"{kind} {types[n]}; " for kind, types in enumerate(KINDS)) for n in (0, 1))
    values = {
        "folder": folder,
        "plain": plain,
        "tls": tls,
        "first": first,
        "second": second,
        "load_echo": f"load_module {_ECHO};" if _ECHO.exists() else "",
        "slow_server": _SLOW_SERVER % {"slow": slow, "delay": DELAY, **location} if _ECHO.exists() else "",
        **location,
    }
    (folder / "nginx.conf").write_text(_CONFIGURATION % values)


@contextmanager
def _run_pinned(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
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
            with urllib.request.urlopen(f"{url}/v1/{PROJECT}/sfs-turbo/jobs/{make_id(0, 0)}", timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("nginx does not answer; see its error.log")
