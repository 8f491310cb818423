"""
One HTTP answer -> one Observation, and whether to retry. Pure.

A job is accepted only from a 200 whose body is one unambiguous JSON object with the requested job id and a documented
status. A job is missing only if the answer is one that the API's description names for that: an error of the service
itself, or an empty list. Everything else is Unobserved, with a message that helps to find out why.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.fetch.envelope import MAX_REQUEST_ID, Fault, quote_fault, read_faults
from reconcile.fetch.message import Answer
from reconcile.fetch.payload import BrokenJsonError, InvalidAnswerError, parse_object
from reconcile.fetch.record import MAX_FOREIGN_TEXT, NoJobError, Redact, cut_text, read_job
from reconcile.fetch.retry import Retryable, classify_status, read_retry_after
from reconcile.model.api import ErrorSign, JobApi
from reconcile.model.diagnostic import Problem
from reconcile.model.observation import Missing, Observation, Unobserved

_UNDOCUMENTED = (Code.UNEXPECTED_STATUS_CODE, "an undocumented response")
# Status codes with a specific meaning; the others are classified by their hundred.
_REFUSALS = {
    304: _UNDOCUMENTED,
    401: (Code.UNAUTHENTICATED, "the credentials were rejected"),
    403: (Code.FORBIDDEN, "the credentials have no permission to read this job"),
    404: (
        Code.NOT_FROM_THE_API,
        "not an error of the job API itself: the endpoint, api or project_id is wrong",
    ),
}
_REFUSALS_BY_HUNDRED = {
    4: (Code.REFUSED, "the request was refused"),
    5: (Code.SERVER_ERROR, "the server failed"),
}


# The reason of a 404 with an error code of the service, but in an envelope that other servers use as well.
_PERHAPS_MISSING = (
    "either the job does not exist, or the endpoint, api or project_id is wrong "
    "(the error is not in the service's own format)"
)
_DOUBTFUL = "the job may not exist, or the endpoint, api or project_id is wrong"


class Attempt(Struct, frozen=True, kw_only=True):
    """
    The outcome of one request.

    `retryable` is None unless another attempt may succeed; `retry_after` is the seconds that the server asks to wait
    before it. `age` is the age of the answer in a cache in seconds, None if no cache reports one. `doubtful` is whether
    the answer may mean that the job does not exist.
    """

    observation: Observation
    retryable: Retryable | None = None
    retry_after: float | None = None
    age: int | None = None
    doubtful: bool = False


def assess(api: JobApi, job_id: str, answer: Answer, *, redact: Redact = str, credential: str = "") -> Attempt:
    """
    Return what an answer says about a job, and whether to retry the request.

    Args:
        api: the job API that the request was sent to.
        job_id: the requested id.
        answer: the complete answer.
        redact: applied to every text of the server that is kept or shown, before it is cut.
        credential: names the credential of the request, in case it is rejected; "" names none.
    """
    reader = _Reader(api=api, answer=answer, redact=redact, credential=credential)
    if answer.status_code == 200:
        return _observe_job(reader, job_id)
    faults = reader.faults()
    fault = _find_fault(api, api.missing, answer.status_code, faults)
    if fault is not None:
        request_id = reader.request_id or fault.request_id
        missing = Missing(code=fault.code, message=fault.message, request_id=request_id)
        return Attempt(observation=missing, age=_read_age(answer.headers))
    retryable = classify_status(answer.status_code)
    doubtful = _find_fault(api, api.doubtful, answer.status_code, faults) is not None
    code, reason = _explain_refusal(reader, faults)
    if doubtful and code is Code.NOT_FROM_THE_API:
        reason = _DOUBTFUL  # it is the API's own error, in the form that its description gives
    return Attempt(
        observation=_unobserved(reader, faults, code, reason, doubtful=doubtful),
        retryable=retryable,
        retry_after=read_retry_after(answer.headers) if retryable is not None else None,
        doubtful=doubtful,
    )


class _Reader(Struct, frozen=True, kw_only=True):
    """How the texts of an answer are read; see `assess`."""

    api: JobApi
    answer: Answer
    redact: Redact
    credential: str

    @property
    def request_id(self) -> str | None:
        return self.header(self.api.request_id_header.lower(), MAX_REQUEST_ID)

    def header(self, name: str, length: int = MAX_FOREIGN_TEXT) -> str | None:
        """Return the header's redacted value, cut to the length; None if it is absent or empty."""
        value = self.answer.headers.get(name)
        return self.redact(value)[:length] if value else None

    def document(self) -> dict[str, object]:
        """Return the body as a JSON object; raise InvalidAnswerError."""
        return parse_object(self.header("content-type"), self.answer.body)

    def faults(self) -> tuple[Fault, ...]:
        """Read the body with every envelope that fits; empty if it is not a JSON object."""
        try:
            document = self.document()
        except InvalidAnswerError:
            return ()
        return self.read_faults(document)

    def read_faults(self, document: Mapping[str, object]) -> tuple[Fault, ...]:
        return read_faults(self.api.envelopes, document, redact=self.redact)


