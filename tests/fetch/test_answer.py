import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.apis import load_api
from reconcile.codes import Code
from reconcile.fetch.answer import assess
from reconcile.fetch.message import Answer, read_head
from reconcile.fetch.payload import MOST_VALUES
from reconcile.fetch.record import MOST_SUB_JOBS
from reconcile.fetch.redaction import Redactor
from reconcile.fetch.secret import Secret
from reconcile.model.observation import Missing, Observation, Observed, SubJob, Unobserved

JOB_ID = "26f6b565-0000-4000-8000-03f0bd975433"
JSON = {"Content-Type": "application/json"}


def ask(
    body: bytes | object, *, status_code: int = 200, headers: dict[str, str] | None = None, redact=str
) -> Observation:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lower = {name.lower(): value for name, value in (JSON if headers is None else headers).items()}
    return assess(load_api("sfs-turbo"), JOB_ID, Answer(status_code, lower, raw), redact=redact).observation


def job(**fields: object) -> dict[str, object]:
    return {"job_id": JOB_ID, "status": "success", **fields}


def message_of(observation: Observation, code: Code) -> str:
    assert isinstance(observation, Unobserved)
    assert observation.problem.code is code
    return observation.problem.message


# --- Accepted --------------------------------------------------------------------------------------------------


def test_a_whole_answer_is_observed_D01() -> None:
    fields = {
        "job_type": "bind_ldap",
        "begin_time": "2016-01-02 15:04:05",
        "end_time": "2016-01-02 15:05:05",
        "error_code": "SFS.TURBO.0005",
        "fail_reason": "out of space",
    }
    part = {"job_id": "part-1", **fields}
    body = job(**fields, sub_jobs=[{**part, "status": "failed"}], unknown={"a": [1, 2.5, None]})
    assert ask(body, headers={**JSON, "x-request-ID": "req-1"}) == Observed(
        status="success",
        job_id=JOB_ID,
        **fields,
        sub_jobs=(SubJob(status="failed", **part),),
        request_id="req-1",
    )


@pytest.mark.parametrize(
    ("told", "age"),
    [
        ([], None),
        ([b""], None),
        ([b"soon"], None),
        ([b"0"], 0),
        ([b"86400"], 86_400),
        ([b"5, 86400"], 86_400),
        ([b"86400", b"5"], 86_400),
        ([b"9" * 5_000], 999_999_999),
        ([b"0000000061"], 61),
        ([b"0" * 5_000 + b"86400"], 86_400),
        ([b"000"], 0),
    ],
)
@pytest.mark.parametrize(
    ("status_code", "body"), [(200, job()), (404, {"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Job Id"})]
)
def test_how_long_caches_had_an_answer_is_seen_whatever_it_says_D37(status_code, body, told, age) -> None:
    lines = [b"HTTP/1.1 200 OK\r\n", b"Content-Length: 9\r\n", *[b"Age: %b\r\n" % each for each in told], b"\r\n"]
    answer = Answer(status_code, read_head(lines)[1], json.dumps(body).encode())
    attempt = assess(load_api("sfs-turbo"), JOB_ID, answer)
    assert not isinstance(attempt.observation, Unobserved)
    assert attempt.age == age


@pytest.mark.parametrize("nothing", [None, "", ...], ids=["null", "empty", "absent"])
def test_null_empty_and_absent_are_one_value(nothing: object) -> None:
    names = ("job_type", "begin_time", "end_time", "error_code", "fail_reason", "sub_jobs")
    observation = ask(job(**({} if nothing is ... else dict.fromkeys(names, nothing))))
    assert isinstance(observation, Observed)
    assert {getattr(observation, name) for name in names} == {None, ()}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "application/json"},
        {"content-type": "Application/JSON; charset=UTF-8"},
        {"Content-Type": 'application/json; charset="utf-8"'},
        {"Content-Type": "application/vnd.job+json"},
        {"Content-Type": "text/plain"},
    ],
)
def test_a_content_type_that_is_json_or_says_nothing_is_accepted(headers: dict[str, str]) -> None:
    assert isinstance(ask(job(), headers=headers), Observed)


