"""A server that repeats all it was sent, in every form and every place, to every kind of credential."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from leaks import CANARY, FORMS, VISIBLE, leaks_of

from reconcile.signature import parse_authorization

TOKEN = "granted-canary-token-7f3a"
ISSUED = "issued-canary-secret-7f3a"
AGENCY = {"HW_ASSUME_ROLE_AGENCY_NAME": "a", "HW_ASSUME_ROLE_DOMAIN_NAME": "d"}
KINDS = {
    "token": {"OS_TOKEN": VISIBLE},
    "access-key": {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": VISIBLE},
    "temporary-access-key": {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": VISIBLE, "HW_SECURITY_TOKEN": TOKEN},
    "password": {
        "OS_USERNAME": "u",
        "OS_USER_DOMAIN_ID": "d",
        "OS_PASSWORD": CANARY,
    },
    "application-credential": {"OS_APPLICATION_CREDENTIAL_ID": "i", "OS_APPLICATION_CREDENTIAL_SECRET": CANARY},
    "id-token": {"HW_ASSUME_ROLE_IDP_ID": "i", "HW_ASSUME_ROLE_ID_TOKEN": VISIBLE},
    "agency": {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": VISIBLE} | AGENCY,
    "id-token-and-agency": {"HW_ASSUME_ROLE_IDP_ID": "i", "HW_ASSUME_ROLE_ID_TOKEN": VISIBLE} | AGENCY,
}
SIGNED = {"access-key", "temporary-access-key", "id-token", "agency", "id-token-and-agency"}


def reflect(request, form: Callable[[str], str], secret: str):
    """Answer with the secret and everything of the request, in a way that depends on the job."""
    echoes = [form(secret), *map(form, request.headers.values())]
    echoes += [form(json.dumps(json.loads(request.body), ensure_ascii=False))] if request.method == "POST" else []
    text = " ".join(echoes)
    job_id = request.path.rpartition("/")[2]
    header = quote(text[:3000], safe="=,;:/ +%\"'-_.~")
    match job_id:
        case "job":
            return 200, {}, {"job_id": "job", "status": "failed", "fail_reason": text, "job_type": text}
        case "other":
            return 200, {}, {"job_id": text, "status": "failed"}
        case "word":
            return 200, {}, {"job_id": "word", "status": text}
        case "html":
            return 404, {"Content-Type": header, "X-Request-Id": header}, text.encode()
        case "redirect":
            return 302, {"Location": f"https://{quote(text[:3000], safe='=+')}.test/{header}"}, b""
        case "missing":
            return 404, {}, {"errCode": text, "errMsg": text}
        case _:
            code = 400 if job_id == "refused" else 401
            return code, {}, {"error_code": text, "error_msg": text, "request_id": text}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_comes_back_A20_A21_A22_A23(serve, plan, caplog, kind: str, form: str) -> None:
    signatures: set[str] = set()
    secret = CANARY if CANARY in KINDS[kind].values() else VISIBLE

    def answer(request):
        if request.path.endswith("/securitytokens"):
            return 201, {}, {"credential": {"access": "AK2", "secret": ISSUED, "securitytoken": TOKEN}}
        if request.method == "POST":
            return 201, {"X-Subject-Token": TOKEN}, {"token": {"project": {"id": "p"}}}
        authorization = parse_authorization(request.headers.get("Authorization", ""))
        signatures.update([authorization.signature] if authorization else [])
        return reflect(request, FORMS[form], secret)

    jobs = ("job", "other", "word", "html", "redirect", "missing", "refused", "x")
    with serve(answer) as url, caplog.at_level("DEBUG"):
        urls = {"OS_AUTH_URL": f"{url}/v3", "HW_AUTH_URL": url}
        outcome = plan({"otc": jobs}, {"otc": url}, {**KINDS[kind], **urls}, "--verbose")
    assert "[redacted]" in outcome.written
    # A key that was issued is renewed once, and then signs once more, if not within the same second.
    assert len(signatures) in ((8, 9) if kind in SIGNED else (0,))
    for each in (secret, TOKEN, ISSUED, *signatures):
        assert not [piece for piece in leaks_of(each) if piece in outcome.written or piece in caplog.text]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["password", "application-credential", "id-token", "agency"])
def test_an_identity_service_that_repeats_what_it_was_sent_A23(serve, plan, kind: str, form: str) -> None:
    secret = CANARY if CANARY in KINDS[kind].values() else VISIBLE
    with serve(lambda request: reflect(request, FORMS[form], secret)) as url:
        urls = {"OS_AUTH_URL": f"{url}/v3", "HW_AUTH_URL": url}
        outcome = plan({"otc": ["job"]}, {"otc": url}, {**KINDS[kind], **urls})
    assert "[redacted]" in outcome.written
    assert not [piece for piece in leaks_of(secret) if piece in outcome.written]


@pytest.mark.parametrize("kind", KINDS)
def test_no_log_has_a_secret_of_a_server_that_cannot_be_reached_A21(plan, caplog, kind: str) -> None:
    environ = {**KINDS[kind], "OS_AUTH_URL": "http://127.0.0.1:1/v3", "HW_AUTH_URL": "http://127.0.0.1:1"}
    with caplog.at_level("DEBUG"):
        plan({"otc": ["job"]}, {"otc": "http://127.0.0.1:1"}, environ, "--timeout", "100ms")
    assert "canary" not in caplog.text
