"""The command line: one module per command, and what several share. Only this package uses click and writes output."""

COMPLETION = "_RECONCILE_COMPLETE"
"""The environment variable through which a shell asks for completions. It is obeyed only if there are no arguments."""
