"""
The operator's proxy.

It resolves the host, so the address cannot be checked here. It sees only the host of a request: everything goes through
a tunnel (CONNECT) with its own TLS, and requests without https do not go through a proxy.
"""

import re
from urllib.parse import unquote

from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.endpoint import Origin, parse_origin, refuse_endpoint
from reconcile.fetch.secret import Secret

_PART = r"(?:(?![:/?#@\\])[!-~])*"
_PROXY = re.compile(
    rf"(?P<scheme>https?://)(?:(?P<user>{_PART})(?::(?P<password>{_PART}))?@)?(?P<rest>[^@]*)", re.IGNORECASE
)
_USERINFO = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]*")
_FORM = "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; https if the proxy itself speaks TLS"


class Proxy(Struct, frozen=True, kw_only=True, eq=False):
    """A proxy and its login, None if it needs none; as text, only its origin."""

    origin: Origin
    user: Secret | None = None
    password: Secret | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets of the proxy: the password alone, and user and password together as they are sent."""
        if self.user is None or self.password is None:
            return ()
        return (self.password, Secret(f"{self.user.reveal()}:{self.password.reveal()}"))

    def __str__(self) -> str:
        return str(self.origin)


def parse_proxy(text: str) -> Proxy:
    """Read the operator's proxy, http or https; raise AccessError, which never shows user or password."""
    match = _PROXY.fullmatch(text)
    if match is None:
        raise refuse_endpoint(text if "@" not in text else "@", "is not a proxy", called="proxy", form=_FORM)
    origin = parse_origin(f"{match['scheme']}{match['rest']}", called="proxy", form=_FORM)
    if match["user"] is None:
        return Proxy(origin=origin)
    user, password = (unquote(match[name] or "") for name in ("user", "password"))
    if not user or not _USERINFO.fullmatch(user + password):
        message = f"the user or the password of the proxy {origin} is malformed"
        raise AccessError.because(Code.MALFORMED_CREDENTIAL, message, hint=_FORM)
    return Proxy(origin=origin, user=Secret(user), password=Secret(password))
