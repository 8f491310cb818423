"""The credential of a server of the cloud, asked over a socket at its real address."""

import json

import cloud_server
import program
import pytest

pytestmark = pytest.mark.skipif(not cloud_server.can_run(), reason="no network namespace can be made here")

MANIFEST = {
    "version": 1,
    "providers": {"otc": {"api": "sfs-turbo", "project_id": "p"}},
    "jobs": {"job": {"job_id": "job"}},
}


@pytest.fixture
def run(tmp_path):
    """Run the program on a server of the cloud; return the run, and what the metadata service was asked."""
    (tmp_path / "reconcile.yaml").write_text(json.dumps(MANIFEST))

    def run(*argv: str):
        asked = tmp_path / "asked.json"
        prefix = [*cloud_server.prefix(asked), *program.COMMAND]
        ended = program.run(*argv, prefix=prefix, cwd=tmp_path, env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"})
        return ended, json.loads(asked.read_text())

    return run


def test_the_flag_lets_the_server_prove_its_jobs(run) -> None:
    ended, asked = run("plan", "--metadata-credentials", "-vv")
    assert ended.returncode == 0, ended.stderr
    assert asked == [["PUT", "/meta-data/latest/api/token"], ["GET", "/openstack/latest/securitykey"]]
    assert "temporary access key from the metadata service" in ended.stderr
    assert not [
        secret
        for secret in ("metadata-token", "secret-server", "token-server")
        if secret in ended.stdout + ended.stderr
    ]


def test_a_proxy_never_sees_it(run) -> None:
    ended, asked = run("doctor", "--metadata-credentials", "--proxy", "http://127.0.0.1:1")
    assert len(asked) == 2
    assert "never through a proxy" in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        pytest.param([], "RC301", id="without-the-flag"),
        pytest.param(
            ["--endpoint", f"http://{cloud_server.ADDRESS}", "--metadata-credentials"], "RC305", id="A07-endpoint"
        ),
        pytest.param(["--endpoint", f"https://{cloud_server.ADDRESS}:80"], "RC305", id="A07-endpoint-without"),
    ],
)
def test_nothing_else_leads_there(run, argv, code: str) -> None:
    ended, asked = run("plan", *argv)
    assert (ended.returncode, asked) == (1, [])
    assert code in ended.stdout + ended.stderr
