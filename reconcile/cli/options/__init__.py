"""The options that several commands share, in groups; a command gets each group as one value."""
