"""Values as people write them in YAML: in block and flow style, with comments, blank lines and odd indentation."""

import json
import re


def draw_text(rng, value):
    """Write a mapping in one of the many ways in which it can be written."""
    ends = rng.choice(["\n", "\r\n"])
    text = "\n".join(_write_block(rng, value, 0)) + rng.choice(["", "\n", "\n# end\n", "\n\n"])
    return text.replace("\n", ends)


def find_comments(text):
    """Return the comments that `draw_text` writes, in their order."""
    return re.findall(r"# (?:in flow|on the line|before it|anywhere|behind it|behind and deeper|end)", text)


def _write_block(rng, value, indent):
    margin = " " * indent
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if rng.random() < 0.2:
            yield rng.choice(["", f"{margin}# before it", "  # anywhere", "     "])
        first, *rest = _write_node(rng, each, indent)
        yield f"{margin}{key}: {first}" if isinstance(value, dict) else f"{margin}- {first}"
        yield from rest
    if rng.random() < 0.2:
        yield rng.choice(["", f"{margin}# behind it", f"{margin}   # behind and deeper"])


def _write_node(rng, value, indent):
    """Yield the lines of a value behind its key or dash; the first stands on that line."""
    comment = rng.choice(["", "", "", "  # on the line", " "])
    if isinstance(value, dict | list) and (not value or rng.random() < 0.3):
        yield _write_flow(rng, value) + comment
    elif isinstance(value, dict | list):
        yield comment
        yield from _write_block(rng, value, indent + rng.choice([1, 2, 4]))
    elif value == "two\nlines" and rng.random() < 0.5:
        yield rng.choice(["|-", "|-  # on the line"])
        yield from (" " * (indent + 3) + line for line in value.split("\n"))
    elif value is None and rng.random() < 0.3:
        yield comment
    else:
        yield _write_scalar(rng, value, flow=False) + comment


def _write_flow(rng, value):
    def gap():
        return rng.choice(["", "", "\n" + " " * 40, "  # in flow\n" + " " * 40]) if rng.random() < 0.3 else " "

    if isinstance(value, dict):
        return "{" + ",".join(f"{gap()}{key}: {_write_flow(rng, each)}" for key, each in value.items()) + gap() + "}"
    if isinstance(value, list):
        return "[" + ",".join(gap() + _write_flow(rng, each) for each in value) + gap() + "]"
    return _write_scalar(rng, value, flow=True)


def _write_scalar(rng, value, *, flow):
    written = json.dumps(value, ensure_ascii=False)
    word = isinstance(value, str) and re.fullmatch(r"[a-z_]+" if flow else r"[a-z_]+|\$\{.*\}", value)
    return rng.choice([value, written, f"'{value}'"]) if word and value not in ("yes", "null") else written
