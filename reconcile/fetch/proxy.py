"""
The proxy that the operator names.

It finds the address of the host, so that address cannot be checked here. It sees nothing of a request but the host:
the request goes through a tunnel (CONNECT) with TLS of its own, and what is not https does not go through a proxy.
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
    """Where a proxy is and who logs in there, if it demands that; as text it is its origin alone."""

    origin: Origin
    user: Secret | None = None
    password: Secret | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything of it that no output may show: what is sent is user and password in one."""
        if self.user is None or self.password is None:
            return ()
        return (self.password, Secret(f"{self.user.reveal()}:{self.password.reveal()}"))

    def __str__(self) -> str:
        return str(self.origin)


def parse_proxy(text: str) -> Proxy:
    """Read the operator's proxy, http or https; raise AccessError, which shows nothing of user and password."""
    match = _PROXY.fullmatch(text)
    if match is None:
        raise refuse_endpoint(text if "@" not in text else "@", "is no proxy", called="proxy", form=_FORM)
    origin = parse_origin(f"{match['scheme']}{match['rest']}", called="proxy", form=_FORM)
    if match["user"] is None:
        return Proxy(origin=origin)
    user, password = (unquote(match[name] or "") for name in ("user", "password"))
    if not user or not _USERINFO.fullmatch(user + password):
        message = f"the user or the password of the proxy {origin} is malformed"
        raise AccessError.because(Code.MALFORMED_CREDENTIAL, message, hint=_FORM)
    return Proxy(origin=origin, user=Secret(user), password=Secret(password))
