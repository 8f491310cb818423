"""A credential that a service issues when the first request needs it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from reconcile.fetch.credentials.access_key import AccessKey
from reconcile.fetch.credentials.credential import CredentialError, Token, UnsignedRequest
from reconcile.fetch.redaction import Hidden
from reconcile.model.diagnostic import Problem

if TYPE_CHECKING:
    import httpx


class Login(Protocol):
    """Obtains a credential. Its string names its kind and its source, and never shows a value."""

    @property
    def source(self) -> str:
        """Where the secret came from."""

    @property
    def secrets(self) -> Sequence[Hidden]:
        """The secrets of the login itself."""

    def issue(self, client: "httpx.Client", hidden: list[Hidden]) -> Token | AccessKey:
        """
        Request a credential, in one or several requests; raise CredentialError.

        Every secret that is read or issued on the way is added to `hidden`, which no output may show.
        """


class IssuedCredential:
    """
    A credential that is fetched when the first request needs it, and once again if it is rejected.

    After a final refusal, it is not requested again, because identity services lock a user after a few wrong passwords.
    """

    def __init__(self, login: Login) -> None:
        self._login = login
        self._hidden: list[Hidden] = [*login.secrets]
        self._issued: Token | AccessKey | None = None
        self._refusal: Problem | None = None
        self._renewed = False

    @property
    def secrets(self) -> list[Hidden]:
        """The secrets of the login, and of every issued credential."""
        return self._hidden

    @property
    def standing(self) -> Mapping[str, str] | None:
        """The headers of the issued token; None before it is issued, and for an access key."""
        return self._issued.standing if self._issued is not None else None

    def __str__(self) -> str:
        return str(self._login)

    def headers(self, request: UnsignedRequest, *, client: "httpx.Client") -> Mapping[str, str]:
        """Return the headers of the issued credential, which is obtained first if there is none."""
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
