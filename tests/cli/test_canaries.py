"""Every kind of credential through every output, with servers that repeat every secret."""

import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from leaks import CANARY, FORMS, VISIBLE, leaks_of
from program import main

from reconcile.fetch import Pace
from reconcile.recording import JOURNAL
from reconcile.report import FORMATS
from reconcile.signature import parse_authorization

ID_TOKEN, TOKEN, ISSUED = "canary.id-token.7f3a", "canary-token-7f3a", "canary-secret-7f3a"
REQUEST_TOKEN, METADATA_TOKEN = "canary-request-7f3a", "canary-metadata-7f3a"
SECRETS = (CANARY, VISIBLE, ID_TOKEN, TOKEN, ISSUED, REQUEST_TOKEN, METADATA_TOKEN)

IAM, STS = "https://iam.test/v3", "https://sts.test"
KEY = {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": VISIBLE, "HW_AUTH_URL": IAM}
IDP = {"RECONCILE_OIDC_IDP_ID": "i", "RECONCILE_AUTH_URL": IAM}
KINDS = {
    "token": {"OS_TOKEN": VISIBLE},
    "access-key": KEY,
    "temporary-access-key": {**KEY, "HW_SECURITY_TOKEN": TOKEN},
    "password": {"OS_USERNAME": "u", "OS_USER_DOMAIN_ID": "d", "OS_PASSWORD": CANARY, "OS_AUTH_URL": IAM},
    "application-credential": {
        "OS_APPLICATION_CREDENTIAL_ID": "i",
        "OS_APPLICATION_CREDENTIAL_SECRET": CANARY,
        "OS_AUTH_URL": IAM,
    },
    "id-token": {**IDP, "RECONCILE_OIDC_ID_TOKEN": ID_TOKEN},
    "id-token-file": {
        "HUAWEICLOUD_OIDC_PROVIDER_URN": "p",
        "HUAWEICLOUD_OIDC_AGENCY_URN": "a",
        "HUAWEICLOUD_OIDC_TOKEN_FILE": "../home/token",
        "HUAWEICLOUD_SDK_STS_ENDPOINT": STS,
    },
    "github": {
        **IDP,
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.test/id-token?v=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
    },
    "agencies": {**KEY, "HW_ASSUME_ROLE_AGENCY_NAME": "a, b", "HW_ASSUME_ROLE_DOMAIN_NAME": "c, d"},
    "hcloud-profile": {"HW_PROFILE": "gate"},
    "sdk-profile": {},
    "clouds-yaml": {"OS_CLOUD": "c", "OS_CLIENT_CONFIG_FILE": "../home/clouds.yaml"},
    "metadata": {"HOME": "nowhere"},
}
PROFILE = {"name": "gate", "accessKeyId": "AK", "secretAccessKey": VISIBLE, "securityToken": TOKEN}
CLOUD = {"auth": {"username": "u", "user_domain_id": "d", "password": CANARY, "auth_url": IAM}}
FILES = {
    "token": ID_TOKEN,
    "clouds.yaml": json.dumps({"clouds": {"c": CLOUD}}),
    ".hcloud/config.json": json.dumps({"current": "gate", "profiles": [PROFILE]}),
    ".huaweicloud/credentials": f"[basic]\nak = AK\nsk = {VISIBLE.replace('%', '%%')}\n",
}
IN_FILES = {
    "id-token-file": [ID_TOKEN],
    "clouds-yaml": [CANARY],
    "hcloud-profile": [VISIBLE, TOKEN],
    "sdk-profile": [VISIBLE],
}
"""The secrets of each kind that are in no variable."""
HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p}}\njobs: "
SUBJECT = f"app@sha256:{'a' * 64}"
REPORTS = tuple(f"--report={name}=report.{name}" for name in FORMATS)