def test_a_byte_order_mark_is_no_fault_D14() -> None:
    assert isinstance(ask(b"\xef\xbb\xbf" + json.dumps(job()).encode()), Observed)


def test_as_many_sub_jobs_are_read_as_are_accepted_of_one_job_D11() -> None:
    whole = {
        "status": "running",
        **dict.fromkeys(("job_type", "begin_time", "end_time", "error_code", "fail_reason"), "x"),
    }
    observation = ask(job(sub_jobs=[whole] * MOST_SUB_JOBS))
    assert isinstance(observation, Observed)
    assert len(observation.sub_jobs) == MOST_SUB_JOBS


def test_commas_and_brackets_in_a_text_are_no_values() -> None:
    assert isinstance(ask(job(fail_reason="[,{" * MOST_VALUES)), Observed)


# --- Refused, although it is a 200 -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        *(
            pytest.param(job(status=word), Code.UNKNOWN_STATUS_WORD, "known are", id=f"D04-{word!r}")
            for word in ("SUCCEED", "Success", "success ", "", "cancelled", "ｓuccess", "success\n")
        ),
        *(
            pytest.param(job(status=value), Code.MALFORMED_FIELD, "its status is", id=f"D05-{value}")
            for value in (None, 1, ["success"], True, {"success": 1})
        ),
        pytest.param({"job_id": JOB_ID}, Code.MALFORMED_FIELD, "its status is null or absent", id="D05-missing"),
        pytest.param({}, Code.OTHER_JOB, "does not name", id="D06-empty-object"),
        *(
            pytest.param(body, Code.NOT_JSON, "not a JSON object", id=f"D06-{body.decode()}")
            for body in (b"[]", b"null", b'"success"', b"true", b"1")
        ),
        pytest.param(b"", Code.NOT_JSON, "not JSON", id="D06-empty"),
        pytest.param(b"success", Code.NOT_JSON, "not JSON", id="D06-word"),
        pytest.param(job(job_id="other"), Code.OTHER_JOB, '"other"', id="D07-other"),
        pytest.param(job(job_id=JOB_ID.upper()), Code.OTHER_JOB, "it is for job", id="D07-case"),
        pytest.param(job(job_id=f"{JOB_ID} "), Code.OTHER_JOB, "it is for job", id="D07-space"),
        pytest.param(job(job_id=None), Code.OTHER_JOB, "does not name", id="D07-null"),
        pytest.param(job(job_id=[JOB_ID]), Code.OTHER_JOB, "does not name", id="D07-list"),
        pytest.param(
            f'{{"job_id":"{JOB_ID}","status":"failed","status":"success"}}'.encode(),
            Code.AMBIGUOUS_JSON,
            "duplicate key",
            id="D09",
        ),
        pytest.param(
            f'{{"job_id":"{JOB_ID}","status":"success","st\\u0061tus":"failed"}}'.encode(),
            Code.AMBIGUOUS_JSON,
            "duplicate key",
            id="D09-escaped",
        ),
        pytest.param(
            f'{{"job_id":"{JOB_ID}","status":"success","sub_jobs":[{{"status":"failed","status":"success"}}]}}'.encode(),
            Code.AMBIGUOUS_JSON,
            "duplicate key",
            id="D09-nested",
        ),
        pytest.param(
            json.dumps(job())[:-1].encode() + b',"x":' + b"[" * 1000 + b"]" * 1000 + b"}",
            Code.AMBIGUOUS_JSON,
            "deeper than 32",
            id="D11-deep",
        ),
        pytest.param(
            job(sub_jobs=[{"status": "success"}] * (MOST_SUB_JOBS + 1)),
            Code.ANSWER_TOO_LARGE,
            "it lists 1,001 sub-jobs",
            id="D11-sub-jobs",
        ),
        pytest.param(
            job(sub_jobs=[{"status": "success"}] * 10_000),
            Code.ANSWER_TOO_LARGE,
            "20,000 values",
            id="D11-empty-sub-jobs",
        ),
        pytest.param(job(x=[[]] * MOST_VALUES), Code.ANSWER_TOO_LARGE, "more than 20,000 values", id="D11-lists"),
        pytest.param(job(x=[0] * MOST_VALUES), Code.ANSWER_TOO_LARGE, "more than 20,000 values", id="D11-numbers"),
        pytest.param(b"[" * 500_000, Code.AMBIGUOUS_JSON, "deeper than 32", id="D11-very-deep"),
        pytest.param(b'{"a":"' + b'\\"' * 500_000, Code.NOT_JSON, "not JSON", id="D11-quotes"),
        pytest.param(job(sub_jobs={}), Code.MALFORMED_FIELD, "sub_jobs is an object", id="sub-jobs-object"),
        pytest.param(job(sub_jobs=[1]), Code.MALFORMED_FIELD, "sub_jobs[0] is a number", id="sub-jobs-number"),
        pytest.param(job(sub_jobs=[{}]), Code.MALFORMED_FIELD, "sub_jobs[0].status is null", id="sub-job-no-status"),
        pytest.param(
            job(sub_jobs=[{"status": "success"}, {"status": "Success"}]),
            Code.UNKNOWN_STATUS_WORD,
            "sub_jobs[1].status",
            id="D04-sub-job",
        ),
        pytest.param(job(error_code=5), Code.MALFORMED_FIELD, "error_code is a number", id="field-number"),
        pytest.param(job(end_time=False), Code.MALFORMED_FIELD, "end_time is a boolean", id="field-boolean"),
        pytest.param(
            job(sub_jobs=[{"status": "success", "sub_jobs": [{"status": "failed"}]}]),
            Code.MALFORMED_FIELD,
            "its sub_jobs.sub_jobs looks like its parts",
            id="D10-deeper-than-described",
        ),
        *(
            pytest.param(
                f'{{"job_id":"{JOB_ID}","status":"success","x":{number}}}'.encode(), code, "", id=f"D41-{number[:9]}"
            )
            for number, code in (
                ("9" * 5000, Code.AMBIGUOUS_JSON),
                ("1e999", Code.AMBIGUOUS_JSON),
                ("NaN", Code.NOT_JSON),
                ("-Infinity", Code.NOT_JSON),
            )
        ),
        pytest.param(json.dumps(job()).encode("utf-16"), Code.NOT_JSON, "UTF-8", id="D14-utf-16"),
        pytest.param(json.dumps(job()).encode("utf-16-le"), Code.NOT_JSON, "UTF-8", id="D14-utf-16-le"),
        pytest.param(b'{"job_id":"\xff"}', Code.NOT_JSON, "UTF-8", id="D14-invalid"),
        pytest.param(json.dumps(job()).encode() + b"x", Code.NOT_JSON, "not JSON", id="D39-junk"),
    ],
)
def test_a_doubtful_200_is_not_accepted(body: bytes | object, code: Code, says: str) -> None:
    message = message_of(ask(body), code)
    assert message.startswith("HTTP 200 from the job API: ")
    assert says in message


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("text/html; charset=utf-8", json.dumps(job()).encode(), id="D13"),
        pytest.param("application/octet-stream", json.dumps(job()).encode(), id="D13-binary"),
        pytest.param("application/json", b"\n<html>success</html>", id="D36"),
        pytest.param("application/json; charset=utf-16", json.dumps(job()).encode(), id="D14-charset"),
    ],
)
def test_what_is_not_json_is_named(content_type: str, body: bytes) -> None:
    assert content_type in message_of(ask(body, headers={"content-type": content_type}), Code.NOT_JSON)


