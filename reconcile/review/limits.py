"""What a review cannot decide within its limits."""


class TooManyError(Exception):
    """There is too much to compare; the message is a noun that completes "undecided: ..."."""