class Echo(httpx.BaseTransport):
    """The identity services and the job API: all know every secret, and what was signed with one."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = dict.fromkeys(known)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        authorization = parse_authorization(request.headers.get("authorization", ""))
        self._learn(authorization.signature if authorization is not None else None)
        match request.method, request.url.path.rpartition("/")[2]:
            case "PUT", _:
                return httpx.Response(200, text=self._learn(METADATA_TOKEN))
            case _, "id-token":
                return httpx.Response(200, json={"value": self._learn(ID_TOKEN)})
            case _, "securitytokens" | "securitykey":
                return httpx.Response(200, json={"credential": self._issue("access", "secret", "securitytoken")})
            case _, "assume-with-oidc":
                names = ("access_key_id", "secret_access_key", "security_token")
                return httpx.Response(200, json={"credentials": self._issue(*names)})
            case "POST", _:
                headers = {"X-Subject-Token": str(self._learn(TOKEN))}
                return httpx.Response(201, headers=headers, json={"token": {"project": {"id": "p"}}})
            case _, job_id:
                return self._answer(job_id)

    def _learn(self, secret: str | None) -> str | None:
        self.known.update({secret: None} if secret else {})
        return secret

    def _issue(self, key: str, secret: str, token: str) -> dict[str, str | None]:
        return {
            key: "AK2",
            secret: self._learn(ISSUED),
            token: self._learn(TOKEN),
            "expires_at": "2099-01-01T00:00:00Z",
        }

    def _answer(self, job_id: str) -> httpx.Response:
        text = " ".join(map(FORMS.get(job_id, str), self.known))
        match job_id:
            case "refused":
                return httpx.Response(400, json={"errCode": text, "errMsg": text})
            case "page":
                return httpx.Response(404, text=text, headers={"Content-Type": quote(text, safe="/+ ")})
            case _:
                return httpx.Response(200, json={"job_id": job_id, "status": "failed", "fail_reason": text})


class Crash(Echo):
    """
    A job API that lets the program crash in the end, with every secret in the text of the error.

    `left` is what a kill at that moment would leave behind, by the path of the file.
    """

    left: dict[str, str]

    def _answer(self, job_id: str) -> httpx.Response:
        if job_id == "page":
            self.left = _read_files()
            raise RuntimeError(" ".join(self.known))
        return super()._answer(job_id)


def _read_files() -> dict[str, str]:
    """Return the texts of all files here, by path."""
    return {str(path): path.read_bytes().decode("utf-8", "replace") for path in Path().rglob("*") if path.is_file()}


@pytest.fixture
def work(tmp_path, monkeypatch, write_keys) -> Path:
    """Return the folder of the runs; what holds credentials is in another one."""
    for name, text in FILES.items():
        (tmp_path / "home" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / name).write_text(text)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    write_keys("gate")
    Path("decided.yaml").write_text(HEAD + json.dumps({form: {"job_id": form} for form in FORMS}))
    Path("mixed.yaml").write_text(HEAD + json.dumps({name: {"job_id": name} for name in ("plain", "refused", "page")}))
    return tmp_path / "work"


@pytest.mark.parametrize("kind", KINDS)
def test_no_output_shows_a_secret_A20_A21_A22_A23(work, capsys, caplog, kind: str) -> None:
    known = (*IN_FILES.get(kind, ()), *(secret for secret in SECRETS if secret in KINDS[kind].values()))
    echo, crash = Echo(known), Crash(known)
    environ = {"HOME": str(work.parent / "home"), "RECONCILE_RUN_ID": "run", **KINDS[kind]}
    texts: list[str] = []

    def run(*argv: str, transport: httpx.BaseTransport = echo, asks: bool = True) -> int:
        access = ("--endpoint=https://api.test", "--metadata-credentials") if asks else ()
        code = main([*argv, *access], environ=environ, transport=transport, pace=Pace(attempts=1))
        texts.extend(capsys.readouterr())
        return code

    evidence = ("--out", "plan.json", "--sign-with", "gate.pem", "--attest", "receipt.json", "--subject", SUBJECT)
    step = ("--github-summary", "summary.md", "--github-output", "output.txt")
    with caplog.at_level("DEBUG"):
        assert run("plan", "decided.yaml", "-vv", "--full", *REPORTS, *evidence, *step) == 2
        assert run("plan", "mixed.yaml", "-vv", "--record", "tape") == 1
        assert run("plan", "mixed.yaml", "--resume", "tape", "-o", "json") == 1
        assert run("plan", "mixed.yaml", "--replay", "tape", "-o", "sarif", asks=False) == 1
        assert run("plan", "decided.yaml", "--baseline", "plan.json") == 2
        assert run("doctor", "decided.yaml", "-o", "json") in (0, 1)
        assert run("import", "plain", "base64", "--manifest", "decided.yaml", "-v") == 0
        assert run("prove", "decided.yaml", "-v") in (0, 1, 2)
        assert run("show", "plan.json", "-o", "html", asks=False) == 0
        assert run("accept", "plan.json", asks=False) in (0, 1)
        crashes = (f"--report={name}=crash.{name}" for name in FORMATS)
        assert run("plan", "mixed.yaml", "-vv", "--record", "crashed", *crashes, transport=crash) == 1
    assert "RC009" in texts[-1]
    files = _read_files()
    assert {"receipt.json", "tape/recording.json"} <= files.keys()
    assert "[redacted]" in crash.left[f"crashed/{JOURNAL}"]
    texts += [*files.values(), *crash.left.values()]
    assert sum("[redacted]" in text.replace("\\", "") for text in texts) > len(FORMATS)
    leaks = {piece for secret in (*SECRETS, *echo.known, *crash.known) for piece in leaks_of(secret)}
    assert [piece for piece in leaks if piece in caplog.text or any(piece in text for text in texts)] == []