# --- Other status codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["SFS.TURBO.0019", "SFS.TURBO.0001"])
def test_the_services_own_404_means_missing_D28(code: str) -> None:
    body = {"errCode": code, "errMsg": "Invalid Job Id"}
    assert ask(body, status_code=404, headers={"X-Request-Id": "r"}) == Missing(
        code=code, message="Invalid Job Id", request_id="r"
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b"<html>Not Found</html>", "text/html", id="D29-html"),
        pytest.param(b"", "", id="D29-empty"),
        pytest.param(b"{}", "application/json", id="D29-no-code"),
        pytest.param(b'{"errMsg":"not found"}', "application/json", id="D29-no-errCode"),
        pytest.param(b'{"errCode":""}', "application/json", id="D29-empty-errCode"),
        pytest.param(b'{"errCode":0}', "application/json", id="D29-numbered-errCode"),
        pytest.param(b'{"errCode":"APIG.0101","errMsg":"no API"}', "application/json", id="gateway-code-in-envelope"),
        pytest.param(b'{"error_code":"APIGW.0101","error_msg":"x"}', "application/json", id="gateway"),
        pytest.param(b'{"errCode":"SFS.TURBO.0019","error_code":"APIGW.0101"}', "application/json", id="both"),
        pytest.param(b'{"code":"404","message":"x"}', "application/json", id="other-envelope"),
        pytest.param(b'{"errCode":"SFS.TURBO.0019","errCode":"SFS.TURBO.0019"}', "application/json", id="twice"),
        pytest.param(b'{"errCode":"SFS.TURBO.0019"}', "text/html", id="D29-json-as-html"),
    ],
)
def test_any_other_404_is_a_wrong_host_or_path(body: bytes, content_type: str) -> None:
    observation = ask(body, status_code=404, headers={"content-type": content_type})
    assert "api or project_id is wrong" in message_of(observation, Code.NOT_FROM_THE_API)


