"""The way to one provider during one run: its agenda, its credential, its rate."""

import asyncio
import math
from collections.abc import Awaitable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from reconcile.fetch.agenda import Agenda
from reconcile.fetch.answer import Attempt, assess
from reconcile.fetch.credentials import CredentialError, UnsignedRequest
from reconcile.fetch.errand import Errand
from reconcile.fetch.failure import ExchangeError, explain_failure
from reconcile.fetch.message import RawAnswer, write_fields, write_request_line
from reconcile.fetch.pace import Pace, TokenBucket
from reconcile.fetch.policy import Again, TooLong, plan_retry, setback_of_error
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.request import build_fields
from reconcile.fetch.room import Room
from reconcile.fetch.target import Target
from reconcile.fetch.transport import DirectTransport, Transport
from reconcile.model import Problem, Unobserved

if TYPE_CHECKING:
    import httpx

    from reconcile.fetch.recorder import Recorder

# Six rejected signatures lock an access key for five minutes (support.huaweicloud.com, apig-faq-0003), so no more
# requests than this are under way before one has shown that the credentials are good.
MAX_UNPROVEN = 5


class Lane:
    """
    The errands to one target, and when the next one may be sent.

    Times are in seconds of one clock that only grows; it is not read here.
    """

    def __init__(
        self,
        target: Target,
        errands: Iterable[Errand],
        *,
        transport: Transport,
        rate: float | None,
        room: Room,
        recorder: "Recorder | None" = None,
    ) -> None:
        self.agenda = Agenda(errands)
        self.shut: Problem | None = None
        """Why nothing more is asked here."""
        self.proven = False
        """Whether an answer has shown that the credential is good."""
        self._target = target
        self._transport = transport
        self._room = room
        self._recorder = recorder
        self._redact = Redactor(target.credential.secrets)
        self._direct = transport if isinstance(transport, DirectTransport) else None
        self._authority = target.origin.authority
        self._shown: Mapping[str, str] | None = None
        self._fields = build_fields(target, {})
        self._written: bytes | None = None
        """The headers as bytes, None while they are not needed so."""
        self._bucket = TokenBucket(rate) if rate is not None else None
        self._held_until = -math.inf
        self._under_way = 0
        self._fruitless = 0

    @property
    def next_chance(self) -> float:
        """The time from which on a request may be sent; infinity if that depends on those that are under way."""
        if not self.proven and self._under_way >= MAX_UNPROVEN:
            return math.inf
        paced_until = self._bucket.next_chance if self._bucket is not None else -math.inf
        return max(self._held_until, paced_until, self.agenda.next_due)

    def take(self, now: float) -> Errand | None:
        """Take the next errand that may be sent now; whoever takes it must bring it back."""
        if (
            (not self.proven and self._under_way >= MAX_UNPROVEN)
            or now < self._held_until
            or (self._bucket is not None and now < self._bucket.next_chance)
        ):
            return None
        errand = self.agenda.take(now)
        if errand is not None:
            self._under_way += 1
            if self._bucket is not None:
                self._bucket.spend(now)
        return errand

    def bring_back(self) -> None:
        """Take notice that an errand that was taken is under way no more."""
        self._under_way -= 1

    def hold(self, until: float) -> None:
        """Send nothing before that time: a server that says when to come back says so to all of a project."""
        self._held_until = max(self._held_until, until)

    def close(self, reason: Problem) -> list[Errand]:
        """Ask nothing more; return the errands that are left."""
        self.shut = self.shut or reason
        return self.agenda.clear()

    async def send(self, errand: Errand, now: float) -> Attempt:
        """Send the errand's request once and say what came of it; raise CredentialError if it could not be sent."""
        errand.shown = self._target.credential.standing or self._ask_credential(errand)
        if errand.shown is not self._shown:
            self._show(errand.shown)
        errand.begin_try(now)
        sent_at = self._recorder.begin() if self._recorder is not None else None
        try:
            answer = await self._exchange(errand.path)
        except ExchangeError as error:
            problem = explain_failure(error, self._target.origin)
            if self._recorder is not None and sent_at is not None:
                self._recorder.keep_failure(errand.job, sent_at, problem.message)
            return Attempt(observation=Unobserved(problem=problem), setback=setback_of_error(error))
        api = self._target.provider.api
        status_code, headers, body = answer
        attempt = assess(api, errand.job.job_id, status_code, headers, body, redact=self._redact)
        attempt = self._room.admit(errand, attempt, len(body))
        if self._recorder is not None and sent_at is not None:
            self._recorder.keep_answer(errand.job, sent_at, answer, attempt.observation, self._redact)
        return attempt

    async def renew_credential(self, errand: Errand) -> bool:
        """Say whether the errand, whose credential was rejected, may be sent once more with another one."""
        if not self._target.credential.renew(errand.shown or {}):
            return False
        if errand.shown is self._shown:
            self.proven = False
        return True

    def postpone(self, error: CredentialError, now: float, *, remaining: float, pace: Pace) -> Problem | None:
        """
        Hold the lane until it is worth trying again to get a credential; say why it is not, if it is not.

        A lane does this as one: its errands need the same credential, and their own tries are for the job API.
        """
        if now < self._held_until:
            return None  # Another errand has found out, and this one has it from there.
        if error.setback is None:
            return error.problem
        self._fruitless += 1
        plan = plan_retry(
            error.setback,
            tries=self._fruitless,
            times=self._fruitless,
            most=pace.attempts,
            retry_after=error.retry_after,
            remaining=remaining,
            rng=pace.chance,
        )
        if isinstance(plan, Again):
            self.hold(now + plan.after)
            return None
        why = plan.reason if isinstance(plan, TooLong) else f"given up after {self._fruitless} attempts"
        return Problem(code=error.problem.code, message=f"{error.problem.message}; {why}")

    def _exchange(self, path: str) -> Awaitable[RawAnswer]:
        """
        Ask with the headers of the moment, before any other errand can change them; raise ExchangeError, now or later.

        Our own transport takes the bytes of a request, of which only the path differs; any other takes httpx's values.
        """
        target = path.encode("ascii")
        if self._direct is not None:
            if self._written is None:
                self._written = write_fields(self._fields)
            line = write_request_line(b"GET", target)
            return self._direct.exchange(self._target.origin, line + self._written)
        from reconcile.fetch.foreign import ask

        return ask(self._transport, self._target.origin, target, self._fields)

    def _ask_credential(self, errand: Errand) -> Mapping[str, str]:
        target = self._target
        question = UnsignedRequest("GET", self._authority, errand.path, target.provider.api.headers)
        return target.credential.headers(question, client=self._client)

    @cached_property
    def _client(self) -> "httpx.Client":
        import httpx

        from reconcile.fetch.foreign import send

        class Apart(httpx.BaseTransport):
            """The transport, in an event loop of its own."""

            def handle_request(_, request: httpx.Request) -> httpx.Response:
                try:
                    with ThreadPoolExecutor(1) as pool:
                        answer = pool.submit(asyncio.run, exchange(request)).result()
                except ExchangeError as error:
                    raise httpx.TransportError(str(error)) from error
                return httpx.Response(answer.status_code, headers=list(answer.headers.raw), content=answer.body)

        async def exchange(request: httpx.Request) -> RawAnswer:
            if self._direct is None:
                return await send(self._transport, request)
            async with self._direct.copy() as transport:
                return await send(transport, request)

        known = self._transport if isinstance(self._transport, httpx.BaseTransport) else Apart()
        return httpx.Client(transport=known, trust_env=False)

    def _show(self, shown: Mapping[str, str]) -> None:
        """Make the headers of the next requests, with this credential; they are made once while it is the same."""
        self._fruitless = 0
        self._shown = shown
        self._fields = build_fields(self._target, shown)
        self._written = None
