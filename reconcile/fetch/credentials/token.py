"""A token that somebody else fetched."""

from collections.abc import Mapping

from reconcile.fetch.credentials.credential import UnsignedRequest
from reconcile.fetch.secret import Secret
from reconcile.fetch.transport import Transport


class Token:
    """A token as it is."""

    __slots__ = ("_source", "secrets", "standing")

    def __init__(self, secret: Secret, *, source: str, header: str) -> None:
        """
        Take a token.

        Args:
            secret: the token.
            source: where it came from.
            header: the name of the header that carries it.
        """
        self.secrets = (secret,)
        self.standing: Mapping[str, str] = {header: secret.reveal()}
        self._source = source

    def __str__(self) -> str:
        return f"token from {self._source}"

    async def headers(self, request: UnsignedRequest, *, transport: Transport) -> Mapping[str, str]:
        """Return the token's header."""
        return self.standing

    async def renew(self, rejected: Mapping[str, str] | None = None) -> bool:
        """Say no."""
        return False