@pytest.mark.parametrize(
    "body",
    [
        {"error_code": "SFS.TURBO.0019", "error_msg": "Invalid Job Id"},
        {"errorCode": "SFS.TURBO.0019", "errorMsg": "Invalid Job Id"},
        {"error": {"code": "SFS.TURBO.0019", "message": "Invalid Job Id"}},
        {"code": "SFS.TURBO.0019", "message": "Invalid Job Id"},
    ],
    ids=["gateway", "camel", "nested", "short"],
)
def test_u21_a_known_code_in_a_foreign_envelope_is_told_without_a_contradiction(body: object) -> None:
    message = message_of(ask(body, status_code=404), Code.NOT_FROM_THE_API)
    assert message == (
        "HTTP 404 from the job API: either the job does not exist, or the endpoint, api or project_id is wrong "
        "(the error is not in the service's "
        'own format), error SFS.TURBO.0019 "Invalid Job Id" (no job has that id)'
    )
    assert "not from the job API" not in message


@pytest.mark.parametrize(
    ("status_code", "code"),
    [
        (100, Code.UNEXPECTED_STATUS_CODE),
        (201, Code.UNEXPECTED_STATUS_CODE),
        pytest.param(204, Code.UNEXPECTED_STATUS_CODE, id="D38-204"),
        pytest.param(206, Code.UNEXPECTED_STATUS_CODE, id="D38-206"),
        pytest.param(304, Code.UNEXPECTED_STATUS_CODE, id="D38-304"),
        pytest.param(400, Code.REFUSED, id="D24"),
        pytest.param(401, Code.UNAUTHENTICATED, id="D26"),
        pytest.param(403, Code.FORBIDDEN, id="D27"),
        *(pytest.param(number, Code.REFUSED, id=f"D31-{number}") for number in (409, 410, 418, 422, 451)),
        pytest.param(429, Code.THROTTLED, id="D32"),
        *(pytest.param(number, Code.SERVER_ERROR, id=f"D35-{number}") for number in (500, 502, 503, 504)),
        (600, Code.UNEXPECTED_STATUS_CODE),
        (99, Code.UNEXPECTED_STATUS_CODE),
    ],
)
def test_a_perfect_body_under_another_status_code_is_not_accepted(status_code: int, code: Code) -> None:
    assert f"HTTP {status_code} " in message_of(ask(job(), status_code=status_code), code)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"errCode": "SFS.TURBO.0001", "errMsg": "parameter error"}, 'SFS.TURBO.0001 "parameter error"'),
        ({"error_code": "APIGW.0301", "error_msg": "token", "request_id": "r-2"}, 'APIGW.0301 "token"'),
        ({"errorCode": "X.1", "errorMsg": "y"}, 'X.1 "y"'),
        ({"error": {"code": 401, "message": "m", "title": "t"}}, '401 "m"'),
        ({"code": "C", "message": None}, ", error C"),
    ],
)
def test_every_envelope_is_read_D24(body: object, says: str) -> None:
    assert says in message_of(ask(body, status_code=400), Code.REFUSED)


