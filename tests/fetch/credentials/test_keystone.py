import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from reconcile.codes import Code
from reconcile.fetch import fetch_all, resolve_targets
from reconcile.fetch.credentials import Credential, CredentialError, UnsignedRequest, find_credential
from reconcile.fetch.policy import Setback
from reconcile.fetch.redaction import Redactor

PASSWORD = "canary-7f3a9c51"
LOGIN = {
    "OS_AUTH_URL": "https://iam.test/v3",
    "OS_USERNAME": "u",
    "OS_PASSWORD": PASSWORD,
    "OS_USER_DOMAIN_NAME": "d",
}
REQUEST = UnsignedRequest(method="GET", authority="api.test", target="/v1/p/jobs/j", headers={})


class Identity(httpx.AsyncBaseTransport):
    """An identity service that answers with what it is given, the last again and again, and remembers the questions."""

    def __init__(self, *answers: httpx.Response | httpx.RequestError) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0)
        await self.may_answer.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, httpx.RequestError):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def grant(token: str, project_id: str = "p") -> httpx.Response:
    return httpx.Response(201, headers={"X-Subject-Token": token}, json={"token": {"project": {"id": project_id}}})


def refusal(status_code: int, message: str = "no") -> httpx.Response:
    return httpx.Response(status_code, json={"error": {"code": status_code, "message": message, "title": "t"}})


@pytest.fixture
def make_login(make_provider) -> Callable[..., Credential]:
    def make(**environ: str) -> Credential:
        return find_credential(make_provider(project_id="p"), environ={**LOGIN, **environ})

    return make


async def ask(login: Credential, identity: Identity, times: int) -> list[str | CredentialError]:
    """Ask for headers so many times at once; return the token or the error of each."""

    async def ask_once() -> str | CredentialError:
        try:
            return (await login.headers(REQUEST, transport=identity))["X-Auth-Token"]
        except CredentialError as error:
            return error

    return list(await asyncio.gather(*(ask_once() for _ in range(times))))


@pytest.mark.parametrize(
    ("environ", "user", "project"),
    [
        ({}, {"name": "u", "domain": {"name": "d"}}, {"id": "p"}),
        ({"OS_USER_DOMAIN_ID": "d-id"}, {"name": "u", "domain": {"id": "d-id"}}, {"id": "p"}),
        ({"OS_USER_ID": "u-id"}, {"id": "u-id"}, {"id": "p"}),
        ({"OS_PROJECT_ID": "p", "OS_PROJECT_NAME": "n"}, {"name": "u", "domain": {"name": "d"}}, {"id": "p"}),
        (
            {"OS_PROJECT_NAME": "eu-de"},
            {"name": "u", "domain": {"name": "d"}},
            {"name": "eu-de", "domain": {"name": "d"}},
        ),
        (
            {"OS_PROJECT_NAME": "eu-de", "OS_PROJECT_DOMAIN_ID": "pd"},
            {"name": "u", "domain": {"name": "d"}},
            {"name": "eu-de", "domain": {"id": "pd"}},
        ),
        ({"OS_USER_ID": "u-id", "OS_PROJECT_NAME": "n", "OS_USER_DOMAIN_NAME": "d"}, {"id": "u-id"}, None),
    ],
)
def test_user_and_project_are_asked_for_as_the_operator_named_them(make_login, environ, user, project) -> None:
    identity = Identity(grant("t1"))
    assert asyncio.run(ask(make_login(**environ), identity, 1)) == ["t1"]
    auth = json.loads(identity.requests[0].read())["auth"]
    assert auth["identity"]["password"]["user"] == {**user, "password": PASSWORD}
    assert project is None or auth["scope"]["project"] == project


def test_a_token_is_fetched_once_for_all_who_wait_and_then_hidden(make_login) -> None:
    async def run() -> None:
        login, identity = make_login(), Identity(grant("token-one"))
        redact = Redactor(login.secrets)
        assert redact(f"token-one {PASSWORD}") == "token-one [redacted]"
        assert await ask(login, identity, 64) == ["token-one"] * 64
        assert len(identity.requests) == 1
        assert redact(f"token-one {PASSWORD}") == "[redacted] [redacted]"
        first = await login.headers(REQUEST, transport=identity)
        assert first is await login.headers(REQUEST, transport=identity)
        assert "canary" not in f"{login} {login!r}"
        assert "token-one" not in f"{login} {login!r}"

    asyncio.run(run())


