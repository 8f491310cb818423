"""
The temporary access key of the server that this program runs on, from its metadata service.

Described in "Obtaining Metadata", Elastic Cloud Server User Guide; the requests are those of the official SDK. Whoever
can make the program request that address has the server's rights, so only the operator's option leads here.
"""

import httpx
from msgspec import Struct

from reconcile.codes import Code
from reconcile.fetch.credentials.access_key import AccessKey
from reconcile.fetch.credentials.identity import IAM_KEY, IdentityUrl, Question, build_request
from reconcile.fetch.credentials.settings import TOKEN
from reconcile.fetch.endpoint import METADATA_ORIGIN, Origin
from reconcile.fetch.redaction import Hidden, Redactor
from reconcile.fetch.secret import Secret
from reconcile.model import Provider

_SESSION_PATH = "/meta-data/latest/api/token"
_KEY_PATH = "/openstack/latest/securitykey"
_SESSION_HEADER = "X-Metadata-Token"
_LIFETIME = {"X-Metadata-Token-Ttl-Seconds": str(6 * 60 * 60)}
_NO_SESSIONS = frozenset({404, 405, 503})
"""What a metadata service without session tokens answers to the request for one."""


class MetadataLogin(Struct, frozen=True, kw_only=True, eq=False):
    """The agency that the server has been given; it has no secret of its own."""

    provider: Provider
    origin: Origin = METADATA_ORIGIN

    @property
    def source(self) -> str:
        """What to call it in messages."""
        return "the metadata service"

    @property
    def secrets(self) -> tuple[Hidden, ...]:
        """What no output may show: nothing, before a key is issued."""
        return ()

    def __str__(self) -> str:
        return f"temporary access key from {self.source} of this server"

    def issue(self, client: httpx.Client, hidden: list[Hidden]) -> AccessKey:
        """Ask for a session token, where the service has them, and with it for the key; raise CredentialError."""
        question = Question(
            url=IdentityUrl(origin=self.origin, path=""),
            provider=self.provider,
            source=self.source,
            shown="the request for the key of the server's agency",
            redact=Redactor(hidden),
        )
        session = _open_session(question, client, hidden)
        headers = {_SESSION_HEADER: session.reveal()} if session is not None else {}
        response = question.ask(client, build_request("GET", f"{self.origin}{_KEY_PATH}", headers=headers))
        key = response.read_key(IAM_KEY)
        return key.make_credential(source=self.source, project_id=self.provider.project_id)


def _open_session(question: Question, client: httpx.Client, hidden: list[Hidden]) -> Secret | None:
    """Return a session token, None from a service that has none; raise CredentialError."""
    response = question.ask(client, build_request("PUT", f"{question.url}{_SESSION_PATH}", headers=_LIFETIME))
    if response.status_code in _NO_SESSIONS:
        return None
    text = response.read_text().strip()
    if not TOKEN.accepts(text):
        raise response.refuse(Code.MALFORMED_FIELD, f"the answer is no session token (length {len(text)})")
    token = Secret(text)
    hidden.append(token)
    return token
