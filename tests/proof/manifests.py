"""Hostile manifests by their seed, and how `reconcile validate` has to end on them."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

HEAD = "version: 1\nproviders: {otc: {api: sfs-turbo, cloud: otc, region: eu-de, project_id: p1}}\n"
VALID, REFUSED = frozenset({0}), frozenset({1})
EITHER = VALID | REFUSED

_FULL = HEAD + (
    "variables: {v: {default: [a, b]}}\ndefaults: {provider: otc, expect: {status: success, error_code: null}}\njobs:\n"
    "  one:\n    for_each: ${var.v}\n    job_id: id-${each.value}\n    labels: {tier: web}\n    timeout: 5m\n"
    "    expect:\n      job_type: [a, {glob: b*}]\n      age: {max: 24h}\n      sub_jobs:\n        match: contains\n"
    "        items: [{job_type: x, count: {min: 1}}]\n"
    "    waivers:\n      - {fields: [duration], reason: OPS-12, expires: 2026-12-01}\n"
)
_HIDDEN = "\u202e\u2066\u200b\u00ad\u2028\ufeff\u115f\ufe0f\U000e0041\x00\x1b\x7f"
_VISIBLE = "ü漢字✓🚀ßıſK\u0301"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """A manifest, what is hostile in it, and the exit codes that are right."""

    kind: str
    content: bytes
    codes: frozenset[int]


Drawn = tuple[str | bytes, frozenset[int]]


def _nest(rng: Random) -> Drawn:
    depth = rng.choice([33, 100, 1_000, 20_000, 300_000])
    opening = rng.choice(["[", "{a: ", '{"a": [', "- ", "? ", "[{a: "])
    return f"x-deep: {opening * depth}" if rng.random() < 0.5 else opening * depth, REFUSED


def _indent(rng: Random) -> Drawn:
    return "\n".join(f"{' ' * n}a:" for n in range(rng.choice([33, 200, 1_000]))), REFUSED


def _laugh(rng: Random) -> Drawn:
    levels = "".join(f"  x{n}: &x{n} [{f'*x{n - 1}, ' * 9}]\n" for n in range(1, rng.randint(2, 40)))
    return f"{HEAD}x-laugh:\n  x0: &x0 ha\n{levels}jobs: {{a: {{job_id: x}}}}\n", REFUSED


def _amplify(rng: Random) -> Drawn:
    size, times = rng.choice([10, 1_000, 60_000]), rng.choice([10, 500, 5_000])
    value = "${var.v}" * times
    return (
        f"{HEAD}variables: {{v: {{default: {'y' * size}}}}}\njobs: {{a: {{job_id: x, labels: {{l: '{value}'}}}}}}\n",
        EITHER,
    )


def _multiply(rng: Random) -> Drawn:
    entries, jobs = rng.choice([10, 1_000]), rng.choice([1, 20])
    listed = ", ".join(f"i{n}" for n in range(entries))
    declared = "".join(f"  j{n}: {{for_each: '${{var.v}}', job_id: '{n}-${{each.value}}'}}\n" for n in range(jobs))
    return f"{HEAD}variables: {{v: {{default: [{listed}]}}}}\njobs:\n{declared}", VALID


def _count(rng: Random) -> Drawn:
    digits = "9" * rng.choice([1, 20, 65, 5_000, 1_000_000])
    number = rng.choice(
        [digits, f"-{digits}", f"0x{digits}", f"1e{digits}", f"0.{digits}", f"{digits}.0", ".inf", ".nan"]
    )
    place = rng.choice(["job_id: {}", "job_id: x, timeout: {}", "job_id: x, expect: {{status: {}}}"])
    return f"{HEAD}jobs: {{a: {{{place.format(number)}}}}}\n", REFUSED


def _measure(rng: Random) -> Drawn:
    number = "9" * rng.choice([1, 9, 20, 300])
    place = rng.choice(
        ["timeout: {}h", "expect: {{age: {{max: {}h}}}}", "expect: {{sub_jobs: {{items: [{{count: {{min: {}}}}}]}}}}"]
    )
    return f"{HEAD}jobs: {{a: {{job_id: x, {place.format(number)}}}}}\n", EITHER


def _lengthen(rng: Random) -> Drawn:
    size = rng.choice([60_000, 65_537, 1_000_000])
    text = rng.choice("ab*") * size
    written = rng.choice([text, f'"{text}"', f"'{text}'", f"|\n      {text}", f">\n      {text}"])
    return f"{HEAD}x-long:\n  text: {written}\njobs: {{a: {{job_id: x}}}}\n", REFUSED if size > 65_536 else EITHER


def _hide(rng: Random) -> Drawn:
    hidden = rng.choice(_HIDDEN)
    place = rng.choice(
        ["jobs: {{a: {{job_id: x{}}}}}", "# {}\njobs: {{a: {{job_id: x}}}}", "jobs: {{a{}: {{job_id: x}}}}"]
    )
    return HEAD + place.format(hidden * rng.choice([1, 1, 10_000])), REFUSED


def _decorate(rng: Random) -> Drawn:
    text = "".join(rng.choices(_VISIBLE, k=rng.choice([1, 50, 500])))
    return f"{HEAD}x-note: {{'{text}': ['{text}', \"{text}\"]}}\njobs: {{a: {{job_id: x}}}}\n", VALID


def _repeat_key(rng: Random) -> Drawn:
    first, second = rng.choice([("a", "a"), ("a", "'a'"), ("a", '"\\x61"'), ('"é"', '"\\u00e9"')])
    between = "".join(f"  k{n}: {{job_id: x{n}}}\n" for n in range(rng.choice([0, 10, 5_000])))
    return f"{HEAD}jobs:\n  {first}: {{job_id: x}}\n{between}  {second}: {{job_id: y}}\n", REFUSED


def _mistype(rng: Random) -> Drawn:
    wrong = rng.choice(["[]", "{}", "1", "true", "1.5", "[[x]]", "{a: {b: c}}", "2026-01-01x", "''"])
    key = rng.choice(["timeout", "provider", "missing", "waivers", "expect", "labels"])
    harmless = {("labels", "{}"), ("expect", "{}"), ("waivers", "[]")}
    codes = EITHER if (key, wrong) in harmless else REFUSED
    return f"{HEAD}jobs: {{a: {{job_id: x, {key}: {wrong}}}}}\n", codes


def _tag(rng: Random) -> Drawn:
    tag = rng.choice(["!!str", "!x", "!!python/object/apply:os.system", "!<tag:yaml.org,2002:int>", "!!binary", "!"])
    return f"{HEAD}jobs: {{a: {{job_id: {tag} x}}}}\n", REFUSED


def _direct(rng: Random) -> Drawn:
    lines = "".join(f"%TAG !t{n}! tag:x,2000:\n" for n in range(rng.choice([1, 100, 20_000])))
    return f"{lines}---\n{HEAD}jobs: {{a: {{job_id: x}}}}\n", REFUSED


def _repeat(rng: Random) -> Drawn:
    return HEAD + "jobs:\n" + _write_alike(rng, rng.choice([2, 100, 5_000])), VALID


_ODD = (
    "  job-1:\n    job_id: other\n",  # the name of another
    "  JOB-1:\n    job_id: other\n",  # and in capitals
    "  odd:\n    job_id: &a id\n",
    "  odd:\n    job_id: *a\n",
    "  odd:\n    job_id: 'never closed\n",
    "  odd:\n\t job_id: x\n",
    "  odd:\n    job_id: 26e65\n",
    "  odd:\n   job_id: x\n  expect: {status: success}\n",
    "  odd:\n    job_id: x\n    job_id: y\n",
    "  odd:\n    job_id: [x\n",
    "  odd:\n    job_id: x\u202e\n",
    "jobs:\n  odd:\n    job_id: x\n",
    "---\n",
)


def _repeat_with_one_odd(rng: Random) -> Drawn:
    jobs = _write_alike(rng, rng.choice([4, 100, 3_000])).split("  job-")
    at = rng.randint(3, len(jobs))
    return HEAD + "jobs:\n" + "  job-".join(jobs[:at]) + rng.choice(_ODD) + "".join(
        f"  job-{job}" for job in jobs[at:]
    ), REFUSED


def _write_alike(rng: Random, jobs: int) -> str:
    lines = rng.sample(
        ["    labels: {{tier: t{n}}}\n", "    expect: {{status: success, error_code: null}}\n"], k=rng.randint(0, 2)
    )
    body = "".join(["    job_id: id-{n}\n", *lines])
    return "".join(f"  job-{n}:\n{body.format(n=n)}" for n in range(jobs))


def _misspell(rng: Random) -> Drawn:
    keys = "".join(f"  a{n}: {{job_id: x{n}, expcet{n}: 1}}\n" for n in range(rng.choice([1, 100, 1_000])))
    return f"{HEAD}jobs:\n{keys}", REFUSED


def _contradict(rng: Random) -> Drawn:
    jobs = "".join(
        f"  a{n}: {{job_id: same, expect: {{job_type: t{n}}}}}\n" for n in range(rng.choice([2, 100, 2_000]))
    )
    return f"{HEAD}jobs:\n{jobs}", EITHER


def _crowd(rng: Random) -> Drawn:
    entries = rng.choice([1_000, 100_001])
    crowd = rng.choice(["[" + "1," * entries + "]", "{" + ",".join(f"k{n}: 1" for n in range(entries)) + "}"])
    return f"{HEAD}x-crowd: {{c: {crowd}}}\njobs: {{a: {{job_id: x}}}}\n", REFUSED if entries > 100_000 else VALID


def _blank(rng: Random) -> Drawn:
    blank = rng.choice(["\n", " \n", "# x\n", "\r\n", " "]) * rng.choice([1_000, 500_000])
    return f"{HEAD}jobs: {{a: {{job_id: x}}}}\n{blank}", VALID


def _match(rng: Random) -> Drawn:
    pattern = rng.choice(["*?", "**", "*a", "?*" * 50]) * rng.choice([1, 100, 10_000])
    return f"{HEAD}jobs: {{a: {{job_id: x, expect: {{fail_reason: {{glob: '{pattern}'}}}}}}}}\n", EITHER


def _cut(rng: Random) -> Drawn:
    return _FULL.encode()[: rng.randrange(len(_FULL))], EITHER


def _garble(rng: Random) -> Drawn:
    content = bytearray(_FULL.encode())
    for _ in range(rng.randint(1, 30)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content), EITHER


def _babble(rng: Random) -> Drawn:
    return rng.randbytes(rng.choice([1, 100, 100_000])), REFUSED


def _write_json(rng: Random) -> Drawn:
    provider = '"providers": {"p": {"api": "sfs-turbo", "project_id": "p1"}}'
    odd = rng.choice(
        [
            '"job_id": "x", "job_id": "y"',
            '"job_id": 1e999',
            '"job_id": NaN',
            '"job_id": "\\ud800"',
            '"job_id": "\\u0000"',
            '"job_id": "x",',
            f'"job_id": "x", "x-n": {"[" * 100_000}',
            f'"job_id": "x", "x-n": -{"1" * 500_000}',
        ]
    )
    return f'{{"version": 1, {provider}, "jobs": {{"a": {{{odd}}}}}}}', REFUSED


KINDS: dict[str, Callable[[Random], Drawn]] = {
    "nesting": _nest,
    "indentation": _indent,
    "aliases of aliases": _laugh,
    "a long value, referred to often": _amplify,
    "many jobs of one": _multiply,
    "huge numbers": _count,
    "huge durations and counts": _measure,
    "long scalars": _lengthen,
    "hidden characters": _hide,
    "strange characters": _decorate,
    "a key twice": _repeat_key,
    "another type": _mistype,
    "tags": _tag,
    "directives": _direct,
    "jobs alike": _repeat,
    "jobs alike but one": _repeat_with_one_odd,
    "many errors": _misspell,
    "many jobs of one id": _contradict,
    "many entries": _crowd,
    "blanks and comments": _blank,
    "patterns": _match,
    "cut short": _cut,
    "garbled": _garble,
    "no text": _babble,
    "JSON": _write_json,
}


def draw_manifest(seed: int) -> Hostile:
    """Draw the manifest of a seed; the kinds take turns."""
    kind = list(KINDS)[seed % len(KINDS)]
    content, codes = KINDS[kind](Random(seed))
    return Hostile(kind=kind, content=content.encode() if isinstance(content, str) else content, codes=codes)
