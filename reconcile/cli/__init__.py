"""The command line: one file per command, and beside them what several share; it alone knows click, and writes."""

COMPLETION = "_RECONCILE_COMPLETE"
"""The environment variable by which a shell asks click for completions, whatever the arguments are."""
