"""The command line: one file per command; the only place that imports click, and the only one that writes."""
