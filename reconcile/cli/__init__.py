"""The command line: one module per command, and what several share. Only this package uses click and writes output."""

COMPLETION = "_RECONCILE_COMPLETE"
"""The environment variable with which a shell requests completions. It is ignored if there are arguments."""
