"""A credential that a service issues when the first request needs it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from reconcile.fetch.credentials.access_key import AccessKey
from reconcile.fetch.credentials.credential import CredentialError, Token, UnsignedRequest
from reconcile.fetch.redaction import Hidden
from reconcile.model import Problem

if TYPE_CHECKING:
    import httpx


class Login(Protocol):
    """How a credential is obtained. Its string names its kind and its source, and never shows a value."""

    @property
    def source(self) -> str:
        """Where the secret came from."""

    @property
    def secrets(self) -> Sequence[Hidden]:
        """What the login itself needs and no output may show."""

    def issue(self, client: "httpx.Client", hidden: list[Hidden]) -> Token | AccessKey:
        """
        Ask for a credential, in one request or several; raise CredentialError.

        `hidden` is what no output may show; every secret that is read or issued on the way is added to it.
        """


class IssuedCredential:
    """
    A credential that is fetched when the first request needs it, and once more when it is rejected.

    A definite refusal is remembered and not asked for again: identity services lock a user after a few wrong passwords.
    """

    def __init__(self, login: Login) -> None:
        """Take the login that issues the credential."""
        self._login = login
        self._hidden: list[Hidden] = [*login.secrets]
        self._issued: Token | AccessKey | None = None
        self._refusal: Problem | None = None
        self._renewed = False

    @property
    def secrets(self) -> list[Hidden]:
        """What the login needs, and every credential that was issued."""
        return self._hidden

    @property
    def standing(self) -> Mapping[str, str] | None:
        """The headers of the token that was issued; None before that, and of an access key."""
        return self._issued.standing if self._issued is not None else None

    def __str__(self) -> str:
        return str(self._login)

    def headers(self, request: UnsignedRequest, *, client: "httpx.Client") -> Mapping[str, str]:
        """Return the headers of the issued credential; obtain it if there is none."""
        if self._refusal is not None:
            raise CredentialError(self._refusal)
        if self._issued is None:
            try:
                issued = self._login.issue(client, self._hidden)
            except CredentialError as error:
                if error.retryable is None:
                    self._refusal = error.problem
                raise
            self._hidden.extend(issued.secrets)
            self._issued = issued
        return self._issued.headers(request, client=client)

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """Discard the first credential; requests that were rejected with it, then or later, may be sent again."""
        if self._refusal is not None:
            return False
        if self._renewed:
            return self._issued is None or not self._issued.fixed.items() <= rejected.items()
        self._renewed, self._issued = True, None
        return True
