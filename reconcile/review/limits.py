"""What cannot be decided within the work that a review may take."""


class TooManyError(Exception):
    """There is too much to compare; the message is a noun that completes "undecided: ..."."""
