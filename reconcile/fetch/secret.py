"""A value that no output may show."""

from typing import NoReturn


class Secret:
    """
    A value that only `reveal` returns.

    Its string does not show it. Formatting, comparing, hashing, copying and pickling it are errors, because each could
    leak the secret or compare it wrongly.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, to send it or to redact it from text."""
        return self._value

    def __repr__(self) -> str:
        return "Secret([redacted])"

    def __str__(self) -> str:
        return "[redacted]"

    def __format__(self, format_spec: str) -> NoReturn:
        raise TypeError("a secret cannot be formatted")

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("a secret cannot be compared")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be copied or pickled")
