"""
httpx without its own command line: `from reconcile.fetch.lean_httpx import httpx`.

Where rich and click are installed, `import httpx` imports them and pygments for `httpx._main`, which nothing here
calls: that took a fifth of the time of a run with one job. httpx does without it if it cannot be imported.
"""

import sys
from types import ModuleType

_COMMAND_LINE = "httpx._main"

if "httpx" in sys.modules:
    import httpx as httpx
else:
    sys.modules[_COMMAND_LINE] = ModuleType(_COMMAND_LINE)
    try:
        import httpx as httpx
    finally:
        del sys.modules[_COMMAND_LINE]
