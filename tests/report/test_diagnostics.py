"""Errors read like a good compiler's."""

from hypothesis import given
from hypothesis import strategies as st

from reconcile.codes import Code
from reconcile.model.diagnostic import Diagnostic, Source
from reconcile.report.diagnostics import render_diagnostics


def diagnostic(**options):
    return Diagnostic(**{"code": Code.UNKNOWN_KEY, "message": "unknown key 'expcet'", **options})


def test_an_error_in_a_file_shows_the_line_and_what_to_do():
    shown = render_diagnostics(
        [
            diagnostic(
                source=Source(file="reconcile.yaml", line=31, column=5),
                excerpt="    expcet: {status: success}",
                width=6,
                hint="did you mean 'expect'?",
            )
        ]
    )
    assert shown == (
        "reconcile.yaml:31:5: RC102 unknown key 'expcet'\n"
        "   31 |     expcet: {status: success}\n"
        "      |     ^^^^^^ did you mean 'expect'?\n"
    )


def test_the_caret_stays_below_its_token_whatever_stands_before_it():
    source = Source(file="m.yaml", line=1, column=4)
    _, line, carets = render_diagnostics([diagnostic(source=source, excerpt="\t\x1b\u202eab", width=2)]).splitlines()
    assert line.index("ab") == carets.index("^^")


def test_of_a_long_line_the_part_that_matters_is_shown():
    source = Source(file="m.json", line=1, column=5001)
    _, line, carets = render_diagnostics(
        [diagnostic(source=source, excerpt="x" * 5000 + "HERE" + "y" * 5000, width=4)]
    ).splitlines()
    assert len(line) < 140
    assert line.index("HERE") == carets.index("^^^^")


def test_e14_a_hostile_file_name_stays_one_line():
    source = Source(file="a\n::error::b", line=1, column=1)
    assert render_diagnostics([diagnostic(source=source)]) == "a\\n::error::b:1:1: RC102 unknown key 'expcet'\n"
    source = Source(file="::error::b", line=1, column=1)
    assert render_diagnostics([diagnostic(source=source)]).startswith(r"\x3a:error::b:1:1: ")


def test_an_error_without_a_place():
    assert render_diagnostics([diagnostic(hint="do this")]) == "error: RC102 unknown key 'expcet'\n  do this\n"


@given(
    line=st.text(max_size=300, alphabet=st.characters(exclude_characters="\n")),
    start=st.integers(0, 300),
    width=st.integers(1, 60),
    columns=st.integers(40, 200),
)
def test_u40_an_excerpt_fits_the_screen_and_its_carets_stand_below_what_they_mark(line, start, width, columns):
    start = min(start, len(line))
    source = Source(file="m.yaml", line=1, column=start + 1)
    shown = render_diagnostics([diagnostic(source=source, excerpt=line, width=width)], width=columns).splitlines()
    _, text, carets = shown
    assert len(text) <= columns
    assert len(carets) <= columns
    if line.isascii() and line.isprintable() and "##" not in line and "::" not in line:
        marked = text[carets.index("^") :][: carets.count("^")]
        assert line[start : start + width].startswith(marked.strip()[:3])


def test_u40_an_error_far_to_the_right_is_shown_with_what_stands_around_it():
    line = f"{'a: b, ' * 15}expcet: {{status: success}}, c: d"
    source = Source(file="m.yaml", line=1, column=91)
    hint = "did you mean 'expect'?"
    (_, text, carets, below) = render_diagnostics(
        [diagnostic(source=source, excerpt=line, width=6, hint=hint)], width=50
    ).splitlines()
    assert "..." in text[:12]
    assert text.index("expcet") == carets.index("^^^^^^") < 45
    assert below.strip() == f"| {hint}"


def test_a_message_and_a_hint_are_wrapped_at_words_to_fit_the_screen():
    message = "the provider 'otc' is declared differently at other/reconcile.yaml:2, and a run finds it by its name"
    long = Diagnostic(code=Code.USAGE, message=message, hint="choose another name for one of them " * 4)
    lines = render_diagnostics([long], width=60).splitlines()
    assert max(map(len, lines)) <= 60
    assert all(line.startswith("  ") for line in lines[1:])
    assert message in " ".join(line.strip() for line in lines)
    assert len(render_diagnostics([long]).splitlines()) == 2
