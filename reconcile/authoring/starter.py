"""Writes a starter manifest for any job API: valid, with an example of every key that the API can use."""

from collections.abc import Iterator, Mapping
from typing import Final

from reconcile.document.writing import write_flow, write_scalar
from reconcile.model.api import JobApi

EXAMPLE_PROJECT: Final = "0123456789abcdef0123456789abcdef"
EXAMPLE_PARAMETER: Final = "77ba6f23-0000-4000-8000-000000000007"

_HEAD: Final = """\
# What asynchronous cloud jobs should have done. Check this file in beside the infrastructure code that starts the jobs.
#
#   reconcile validate         checks this file, offline
#   reconcile list             lists its jobs
#   reconcile doctor           checks credentials, endpoint, project and region
#   reconcile plan             fetches the jobs and compares: exit code 0 is a proof
#   reconcile explain RC102    explains an error
#
# `reconcile simulate --manifest reconcile.yaml` serves a job API that returns what this file expects, for a first plan
# without an account; with `--break jobs.second`, that job fails.
#
# For completion and checks in an editor, run `reconcile schema manifest > manifest.schema.json` and make this the
# first line:                  # yaml-language-server: $schema=manifest.schema.json
#
# A line that begins with `#` and a key is an example: remove the `#` to use it.

version: 1

# The name of this manifest in reports.
name: starter

# Values that are set when the gate runs: `reconcile plan --var first_job=ID`, `--var-file FILE`, or the environment
# variable RECONCILE_VAR_first_job. A variable without a default is required; a sensitive one is never printed.
#variables:
#  first_job: {description: "id that the first call returned", default: "8a8b8c8d-0000-4000-8000-000000000001"}
#  more_jobs: {type: list, default: ["8a8b8c8d-0000-4000-8000-000000000004"]}
#  ticket: {default: "OPS-12", sensitive: true}
"""

_WAIVERS: Final = """\
#    # How long the gate waits for this job.
#    timeout: 5m
#    # Known drift that is accepted, for at most 90 days.
#    waivers:
#      - {fields: [duration], reason: vendor ticket OPS-12, expires: 2026-12-31}"""

_STEADINESS: Final = """\
#      # With --wait: how many reads must agree before the job is in sync, and how long it may stay unchanged.
#      settle: {reads: 3, over: 30s}
#      stuck: 4m"""

_TIMES: Final = """\
#      # Times (RFC 3339), how long the job took, and how long ago it ended: a stale success proves nothing.
#      begin_time: {after: "2026-01-01T00:00:00Z"}
#      end_time: {before: "2027-01-01T00:00:00Z"}
#      duration: {min: 1s, max: 10m}
#      age: {max: 24h}"""


def compose_starter(api: JobApi) -> str:
    """Write the manifest; its provider is a known place of the API, or has no cloud if none is known."""
    blocks = (_HEAD, *_write_provider(api), *_write_jobs(api))
    return "\n".join(blocks)


def choose_place(api: JobApi) -> Mapping[str, str]:
    """Return a cloud that runs the API and one of its regions as an example; empty if no cloud is known."""
    for cloud in api.clouds.values():
        return {"cloud": cloud.name, "region": next(iter(cloud.hosts))}
    return {}


def _write_provider(api: JobApi) -> Iterator[str]:
    place = choose_place(api)
    name = write_scalar(place.get("cloud", api.name))
    yield _join(
        f"# Where the jobs are: `reconcile apis show {api.name}` lists clouds and regions, and what is read of a job.",
        "# URLs and credentials do not belong here: the token comes from RECONCILE_TOKEN, and is sent to the host of",
        "# that region, or to the --endpoint that the operator names.",
        *_describe_rate(api),
        "providers:",
        f"  {name}:",
        f"    api: {write_scalar(api.name)}",
        *(f"    {key}: {write_scalar(value)}" for key, value in place.items()),
        f"    project_id: {EXAMPLE_PROJECT}",
    )
    no_error = ", error_code: null" if "error_code" in api.job.fields else ""
    yield _join(
        "# Applies to every job that does not declare something else.",
        *_describe_word(api, api.success),
        "defaults:",
        f"  provider: {name}",
        f"  expect: {{status: {api.success}{no_error}}}",
    )


def _describe_rate(api: JobApi) -> Iterator[str]:
    if api.requests_per_minute is not None:
        yield f"# At most {api.requests_per_minute:,} requests per minute are sent, which is the published limit."


