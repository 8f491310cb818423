"""Who gets colour."""

import fcntl
import io
import os
import pty
import re
import struct
import termios

import pytest
from builders import NOW, item, job, manifest, observed, sub_job, sub_jobs
from program import main

from reconcile.cli.options.reporting import read_colour
from reconcile.cli.output import choose_palette, measure_width
from reconcile.model.manifest import Match
from reconcile.plan import make_plan
from reconcile.report import render_plan
from reconcile.report.style import NO_COLOUR, Palette, Style


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
    assert choose_palette("auto", None, {}) == NO_COLOUR


def test_colour_repeats_what_symbols_say():
    expectation = sub_jobs(Match.EXACT, item(job_type="a"), item(job_type="b"))
    answer = observed("failed", sub_job("success", "a"), sub_job("success", "c"))
    plan = make_plan(manifest(job(expectation)), [answer], now=NOW, origins={})
    painted = render_plan(plan, format_name="text", style=Style(palette=Palette(colour=True)))
    plain = render_plan(plan, format_name="text", style=Style())
    assert painted != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


@pytest.mark.parametrize(
    "argv", [["plan", "nowhere"], ["plan", "--no-such-option"], ["validate", "nowhere"]], ids=" ".join
)
@pytest.mark.parametrize(
    ("when", "environ", "colour"),
    [("always", {}, True), ("always", {"NO_COLOR": "1"}, True), ("never", {"FORCE_COLOR": "1"}, False)],
)
def test_the_option_reaches_what_is_said_on_stderr(argv, when, environ, colour, capsys):
    for spelling in (["--color", when], [f"--color={when}"]):
        assert main([argv[0], *spelling, *argv[1:]], environ=environ) == 1
        out, err = capsys.readouterr()
        assert (out, "\x1b[" in err) == ("", colour)


@pytest.mark.parametrize(
    ("argv", "colour"),
    [
        ([], "auto"),
        (["plan", "-qo", "json", "--color", "never", "x"], "never"),
        (["plan", "--color=always", "--color", "never"], "never"),
        (["plan", "--color", "blue"], "auto"),
        (["plan", "--color"], "auto"),
        (["plan", "--", "--color", "never"], "auto"),
    ],
    ids=str,
)
def test_the_option_is_read_of_arguments_that_make_no_sense(argv, colour):
    assert read_colour(argv) == colour


def test_what_is_no_terminal_has_no_width(tmp_path):
    assert measure_width(None) is None
    assert measure_width(io.StringIO()) is None
    with (tmp_path / "out").open("w") as file:
        assert measure_width(file) is None


def test_e16_a_terminal_bounds_the_width():
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", 24, 93, 0, 0))
    with os.fdopen(leader, "w"), os.fdopen(follower, "w") as terminal:
        assert measure_width(terminal) == 93
