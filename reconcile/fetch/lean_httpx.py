"""
httpx without its own command line: `from reconcile.fetch.lean_httpx import httpx`.

Where rich and click are installed, `import httpx` imports them and pygments for `httpx._main`, which nothing here
calls: that would take a fifth of the time of a run with one job.
"""

from reconcile.lean import standing_in

with standing_in("httpx._main", main=lambda: None):
    import httpx as httpx
