"""A server that repeats all it was sent, in every form and every place, to every kind of credential."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import httpx
import pytest

from reconcile.fetch import Pace, fetch_all, open_transport, resolve_targets
from reconcile.signature import parse_authorization

CANARY = 'canary/7f3a+9c51"é='
VISIBLE = 'canary/7f3a+9c51"='
TOKEN = "granted-canary-token-7f3a"
KINDS = {
    "token": {"OS_TOKEN": VISIBLE},
    "access-key": {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": VISIBLE},
    "temporary-access-key": {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": VISIBLE, "HW_SECURITY_TOKEN": TOKEN},
    "password": {
        "OS_AUTH_URL": "https://iam.test/v3",
        "OS_USERNAME": "u",
        "OS_USER_DOMAIN_ID": "d",
        "OS_PASSWORD": CANARY,
    },
}
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "url": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "lower-url": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"),
    "json": json.dumps,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(b"x" + text.encode()).decode(),
}


def leaks_of(secret: str) -> set[str]:
    """List pieces of a secret by which it would be recognised, in any of the forms."""
    pieces = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
    for offset in range(3):
        pieces.add(base64.b64encode(b" " * offset + secret.encode()).decode()[4:-4])
    return pieces


def reflect(request: httpx.Request, form: Callable[[str], str], secret: str) -> httpx.Response:
    """Answer with the secret and everything of the request, in a way that depends on the job."""
    echoes = [form(secret), *(form(value.decode("latin-1")) for _, value in request.headers.raw)]
    echoes += [form(json.dumps(json.loads(request.read()), ensure_ascii=False))] if request.method == "POST" else []
    text = " ".join(echoes)
    job_id = (request.extensions.get("target") or request.url.raw_path).rpartition(b"/")[2].decode()
    header = quote(text[:8000], safe="=,;:/ +%\"'-_.~")
    match job_id:
        case "job":
            return httpx.Response(
                200, json={"job_id": "job", "status": "failed", "fail_reason": text, "job_type": text}
            )
        case "other":
            return httpx.Response(200, json={"job_id": text, "status": "failed"})
        case "word":
            return httpx.Response(200, json={"job_id": "word", "status": text})
        case "html":
            return httpx.Response(404, headers={"Content-Type": header, "X-Request-Id": header}, content=text.encode())
        case "redirect":
            return httpx.Response(302, headers={"Location": f"https://{quote(text[:4000], safe='=+')}.test/{header}"})
        case "missing":
            return httpx.Response(404, json={"errCode": text, "errMsg": text})
        case _:
            code = 400 if job_id == "refused" else 401
            return httpx.Response(code, json={"error_code": text, "error_msg": text, "request_id": text})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_comes_back_A20_A22_A23(make_job, make_provider, kind: str, form: str) -> None:
    signatures: set[str] = set()
    secret = CANARY if kind == "password" else VISIBLE

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            document = {"token": {"project": {"id": "p"}}}
            return httpx.Response(201, headers={"X-Subject-Token": TOKEN}, json=document)
        authorization = parse_authorization(request.headers.get("Authorization", ""))
        signatures.update([authorization.signature] if authorization else [])
        return reflect(request, FORMS[form], secret)

    provider = make_provider(project_id="p")
    targets = resolve_targets([provider], endpoints=[], environ=KINDS[kind])
    jobs = [
        make_job(name, provider) for name in ("job", "other", "word", "html", "redirect", "missing", "refused", "x")
    ]
    observations = fetch_all(jobs, targets, transport=httpx.MockTransport(answer), timeout=5, pace=Pace(attempts=1))
    shown = repr(observations)
    assert "[redacted]" in shown
    assert len(signatures) == (8 if "access-key" in kind else 0)
    for each in (secret, TOKEN, *signatures):
        assert not [piece for piece in leaks_of(each) if piece in shown]


@pytest.mark.parametrize("form", FORMS)
def test_an_identity_service_that_repeats_the_password_A23(make_job, make_provider, form: str) -> None:
    provider = make_provider(project_id="p")
    targets = resolve_targets([provider], endpoints=[], environ=KINDS["password"])
    transport = httpx.MockTransport(lambda request: reflect(request, FORMS[form], CANARY))
    (observation,) = fetch_all([make_job("job", provider)], targets, transport=transport, timeout=5)
    assert "[redacted]" in repr(observation)
    assert not [piece for piece in leaks_of(CANARY) if piece in repr(observation)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_log_has_a_secret_A21(make_job, make_provider, caplog, kind: str) -> None:
    provider = make_provider(project_id="p")
    environ = {**KINDS[kind], "OS_AUTH_URL": "http://127.0.0.1:1/v3"}
    targets = resolve_targets([provider], endpoints=["http://127.0.0.1:1"], environ=environ)
    with caplog.at_level("DEBUG"):
        fetch_all([make_job("job", provider)], targets, transport=open_transport(), timeout=5, pace=Pace(attempts=1))
    assert "canary" not in caplog.text
