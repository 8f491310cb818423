"""
Stricter checks for descriptions that an operator provides, so that none can pass by accident.

A description decides where requests with the operator's credential go, and what counts as success. So it may only
request a job, and must prove what it reads.
"""

import re
from collections.abc import Iterator

from reconcile.apis.description import Description, Fault

OWN_PREFIX = "x-"
"""The prefix of the names of APIs that do not ship, so that no file can change the meaning of a shipped name."""

_HEADERS = r"(?i:accept-language|content-type|x-language|openstack-api-version|x-openstack-[a-z-]+-api-version)"
_REQUEST_IDS = r"(?i:[a-z0-9-]*(request|trace)-?id)"
_NO_JOB = 'add {"job_id": "ID", "status_code": 404, "body": {...}, "reads": "%s"} with an answer of the API'
_STATES = ("success", "failed", "running")


def find_faults_of_own(description: Description) -> Iterator[Fault]:
    """Yield what an operator's description lacks, or must not have."""
    request, name = description.request, description.name
    if not name.startswith(OWN_PREFIX):
        yield Fault(("name",), f"{name} does not begin with x-", f'write "name": "{OWN_PREFIX}{name}"')
    if request.paths:
        yield Fault(("request", "paths"), "only built-in APIs have clouds", "write one path")
    for header in request.headers:
        if not re.fullmatch(_HEADERS, header):
            hint = "allowed are Accept-Language, Content-Type, X-Language and OpenStack's API versions"
            yield Fault(("request", "headers", header), f"the header {header} is not allowed", hint)
    if not re.fullmatch(_REQUEST_IDS, request.request_id_header):
        message = f"{request.request_id_header} is not a header of a request id"
        yield Fault(("request", "request_id_header"), message, "its name ends in Request-Id or Trace-Id")
    yield from _find_missing_proofs(description)


def _find_missing_proofs(description: Description) -> Iterator[Fault]:
    reads = [proof.reads for proof in description.proofs]
    states = [each.get("status") for each in reads if not isinstance(each, str)]
    for state in _STATES:
        if state not in states:
            hint = 'add {"job_id": "ID", "body": {...}, "reads": {"status": "%s", ...}} with an answer of the API'
            yield Fault(("proofs",), f"no proof reads {state}", hint % state)
    if description.missing and "missing" not in reads:
        yield Fault(("missing",), "no proof reads missing", _NO_JOB % "missing")
    if description.doubtful and "doubtful" not in reads:
        yield Fault(("doubtful",), "no proof reads doubtful", _NO_JOB % "doubtful")
