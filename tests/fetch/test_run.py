"""What a run decides after each attempt, in virtual time."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from random import Random

import httpx
import pytest
from msgspec.structs import replace
from virtual_api import Asked, VirtualApi, job_answer

from reconcile.codes import Code
from reconcile.fetch import Fetched, Pace, fetch_jobs, resolve_targets
from reconcile.fetch.credentials import CredentialError, UnsignedRequest
from reconcile.fetch.failure import BlockedAddressError, NameNotResolvedError, RefusedConnectionError, TlsError
from reconcile.fetch.retry import Retryable
from reconcile.model.diagnostic import Problem
from reconcile.model.observation import Observed, Unobserved
from reconcile.rate import Rate

IDS = [f"job-{number:03}" for number in range(100)]
OTC = "sfs-turbo.eu-de.otc.t-systems.com"


def fetch(jobs, api: VirtualApi, *, credential=None, **options) -> tuple[tuple[Fetched, ...], float]:
    """Fetch in virtual time; return what came of it and how long it took."""
    providers = {job.provider.name: job.provider for job in jobs}.values()
    targets = resolve_targets(providers, endpoints=[], environ={"RECONCILE_TOKEN": "a-token"})
    if credential is not None:
        targets = {name: replace(target, credential=credential) for name, target in targets.items()}
    options = {"timeout": 300.0, "pace": Pace(rng=Random(1)), **options}
    return fetch_jobs(jobs, targets, client=api, **options), api.now()


def failing(times: int, answer: Callable[[], httpx.Response | httpx.RequestError | None]):
    """Answer so the first so many times for each job, then well."""
    return lambda asked: answer() if asked.number <= times else job_answer(asked.job_id)


def problem_of(fetched: Fetched) -> Problem:
    assert isinstance(fetched.observation, Unobserved)
    return fetched.observation.problem


def seen(fetched: tuple[Fetched, ...]) -> list[str]:
    return [each.observation.job_id for each in fetched if isinstance(each.observation, Observed)]


def status(code: int, **headers: str) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(code, headers=headers, json={"errCode": "X", "errMsg": "y"})


def unresolved() -> NameNotResolvedError:
    return NameNotResolvedError("the host name cannot be resolved")


# --- What is asked again, and how often ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "most"),
    [
        *(pytest.param(status(code), 8, id=f"D35-{code}") for code in (408, 425, 502, 503, 504)),
        pytest.param(status(500), 3, id="D34-D35-500"),
        pytest.param(lambda: httpx.ReadError("reset"), 8, id="D15-D22-reset-or-truncated"),
        pytest.param(lambda: httpx.ConnectError("refused"), 8, id="D22-refused"),
        pytest.param(lambda: None, 8, id="D22-no-answer"),
        pytest.param(unresolved, 3, id="D23-name"),
        pytest.param(lambda: httpx.RemoteProtocolError("no length"), 3, id="D16-no-length"),
        pytest.param(lambda: httpx.Response(200, content=b'{"job_id": "a", "sta'), 8, id="D16-cut-json"),
        pytest.param(lambda: httpx.Response(200, content=b""), 8, id="D06-empty"),
    ],
)
def test_noise_is_got_over_and_what_lasts_is_given_up(make_job, answer, most) -> None:
    api = VirtualApi(failing(most - 1, answer), patience=5.0)
    (fetched,), _ = fetch([make_job("a")], api)
    assert isinstance(fetched.observation, Observed)
    assert fetched.attempts == len(api.asked) == most

    api = VirtualApi(failing(100, answer), patience=5.0)
    (fetched,), seconds = fetch([make_job("a")], api)
    assert fetched.attempts == len(api.asked) == most
    assert f"; gave up after {most} attempts over {seconds:.0f} s" in problem_of(fetched).message


@pytest.mark.parametrize(
    "answer",
    [
        *(pytest.param(status(code), id=f"G10-{code}") for code in (204, 206, 304, 400, 403, 405, 501)),
        *(pytest.param(status(code), id=f"D31-{code}") for code in (409, 410, 418, 422, 451)),
        pytest.param(lambda: httpx.Response(404, html="<p>nginx</p>"), id="D29-404-of-something-else"),
        pytest.param(status(302, Location="https://evil.test/"), id="A09-302"),
        pytest.param(lambda: job_answer("b"), id="D07-other-job"),
        pytest.param(lambda: job_answer("a", "cancelled"), id="D04-unknown-status"),
        pytest.param(lambda: httpx.Response(200, html="<p>success</p>"), id="D13-D36-html"),
        pytest.param(lambda: httpx.Response(200, content=b'{"a": 1, "a": 2}'), id="D09-key-twice"),
        pytest.param(lambda: httpx.Response(200, content=b"[]"), id="D06-list"),
        pytest.param(lambda: TlsError("untrusted"), id="A16-TLS"),
        pytest.param(lambda: BlockedAddressError("metadata"), id="A08-blocked"),
        pytest.param(lambda: httpx.DecodingError("gzip"), id="D17-compressed"),
    ],
)
def test_g10_a_doubt_is_not_noise(make_job, answer) -> None:
    api = VirtualApi(failing(100, answer))
    (fetched,), _ = fetch([make_job("a")], api)
    assert fetched.attempts == len(api.asked) == 1
    assert "given up" not in problem_of(fetched).message


def test_one_attempt_is_what_a_pace_of_one_attempt_makes(make_job) -> None:
    api = VirtualApi(failing(100, status(503)))
    (fetched,), _ = fetch([make_job("a")], api, pace=Pace(attempts=1))
    assert len(api.asked) == 1
    assert "given up" not in problem_of(fetched).message


def test_g07_what_one_job_suffers_is_its_own(make_job) -> None:
    api = VirtualApi(lambda asked: status(503)() if asked.job_id == IDS[50] else job_answer(asked.job_id))
    fetched, _ = fetch([make_job(job_id) for job_id in IDS], api)
    assert seen(fetched) == IDS[:50] + IDS[51:]
    assert len(api.asked) == 99 + 8


def test_a_host_at_which_most_requests_fail_has_its_retries_cut(make_job) -> None:
    api = VirtualApi(lambda asked: job_answer(asked.job_id) if int(asked.job_id[1:]) % 3 == 0 else status(503)())
    jobs = [make_job(f"j{number}") for number in range(1000)]
    fetched, _ = fetch(jobs, api, timeout=3000.0)
    assert len(api.asked) <= 1000 + 100 + len(seen(fetched)) * 3 // 5
    assert "too many requests to this host have failed" in problem_of(fetched[-2]).message


# --- What the server asks for --------------------------------------------------------------------------------------


def test_d32_a_server_that_asks_to_wait_is_waited_for(make_job) -> None:
    api = VirtualApi(failing(1, status(429, **{"Retry-After": "2"})))
    (fetched,), _ = fetch([make_job("a")], api)
    assert isinstance(fetched.observation, Observed)
    first, second = api.times("a")
    assert 2 + 0.05 <= second - first <= 2 + 0.05 + 1


@pytest.mark.parametrize(
    ("wait", "timeout", "said"),
    [
        pytest.param("86400", 300.0, "86400 s", id="D33-86400"),
        pytest.param("99999999999999999999", 300.0, "100000000000000000000 s", id="D33-20-digits"),
        pytest.param("20", 10.0, "20 s", id="D33-over-the-deadline"),
    ],
)
@pytest.mark.parametrize("code", [429, 503])
def test_a_wait_that_is_too_long_ends_it_at_once_for_all(make_job, code, wait, timeout, said) -> None:
    api = VirtualApi(failing(100, status(code, **{"Retry-After": wait})))
    fetched, seconds = fetch([make_job(job_id) for job_id in IDS], api, timeout=timeout)
    assert seconds == pytest.approx(0.05)
    assert len(api.asked) == 5
    assert all(f"the server asks to wait {said} (Retry-After)" in problem_of(each).message for each in fetched)
    assert problem_of(fetched[-1]).message.startswith("not requested: ")


@pytest.mark.parametrize("wait", ["-5", "soon", "3.5", "１２"], ids=lambda wait: f"D33-{wait}")
def test_a_wait_that_is_none_is_ours_to_choose(make_job, wait) -> None:
    api = VirtualApi(failing(1, lambda: httpx.Response(429, headers={"Retry-After": wait.encode()})))
    (fetched,), seconds = fetch([make_job("a")], api)
    assert isinstance(fetched.observation, Observed)
    assert seconds <= 1.1


def test_g08_nobody_comes_back_earlier_than_a_throttling_server_asks(make_job) -> None:
    refused: list[float] = []
    taken: list[float] = []

    def answer(asked: Asked) -> httpx.Response:
        if sum(asked.time - 1 < time for time in taken) < 10:
            taken.append(asked.time)
            return job_answer(asked.job_id)
        refused.append(asked.time + 0.05)
        return status(429, **{"Retry-After": "1"})()

    api = VirtualApi(answer)
    fetched, seconds = fetch([make_job(job_id) for job_id in IDS], api)
    assert seen(fetched) == IDS
    assert seconds < 60
    for asked in api.asked:
        # What was under way when the first refusal came could not know of it.
        assert not any(time + 0.001 < asked.time < time + 1 - 0.001 for time in refused)


@pytest.mark.parametrize("rate", [Rate(5.0, 1.0), Rate(400.0, 60.0)])
def test_a_rate_holds_for_each_provider_and_for_retries(make_job, make_provider, rate) -> None:
    other = make_provider("other", region="eu-nl")
    jobs = [make_job(job_id) for job_id in IDS[:50]] + [make_job(job_id, other) for job_id in IDS[:50]]
    api = VirtualApi(failing(1, status(425)))
    fetched, seconds = fetch(jobs, api, pace=Pace(rate=rate, rng=Random(1)))
    assert len(seen(fetched)) == 100
    for host in {asked.host for asked in api.asked}:
        times = [asked.time for asked in api.asked if asked.host == host]
        assert len(times) == 100
        assert all(later - earlier >= 1 / rate.per_second - 1e-6 for earlier, later in pairwise(times))
    assert seconds == pytest.approx(99 / rate.per_second, rel=0.2)


# --- Hosts that are not well ---------------------------------------------------------------------------------------


def test_g03_a_host_that_never_answers_is_down_after_90_s(make_job) -> None:
    api = VirtualApi(lambda asked: httpx.ConnectError("no connection: refused"))
    fetched, seconds = fetch([make_job(job_id) for job_id in IDS], api)
    assert 90 <= seconds <= 110
    assert len(api.asked) <= 30
    assert max(len(api.times(job_id)) for job_id in IDS) <= 8
    assert {problem_of(each).code for each in fetched} == {Code.NOT_CONNECTED}
    assert all(
        f"https://{OTC} is down: no connection: refused; no success for 9" in problem_of(each).message
        for each in fetched
    )


def test_a_port_of_this_machine_at_which_nothing_listens_is_given_up_soon(make_job) -> None:
    jobs = [make_job(job_id) for job_id in IDS]
    targets = resolve_targets(
        [jobs[0].provider], endpoints=["http://127.0.0.1:9"], environ={"RECONCILE_TOKEN": "a-token"}
    )
    api = VirtualApi(lambda asked: RefusedConnectionError("nothing listens there: Connection refused"))
    fetched = fetch_jobs(jobs, targets, client=api, timeout=300.0, pace=Pace(rng=Random(1)))
    assert 5 <= api.now() <= 15
    advice = "is it running? check RECONCILE_ENDPOINT or --endpoint"
    down = f"http://127.0.0.1:9 is down: nothing listens there: Connection refused ({advice}); no success for 7 s"
    assert {problem_of(each).message for each in fetched} == {down}


def test_g06_a_host_that_hangs_does_not_slow_another(make_job, make_provider) -> None:
    good = make_provider("good", region="eu-nl")
    jobs = [make_job(job_id) for job_id in IDS] + [make_job(job_id, good) for job_id in IDS]
    done: dict[int, float] = {}
    api = VirtualApi(lambda asked: None if asked.host == OTC else job_answer(asked.job_id))
    fetched, _ = fetch(
        jobs,
        api,
        concurrency=4,
        on_fetched=lambda index, _: done.setdefault(index, api.now()),
    )
    assert seen(fetched[100:]) == IDS
    assert max(done[index] for index in range(100, 200)) == pytest.approx(100 / 4 * 0.05, rel=0.1)
    assert not seen(fetched[:100])


def test_two_providers_at_one_host_share_its_connections_and_take_turns(make_job, make_provider) -> None:
    other = make_provider("other", project_id="another")
    jobs = [make_job(job_id) for job_id in IDS] + [make_job(f"other-{job_id}", other) for job_id in IDS]
    api = VirtualApi(lambda asked: job_answer(asked.job_id))
    fetched, _ = fetch(jobs, api, concurrency=8)
    assert len(seen(fetched)) == 200
    assert api.most_under_way == 8
    halves = [sum(asked.job_id.startswith("other") for asked in part) for part in (api.asked[:100], api.asked[100:])]
    assert halves == [50, 50]


@pytest.mark.parametrize("outage", [2, 5, 20, 60])
def test_an_outage_is_probed_by_one_request_at_a_time(make_job, outage) -> None:
    api = VirtualApi(lambda asked: job_answer(asked.job_id) if asked.time >= outage else status(503)())
    fetched, seconds = fetch([make_job(job_id) for job_id in IDS], api, timeout=120.0)
    assert seen(fetched) == IDS
    assert seconds <= outage + 12
    # Five requests are sent at once, and four more before the fifth of them has failed.
    probes = [asked.time for asked in api.asked if asked.time < outage][9:]
    assert all(later - earlier >= 1 for earlier, later in pairwise(probes))


@pytest.mark.parametrize("error", [TlsError("untrusted"), BlockedAddressError("metadata")], ids=["A16", "A08"])
def test_where_no_request_can_come_through_no_more_are_tried(make_job, make_provider, error) -> None:
    good = make_provider("good", region="eu-nl")
    api = VirtualApi(lambda asked: error if asked.host == OTC else job_answer(asked.job_id))
    fetched, _ = fetch([make_job(job_id) for job_id in IDS] + [make_job("a", good)], api)
    assert len(api.asked) == 5 + 1
    assert isinstance(fetched[-1].observation, Observed)
    assert problem_of(fetched[99]).message.startswith("not requested: ")


def test_g14_no_host_has_more_requests_under_way_than_allowed(make_job) -> None:
    api = VirtualApi(lambda asked: status(503)() if Random(str(asked)).random() < 0.2 else job_answer(asked.job_id))
    fetched, _ = fetch([make_job(job_id) for job_id in IDS], api, concurrency=7)
    assert api.most_under_way == 7
    assert seen(fetched) == IDS


# --- Credentials ---------------------------------------------------------------------------------------------------


class Renewable:
    """A credential that can be renewed so many times, and can be had after so many failures."""

    secrets = ()
    standing = None

    def __init__(
        self, *, renewals: int = 1, failures: int = 0, retryable: Retryable | None = Retryable.TRANSIENT
    ) -> None:
        self.token = {"X-Auth-Token": "0"}
        self.renewed = 0
        self.failed = 0
        self._renewals = renewals
        self._failures = failures
        self._retryable = retryable

    def headers(self, request: UnsignedRequest, *, client: httpx.Client) -> Mapping[str, str]:
        if self.failed < self._failures:
            self.failed += 1
            raise CredentialError(Problem(code=Code.SERVER_ERROR, message="no token"), retryable=self._retryable)
        return self.token

    def renew(self, rejected: Mapping[str, str]) -> bool:
        if rejected is not self.token:
            return True
        if self.renewed == self._renewals:
            return False
        self.renewed += 1
        self.token = {"X-Auth-Token": str(self.renewed)}
        return True


@pytest.mark.parametrize("concurrency", [1, 64])
@pytest.mark.parametrize("count", range(0, 100, 9))
def test_g11_d25_a_token_that_expires_is_renewed_once_whenever_that_is(make_job, count, concurrency) -> None:
    good = 0

    def answer(asked: Asked) -> httpx.Response:
        nonlocal good
        if asked.token == "0" and good >= count:
            return httpx.Response(401)
        good += 1
        return job_answer(asked.job_id)

    api, credential = VirtualApi(answer), Renewable()
    fetched, _ = fetch([make_job(job_id) for job_id in IDS], api, credential=credential, concurrency=concurrency)
    assert seen(fetched) == IDS
    assert credential.renewed == 1
    assert max(asked.number for asked in api.asked) <= 2


@pytest.mark.parametrize("renewals", [0, 1])
def test_d26_credentials_that_stay_rejected_end_the_provider(make_job, make_provider, renewals) -> None:
    good = make_provider("good", region="eu-nl")
    api = VirtualApi(lambda asked: httpx.Response(401) if asked.host == OTC else job_answer(asked.job_id))
    credential = Renewable(renewals=renewals)
    jobs = [make_job(job_id) for job_id in IDS] + [make_job("a", good)]
    fetched, seconds = fetch(jobs, api, credential=credential)
    assert {problem_of(each).code for each in fetched[:100]} == {Code.UNAUTHENTICATED}
    assert sum(asked.host == OTC for asked in api.asked) <= 5 * (renewals + 1)
    assert "not requested: the credentials were rejected for another job" in problem_of(fetched[99]).message
    assert isinstance(fetched[100].observation, Observed)
    assert seconds < 1


@pytest.mark.parametrize("status_code", [401, 403])
@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"OS_TOKEN": "a-token"}, "(token from OS_TOKEN, provider 'otc')"),
        (
            {"HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": "'a-secret'", "HW_SECURITY_TOKN": "a-token"},
            "(access key from HW_ACCESS_KEY and HW_SECRET_KEY, provider 'otc'); HW_SECRET_KEY has quotes around its "
            "value; 'HW_SECURITY_TOKN' is set: did you mean 'HW_SECURITY_TOKEN'?",
        ),
        ({"RECONCILE_TOKEN_OTC": "${TOKEN}"}, "RECONCILE_TOKEN_OTC looks like a placeholder"),
        ({"RECONCILE_TOKEN": "***"}, "RECONCILE_TOKEN looks like a placeholder"),
        ({"RECONCILE_TOKEN": "a-token", "OS_TOKEN": ""}, "OS_TOKEN is empty"),
        ({"RECONCILE_TOKEN": "a-token", "OS_TOKEN": "a-token\n"}, "OS_TOKEN begins or ends with a space"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_u50_a_credential_that_the_job_api_rejects_is_named(make_job, environ, says, status_code) -> None:
    job = make_job("a")
    targets = resolve_targets([job.provider], endpoints=[], environ=environ)
    api = VirtualApi(lambda asked: httpx.Response(status_code))
    (fetched,) = fetch_jobs([job], targets, client=api, timeout=300.0)
    assert says in problem_of(fetched).message
    assert not any(value.strip() and value.strip() in problem_of(fetched).message for value in environ.values())


def test_a_token_that_cannot_be_had_at_once_is_waited_for_without_asking_for_jobs(make_job) -> None:
    api, credential = VirtualApi(lambda asked: job_answer(asked.job_id)), Renewable(failures=7)
    fetched, _ = fetch([make_job(job_id) for job_id in IDS], api, credential=credential)
    assert seen(fetched) == IDS
    assert len(api.asked) == 100


@pytest.mark.parametrize(
    ("retryable", "most"), [(Retryable.TRANSIENT, 8 * 5), (Retryable.MAYBE_PERMANENT, 3 * 5), (None, 5)]
)
def test_a_token_that_cannot_be_had_at_all_ends_the_provider(make_job, retryable, most) -> None:
    api, credential = VirtualApi(lambda asked: job_answer(asked.job_id)), Renewable(failures=10**6, retryable=retryable)
    fetched, _ = fetch([make_job(job_id) for job_id in IDS], api, credential=credential)
    assert api.asked == []
    assert 1 <= credential.failed <= most
    assert all("not requested: no token" in problem_of(each).message for each in fetched)


# --- The end -------------------------------------------------------------------------------------------------------


def test_the_deadline_names_what_was_tried(make_job) -> None:
    api = VirtualApi(lambda asked: status(503)() if asked.job_id == "a" else None, patience=1000)
    fetched, seconds = fetch([make_job("a"), make_job("b")], api, timeout=3.0)
    assert seconds == pytest.approx(3.0)
    assert {problem_of(each).code for each in fetched} == {Code.DEADLINE}
    assert "within the time limit of the run, 3 s, after" in problem_of(fetched[0]).message
    assert "; the last: HTTP 503" in problem_of(fetched[0]).message
    assert fetched[0].attempts > 1


@pytest.mark.parametrize(("spent", "seconds"), [(100.0, 200.0), (299.5, 0.5), (300.0, 0.0), (1000.0, 0.0)])
def test_what_is_over_of_the_time_when_fetching_begins_is_over(make_job, spent, seconds) -> None:
    api = VirtualApi(lambda asked: None, patience=1000)
    fetched, took = fetch([make_job("a")], api, timeout=300.0, spent=spent)
    assert took == pytest.approx(seconds)
    assert problem_of(fetched[0]).code is Code.DEADLINE
    assert "within the time limit of the run, 300 s" in problem_of(fetched[0]).message


def test_f13_an_interrupted_run_has_told_of_every_job(make_job) -> None:
    told: dict[int, Fetched] = {}
    api = VirtualApi(lambda asked: None if asked.job_id == "b" else job_answer(asked.job_id))
    fetched, seconds = fetch(
        [make_job("a"), make_job("b")], api, on_fetched=told.setdefault, interrupted=lambda: api.now() > 0
    )
    assert seconds < 1
    assert list(fetched) == [told[0], told[1]]
    assert isinstance(told[0].observation, Observed)
    assert problem_of(told[1]).code is Code.INTERRUPTED


def test_d37_an_old_answer_out_of_a_cache_is_noted(make_job) -> None:
    ages = {"a": "86400", "b": "60", "c": "soon"}
    api = VirtualApi(lambda asked: job_answer(asked.job_id, Age=ages[asked.job_id]))
    fetched, _ = fetch([make_job(job_id) for job_id in ages], api)
    assert [each.notes for each in fetched] == [("the answer came from a cache and was 86400 s old",), (), ()]
