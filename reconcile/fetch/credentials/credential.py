"""What every kind of credential has in common, and the simplest kind: a token."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from reconcile.fetch.redaction import Hidden
from reconcile.fetch.retry import Retryable
from reconcile.fetch.secret import Secret
from reconcile.model import Problem

if TYPE_CHECKING:
    import httpx


class UnsignedRequest(Struct, frozen=True):
    """A request that is complete except for its credential."""

    method: str
    authority: str
    """The value of the Host header."""
    target: str
    """Path and query."""
    headers: Mapping[str, str]
    """Those to be signed: the API's own, which no proxy has a reason to change."""
    body: bytes = b""


class CredentialError(Exception):
    """
    A request cannot be authenticated, because no token was issued.

    `retryable` is None if asking again cannot help, and then every later request fails the same way at once.
    `retry_after` is how many seconds the identity service asks to wait, None if it does not say.
    """

    def __init__(
        self, problem: Problem, *, retryable: Retryable | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.retryable = retryable
        self.retry_after = retry_after


class Credential(Protocol):
    """
    What authenticates the requests to one target, and so to one origin.

    Its string names its kind and its source, and never shows a value.
    """

    @property
    def secrets(self) -> Sequence[Hidden]:
        """Everything that no output may show; a token is added when it is fetched."""

    @property
    def standing(self) -> Mapping[str, str] | None:
        """What `headers` returns for any request at present; None if it has to be called for each."""

    def headers(self, request: UnsignedRequest, *, client: "httpx.Client") -> Mapping[str, str]:
        """
        Return the headers that authenticate this request, in clear text.

        Another mapping than last time means that the credential has changed. A token is fetched through `client`;
        meanwhile `renew` may be called, but `headers` may not. Raises CredentialError.
        """

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """
        Return whether a request that was rejected (401) may be sent again, with headers from a new call of `headers`.

        A credential is renewed at most once, however many requests are rejected with it.

        Args:
            rejected: the mapping that `headers` returned for that request.
        """


class Token:
    """A token that the operator fetched."""

    __slots__ = ("fixed", "secrets", "source", "standing")

    def __init__(self, secret: Secret, *, source: str, header: str) -> None:
        """
        Take a token.

        Args:
            secret: the token.
            source: where it came from.
            header: the name of the header that carries it.
        """
        self.secrets = (secret,)
        self.fixed: Mapping[str, str] = {header: secret.reveal()}
        """The headers that no other credential has."""
        self.standing = self.fixed
        self.source = source

    def __str__(self) -> str:
        return f"token from {self.source}"

    def headers(self, request: UnsignedRequest, *, client: "httpx.Client") -> Mapping[str, str]:
        """Return the token's header."""
        return self.standing

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """Return False: only the operator can get another one."""
        return False
