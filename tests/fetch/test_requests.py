"""What a run requests, and of whom."""

import asyncio
import json
from random import Random

import httpx
import pytest
from clients import TransportClient
from fault_server import serving
from msgspec.structs import replace
from virtual_api import Asked, VirtualApi

from reconcile.codes import Code
from reconcile.fetch import CurlClient, Pace, TimeLimits, fetch_jobs, resolve_targets
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Absence
from reconcile.model.observation import Observation, Observed, Unobserved
from reconcile.rate import Rate

TOKEN = "canary-7f3a9c51"
SOURCE = Source(file="reconcile.yaml", line=1, column=1)
IDS = [f"job-{number:03}" for number in range(100)]


def job_id_of(request: httpx.Request) -> str:
    return path_of(request).rsplit("/", 1)[1]


def path_of(request: httpx.Request) -> str:
    return request.url.raw_path.decode()


def answer(job_id: str, status: str = "success") -> httpx.Response:
    return httpx.Response(200, json={"job_id": job_id, "status": status})


def fetch(jobs, handler, **options) -> tuple[Observation, ...]:
    providers = {job.provider.name: job.provider for job in jobs}.values()
    targets = resolve_targets(providers, endpoints=[], environ={"RECONCILE_TOKEN": TOKEN})
    client = TransportClient(httpx.MockTransport(handler))
    fetched = fetch_jobs(jobs, targets, client=client, **{"timeout": 5.0, **options})
    return tuple(each.observation for each in fetched)


def code_of(observation: Observation) -> Code:
    assert isinstance(observation, Unobserved)
    return observation.problem.code


def virtual(job_ids, reply, **options) -> tuple[list[Observation], VirtualApi]:
    """Fetch in virtual time, in which answers come in another order than requests."""
    providers = {job.provider.name: job.provider for job in job_ids}.values()
    targets = resolve_targets(providers, endpoints=[], environ={"RECONCILE_TOKEN": TOKEN})
    api = VirtualApi(reply)
    fetched = fetch_jobs(job_ids, targets, client=api, **{"timeout": 5.0, **options})
    return [each.observation for each in fetched], api


def test_the_order_is_that_of_the_jobs_whatever_the_order_of_answers(make_job) -> None:
    def reply(asked: Asked) -> httpx.Response:
        if asked.number == 1 and int(asked.job_id[-3:]) % 2:
            return httpx.Response(503)  # so that it is answered later than those after it
        return answer(asked.job_id, "failed" if int(asked.job_id[-3:]) % 3 else "success")

    observed, _ = virtual([make_job(job_id) for job_id in IDS], reply, timeout=300.0)
    assert [(o.job_id, o.status) for o in observed if isinstance(o, Observed)] == [
        (job_id, "failed" if number % 3 else "success") for number, job_id in enumerate(IDS)
    ]


def test_answers_that_were_swapped_are_accepted_for_neither_job_D08(make_job) -> None:
    swapped = {"a": "b", "b": "a"}
    observations = fetch([make_job("a"), make_job("b")], lambda request: answer(swapped[job_id_of(request)]))
    assert [code_of(observation) for observation in observations] == [Code.OTHER_JOB, Code.OTHER_JOB]


def test_one_remote_job_is_fetched_once(make_job, make_provider) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url.host}{path_of(request)}")
        return answer(job_id_of(request))

    elsewhere = make_provider("other", region="eu-nl")
    settled: list[int] = []
    observations = fetch(
        [make_job("a"), make_job("b"), make_job("a"), make_job("a", elsewhere)],
        handler,
        on_fetched=lambda index, _: settled.append(index),
    )
    assert len(asked) == len(set(asked)) == 3
    assert observations[0] == observations[2]
    assert sorted(settled) == [0, 1, 2, 3]


