"""httpx without what it does not need here."""

import subprocess
import sys


def test_httpx_comes_without_its_own_command_line():
    code = "import sys, reconcile.fetch.proxy; print({'rich', 'pygments', 'click', 'httpx._main'} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