def test_a_wrong_password_is_tried_once_A23_D26(make_login) -> None:
    async def run() -> None:
        login, identity = make_login(), Identity(refusal(401, f"wrong password {PASSWORD}"))
        errors = [*await ask(login, identity, 64), *await ask(login, identity, 1)]
        assert {error.problem.code for error in errors if isinstance(error, CredentialError)} == {Code.UNAUTHENTICATED}
        assert len(errors) == 65
        assert len(identity.requests) == 1
        assert not await login.renew(None)
        assert PASSWORD not in repr(errors)
        assert "[redacted]" in repr(errors[0])

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "setback"),
    [
        (refusal(503), Setback.NOISE),
        (refusal(429), Setback.THROTTLED),
        (httpx.ConnectError("refused"), Setback.NOISE),
    ],
)
def test_a_passing_failure_is_shared_by_who_waited_and_may_be_got_over(make_login, answer, setback) -> None:
    async def run() -> None:
        login, identity = make_login(), Identity(answer, grant("t1"))
        errors = await ask(login, identity, 8)
        assert [error.setback for error in errors if isinstance(error, CredentialError)] == [setback] * 8
        assert len(identity.requests) == 1
        assert await ask(login, identity, 8) == ["t1"] * 8
        assert len(identity.requests) == 2

    asyncio.run(run())


def test_a_failure_on_the_way_names_the_identity_service(make_login) -> None:
    (error,) = asyncio.run(ask(make_login(), Identity(httpx.ConnectError("no connection")), 1))
    assert isinstance(error, CredentialError)
    assert error.problem.message == "https://iam.test: no connection"


def test_whoever_fetches_may_be_cancelled_and_the_next_one_fetches(make_login) -> None:
    async def run() -> None:
        login, identity = make_login(), Identity(grant("t1"))
        identity.may_answer.clear()
        first = asyncio.create_task(ask(login, identity, 1))
        await asyncio.sleep(0)
        others = asyncio.create_task(ask(login, identity, 8))
        await asyncio.sleep(0.001)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        identity.may_answer.set()
        assert await others == ["t1"] * 8
        assert len(identity.requests) == 2

    asyncio.run(run())


def test_a_rejected_token_is_renewed_once_whoever_asks_D25_D26(make_login) -> None:
    async def run() -> None:
        login, identity = make_login(), Identity(grant("t1"), grant("t2"), grant("t3"))
        first = await login.headers(REQUEST, transport=identity)
        # Many requests were under way with the first token, and some learn late that it is not good any more.
        assert [await login.renew(first) for _ in range(8)] == [True] * 8
        second = await login.headers(REQUEST, transport=identity)
        assert await login.renew(first)
        assert await login.headers(REQUEST, transport=identity) is second
        assert not await login.renew(second)
        assert second == {"X-Auth-Token": "t2"}
        assert len(identity.requests) == 2
        assert Redactor(login.secrets)("t1t2") == "t1t2"

    asyncio.run(run())


def test_password_and_token_go_where_they_belong_and_nowhere_else_A25(make_provider, make_job) -> None:
    seen: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = seen.get(request.url.host, "") + request.read().decode() + str(request.headers.raw)
        if request.method == "POST":
            return grant("token-of-the-first")
        job_id = request.url.path.rpartition("/")[2] or request.extensions["target"].rpartition(b"/")[2].decode()
        return httpx.Response(200, json={"job_id": job_id, "status": "success"})

    one, two = make_provider("one", project_id="p"), make_provider("two", region="eu-nl", project_id="p")
    targets = resolve_targets([one, two], endpoints=[], environ={**LOGIN, "RECONCILE_TOKEN_TWO": "token-of-the-second"})
    jobs = [make_job("a", one), make_job("b", two)]
    fetch_all(jobs, targets, transport=httpx.MockTransport(answer), timeout=5)
    secrets = {"password": PASSWORD, "first": "token-of-the-first", "second": "token-of-the-second"}
    assert {host: [name for name, secret in secrets.items() if secret in text] for host, text in seen.items()} == {
        "iam.test": ["password"],
        "sfs-turbo.eu-de.otc.t-systems.com": ["first"],
        "sfs-turbo.eu-nl.otc.t-systems.com": ["second"],
    }


def test_a_token_for_another_project_is_not_used(make_login) -> None:
    login = make_login(OS_PROJECT_NAME="eu-nl")
    (error,) = asyncio.run(ask(login, Identity(grant("t1", "p2")), 1))
    assert isinstance(error, CredentialError)
    assert error.problem.code is Code.OTHER_PROJECT