def test_the_request_id_is_the_headers_else_the_envelopes() -> None:
    body = {"error_code": "APIGW.0301", "error_msg": "x", "request_id": "from-body"}
    in_body, in_header = ask(body, status_code=401), ask(body, status_code=401, headers={"x-request-id": "from-header"})
    assert isinstance(in_body, Unobserved)
    assert isinstance(in_header, Unobserved)
    assert (in_body.request_id, in_header.request_id) == ("from-body", "from-header")
    assert "(request id from-header)" in in_header.problem.message


def test_a_special_meaning_of_a_code_is_told() -> None:
    body = {"errCode": "SFS.TURBO.9000", "errMsg": "no privileges to operate"}
    assert "missing, or no permission" in message_of(ask(body, status_code=403), Code.FORBIDDEN)


def test_the_time_to_wait_is_named_D32() -> None:
    assert "Retry-After: 86400" in message_of(
        ask(b"", status_code=429, headers={"Retry-After": "86400"}), Code.THROTTLED
    )


@pytest.mark.parametrize(
    ("location", "target"),
    [
        pytest.param("https://user:hunter2@evil.test:8443/hunter2?t=hunter2", "https://evil.test:8443", id="A09"),
        pytest.param("http://[::1", "an invalid URL", id="no-url"),
        pytest.param("http://a.test:99999/", "an invalid URL", id="no-port"),
        pytest.param("/hunter2", "the same host", id="A10"),
        pytest.param(None, "the same host", id="no-location"),
    ],
)
def test_a_redirect_names_the_origin_of_its_target_alone(location: str | None, target: str) -> None:
    headers = {} if location is None else {"Location": location}
    message = message_of(ask(b"", status_code=302, headers=headers), Code.REDIRECT)
    assert target in message
    assert "hunter2" not in message


# --- Foreign text ----------------------------------------------------------------------------------------------


def test_foreign_text_in_a_message_is_cut_and_the_request_id_too_D42() -> None:
    body = {"errCode": "C" * 10_000, "errMsg": "M" * 10_000}
    observation = ask(body, status_code=500, headers={"x-request-id": "r" * 1_000_000})
    assert isinstance(observation, Unobserved)
    assert observation.request_id == "r" * 128
    assert len(observation.problem.message) < 1000


def test_a_token_that_the_server_repeats_reaches_no_observation_A20() -> None:
    token = "gAAAAA" + "canary/+=" * 30
    redact = Redactor([Secret(token)])
    fault = {"errCode": token, "errMsg": "x" * 150 + token, "request_id": token}
    echoes = [
        ask(job(fail_reason=f"bad {token}", sub_jobs=[{"status": "failed", "error_code": token}]), redact=redact),
        ask(job(status=token), redact=redact),
        ask(job(job_id=token), redact=redact),
        ask(fault, status_code=404, redact=redact),
        ask(fault, status_code=500, headers={"x-request-id": token}, redact=redact),
        ask(b"", status_code=302, headers={"location": f"https://{token.upper()}.test/{token}"}, redact=redact),
        ask(b"", status_code=302, headers={"location": f"https://{token}"}, redact=redact),
        ask(b"", status_code=429, headers={"retry-after": token, "content-type": token}, redact=redact),
        ask(b"", headers={"content-type": token}, redact=redact),
    ]
    assert all("canary/+=canary" not in repr(echo).lower() for echo in echoes)


