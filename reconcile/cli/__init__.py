"""The command line: one file per command; the only place that imports click, and the only one that writes."""

COMPLETION = "_RECONCILE_COMPLETE"
"""The environment variable by which a shell asks click for completions, whatever the arguments are."""
