"""What a provider is shown so that it answers: today a token out of the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.model import Diagnostic

MAX_TOKEN_LENGTH = 16 * 1024

_TOKEN = re.compile(r"[\x21-\x7e]+")
_SHARED_VARIABLES = ("RECONCILE_TOKEN", "OS_TOKEN", "OS_AUTH_TOKEN", "HW_AUTH_TOKEN")


class Secret:
    """
    A value that leaves only through `reveal`.

    It shows nothing of itself, and formatting, comparing, hashing, copying and pickling it are errors, for each of
    them is a way by which a secret gets out or a comparison goes wrong unseen.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for a request and for finding it in text that must not show it."""
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Token:
    """A token that somebody else fetched; `variable` is where it came from."""

    variable: str
    header: str
    secret: Secret

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything of it that no output may show."""
        return (self.secret,)

    def __str__(self) -> str:
        return f"token from {self.variable}"

    def request_headers(self) -> dict[str, str]:
        """Return the headers that carry it, in clear."""
        return {self.header: self.secret.reveal()}


def find_credential(provider: str, *, header: str, environ: Mapping[str, str]) -> Token:
    """
    Take the provider's token out of the first variable that is set, its own before the shared ones.

    A variable that is set and empty is set: an empty secret in CI is a mistake that must be seen. Raises AccessError.
    """
    variables = (f"RECONCILE_TOKEN_{provider.upper().replace('-', '_')}", *_SHARED_VARIABLES)
    variable = next((name for name in variables if name in environ), None)
    if variable is None:
        raise _refuse(
            Code.NO_CREDENTIALS,
            f"no credentials for provider '{provider}': none of {', '.join(variables)} is set",
            hint="put a token of the provider's project into one of these environment variables",
        )
    value = environ[variable]
    if len(value) > MAX_TOKEN_LENGTH or not _TOKEN.fullmatch(value):
        raise _refuse(
            Code.MALFORMED_CREDENTIAL,
            f"the token in {variable} for provider '{provider}' is malformed (length {len(value)})",
            hint=f"a token is 1 to {MAX_TOKEN_LENGTH} visible ASCII characters, with no space and no line break",
        )
    return Token(variable=variable, header=header, secret=Secret(value))


def _refuse(code: Code, message: str, *, hint: str) -> AccessError:
    return AccessError([Diagnostic(code=code, message=message, hint=hint)])
