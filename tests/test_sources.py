"""What the sources do not hold, and that they were looked at."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import reconcile

PACKAGE = Path(reconcile.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
CALLS = {"eval", "exec", "compile", "__import__", "os._exit", "os.system", "yaml.load", "pickle.load", "pickle.loads"}
MODULES = {"pickle", "marshal", "shelve", "dill"}
TRUE = {"shell", "follow_redirects", "trust_env"}


def find_forbidden(tree):
    """Yield line and reason of every construct that has no place here."""
    for node in ast.walk(tree):
        match node:
            case ast.Call():
                if ast.unparse(node.func) in CALLS:
                    yield node.lineno, ast.unparse(node.func)
                for each in node.keywords:
                    value = each.value.value if isinstance(each.value, ast.Constant) else None
                    if (each.arg in TRUE and value is True) or (each.arg == "verify" and value is False):
                        yield node.lineno, f"{each.arg}={value}"
            case ast.Import() | ast.ImportFrom():
                names = {node.module} if isinstance(node, ast.ImportFrom) else {each.name for each in node.names}
                yield from ((node.lineno, name) for name in names & MODULES)
            case ast.ExceptHandler(type=None):
                yield node.lineno, "bare except"
            case ast.Attribute(attr="CERT_NONE" | "_create_unverified_context"):
                yield node.lineno, node.attr


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "os._exit(0)",
        "yaml.load(x)",
        "import pickle",
        "ssl.CERT_NONE",
        "try:\n  f()\nexcept:\n  pass",
        "f(shell=True)",
        "f(verify=False)",
        "f(trust_env=True)",
        "f(follow_redirects=True)",
    ],
)
def test_what_is_forbidden_is_found(code):
    assert list(find_forbidden(ast.parse(code)))


def test_h05_nothing_forbidden_is_in_the_sources():
    assert len(SOURCES) > 100
    found = {
        str(path.relative_to(PACKAGE)): list(find_forbidden(ast.parse(path.read_text(encoding="utf-8"))))
        for path in SOURCES
    }
    assert {place: faults for place, faults in found.items() if faults} == {}


def test_h04_the_rules_of_bandit_find_nothing_new_in_all_sources():
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("the linter is not installed beside a wheel")
    common = {"capture_output": True, "text": True, "check": False}
    shown = subprocess.run([ruff, "check", "--show-files", str(PACKAGE)], **common)
    assert {Path(line) for line in shown.stdout.splitlines() if line.endswith(".py")} >= set(SOURCES)
    argv = [ruff, "check", "--isolated", "--no-cache", "--select", "S", "--output-format", "json", str(PACKAGE)]
    scanned = subprocess.run(argv, **common)
    faults = json.loads(scanned.stdout)
    found = {(Path(fault["filename"]).relative_to(PACKAGE).as_posix(), fault["code"]) for fault in faults}
    # The demo runs this program, and a review git, both by commands that are written there; names of headers,
    # parameters and fields are no passwords; how long to wait is no secret; the templates are autoescaped.
    assert found == {
        ("cli/demo.py", "S603"),
        ("cli/git.py", "S603"),
        ("fetch/credentials/id_token.py", "S105"),
        ("fetch/credentials/identity.py", "S105"),
        ("fetch/credentials/identity.py", "S106"),
        ("fetch/pace.py", "S311"),
        ("report/html/__init__.py", "S704"),
        ("report/html/job.py", "S704"),
        ("report/html/page.py", "S704"),
        ("signature.py", "S105"),
    }
