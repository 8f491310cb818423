"""What stands between a manifest and a first plan: one request per provider finds it out."""

import asyncio
import json
import ssl
from datetime import UTC, datetime

import httpx
import pytest
import trustme
from fault_server import serving
from program import main

from reconcile.fetch.probe import NO_SUCH_JOB

PROVIDER = "{api: sfs-turbo, cloud: otc, region: eu-de, project_id: PROJECT}"
MANIFEST = f"version: 1\nproviders: {{otc: {PROVIDER.replace('PROJECT', 'p1')}}}\njobs: {{a: {{job_id: id-a}}}}\n"
TOKEN = {"RECONCILE_TOKEN": "c4n4ry-token"}
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MISSING = {"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Job Id"}


@pytest.fixture
def examine(tmp_path, monkeypatch, capsys):
    """Run `reconcile doctor` against an answer or an error; return exit code, stdout, stderr and the requests."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)

    def run(*argv, answer=None, environ=None, manifest=MANIFEST):
        (tmp_path / "reconcile.yaml").write_text(manifest)
        requests = []

        def respond(request):
            requests.append(request)
            reply = httpx.Response(404, json=MISSING) if answer is None else answer
            if isinstance(reply, Exception):
                raise reply
            return reply

        code = main(
            ["doctor", *argv],
            environ=TOKEN if environ is None else environ,
            transport=httpx.MockTransport(respond),
            clock=lambda: NOW,
        )
        return code, *capsys.readouterr(), requests

    return run


def checks_of(out, provider=0):
    return {each["name"]: each for each in json.loads(out)["providers"][provider]["checks"]}


def test_a_job_that_cannot_exist_proves_host_path_project_and_credential(examine):
    code, out, err, requests = examine()
    assert (code, err) == (0, "reconcile: using reconcile.yaml\n")
    assert out == (
        "provider otc: sfs-turbo, otc eu-de, project p1\n"
        "  ok       credential  token from RECONCILE_TOKEN\n"
        "  ok       endpoint    https://sfs-turbo.eu-de.otc.t-systems.com, from the built-in table\n"
        "  ok       connection  TLS, verified by public authorities\n"
        "  skipped  clock       the answer has no date\n"
        "  ok       project     p1 in otc eu-de: the API answers\n"
        "\n"
        "Doctor: the provider is ready.\n"
    )
    (request,) = requests
    assert (request.method, request.url.path) == ("GET", f"/v1/p1/sfs-turbo/jobs/{NO_SUCH_JOB}")
    assert request.headers["x-auth-token"] == TOKEN["RECONCILE_TOKEN"]


GATEWAY = {"error_code": "APIGW.0101", "error_msg": "no API", "request_id": "r"}
PAGE = {"content": b"<html>Sign in</html>", "headers": {"content-type": "text/html"}}


@pytest.mark.parametrize(
    ("answer", "failed", "code"),
    [
        (httpx.Response(404, json=GATEWAY), "endpoint", "RC404"),
        (httpx.Response(404, **PAGE), "endpoint", "RC404"),
        (httpx.Response(200, **PAGE), "endpoint", "RC412"),
        (httpx.Response(302, headers={"location": "https://portal.invalid/"}), "endpoint", "RC410"),
        (httpx.Response(401, json={**GATEWAY, "error_code": "APIGW.0301"}), "credential", "RC401"),
        (httpx.Response(403, json={"errCode": "SFS.TURBO.9000", "errMsg": "no privileges"}), "project", "RC403"),
        (httpx.Response(400, json={"errCode": "SFS.TURBO.0001", "errMsg": "c4n4ry-token"}), "project", "RC400"),
        (httpx.Response(500, json={"errCode": "SFS.TURBO.0005", "errMsg": "x"}), "connection", "RC500"),
        (httpx.Response(200, json={"job_id": NO_SUCH_JOB, "status": "success"}), "project", "RC414"),
        (httpx.ConnectError("refused"), "connection", "RC310"),
        (httpx.ReadTimeout("slow"), "connection", "RC312"),
    ],
    ids=str,
)
def test_it_says_which_part_is_wrong(examine, answer, failed, code):
    ended, out, err, _ = examine("-o", "json", answer=answer)
    checks = checks_of(out)
    assert (ended, json.loads(out)["healthy"], err) == (1, False, "")
    assert [name for name, check in checks.items() if check["status"] == "failed"] == [failed]
    assert checks[failed]["code"] == code
    assert (checks["project"]["status"] == "ok") is False
    assert "c4n4ry" not in out


@pytest.mark.parametrize(
    ("date", "status", "exit_code"),
    [
        ("Sun, 22 Nov 2026 11:59:30 GMT", "ok", 0),
        ("Sun, 22 Nov 2026 11:55:00 GMT", "warning", 0),
        ("Sun, 22 Nov 2026 12:16:00 GMT", "failed", 1),
        ("yesterday", "skipped", 0),
    ],
)
@pytest.mark.parametrize("strict", [(), ("--strict",)], ids=str)
def test_clocks_that_differ_are_told(examine, date, status, exit_code, strict):
    answer = httpx.Response(404, json=MISSING, headers={"date": date})
    code, out, _, _ = examine("-o", "json", *strict, answer=answer)
    assert checks_of(out)["clock"]["status"] == status
    assert code == (1 if strict and status == "warning" else exit_code)


@pytest.mark.parametrize("name", ["RECONCILE_TOKN", "RECONCILE_TOKEN_OCT", "RECONCILE_ENDPIONT", "HW_ACCES_KEY"])
def test_u50_a_variable_with_nearly_the_right_name_is_pointed_out(examine, name):
    _, out, _, _ = examine("-o", "json", environ={**TOKEN, name: "https://a.invalid", "OS_ARCH": "x", "PATH": "/bin"})
    check = checks_of(out)["variables"]
    assert check["status"] == "warning"
    assert check["message"].startswith(f"'{name}' is set: did you mean '")
    assert "a.invalid" not in out


def test_u50_a_variable_that_a_hint_points_out_is_not_pointed_out_twice(examine):
    _, out, _, _ = examine(environ={"RECONCILE_TOKN": "x"})
    assert out.count("RECONCILE_TOKN") == 1


def test_each_provider_is_examined_even_if_another_has_no_credential(examine):
    one, other = PROVIDER.replace("PROJECT", "p1"), PROVIDER.replace("PROJECT", "p2")
    jobs = "jobs: {a: {job_id: id-a, provider: one}, b: {job_id: id-b, provider: two}}"
    manifest = f"version: 1\nproviders: {{one: {one}, two: {other}}}\n{jobs}\n"
    environ = {"RECONCILE_TOKEN_TWO": "c4n4ry-token"}
    code, out, _, requests = examine("-o", "json", manifest=manifest, environ=environ)
    assert (code, len(requests)) == (1, 1)
    assert checks_of(out, 0)["credential"]["code"] == "RC301"
    assert checks_of(out, 0)["project"]["status"] == "skipped"
    assert checks_of(out, 1)["project"]["status"] == "ok"


def test_a_login_that_fails_is_the_credential(examine):
    environ = {"OS_USERNAME": "u", "OS_PASSWORD": "c4n4ry-secret", "OS_USER_DOMAIN_NAME": "d"}
    code, out, _, requests = examine("-o", "json", environ=environ, answer=httpx.Response(401, json={}))
    assert (code, len(requests)) == (1, 1)
    assert requests[0].method == "POST"
    assert checks_of(out)["credential"]["code"] == "RC401"


def test_a_bad_manifest_is_json_too(examine):
    code, out, _, requests = examine("-o", "json", manifest="version: 2\n")
    assert (code, requests, json.loads(out)["providers"]) == (1, [], [])
    assert json.loads(out)["errors"]


@pytest.mark.parametrize(("trusted", "code", "failed"), [(True, 0, []), (False, 1, ["connection"])])
def test_tls_is_verified_before_a_token_is_sent(tmp_path, monkeypatch, capsys, trusted, code, failed):
    async def answer(wire):
        await wire.read_request()
        body = json.dumps(MISSING).encode()
        head = f"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        await wire.send(head.encode() + body)

    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    mine, other = trustme.CA(), trustme.CA()
    (mine if trusted else other).cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mine.issue_cert("127.0.0.1").configure_cert(context)
    with serving(answer, tls=context) as server:
        argv = ["doctor", "--endpoint", f"https://127.0.0.1:{server.port}", "--ca-file", "ca.pem", "-o", "json"]
        assert main(argv, environ=TOKEN) == code
        assert len(server.requests) == (1 if trusted else 0)
    checks = checks_of(capsys.readouterr().out)
    assert [name for name, check in checks.items() if check["status"] == "failed"] == failed
    told = "TLS, verified by the certificates of ca.pem" if trusted else "the certificate is not trusted"
    assert told in checks["connection"]["message"]
    assert checks["connection"]["code"] == (None if trusted else "RC311")


def test_a_server_that_never_answers_is_waited_for_within_the_timeout(tmp_path, monkeypatch, capsys):
    async def hang(wire):
        await wire.read_request()
        await asyncio.sleep(60)

    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconcile.yaml").write_text(MANIFEST)
    with serving(hang) as server:
        argv = ["doctor", "--endpoint", f"http://127.0.0.1:{server.port}", "--timeout", "300ms", "-o", "json"]
        assert main(argv, environ=TOKEN) == 1
    check = checks_of(capsys.readouterr().out)["connection"]
    assert check["code"] == "RC312"
    assert "no answer within the time limit of the run" in check["message"]
