"""Globs, times, waivers and absence: what is read of them, and what is no expectation."""

from datetime import UTC, date, datetime

import pytest

from reconcile.codes import Code
from reconcile.model.diagnostic import Source
from reconcile.model.manifest import Absence, Glob, MissingPolicy, Moment, MomentExpectation, Span, SpanExpectation

HERE = Source(file="<stdin>", line=4, column=27)


def refuse_expect(refuse_jobs, expect):
    (found,) = refuse_jobs(f"jobs:\n  a: {{job_id: i, expect: {expect}}}\n")
    return found.code, found.source.column - len("  a: {job_id: i, expect: ")


# --- Globs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "accept"),
    [
        ("{glob: 'a*'}", (Glob(pattern="a*"),)),
        ("[{glob: 'a*'}, null, b]", (Glob(pattern="a*"), None, "b")),
        ("{glob: '%s'}" % ("a" * 512), (Glob(pattern="a" * 512),)),
        ("'a*'", ("a*",)),
    ],
)
def test_a_glob_is_one_only_where_it_is_called_so__C27(load_job, written, accept):
    assert load_job(f"{{job_type: {written}}}").expect.fields[1].accept == accept


@pytest.mark.parametrize(
    ("expect", "code", "column"),
    [
        pytest.param("{job_type: {glob: ''}}", Code.VALUE_NOT_ALLOWED, 19, id="C26 empty"),
        pytest.param("{job_type: {glob: '%s'}}" % ("a" * 513), Code.VALUE_NOT_ALLOWED, 19, id="C26 too long"),
        pytest.param("{status: {glob: 'succ*'}}", Code.WRONG_TYPE, 10, id="C26 of the status"),
        pytest.param("{status: [{glob: 'succ*'}]}", Code.WRONG_TYPE, 11, id="C26 in a list of statuses"),
        pytest.param("{sub_jobs: [{glob: a}]}", Code.WRONG_TYPE, 13, id="C26 in the short form"),
        pytest.param("{job_type: {globe: a, glob: b}}", Code.UNKNOWN_KEY, 13, id="C21"),
    ],
)
def test_a_glob_that_makes_no_sense_is_refused(refuse_jobs, expect, code, column):
    assert refuse_expect(refuse_jobs, expect) == (code, column)


