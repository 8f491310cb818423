"""What a review cannot decide within its limits."""


class TooManyError(Exception):
    """There is too much to compare; the message completes "there are too many ... to compare"."""
