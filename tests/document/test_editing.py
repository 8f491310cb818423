"""Values replaced in a text: it says the new values and what it said before, and no other line is touched."""

import copy
import json
import random
import shutil
import subprocess

import pytest
from layouts import draw_text, find_comments

from reconcile.document import Text, parse_text
from reconcile.document.editing import Edit, UneditableError, edit_document

KEYS = ["status", "job_type", "error_code", "sub_jobs", "count"]
SCALARS = ["success", "26e65", "", None, 3, "a: b # c", "two\nlines", "ü '\"", "${x}", "- y", "yes"]


def edit(content, *edits, is_json=False):
    document = parse_text(Text("f", content), is_json=is_json)
    return edit_document(document, [Edit(tuple(path), value) for path, value in edits], is_json=is_json).new.content


# --- Laws ------------------------------------------------------------------------------------------------------


def draw_value(rng, depth):
    kind = rng.random()
    if depth == 0 or kind < 0.5:
        return rng.choice(SCALARS)
    if kind < 0.7:
        return [draw_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {key: draw_value(rng, depth - 1) for key in rng.sample(KEYS, rng.randrange(len(KEYS)))}


def draw_paths(rng, value, number):
    """Return places in a tree, or places that are to be made, none within another."""
    found = []
    for _ in range(number):
        path, at = [], value
        while True:
            steps = list(at) if isinstance(at, dict) else list(range(len(at)))
            step = rng.choice([*steps, *(["fresh"] if isinstance(at, dict) else [])] or ["fresh"])
            path.append(step)
            below = at[step] if step != "fresh" else None
            if step == "fresh" or not isinstance(below, dict | list) or (rng.random() < 0.3 and isinstance(at, dict)):
                break
            at = below
        clash = any(path[: len(each)] == each[: len(path)] for each in found)
        if isinstance(path[-1], str) and not clash and not (isinstance(at, list)):
            found.append(path)
    return found


def apply(value, path, new):
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = new


@pytest.mark.parametrize("seed", range(500))
def test_the_text_says_the_new_values_and_all_that_it_said_before(seed):
    rng = random.Random(seed)
    value = {key: draw_value(rng, 3) for key in rng.sample(KEYS, rng.randrange(1, len(KEYS)))}
    text = draw_text(rng, value)
    document = parse_text(Text("f", text), is_json=False)
    value = json.loads(json.dumps(document.root))
    edits = [(path, draw_value(rng, 2)) for path in draw_paths(rng, value, rng.randrange(1, 4))]
    if not edits:
        return
    wanted = copy.deepcopy(value)
    for path, new in edits:
        apply(wanted, path, new)
    try:
        edited = edit(text, *edits)
    except UneditableError as refused:
        told = {obstacle.message for obstacle in refused.obstacles}
    else:
        told = set()
        assert parse_text(Text("f", edited), is_json=False).root == wanted
        assert sorted(find_comments(edited)) == sorted(find_comments(text))
        assert not ("\r\n" in text and edited.replace("\r\n", "").count("\n"))
    assert told <= {"there is a comment in what would be replaced, and it would be lost"}
    assert find_comments(text) or not told


# --- Examples --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "edits", "edited"),
    [
        ("a:   old  # why\nb: 1\n", {"a": "new"}, "a:   new  # why\nb: 1\n"),
        ("a:   # none\nb:", {"a": "x", "b": None}, "a: x   # none\nb: null"),
        ("a:\n  - x\n  - y\n# about b\nb: 1\n", {"a": "z"}, "a: z\n# about b\nb: 1\n"),
        ("a: {b: 1}\n", {"a.c": [1], "a.d": None}, "a: {b: 1, c: [1], d: null}\n"),
        ("a: {\n  b: 1,  # one\n  }\n", {"a.c": 2}, "a: {\n  b: 1,  # one\n  c: 2\n  }\n"),
        ("a:\n  b: |\n    text\n\nc: 1\n", {"a.d": 2}, "a:\n  b: |\n    text\n\n  d: 2\nc: 1\n"),
        ("a:\n  b: 1\n  # of b\n", {"a.c.d": 2}, "a:\n  b: 1\n  c: {d: 2}\n  # of b\n"),
        ("a: {}", {"a.b": 1}, "a: {b: 1}"),
        ("a: [x, y]  # why\nb: 1\n", {"a": {"c": 1, "d": ["x"]}}, "a:  # why\n  c: 1\n  d: [x]\nb: 1\n"),
    ],
)
def test_edits_as_a_person_would_make_them(text, edits, edited):
    assert edit(text, *((path.split("."), value) for path, value in edits.items())) == edited


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ('{"a": {"b": 1}}', '{"a": {"b": 1, "c": [null, "ü"]}}'),
        ('{\n  "a": {\n    "b": 1\n  }\n}', '{\n  "a": {\n    "b": 1,\n    "c": [null, "ü"]\n  }\n}'),
        ('{"a": {}}', '{"a": {"c": [null, "ü"]}}'),
    ],
)
def test_json_stays_json(text, edited):
    assert edit(text, (["a", "c"], [None, "ü"]), is_json=True) == edited


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [x,  # first\n  y]\n", "comment"),
        ("a:\n  - x\n  - y  # last\n", "comment"),
        ("a: |  # header\n  text\n", "comment"),
    ],
)
def test_a_comment_that_would_be_lost_is_in_the_way(text, message):
    with pytest.raises(UneditableError, match=message):
        edit(text, (["a"], "z"))


def test_a_layout_that_cannot_be_told_is_refused():
    with pytest.raises(UneditableError, match="layout"):
        edit("a: {b}\n", (["a", "b"], 2))


# --- The difference --------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch(1) applies it")
def test_the_difference_is_a_patch_from_the_one_text_to_the_other(tmp_path):
    for seed in range(40):
        rng = random.Random(seed)
        text = "".join(f"k{number}:\n  a: 1\n  b: [x]\n" for number in range(40))
        places = [([f"k{number}", rng.choice(["a", "b", "c"])], draw_value(rng, 2)) for number in range(40)]
        edits = [Edit(tuple(path), value) for path, value in places if rng.random() < 0.2] or [Edit(("c",), 1)]
        edited = edit_document(parse_text(Text("f", text), is_json=False), edits, is_json=False)
        (tmp_path / "f").write_text(text)
        patch = "\n".join(edited.compare()) + "\n"
        subprocess.run(["patch", "-s", "f"], input=patch, text=True, cwd=tmp_path, check=True)
        assert (tmp_path / "f").read_text() == edited.new.content, f"seed {seed}"
