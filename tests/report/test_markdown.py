"""Markdown that shows foreign text and obeys none of it, and never more of it than its place can hold."""

import re
from functools import partial
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace
from report.plans import done, drifted, each_plan, every_plan, load_plan, plan_mixed, plan_of, poison_plan

from reconcile.report import render_plan
from reconcile.report.markdown import COMMENT_LIMIT, SUMMARY_LIMIT, render_within
from reconcile.report.messages import WORDS

render = partial(render_plan, format_name="markdown")


GITHUB = MarkdownIt("gfm-like", {"linkify": False, "html": True})
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
TAGS = TABLE | {"h2", "p", "code", "details", "summary", "strong", "ul", "li", "em"}


class Page(HTMLParser):
    """Collects the tags of a page, and the text that stands in no code span."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.prose, self.rows, self.inside_code = set(), [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        assert not attrs
        self.tags.add(tag)
        self.inside_code = tag == "code"
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1

    def handle_endtag(self, tag):
        self.inside_code = self.inside_code and tag != "code"

    def handle_data(self, data):
        if not self.inside_code:
            self.prose.append(data)


def check(text):
    page = Page(GITHUB.render(text))
    assert page.tags <= TAGS
    assert set(page.rows) in (set(), {4}, {5})  # with the provider where there are several
    assert not any(character in part for part in page.prose for character in "@[]`|")
    return page


@every_plan
def test_e07_nothing_foreign_is_markup_and_the_limits_are_kept(name):
    text = render(load_plan(name))
    assert len(text.encode()) <= COMMENT_LIMIT
    assert len(render_within(load_plan(name), SUMMARY_LIMIT).encode()) <= SUMMARY_LIMIT
    check(text)


def test_e07_nothing_foreign_is_markup_in_a_long_report():
    check(render_within(load_plan("hostile"), SUMMARY_LIMIT))


@given(text=st.text(min_size=1, max_size=12, alphabet=st.sampled_from("`|\\<>@![]()*_~#&;:/ \n") | st.characters()))
@settings(max_examples=40, deadline=None)
def test_e07_no_text_is_markup(text):
    check(render(poison_plan(plan_mixed(), text)))


@each_plan
def test_the_verdict_stands_first(name):
    plan = load_plan(name)
    assert render(plan).splitlines()[0] == f"## reconcile: {WORDS[plan.verdict]}"


@pytest.mark.parametrize("limit", [2_000, 5_001, COMMENT_LIMIT])
def test_e07_what_does_not_fit_is_cut_between_lines_and_counted(limit):
    plan = plan_mixed(600)
    whole = render_within(plan, 100_000_000)
    text = render_within(plan, limit)
    *lines, notice = text.splitlines()
    assert len(text.encode()) <= limit
    assert set(lines) <= set(whole.splitlines())
    assert notice.startswith(f"*Cut to stay under {limit:,} bytes: ")
    check(text)


def test_what_fits_is_whole():
    text = render(load_plan("mixed"))
    assert "Cut to" not in text
    assert text.count("\n| `jobs.") == len(load_plan("mixed").jobs)


def test_the_worst_job_is_the_first_row_and_those_in_sync_of_many_are_only_counted():
    rows = [line for line in render(plan_mixed(60)).splitlines() if line.startswith("| `")]
    verdicts = [row.split(" | ")[1] for row in rows]
    assert list(dict.fromkeys(verdicts)) == ["error", "drift", "pending", "waived"]


def test_a_drift_is_told_with_its_place_and_its_cause():
    text = render(load_plan("changed"))
    assert '- drift: `status`: expected `"success"`, observed `"failed"`, `reconcile.yaml:7:5`\n' in text
    assert "- note: the job reports SFS.TURBO.0005: it broke\n" in text


def test_f29_soft_fail_is_told():
    assert "soft-fail" in render(plan_of(drifted("a"), soft_fail=True)).splitlines()[2]


def test_what_repeats_is_said_once_before_the_table():
    text = render(plan_of(*(drifted(f"j{i}") for i in range(5)), done("k")))
    head, _, table = text.partition("| Job |")
    assert head.split("**Causes that repeat**\n\n")[1].splitlines() == [
        "- **5 jobs, drift**: `SFS.TURBO.0005` it broke: `jobs.j0, jobs.j1, jobs.j2 and 2 more`",
        "",
    ]
    assert all(f"| `jobs.j{i}` | drift |" in table for i in range(5))
    assert "Causes that repeat" not in render(plan_of(drifted("a"), done("b")))


def test_u36_the_cause_stands_in_the_table_and_prose_is_no_code():
    text = render(load_plan("changed"))
    (row,) = [line for line in text.splitlines() if line.startswith("| `jobs.a`")]
    assert row == "| `jobs.a` | drift | `SFS.TURBO.0005` it broke (2 more differences) | `reconcile.yaml:7:5` |"
    assert not [span for span in re.findall("`([^`]*)`", text) if len(span.split()) > 4]


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("quota exceeded: 20 of 20", "quota exceeded: 20 of 20"),
        ("ask @org/team, see #12 or GH-12", "ask `@org/team`, see `#12` or `GH-12`"),
        ("the token (from OS_TOKEN) was (not_a_token).", "the token (from `OS_TOKEN`) was (`not_a_token`)."),
        ("read https://evil.example now", "read `https://evil.example` now"),
        ("*bold* [x](y) <b>", "`*bold*` `[x]`(y) `<b>`"),
    ],
)
def test_u36_what_github_would_read_as_anything_but_words_is_code(reason, shown):
    expected, answer = drifted("a")
    plan = plan_of((expected, replace(answer, fail_reason=reason)), done("b"))
    text = render(plan)
    assert f"| `SFS.TURBO.0005` {shown} (2 more differences) |" in text
    check(text)


@pytest.mark.parametrize(
    ("name", "marker"),
    [
        ("prod-storage", "<!-- reconcile:prod-storage -->"),
        ("a --> <b>", "<!-- reconcile:a-b -->"),
        ("漢", "<!-- reconcile -->"),
    ],
)
def test_u36_a_comment_has_a_marker_that_stays(name, marker):
    lines = set()
    for plan in (load_plan("changed"), load_plan("in_sync")):
        files = tuple(replace(file, name=name) for file in plan.manifest.files)
        text = render(replace(plan, manifest=replace(plan.manifest, files=files)))
        lines.add(next(line for line in text.splitlines() if line.startswith("<!--")))
    assert lines == {marker}