def test_a_request_carries_what_it_must_to_its_own_origin_alone_A25(make_job, make_provider) -> None:
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answer(job_id_of(request))

    jobs = [make_job("a", make_provider("one")), make_job("a", make_provider("two", region="eu-nl"))]
    targets = resolve_targets(
        [job.provider for job in jobs],
        endpoints=["two=http://127.0.0.1:8080"],
        environ={"RECONCILE_TOKEN_ONE": "token-one", "RECONCILE_TOKEN_TWO": "token-two"},
    )
    fetch_jobs(jobs, targets, client=TransportClient(httpx.MockTransport(handler)), timeout=5)
    path = "/v1/0123456789abcdef0123456789abcdef/sfs-turbo/jobs/a"
    assert {str(request.url): request.headers["X-Auth-Token"] for request in requests} == {
        f"https://sfs-turbo.eu-de.otc.t-systems.com{path}": "token-one",
        f"http://127.0.0.1:8080{path}": "token-two",
    }
    headers = dict(requests[0].headers)
    assert headers.pop("user-agent").startswith("reconcile/")
    headers.pop("x-auth-token")
    headers.pop("host")
    assert headers == {
        "accept": "application/json",
        "accept-encoding": "identity",
        "cache-control": "no-cache",
        "content-type": "application/json",
    }


@pytest.mark.parametrize("count", [1, 100])
def test_after_a_401_nothing_more_is_asked_of_that_provider_D26(make_job, make_provider, count: int) -> None:
    def reply(asked: Asked) -> httpx.Response:
        return httpx.Response(401) if "eu-de" in asked.host else answer(asked.job_id)

    good = make_provider("good", region="eu-nl")
    jobs = [make_job(job_id) for job_id in IDS[:count]] + [make_job(job_id, good) for job_id in IDS[:count]]
    observations, api = virtual(jobs, reply)
    assert {code_of(observation) for observation in observations[:count]} == {Code.UNAUTHENTICATED}
    assert all(isinstance(observation, Observed) for observation in observations[count:])
    assert sum("eu-de" in asked.host for asked in api.asked) <= 5


def test_no_more_requests_are_under_way_than_allowed_G14(make_job) -> None:
    _, api = virtual([make_job(job_id) for job_id in IDS], lambda asked: answer(asked.job_id), concurrency=8)
    assert api.most_under_way == 8


def test_what_the_deadline_leaves_unread_is_unobserved(make_job) -> None:
    settled: list[int] = []
    observations, _ = virtual(
        [make_job(job_id) for job_id in IDS],
        lambda asked: answer(asked.job_id) if asked.job_id == IDS[0] else None,
        concurrency=3,
        on_fetched=lambda index, _: settled.append(index),
    )
    assert isinstance(observations[0], Observed)
    assert {code_of(observation) for observation in observations[1:]} == {Code.DEADLINE}
    assert sorted(settled) == list(range(100))


@pytest.mark.parametrize(
    "unsafe",
    [
        *(pytest.param(text, id=f"B01-{text}") for text in ("..", ".", "../../v3/auth/tokens")),
        *(
            pytest.param(text, id=f"B02-{text}")
            for text in ("a%2f..%2fb", "a/b", "a?x=1", "a#f", "a;b", "a\\b", "a b", "")
        ),
        *(pytest.param(text, id=f"B03-{text[:6]!r}") for text in ("a\0", "a\r\nX: 1", "\u202ea", "１２", "a" * 65)),
        pytest.param("abc\n", id="B04"),
    ],
)
def test_an_unsafe_id_is_never_sent(make_job, make_provider, unsafe: str) -> None:
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(job_id_of(request))

    jobs = [make_job(unsafe), make_job("a", make_provider("B05", project_id=unsafe))]
    assert [code_of(observation) for observation in fetch(jobs, handler)] == [Code.UNSAFE_ID, Code.UNSAFE_ID]
    assert asked == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (httpx.ConnectError("refused"), Code.NOT_CONNECTED),
        (httpx.ConnectTimeout("slow"), Code.TIMED_OUT),
        (httpx.ReadTimeout("slow"), Code.TIMED_OUT),
        (httpx.ReadError("reset"), Code.CONNECTION_BROKEN),
        (httpx.RemoteProtocolError("not HTTP"), Code.NOT_HTTP),
        (httpx.DecodingError("gzip"), Code.ANSWER_ENCODED),
    ],
)
def test_a_failure_names_the_host_and_the_cause_D22(make_job, error: httpx.RequestError, code: Code) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    (observation,) = fetch([make_job()], handler, pace=Pace(attempts=1))
    assert code_of(observation) is code
    assert isinstance(observation, Unobserved)
    assert observation.problem.message == f"https://sfs-turbo.eu-de.otc.t-systems.com: {error}"


