"""Packages without what they import for nothing."""

import json
import subprocess
import sys

import pytest

from reconcile.lean import standing_in

LOOK = "import json, sys; import {module}; heavy = {heavy} & {{*sys.modules}}; {then}; print(json.dumps(sorted(heavy)))"


@pytest.mark.parametrize(
    ("module", "heavy", "then"),
    [
        ("reconcile.fetch.proxy", {"rich", "pygments", "click", "httpx._main"}, "import httpx._main"),
        (
            "reconcile.model",
            {"typing_extensions", "decimal", "msgspec.inspect"},
            "import decimal, msgspec, msgspec.inspect; from typing_extensions import get_type_hints;"
            "assert decimal.Decimal(1) == 1; assert msgspec.inspect.type_info(int) == msgspec.inspect.IntType()",
        ),
        (
            "reconcile.cli.main",
            {"gettext", "platform"},
            "import gettext, platform; assert gettext.gettext('a') == 'a'; assert platform.machine()",
        ),
        (
            "reconcile.document",
            {"yaml", "yaml.reader", "yaml.constructor", "yaml.cyaml"},
            "import yaml; assert yaml.safe_load('[1]') == yaml.load('[1]', yaml.CSafeLoader) == [1]",
        ),
    ],
)
def test_a_package_comes_without_what_nothing_here_calls_which_can_be_imported_later(module, heavy, then):
    code = LOOK.format(module=module, heavy=heavy, then=then)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []


def test_what_is_imported_already_stays():
    with standing_in("json", dumps=None):
        import json as seen
    assert seen is json
    assert json.dumps


def test_what_a_stand_in_lacks_is_asked_of_the_real_one():
    code = (
        "import sys; from reconcile.lean import standing_in\n"
        "with standing_in('colorsys', rgb_to_hls=1):\n"
        "    import colorsys as stand_in\n"
        "    assert sys.modules['colorsys'] is stand_in and stand_in.rgb_to_hls == 1\n"
        "    assert not hasattr(stand_in, '__path__') and sys.modules['colorsys'] is stand_in\n"
        "    from colorsys import hls_to_rgb\n"
        "import colorsys\n"
        "assert colorsys is not stand_in and colorsys.hls_to_rgb is hls_to_rgb and colorsys.rgb_to_hls != 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_stand_in_is_gone_also_after_a_failure():
    with pytest.raises(ImportError), standing_in("reconcile.not_there", answer=42):
        from reconcile.not_there import answer, question  # noqa: F401
    assert "reconcile.not_there" not in sys.modules