def _read_age(headers: Mapping[str, str]) -> int | None:
    """
    Return the highest number of seconds in the Age header, because each cache on the way may add one.

    Of each number, nine significant digits are read, which is 30 years.
    """
    ages = headers.get("age")
    return max(map(int, re.findall("0*([0-9]{1,9})[0-9]*", ages)), default=None) if ages else None


# --- A 200 -----------------------------------------------------------------------------------------------------


def _observe_job(reader: _Reader, job_id: str) -> Attempt:
    api, headers = reader.api, reader.answer.headers
    content_type, request_id = headers.get("content-type"), headers.get(api.request_id_header.lower())
    whole = f"{content_type}\n{request_id}\n{reader.answer.body.decode('utf-8', 'replace')}"
    # Without escapes, each text occurs literally in the whole answer: if redaction leaves that unchanged, it is done.
    if "\\" not in whole and reader.redact(whole) == whole:
        reader = replace(reader, redact=str)
    document: dict[str, object] = {}
    try:
        document = reader.document()
        observed = read_job(api, job_id, document, request_id=reader.request_id, redact=reader.redact)
    except NoJobError:
        return _observe_empty_list(reader, document)
    except InvalidAnswerError as error:
        retryable = Retryable.TRANSIENT if isinstance(error, BrokenJsonError) else None
        doubt = _unobserved(reader, reader.read_faults(document), error.code, error.reason)
        return Attempt(observation=doubt, retryable=retryable)
    return Attempt(observation=observed, age=_read_age(headers))


def _observe_empty_list(reader: _Reader, document: Mapping[str, object]) -> Attempt:
    """Return that the job is missing, unless the empty list comes with an error."""
    faults = reader.read_faults(document)
    if faults:
        return Attempt(observation=_unobserved(reader, faults, Code.MALFORMED_FIELD, "its list of jobs is empty"))
    missing = Missing(code=None, message=None, request_id=reader.request_id)
    return Attempt(observation=missing, age=_read_age(reader.answer.headers))


# --- Anything else ---------------------------------------------------------------------------------------------


def _find_fault(api: JobApi, signs: Iterable[ErrorSign], status_code: int, faults: tuple[Fault, ...]) -> Fault | None:
    """Return the fault that matches one of the signs; None if none does, or if the answer is from the gateway."""
    if _is_from_gateway(api, faults):
        return None
    for sign in signs:
        if sign.status_code == status_code:
            for fault in faults:
                known = sign.codes is None or fault.code in sign.codes
                if fault.envelope == sign.envelope and known and not fault.numbered:
                    return fault
    return None


def _is_from_gateway(api: JobApi, faults: tuple[Fault, ...]) -> bool:
    return any(fault.code.startswith(api.gateway_codes) for fault in faults)


def _explain_refusal(reader: _Reader, faults: tuple[Fault, ...]) -> tuple[Code, str]:
    api, status_code = reader.api, reader.answer.status_code
    known = any(fault.code in api.error_codes for fault in faults) and not _is_from_gateway(api, faults)
    if status_code == 404 and known:
        return Code.NOT_FROM_THE_API, _PERHAPS_MISSING
    if status_code == 429:
        wait = reader.header("retry-after")
        return Code.THROTTLED, f"too many requests{f'; Retry-After: {wait}' if wait else ''}"
    if status_code in _REFUSALS:
        code, reason = _REFUSALS[status_code]
        named = reader.credential and code in (Code.UNAUTHENTICATED, Code.FORBIDDEN)
        return code, f"{reason} ({reader.credential})" if named else reason
    if 300 <= status_code < 400:
        target = _name_origin(reader.redact(reader.answer.headers.get("location") or ""))
        return Code.REDIRECT, f"an unexpected redirect to {target}"
    return _REFUSALS_BY_HUNDRED.get(status_code // 100, _UNDOCUMENTED)


def _name_origin(location: str) -> str:
    """Name scheme, host and port of a redirect's target, and nothing else, because a URL may contain secrets."""
    try:
        parts = urlsplit(location)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "an invalid URL"
    if not host:
        return "the same host"
    scheme = f"{parts.scheme}://" if parts.scheme else ""
    return cut_text(f"{scheme}{host}{f':{port}' if port is not None else ''}")


def _unobserved(
    reader: _Reader, faults: tuple[Fault, ...], code: Code, reason: str, *, doubtful: bool = False
) -> Unobserved:
    fault = next(iter(faults), None)
    status_code = reader.answer.status_code
    request_id = reader.request_id or (fault.request_id if fault is not None else None)
    said = quote_fault(fault, reader.api.error_codes) if fault is not None else ""
    if fault is None and status_code != 200 and reader.answer.headers.get("content-type"):
        said = f"; its content type is {reader.header('content-type')}"
    named = f" (request id {request_id})" if request_id else ""
    hint = "" if reason == _DOUBTFUL else "the job may not exist: "  # the reason may say so already
    perhaps = f"; {hint}{reader.api.retention}" if doubtful else ""
    message = f"HTTP {status_code} from the job API: {reason}{said}{named}{perhaps}"
    return Unobserved(problem=Problem(code=code, message=message), request_id=request_id)
