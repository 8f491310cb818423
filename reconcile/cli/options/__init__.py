"""Options that more than one command has; a command gets those of one concern as one frozen value."""
