"""Who gets colour."""

import io
import re

import pytest
from builders import NOW, item, job, manifest, observed, sub_job, sub_jobs

from reconcile.cli.output import choose_palette
from reconcile.model import Match
from reconcile.plan import make_plan
from reconcile.report import render_plan
from reconcile.report.palette import PLAIN, Palette


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("when", "environ", "terminal", "colour"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, False, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_the_option_decides_then_the_environment_then_the_terminal(when, environ, terminal, colour):
    stream = Terminal() if terminal else io.StringIO()
    assert choose_palette(when, stream, environ) == Palette(colour=colour)


def test_a_stream_that_is_closed_has_no_colour():
    assert choose_palette("auto", None, {}) == PLAIN


def test_colour_repeats_what_symbols_say():
    expectation = sub_jobs(Match.EXACT, item(job_type="a"), item(job_type="b"))
    answer = observed("failed", sub_job("success", "a"), sub_job("success", "c"))
    plan = make_plan(manifest(job(expectation)), [answer], now=NOW, origins={})
    painted = render_plan(plan, format_name="text", palette=Palette(colour=True))
    plain = render_plan(plan, format_name="text", palette=PLAIN)
    assert painted != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain
