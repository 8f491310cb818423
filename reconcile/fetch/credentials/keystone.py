"""A token that is fetched for a user with a password, once for a run."""

import asyncio
from collections.abc import Mapping

from reconcile.fetch.credentials.credential import CredentialError, UnsignedRequest
from reconcile.fetch.credentials.identity import Login, TokenAnswer, build_token_request
from reconcile.fetch.failure import ExchangeError, explain_failure
from reconcile.fetch.policy import setback_of_error
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.fetch.secret import Secret
from reconcile.fetch.transport import Transport
from reconcile.model import Provider


class PasswordLogin:
    """
    A user and a password, and the token that they are exchanged for.

    The token is fetched by the first request that needs it, while all others wait. What has failed for good is not
    tried again: an identity service locks a user after a few wrong passwords.
    """

    def __init__(self, login: Login, *, source: str, provider: Provider) -> None:
        """
        Take a password.

        Args:
            login: who wants a token.
            source: where user and password came from.
            provider: whose project the token must be for.
        """
        self._login = login
        self._source = source
        self._provider = provider
        self._hidden: list[Hidden] = [login.password]
        self._redact = Redactor(self._hidden)
        self._turn = asyncio.Lock()
        self._attempts = 0
        self._failure: CredentialError | None = None
        self.standing: Mapping[str, str] | None = None
        self._renewed = False

    @property
    def secrets(self) -> list[Hidden]:
        """The password, and every token once it is there."""
        return self._hidden

    def __str__(self) -> str:
        return f"password from {self._source}, for a token of {self._login.url}"

    async def headers(self, request: UnsignedRequest, *, transport: Transport) -> Mapping[str, str]:
        """Return the token's header; fetch the token if there is none."""
        return self.standing or await self._fetch_once(transport)

    async def renew(self, rejected: Mapping[str, str] | None = None) -> bool:
        """Drop the first token; who was rejected with it, then or later, may ask again."""
        if self._failure is not None and self._failure.setback is None:
            return False
        if self._renewed:
            return rejected is None or rejected is not self.standing
        self._renewed, self.standing = True, None
        return True

    async def _fetch_once(self, transport: Transport) -> Mapping[str, str]:
        """Fetch the token, or share what came of the attempt that was under way."""
        attempts = self._attempts
        async with self._turn:
            if self.standing is not None:
                return self.standing
            failure = self._failure
            if failure is not None and (failure.setback is None or attempts != self._attempts):
                raise CredentialError(failure.problem, setback=failure.setback, retry_after=failure.retry_after)
            try:
                token = await self._fetch(transport)
            except CredentialError as error:
                self._failure = error
                raise
            finally:
                self._attempts += 1
            self._failure = None
            self._hidden.append(token)
            self.standing = {self._provider.api.token_header: token.reveal()}
            return self.standing

    async def _fetch(self, transport: Transport) -> Secret:
        provider, url = self._provider, self._login.url
        from reconcile.fetch.foreign import send

        try:
            answer = await send(transport, build_token_request(self._login))
        except ExchangeError as error:
            problem = explain_failure(error, url.origin)
            raise CredentialError(problem, setback=setback_of_error(error)) from error
        told = TokenAnswer(url=url, api=provider.api, answer=answer, redact=self._redact)
        return told.read_token(provider.project_id)