def _write_jobs(api: JobApi) -> Iterator[str]:
    first = next(iter(api.job_types), "example")
    types = api.job_types[:2] or [first]
    has_type = "job_type" in api.job.fields
    yield _join(
        "jobs:",
        "  # Choose any name: the plan calls this job jobs.first.",
        "  first:",
        "    # The id that the API returned when the job was started. An id that looks like a number needs quotes.",
        f"    # `reconcile apis show {api.name} --ids` shows under which key calls return it.",
        *_identify(api, 1),
        "    # Labels select jobs: `reconcile plan --selector tier=web`.",
        "    labels: {tier: web}",
        "#    # Whom to ask and what to do when the job is not in sync; both can also be set in the defaults.",
        "#    owner: platform team",
        "#    runbook: https://wiki.example.com/first",
        "    expect:",
        *(
            ("      # One type, or a list of allowed types.", f"      job_type: {write_scalar(first)}")
            if has_type
            else ()
        ),
        "      # No error: a job that reports success together with a fail reason is drift."
        if "fail_reason" in api.job.fields
        else "      # This API gives no reason for a failure, so none can be expected.",
        _expect_no_reason(api),
        *_expect_parts(api, first),
    )
    yield _join(
        "  # A job with detailed expectations.",
        "  second:",
        *_identify(api, 2),
        "    expect:",
        *((f"      job_type: {write_flow(list(types))}",) if has_type else ()),
        _expect_no_reason(api),
        _TIMES,
        *_expect_detailed_parts(api, first),
        _STEADINESS,
        _WAIVERS,
        *_wait_while_missing(api),
    )
    yield _join(
        "  # One job for each id in a list.",
        "#  more:",
        "#    for_each: ${var.more_jobs}",
        "#    job_id: ${each.value}",
        *(f"#{line}" for line in _bring_parameters(api)),
        '#    labels: {after: "${var.first_job}"}',
    )
    yield _join(
        "  # A job that is expected to fail.",
        *(f"  {line}" for line in _describe_word(api, api.failure)),
        "  rejected:",
        *_identify(api, 3),
        "    expect:",
        f"      status: {api.failure}",
        *((f"      job_type: {write_scalar(first)}",) if has_type else ()),
        *_expect_reasons(api),
        *_expect_failed_part(api, first),
    )
    yield from _expect_absence(api)


def _identify(api: JobApi, number: int) -> Iterator[str]:
    yield f"    job_id: 8a8b8c8d-0000-4000-8000-{number:012}"
    yield from _bring_parameters(api)


def _bring_parameters(api: JobApi) -> Iterator[str]:
    if api.parameters:
        yield "    # Values that the path of this API needs besides the ids."
        yield f"    parameters: {write_flow(dict.fromkeys(api.parameters, EXAMPLE_PARAMETER))}"


def _expect_parts(api: JobApi, job_type: str) -> Iterator[str]:
    if api.parts is None:
        yield "      # Jobs of this API have no sub-jobs, so none can be expected."
    elif "job_type" in api.parts.fields:
        yield "      # Exactly these sub-jobs, in any order, all successful; [] means none."
        yield f"      sub_jobs: {write_flow([job_type])}"


def _expect_detailed_parts(api: JobApi, job_type: str) -> Iterator[str]:
    if api.parts is None:
        return
    item = {"job_type": job_type} if "job_type" in api.parts.fields else {}
    yield from (
        "      sub_jobs:",
        "        # exact (as above), ordered, contains, or none.",
        "        match: contains",
        "        # How many there are in total, and what must hold for each.",
        "        count: {min: 1, max: 4}",
        f"        each: {{status: {api.success}}}",
        "        items:",
        f"          - {write_flow({**item, 'status': api.success, 'count': {'min': 1}})}",
    )


def _wait_while_missing(api: JobApi) -> Iterator[str]:
    if api.can_be_missing:
        yield "#    # Whether to wait or report drift while the API does not know the job."
        yield "#    missing: wait"


def _expect_no_reason(api: JobApi) -> str:
    return "      fail_reason: null" if "fail_reason" in api.job.fields else f"      status: {api.success}"


def _expect_reasons(api: JobApi) -> Iterator[str]:
    """Expect the fields that the API has for a failure."""
    if "error_code" in api.job.fields:
        yield "      # The API's own error code; this one is made up."
        yield "      error_code: EXAMPLE.0001"
    if "fail_reason" in api.job.fields:
        yield "#      # A text with the wildcards * and ?."
        yield '#      fail_reason: {glob: "*${var.ticket}*"}'


def _expect_failed_part(api: JobApi, job_type: str) -> Iterator[str]:
    if api.parts is not None and "job_type" in api.parts.fields:
        yield "      # Only this sub-job, and it failed."
        yield "      sub_jobs:"
        yield "        items:"
        yield f"          - {write_flow({'job_type': job_type, 'status': api.failure})}"


def _expect_absence(api: JobApi) -> Iterator[str]:
    if not api.can_be_missing:
        yield "  # This API never reports that a job does not exist, so no job can be expected to be absent.\n"
        return
    yield _join(
        "  # A job that must not exist.",
        "#  decommissioned:",
        *(f"#{line}" for line in _identify(api, 5)),
        "#    expect: {absent: true}",
    )


def _describe_word(api: JobApi, state: str) -> Iterator[str]:
    """Name the API's words for a state, unless the state itself is the only one."""
    words = [word for word, meant in api.words.items() if meant == state]
    if words != [state]:
        yield f"# All APIs share their statuses; what this one calls {' or '.join(words)} is {state}."


def _join(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)
