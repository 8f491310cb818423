"""The plans that every format is checked with, and the texts that no format may obey."""

import re
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import cache, partial
from itertools import cycle, islice

import pytest
from builders import NOW, SOURCE, item, job, manifest, observed, sub_job, sub_jobs
from msgspec import Struct
from msgspec.structs import replace

from reconcile.codes import Code
from reconcile.model.diagnostic import Diagnostic, Problem, Source
from reconcile.model.manifest import Absence, Match, MissingPolicy, Waiver
from reconcile.model.observation import Heading, Missing, Unobserved
from reconcile.model.plan import Summary
from reconcile.plan import make_failed_plan, make_plan

PAYLOADS = [
    "\x1b[2J",
    "\x1b]0;x\x07",
    "\x1b]8;;http://evil\x07",
    "\x9b31m",
    "a\rb",
    "\x08",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\ud800",
    "\x00",
    "\ufffe",
    "\n::add-mask::a",
    "::error::x",
    " ::stop-commands::t",
    "text ##[add-mask]a",
    "##[stop-commands]t",
    "##vso[task.complete result=Succeeded;]x",
    "##teamcity[buildStop comment='x']",
    "%0A::set-env name=X::1",
    "%0D%0A::error::x",
    "</td><script>alert(1)</script>",
    "![x](http://evil)",
    "[click](javascript:alert(1))",
    "<http://evil>",
    "http://evil",
    "@org/team",
    "#1",
    "|",
    "a | b \\| c",
    "`",
    "``` `` `",
    "\\",
    "]]>",
    "&#0;",
    "&amp;lt;",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "x" * 1_000_000,
    "`" * 2_000,
    "{{7*7}}",
    "{% raw %}",
    "%s",
    "{0}",
    "a: b # c",
    "# TODO",
    "ok 1",
    "...",
    "../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    '"quoted"',
]
"""What a server or a manifest may say, in whatever field: safety cases, section E."""

SUMMARY = Summary.__struct_fields__
WAIVER = Waiver(fields=("status",), reason="vendor ticket OPS-12", expires=date(2026, 12, 31), source=SOURCE)
LOST = Unobserved(problem=Problem(code=Code.NOT_JSON, message="the answer is no JSON"), request_id="req-9")
GONE = Missing(code="SFS.TURBO.0019", message="no such job", request_id="req-8")


def plan_of(*cases, **options):
    """Plan jobs with what was observed of them."""
    jobs, observations = zip(*cases, strict=True)
    return make_plan(manifest(*jobs), observations, now=NOW, origins={}, **options)


def with_findings(planned, *findings):
    """Put other findings into the plan of a job."""
    return replace(planned, details=replace(planned.details, findings=findings))


def done(name):
    return job(name=name), observed("success", job_id=f"id-{name}")


def drifted(name):
    expected = job(name=name, job_type=("a", "b"), error_code=None)
    return expected, observed("failed", job_id=f"id-{name}", error_code="SFS.TURBO.0005", fail_reason="it broke")


def drifted_inside(name):
    parts = sub_jobs(Match.EXACT, item(at_least=2, at_most=2, job_type="a", status="success"), item(job_type="b"))
    below = replace(sub_job("failed", "a"), depth=2, shown={"server_id": "s1"})
    answer = observed("success", sub_job("failed", "a"), below, sub_job("success", "c"), job_id=f"id-{name}")
    heading = Heading(before=1, job_id=None, job_type="above", shown={"cluster": "c1"})
    return job(parts, name=name), replace(answer, shown={"volume_id": "v1"}, headings=(heading,))


def missing(name):
    return job(name=name), GONE


def present(name):
    return replace(job(name=name), expect=Absence(source=SOURCE)), observed("success", job_id=f"id-{name}")


def pending(name):
    return job(name=name, job_type="a"), observed("running", job_id=f"id-{name}")


def awaited(name):
    return replace(job(name=name), missing=MissingPolicy.WAIT), GONE


def waived(name):
    return replace(job(name=name, error_code=None), waivers=(WAIVER,)), observed("failed", job_id=f"id-{name}")


def expired(name):
    waiver = replace(WAIVER, expires=date(2026, 11, 1))
    return replace(job(name=name), waivers=(waiver,)), observed("failed", job_id=f"id-{name}")


def unobserved(name):
    return job(name=name), LOST


KINDS = (done, drifted, drifted_inside, missing, present, pending, awaited, waived, expired, unobserved)