# --- Laws ------------------------------------------------------------------------------------------------------

_texts = st.sampled_from([JOB_ID, JOB_ID.upper(), "success", "failed", "Success", "", "SFS.TURBO.0019", "APIG.0101"])
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=4,
)
_keys = st.sampled_from(
    ["job_id", "status", "job_type", "sub_jobs", "errCode", "errMsg", "error_code", "error", "code"]
)
_bodies = st.binary(max_size=60) | st.dictionaries(_keys, _values, max_size=6).map(
    lambda body: json.dumps(body).encode()
)


@given(
    body=_bodies,
    status_code=st.sampled_from([200, 200, 200, 404, 404]) | st.integers(0, 999),
    headers=st.dictionaries(
        st.sampled_from(["content-type", "location", "retry-after", "x-request-id"]),
        st.text(st.characters(max_codepoint=255), max_size=20) | st.just("application/json"),
        max_size=3,
    ),
)
def test_classifying_never_raises_and_accepts_nothing_else(
    body: bytes, status_code: int, headers: dict[str, str]
) -> None:
    observation = assess(load_api("sfs-turbo"), JOB_ID, Answer(status_code, headers, body)).observation
    if isinstance(observation, Observed):
        answered = json.loads(body)
        assert (status_code, answered["job_id"], answered["status"]) == (200, JOB_ID, observation.status)
        assert observation.status in load_api("sfs-turbo").statuses
    elif isinstance(observation, Missing):
        assert status_code == 404
        assert json.loads(body)["errCode"] == observation.code


_TOKEN = "canary/+= canary"
_foreign = st.sampled_from(["", "x", _TOKEN, f"({_TOKEN})", _TOKEN[1:], "canary%2F%2B%3D+canary", "SFS.TURBO.0005"])
_records = st.fixed_dictionaries(
    {"status": st.sampled_from(["success", "failed", _TOKEN])},
    optional=dict.fromkeys(("job_type", "begin_time", "error_code", "fail_reason", "unknown"), _foreign | st.none()),
)


@given(record=_records, sub_jobs=st.lists(_records, max_size=2), job_id=st.just(JOB_ID) | _foreign, data=st.data())
def test_an_answer_with_nothing_to_redact_is_read_as_any_other(record, sub_jobs, job_id, data) -> None:
    names = {"x-request-id": _foreign, "content-type": st.just("text/plain; a=") | _foreign, "age": st.just("7")}
    drawn = data.draw(st.fixed_dictionaries({}, optional=names))
    body = json.dumps({"job_id": job_id, **record, "sub_jobs": sub_jobs}).encode()
    # Where there is an escape, each text is redacted by itself.
    escaped = body[:-1] + rb',"\/":0}'
    redact = Redactor([Secret(_TOKEN)])
    told = [ask(each, headers=drawn, redact=redact) for each in (body, escaped)]
    assert told[0] == told[1]
    assert _TOKEN not in repr(told)


def test_a_doubtful_answer_keeps_the_code_of_its_status() -> None:
    """SDRS says with a 500 that there may be no such job: that is no answer of another server."""
    answer = Answer(500, {"content-type": "application/json"}, b'{"error":{"code":"SDRS.0403","message":"no job"}}')
    observed = assess(load_api("sdrs"), "a", answer).observation
    assert isinstance(observed, Unobserved)
    assert observed.problem.code is Code.SERVER_ERROR
    assert "the job may not exist" in observed.problem.message
