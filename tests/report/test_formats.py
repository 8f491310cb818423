"""What holds for every format for machines and for CI systems, whatever is in the plan."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders import observed, sub_job
from hypothesis import given, settings
from hypothesis import strategies as st
from report.plans import check_harmless, drifted, drifted_inside, each_plan, load_plan, plan_mixed, plan_of, poison_plan

from reconcile.model.plan import ExitCode, Verdict
from reconcile.report import FORMATS, render_plan
from reconcile.report.style import PLAIN, Palette, Style

# What a person reads in a terminal or a browser has tests of its own.
NAMES = sorted(FORMATS.keys() - {"text", "html"})
each_format = pytest.mark.parametrize("format_name", NAMES)


def rendered(plan, format_name):
    return render_plan(plan, format_name=format_name, style=PLAIN)


@each_format
@each_plan
def test_e01_e04_no_format_lets_a_foreign_character_through(name, format_name):
    check_harmless(rendered(load_plan(name), format_name), format_name)


@each_format
@given(text=st.text(min_size=1, max_size=20))
@settings(max_examples=10, deadline=None)
def test_e01_e04_no_text_is_obeyed(format_name, text):
    check_harmless(rendered(poison_plan(plan_mixed(), text), format_name), format_name)


@pytest.mark.parametrize("format_name", ["json", "junit", "sarif", "gitlab", "ctrf", "otlp"])
def test_e13_what_machines_read_is_ascii_and_the_same_in_every_locale(format_name):
    assert rendered(load_plan("unicode"), format_name).isascii()


@each_format
def test_the_same_plan_is_the_same_text(format_name):
    assert rendered(plan_mixed(), format_name) == rendered(plan_mixed(), format_name)


@each_format
def test_a_report_grows_no_faster_than_its_plan(format_name):
    small, large = (len(rendered(plan_mixed(size), format_name)) for size in (200, 400))
    assert large < 2.1 * small


@each_format
def test_no_format_has_colours(format_name):
    assert "\x1b" not in rendered(plan_mixed(), format_name)


@each_format
@pytest.mark.parametrize("name", ["changed", "missing", "pending", "error", "failed"])
def test_no_format_is_silent_about_what_is_not_in_sync(name, format_name):
    assert re.search("drift|missing|no such job|pending|error", rendered(load_plan(name), format_name))


@pytest.mark.parametrize("format_name", ["text", "markdown", "html", "github", "azure", "junit", "json"])
def test_what_a_job_and_its_parts_are_about_is_told(format_name):
    text = rendered(plan_of(drifted_inside("a")), format_name)
    assert [each for each in ("volume_id", "v1", "above", "c1", "server_id", "s1") if each not in text] == []


def test_a_run_without_a_plan_is_an_error_in_every_format():
    plan = load_plan("failed")
    assert (plan.verdict, plan.exit_code, plan.complete) == (Verdict.ERROR, ExitCode.ERROR, False)
    for format_name in FORMATS:
        assert rendered(plan, format_name)


@pytest.mark.parametrize("payload", ["\x1b]8;;http://evil\x07click\x1b]8;;\x07", "\x9d8;;http://evil\x9c"])
def test_e15_nothing_foreign_is_a_link_in_a_terminal(payload):
    expected, _ = drifted("a")
    part = sub_job("failed", payload, payload)
    answer = observed("failed", part, job_type=payload, error_code=payload, fail_reason=payload)
    text = render_plan(plan_of((expected, answer)), format_name="text", style=Style(palette=Palette(colour=True)))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert not {"\x1b", "\x9d", "\x9c", "\x07"} & set(plain)
    assert "8;;http://evil" in plain


def test_f23_the_same_plan_is_the_same_bytes_in_every_environment():
    code = (
        "import sys; from report.plans import load_plan; from reconcile.report import FORMATS, render_plan;"
        "sys.stdout.reconfigure(encoding='utf-8');"
        "[print(name, render_plan(load_plan(plan), format_name=name)) for plan in ('mixed', 'unicode', 'failed')"
        " for name in FORMATS]"
    )
    path = os.pathsep.join((str(Path(__file__).parents[1]), *sys.path))
    said = set()
    for changes in (
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "COLUMNS": "80"},
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "COLUMNS": "200"},
        {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LANG": "tr_TR.UTF-8", "PYTHONWARNINGS": "error"},
    ):
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": path, **changes}
        said.add(subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=True).stdout)
    (only,) = said
    assert all(f"{name} ".encode() in only for name in FORMATS)