def plan_mixed(size=10):
    """Plan jobs of each kind in turn."""
    return plan_of(*(kind(f"j{i}") for i, kind in enumerate(islice(cycle(KINDS), size))))


def plan_failed():
    place = Source(file="reconcile.yaml", line=3, column=1)
    errors = [
        Diagnostic(code=Code.UNKNOWN_KEY, message="unknown key 'expcet'", hint="did you mean 'expect'?", source=place),
        Diagnostic(code=Code.NO_CREDENTIALS, message="no credential for provider otc"),
    ]
    return make_failed_plan(errors, now=NOW)


def poison(value, text):
    """Put a text in place of every text of a value."""
    match value:
        case Enum():
            return value
        case str():
            return text
        case tuple():
            return tuple(poison(each, text) for each in value)
        case frozenset():
            return frozenset(poison(each, text) for each in value)
        case Mapping():
            return {poison(key, text): poison(each, text) for key, each in value.items()}
        case Struct():
            return replace(value, **{name: poison(getattr(value, name), text) for name in value.__struct_fields__})
        case _:
            return value


def poison_plan(plan, text):
    """Put a text in place of every text of a plan; addresses stay different, as a manifest has them."""
    jobs = [poison(each, text) for each in plan.jobs]
    jobs = [replace(each, job=replace(each.job, address=f"{text}{i}")) for i, each in enumerate(jobs)]
    error = Diagnostic(code=Code.UNPROVEN, message=text, hint=text, source=poison(SOURCE, text), excerpt=text)
    files = poison(plan.manifest.files, text)
    return replace(
        plan,
        manifest=replace(plan.manifest, files=files),
        jobs=tuple(jobs),
        errors=(error, replace(error, source=None)),
        warnings=(error, *poison(plan.warnings, text)),
    )


def plan_hostile():
    """Plan jobs of each kind for each payload, and say each payload of the run too."""
    poisoned = [poison_plan(plan_mixed(2 if len(payload) > 10_000 else len(KINDS)), payload) for payload in PAYLOADS]
    jobs = enumerate(each for plan in poisoned for each in plan.jobs)
    files = tuple(each for plan in poisoned for each in plan.manifest.files)
    return replace(
        poisoned[0],
        manifest=replace(poisoned[0].manifest, files=files),
        jobs=tuple(replace(each, job=replace(each.job, address=f"{each.job.address}{i}")) for i, each in jobs),
        errors=tuple(each for plan in poisoned for each in plan.errors),
        warnings=tuple(each for plan in poisoned for each in plan.warnings),
        summary=Summary(**{key: sum(getattr(plan.summary, key) for plan in poisoned) for key in SUMMARY}),
    )


def check_harmless(text, format_name):
    """Raise AssertionError if a report for machines or a CI system holds what one of them obeys, but for our own."""
    lines = text.removesuffix("\n").split("\n")
    assert text.endswith("\n")
    assert all(line.isprintable() for line in lines)
    assert text.encode()
    own = "##vso[task.logissue " if format_name == "azure" else ""
    foreign = [line.removeprefix(own) for line in lines]
    assert not any(re.search(r"##\w*\[", line) for line in foreign)
    if format_name != "github":
        assert not any(line.lstrip().startswith("::") for line in lines)


PLANS = {
    "in_sync": lambda: plan_of(done("a"), done("b")),
    "changed": lambda: plan_of(drifted("a"), done("b")),
    "sub_jobs": lambda: plan_of(drifted_inside("a"), done("b")),
    "missing": lambda: plan_of(missing("a"), present("b")),
    "pending": lambda: plan_of(pending("a"), awaited("b"), done("c")),
    "error": lambda: plan_of(unobserved("a"), done("b")),
    "waived": lambda: plan_of(waived("a"), done("b")),
    "mixed": plan_mixed,
    "hostile": plan_hostile,
    "many": partial(plan_mixed, 10_000),
    "one": lambda: plan_of(done("a")),
    "unicode": lambda: poison_plan(plan_mixed(), "größe_漢字_🚀_e\u0301"),
    "failed": plan_failed,
}

load_plan = cache(lambda name: PLANS[name]())

every_plan = pytest.mark.parametrize("name", PLANS)
"""Once for each format, for one of them is long."""

each_plan = pytest.mark.parametrize("name", sorted(PLANS.keys() - {"many"}))