# --- Times -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "after"),
    [
        ("2026-11-20T01:02:03Z", datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)),
        ("'2026-11-20T01:02:03+02:00'", datetime(2026, 11, 19, 23, 2, 3, tzinfo=UTC)),
        ("2026-11-20 01:02:03", datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("moment", list(Moment))
def test_a_time_is_of_rfc_3339_or_of_the_api(load_job, moment, written, after):
    assert load_job(f"{{{moment}: {{after: {written}}}}}").expect.fields[1] == MomentExpectation(
        moment=moment, after=after, before=None, source=HERE
    )


@pytest.mark.parametrize("span", list(Span))
def test_a_length_of_time_has_bounds(load_job, span):
    assert load_job(f"{{{span}: {{min: 90s, max: 1h30m}}}}").expect.fields[1] == SpanExpectation(
        span=span, min=90, max=5400, source=HERE
    )


def test_sub_jobs_have_times_as_well(load_job):
    sub_jobs = load_job(
        "{sub_jobs: {each: {duration: {max: 1m}}, items: [{end_time: {before: 2026-11-20T00:00:00Z}}]}}"
    )
    assert isinstance(sub_jobs.expect.sub_jobs.each[0], SpanExpectation)
    assert isinstance(sub_jobs.expect.sub_jobs.items[0].fields[0], MomentExpectation)


@pytest.mark.parametrize(
    ("expect", "code", "column"),
    [
        ("{begin_time: {after: 2026-11-20}}", Code.VALUE_NOT_ALLOWED, 22),
        ("{begin_time: {after: 2026-11-20T00:00:00}}", Code.VALUE_NOT_ALLOWED, 22),
        ("{begin_time: {after: 2026-02-30 00:00:00}}", Code.VALUE_NOT_ALLOWED, 22),
        ("{begin_time: {after: 2026-11-20 00:00:01, before: 2026-11-20 00:00:00}}", Code.IMPOSSIBLE_EXPECTATION, 2),
        ("{duration: {max: 600}}", Code.QUOTE_IT, 18),
        ("{duration: {max: 10 minutes}}", Code.VALUE_NOT_ALLOWED, 18),
        ("{duration: {max: -1s}}", Code.VALUE_NOT_ALLOWED, 18),
        ("{duration: {max: 1m1h}}", Code.VALUE_NOT_ALLOWED, 18),
        ("{duration: {max: 9999999999s}}", Code.VALUE_NOT_ALLOWED, 18),
        ("{age: {min: 2h, max: 1h}}", Code.IMPOSSIBLE_EXPECTATION, 2),
        ("{sub_jobs: {each: {age: {max: 1h}, status: success}}}", Code.UNKNOWN_KEY, 20),
    ],
)
def test_a_time_that_makes_no_sense_is_refused(refuse_jobs, expect, code, column):
    assert refuse_expect(refuse_jobs, expect) == (code, column)


# --- What no answer can meet -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expect",
    [
        "{error_code: a}",
        "{status: success, fail_reason: [a, {glob: b}]}",
        "{end_time: {before: 2026-11-20 00:00:00}, begin_time: {after: 2026-11-20 00:00:01}}",
        "{sub_jobs: {each: {status: success, error_code: a}}}",
        "{sub_jobs: {count: {max: 1}, items: [{job_type: a}, {job_type: b}]}}",
        "{sub_jobs: {match: contains, count: {max: 1}, items: [{job_type: a, count: {min: 2}}]}}",
        "{sub_jobs: {count: {min: 2}, items: [{job_type: a}]}}",
        "{sub_jobs: {count: {max: 0}, each: {status: success}}}",
        "{sub_jobs: {items: [], each: {status: success}}}",
        "{sub_jobs: {each: {status: success}, items: [{status: failed}]}}",
        "{sub_jobs: {each: {job_type: {glob: 'a*'}}, items: [{job_type: b}]}}",
    ],
)
def test_an_expectation_that_nothing_can_meet_is_refused(refuse_jobs, expect):
    assert refuse_expect(refuse_jobs, expect)[0] is Code.IMPOSSIBLE_EXPECTATION


@pytest.mark.parametrize(
    "expect",
    [
        "{error_code: [a, null]}",
        "{status: [success, failed], fail_reason: a}",
        "{sub_jobs: {match: contains, count: {max: 2}, items: [{job_type: a}, {job_type: b, count: {max: 3}}]}}",
        "{sub_jobs: {count: {min: 9}, items: [{job_type: a, count: {min: 1}}]}}",
        "{sub_jobs: {each: {job_type: {glob: 'a*'}}, items: [{job_type: {glob: '*b'}}, {job_type: ab}]}}",
        "{sub_jobs: {match: none, each: {status: success}, items: [{status: failed}]}}",
        "{sub_jobs: {each: {status: success}, items: [{status: failed, count: {max: 2}}, {status: success}]}}",
    ],
)
def test_an_expectation_that_something_can_meet_is_let_be(load_job, expect):
    assert load_job(expect).expect.fields


def test_a_default_that_contradicts_the_jobs_own_words_is_refused_where_it_stands(refuse_jobs):
    (found,) = refuse_jobs("defaults: {expect: {error_code: a}}\njobs:\n  a: {job_id: i, expect: {status: success}}\n")
    assert (found.code, found.source.line, found.source.column) == (Code.IMPOSSIBLE_EXPECTATION, 3, 21)


# --- Absence and a job's other keys ------------------------------------------------------------------------------


def test_no_default_merges_under_absence(load_jobs):
    (job,) = load_jobs(
        "defaults: {expect: {status: failed, sub_jobs: []}}\njobs:\n  a: {job_id: i, expect: {absent: true, x-a: 1}}\n"
    )
    assert job.expect == Absence(source=Source(file="<stdin>", line=5, column=27))


