"""What every kind of credential does."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from reconcile.fetch.policy import Setback
from reconcile.fetch.redaction import Hidden
from reconcile.fetch.transport import Transport
from reconcile.model import Problem


class UnsignedRequest(Struct, frozen=True):
    """A request without a body as it will be sent, but for its credential."""

    method: str
    authority: str
    """The value of the Host header."""
    target: str
    """Path and query."""
    headers: Mapping[str, str]
    """Those that no one on the way has a reason to change: the API's own."""


class CredentialError(Exception):
    """
    A request cannot be given its credential: no token was to be had.

    `setback` is None unless it can help to ask again; without one, every further request fails alike, at once.
    `retry_after` is the seconds that the identity service asks to wait before that, None if it does not.
    """

    def __init__(self, problem: Problem, *, setback: Setback | None = None, retry_after: float | None = None) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.setback = setback
        self.retry_after = retry_after


class Credential(Protocol):
    """
    What a provider takes as proof of who is asking; it belongs to one target, and so to one origin.

    As text it is kind and source, never a value.
    """

    @property
    def secrets(self) -> Sequence[Hidden]:
        """Everything of it that no output may show; it grows when a token is fetched."""

    @property
    def standing(self) -> Mapping[str, str] | None:
        """What `headers` would return for any request, for the time being; None if it has to be asked."""

    async def headers(self, request: UnsignedRequest, *, transport: Transport) -> Mapping[str, str]:
        """
        Return the headers that this request needs, in clear.

        The same mapping again means that nothing has changed since. `transport` is used where a token has to be
        fetched, which happens once for all requests that wait for it. Raises CredentialError.
        """

    async def renew(self, rejected: Mapping[str, str] | None = None) -> bool:
        """
        Say whether a request that was rejected (401) may be sent once more, with headers asked for anew.

        A credential that can be renewed is so once in its life, however many requests are rejected at that moment.

        Args:
            rejected: what `headers` returned for that request; None if that is not known, and then it counts as the
                first credential.
        """
