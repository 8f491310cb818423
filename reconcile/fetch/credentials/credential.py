"""The interface of all kinds of credentials, and the simplest kind: a token."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from reconcile.fetch.redaction import Hidden
from reconcile.fetch.retry import Retryable
from reconcile.fetch.secret import Secret
from reconcile.model.diagnostic import Problem

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
    """The headers to sign: those of the API, which no proxy has a reason to change."""
    body: bytes = b""


class CredentialError(Exception):
    """
    A request cannot be authenticated, because no credential was issued.

    `retryable` is None if asking again cannot help; every later request then fails at once in the same way.
    `retry_after` is the seconds that the identity service asks to wait, None if it does not say.
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
    Authenticates the requests to one target, and so to one origin.

    Its string names its kind and its source, and never shows a value.
    """

    @property
    def secrets(self) -> Sequence[Hidden]:
        """All secrets that no output may show; a token is added when it is fetched."""

    @property
    def standing(self) -> Mapping[str, str] | None:
        """The headers for every request at present; None if `headers` must be called for each."""

    def headers(self, request: UnsignedRequest, *, client: "httpx.Client") -> Mapping[str, str]:
        """
        Return the headers that authenticate this request, in clear text.

        If the mapping is not the same object as last time, the credential has changed. A token is fetched through
        `client`; meanwhile, `renew` may be called, but not `headers`. Raises CredentialError.
        """

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """
        Return whether a rejected request (401) may be sent again, with headers from a new call of `headers`.

        A credential is renewed at most once, however many requests are rejected with it.

        Args:
            rejected: the headers of that request, as `headers` returned them.
        """


class Token:
    """A token that the operator provides."""

    __slots__ = ("fixed", "secrets", "source", "standing")

    def __init__(self, secret: Secret, *, source: str, header: str) -> None:
        """
        Args:
            secret: the token.
            source: where it came from.
            header: the name of the header that carries it.
        """
        self.secrets = (secret,)
        self.fixed: Mapping[str, str] = {header: secret.reveal()}
        """The headers that identify this credential."""
        self.standing = self.fixed
        self.source = source

    def __str__(self) -> str:
        return f"token from {self.source}"

    def headers(self, request: UnsignedRequest, *, client: "httpx.Client") -> Mapping[str, str]:
        """Return the token's header."""
        return self.standing

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """Return False: only the operator can get another token."""
        return False