def test_a_worker_that_breaks_is_not_lost_F21(make_job) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if job_id_of(request) == IDS[50]:
            raise ZeroDivisionError
        return answer(job_id_of(request))

    with pytest.raises(ZeroDivisionError):
        fetch([make_job(job_id) for job_id in IDS], handler)


def test_a_token_in_an_answer_does_not_come_out_A20(make_job) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        token = request.headers["X-Auth-Token"]
        return httpx.Response(
            400, headers={"X-Request-Id": token}, content=json.dumps({"errCode": token, "errMsg": token})
        )

    observations = fetch([make_job()], handler)
    assert TOKEN not in repr(observations)
    assert "[redacted]" in repr(observations)


def test_no_jobs_are_no_observations(make_provider) -> None:
    targets = resolve_targets([make_provider()], endpoints=[], environ={"RECONCILE_TOKEN": TOKEN})
    client = TransportClient(httpx.MockTransport(lambda _: httpx.Response(500)))
    assert list(fetch_jobs([], targets, client=client, timeout=1)) == []


# --- Over real sockets ---------------------------------------------------------------------------------------------


class AtOnce(Random):
    """Draw the least of every wait."""

    def uniform(self, a: float, b: float) -> float:
        return a


def whole(job_id: str) -> bytes:
    body = b'{"job_id": "%b", "status": "success"}' % job_id.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def _refuse(wire) -> None:
    await wire.read_request()
    await wire.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


async def _reset(wire) -> None:
    await wire.read_request()
    wire.reset()


async def _truncate(wire) -> None:
    await wire.read_request()
    await wire.send(whole("a")[:-5])


async def _cut_json(wire) -> None:
    await wire.read_request()
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + b'{"job_id"')


async def _hang(wire) -> None:
    await wire.read_request()
    await asyncio.sleep(60)


async def _say_nothing(wire) -> None:
    await wire.read_request()


async def _leave_open_end(wire) -> None:
    await wire.read_request()
    await wire.send(b"HTTP/1.1 200 OK\r\n\r\n" + b'{"job_id"')


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(_refuse, id="503"),
        pytest.param(_reset, id="D22-reset"),
        pytest.param(_truncate, id="D15"),
        pytest.param(_cut_json, id="D16-cut-json"),
        pytest.param(_leave_open_end, id="D16-no-length"),
        pytest.param(_hang, id="D22-hang"),
        pytest.param(_say_nothing, id="D22-FIN-before-head"),
    ],
)
def test_a_connection_that_breaks_twice_is_got_over(make_job, make_provider, fault) -> None:
    async def script(wire) -> None:
        if wire.number < 2:
            await fault(wire)
        else:
            while await wire.read_request():
                await wire.send(whole("a"))

    with serving(script) as server, CurlClient(limits=TimeLimits(connect=1.0, attempt=0.2)) as client:
        endpoint = f"http://127.0.0.1:{server.port}"
        targets = resolve_targets([make_provider()], endpoints=[endpoint], environ={"RECONCILE_TOKEN": TOKEN})
        (fetched,) = fetch_jobs([make_job("a")], targets, client=client, timeout=5, pace=Pace(rng=AtOnce()))
    assert isinstance(fetched.observation, Observed)
    assert fetched.attempts == len(server.requests) == 3


def test_a_404_that_nobody_asked_for_proves_no_absence_D39(make_job, make_provider) -> None:
    stray = (
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 54\r\n\r\n"
        + b'{"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Id "}'
    )

    async def script(wire) -> None:
        while head := await wire.read_request():
            await wire.send(whole(head.split(b" ")[1].rpartition(b"/")[2].decode()))
            await asyncio.sleep(0.01)
            await wire.send(stray)

    gone = replace(make_job("gone"), expect=Absence(source=SOURCE))
    jobs = [make_job("a"), make_job("b"), gone]
    with serving(script) as server, CurlClient() as client:
        endpoint = f"http://127.0.0.1:{server.port}"
        targets = resolve_targets([make_provider()], endpoints=[endpoint], environ={"RECONCILE_TOKEN": TOKEN})
        pace = Pace(rate=Rate(20.0, 1.0), rng=AtOnce())
        fetched = fetch_jobs(jobs, targets, client=client, timeout=5, pace=pace, concurrency=1)
    assert isinstance(fetched[2].observation, Observed)
