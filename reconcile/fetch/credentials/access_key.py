"""An access key, which signs every request."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconcile.fetch.credentials.credential import UnsignedRequest
from reconcile.fetch.redaction import Hidden
from reconcile.fetch.secret import Secret
from reconcile.signature import (
    AUTHORIZATION_HEADER,
    DATE_FORMAT,
    DATE_HEADER,
    PROJECT_HEADER,
    SECURITY_TOKEN_HEADER,
    sign_request,
)

if TYPE_CHECKING:
    import httpx

# A hexadecimal digest, or its base64: three digits become four letters, each from a small set.
_SIGNATURE = re.compile(r"[0-9a-fA-F]{64}|(?:[MNOYZ][DGTWjmz2][ABEFIJMNQRUVYZcdghkl][wxyz0-5h-m]){15,}")


def read_clock() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class AccessKey:
    """An access key and its secret key; a temporary key also has a security token."""

    __slots__ = ("_key", "_now", "_secret", "fixed", "secrets", "source")

    def __init__(
        self,
        key: str,
        secret: Secret,
        security_token: Secret | None = None,
        *,
        source: str,
        project_id: str | None,
        now: Callable[[], datetime] = read_clock,
    ) -> None:
        """
        Args:
            key: the name of the key, which is not secret.
            secret: signs requests, and is never sent.
            security_token: None for a permanent key.
            source: where they came from.
            project_id: the project of the jobs; None for requests without a project.
            now: returns the time in UTC; a signature is valid for 15 minutes.
        """
        self._key = key
        self._secret = secret
        self.fixed = {PROJECT_HEADER: project_id} if project_id is not None else {}
        """The headers that are the same in every request."""
        self.secrets: tuple[Hidden, ...] = (secret, _SIGNATURE)
        if security_token is not None:
            self.fixed[SECURITY_TOKEN_HEADER] = security_token.reveal()
            self.secrets += (security_token,)
        self.source = source
        self._now = now

    def __str__(self) -> str:
        kind = "temporary access key" if SECURITY_TOKEN_HEADER in self.fixed else "access key"
        return f"{kind} from {self.source}"

    @property
    def standing(self) -> None:
        """None: every request has its own signature."""

    def headers(self, request: UnsignedRequest, *, client: "httpx.Client") -> Mapping[str, str]:
        """Sign the request with its host and the current time."""
        added = {DATE_HEADER: self._now().strftime(DATE_FORMAT), **self.fixed}
        authorization = sign_request(
            self._key,
            self._secret.reveal(),
            method=request.method,
            target=request.target,
            headers={**request.headers, "Host": request.authority, **added},
            body=request.body,
        )
        return {**added, AUTHORIZATION_HEADER: str(authorization)}

    def without_project(self) -> "AccessKey":
        """Return the same key for requests without a project."""
        token = self.fixed.get(SECURITY_TOKEN_HEADER)
        security_token = Secret(token) if token is not None else None
        return AccessKey(self._key, self._secret, security_token, source=self.source, project_id=None, now=self._now)

    def renew(self, rejected: Mapping[str, str]) -> bool:
        """Return False: only the operator can get another key."""
        return False