@pytest.mark.parametrize("content", ["{absent: true, status: success}", "{absent: true, sub_jobs: []}"])
def test_absence_stands_alone(refuse_jobs, content):
    assert refuse_expect(refuse_jobs, content) == (Code.IMPOSSIBLE_EXPECTATION, 16)


def test_what_a_job_does_not_say_it_has_from_the_defaults(load_jobs):
    jobs = load_jobs(
        "defaults: {timeout: 10m, missing: wait}\n"
        "jobs:\n  a: {job_id: i}\n  b: {job_id: j, timeout: 90s, missing: drift}\n"
    )
    assert [(job.timeout, job.missing) for job in jobs] == [(600, MissingPolicy.WAIT), (90, MissingPolicy.DRIFT)]


def test_a_job_has_its_own_owner_and_runbook_or_those_of_the_defaults(load_jobs):
    jobs = load_jobs(
        "defaults: {owner: storage, runbook: 'https://wiki/all'}\n"
        "jobs:\n  a: {job_id: i}\n  b: {job_id: j, owner: ldap}\n"
        "  c: {job_id: '${each.key}', for_each: [x], runbook: 'https://wiki/${each.key}'}\n"
    )
    assert [(job.owner, job.runbook) for job in jobs] == [
        ("storage", "https://wiki/all"),
        ("ldap", "https://wiki/all"),
        ("storage", "https://wiki/x"),
    ]


@pytest.mark.parametrize(
    "runbook",
    [
        "http://wiki/a",
        "https:wiki",
        "https://",
        "https://me@wiki/",
        "https://wiki/a b",
        "javascript:alert(1)",
        "//wiki",
    ],
)
def test_a_runbook_is_an_https_url_without_a_user(refuse_jobs, runbook):
    (error,) = refuse_jobs(f"jobs:\n  a: {{job_id: i, runbook: '{runbook}'}}\n")
    assert error.code is Code.VALUE_NOT_ALLOWED


@pytest.mark.parametrize(
    "place", ["timeout: {0}", "expect: {{age: {{max: {0}}}}}", "expect: {{duration: {{min: {0}}}}}"]
)
@pytest.mark.parametrize("written", ["1d", "1w", "1w2d3h"])
def test_u53_days_and_weeks_are_units_in_manifests(load_jobs, place, written):
    assert load_jobs(f"jobs:\n  a: {{job_id: i, {place.format(written)}}}\n")


# --- Waivers -----------------------------------------------------------------------------------------------------

WAIVED = "jobs:\n  a: {job_id: i, waivers: [{fields: [duration, missing], reason: OPS-12, expires: %s}]}\n"


def test_a_waiver_lasts_90_days_at_most_and_the_last_one_counts(load_jobs, refuse_jobs):
    (waiver,) = load_jobs(WAIVED % "2027-02-19")[0].waivers
    assert (waiver.fields, waiver.reason, waiver.expires) == (("duration", "missing"), "OPS-12", date(2027, 2, 19))
    (found,) = refuse_jobs(WAIVED % "2027-02-20")
    assert (found.code, found.hint) == (Code.WAIVER_TOO_LONG, "the latest possible date is 2027-02-19")


@pytest.mark.parametrize(("expires", "warnings"), [("2026-11-21", []), ("2026-11-20", [Code.WAIVER_EXPIRED])])
def test_a_waiver_that_is_over_is_warned_of(load, expires, warnings):
    head = "version: 1\nproviders: {otc: {api: sfs-turbo, project_id: p1}}\n"
    assert [warning.code for warning in load(head + WAIVED % expires).warnings] == warnings


@pytest.mark.parametrize("expires", ["2026-02-30", "soon", "20261231", "2026-W01-1"])
def test_a_day_that_is_none_is_refused(refuse_jobs, expires):
    (found,) = refuse_jobs(WAIVED % expires)
    assert found.code in (Code.VALUE_NOT_ALLOWED, Code.QUOTE_IT)
