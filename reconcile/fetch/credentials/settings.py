"""Named values of credentials, from environment variables or a file."""

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.credentials.variables import CLOSE
from reconcile.fetch.secret import Secret
from reconcile.model.diagnostic import Diagnostic
from reconcile.model.manifest import Provider

MAX_TOKEN_LENGTH = 16 * 1024


class Format(Struct, frozen=True, kw_only=True):
    """The format of a kind of value; `rule` describes it to the operator."""

    name: str
    pattern: str
    rule: str

    def accepts(self, value: str) -> bool:
        """Return whether the whole value matches."""
        return re.fullmatch(self.pattern, value) is not None


TOKEN = Format(
    name="token",
    pattern=rf"[\x21-\x7e]{{1,{MAX_TOKEN_LENGTH}}}",
    rule=f"a token is 1 to {MAX_TOKEN_LENGTH} visible ASCII characters, with no space and no line break",
)
ACCESS_KEY = Format(
    name="access key",
    pattern=r"[A-Za-z0-9_-]{1,128}",
    rule="an access key is 1 to 128 letters, digits, '_' and '-'",
)
SECRET_KEY = Format(
    name="secret key",
    pattern=r"[\x21-\x7e]{1,512}",
    rule="a secret key is 1 to 512 visible ASCII characters, with no space and no line break",
)
PASSWORD = Format(
    name="password",
    pattern=r"[^\x00-\x1f\x7f\ud800-\udfff]{1,1024}",
    rule="a password is 1 to 1024 characters of one line",
)
SECRET = Format(name="secret", pattern=PASSWORD.pattern, rule="a secret is 1 to 1024 characters of one line")
TEXT = Format(
    name="value",
    pattern=r"[^\x00-\x1f\x7f\ud800-\udfff]{1,1024}",
    rule="it is 1 to 1024 characters of one line; to have none, unset it",
)
SECONDS = Format(
    name="number of seconds",
    pattern=r"[1-9][0-9]{2,4}",
    rule="a number of seconds is written in digits; a temporary access key may last from 900 to 86400",
)


class Settings(Struct, frozen=True, kw_only=True, eq=False):
    """
    The values of one place for one provider: of environment variables, or of a cloud in clouds.yaml.

    The names are those of clouds.yaml: `token`, `ak`, `sk`, `security_token`, `username`, `password`, `project_id`
    and so on. An empty value counts as set, because an empty secret in CI is a mistake that must show.
    """

    provider: Provider
    values: Mapping[str, Secret]
    describe: Callable[[str], str]
    """Returns how a message refers to the value of a name."""
    place: str | None = None
    """How a message refers to the place; None for environment variables, which are named individually."""
    unknown: frozenset[str] = frozenset()
    """The names in that place that nothing reads; some of them may be misspelt."""
    profile: str | None = None
    """The vendor whose defaults the cloud uses."""
    in_working_directory: bool = False
    """
    Whether they come from a file that no variable names and that was found in the working directory, which may be the
    checkout of a pull request. Such a file must not decide where a password goes.
    """

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def name_source(self, *names: str) -> str:
        """Return where the values of these names come from."""
        return self.place if self.place is not None else " and ".join(map(self.describe, names))

    def name_given(self, *names: str) -> str:
        """Return how a message refers to the first of these values that is set."""
        return self.describe(next(name for name in names if name in self.values))

    def require(self, name: str, expected: Format, *, beside: Iterable[str]) -> Secret:
        """
        Return a value that must be set because one of `beside` is.

        Raises AccessError if it is not set, or has another format.
        """
        if name in self.values:
            return self._check(name, expected)
        raise self.refuse_missing(name, beside=beside)

    def refuse_missing(self, name: str, *, beside: Iterable[str]) -> AccessError:
        """Make the error for a value that is not set although one of `beside` is."""
        missing = self.describe(name)
        return refuse(
            Code.NO_CREDENTIALS,
            f"{self.name_given(*beside)} is set for provider '{self.provider.name}', but {missing} is not",
            hint=suggest_name([missing if self.place is None else name], self.unknown) or "set both, or none of them",
        )

    def find(self, name: str, expected: Format) -> Secret | None:
        """Return a value, None if it is not set; raise AccessError if it has another format."""
        return self._check(name, expected) if name in self.values else None

    def find_text(self, name: str) -> str | None:
        """Return a value that is not secret, None if it is not set; raise AccessError if it is not a line of text."""
        value = self.find(name, TEXT)
        return value.reveal() if value is not None else None

    def check_project(self) -> None:
        """Raise AccessError if the credential is for another project than that of the manifest."""
        project_id = self.find_text("project_id")
        if project_id is None or project_id == self.provider.project_id:
            return
        raise refuse(
            Code.OTHER_PROJECT,
            f"provider '{self.provider.name}' is project {self.provider.project_id}, but {self.describe('project_id')} "
            f"is {project_id[:200]}",
            hint="correct one of them: in another project, every job looks as if it were missing",
        )

    def _check(self, name: str, expected: Format) -> Secret:
        secret = self.values[name]
        value = secret.reveal()
        if expected.accepts(value):
            return secret
        problem, hint = _explain(value, expected)
        where = f"{self.describe(name)} for provider '{self.provider.name}'"
        raise refuse(Code.MALFORMED_CREDENTIAL, f"the {expected.name} in {where} {problem}", hint=hint)


def _explain(value: str, expected: Format) -> tuple[str, str]:
    """Describe what is wrong with a value without showing it, and what to do."""
    if not value:
        return (
            "is empty",
            "set it, or unset it to have none; a secret that does not exist in CI becomes an empty variable",
        )
    if expected.accepts(value.rstrip("\r\n")):
        return (
            "ends with a line break",
            "remove the line break: $(cat FILE) does, and so does printf %s instead of echo",
        )
    if expected.accepts(value.strip()):
        return "begins or ends with a space or a line break", "remove it"
    return f"is malformed (length {len(value)})", expected.rule


def suggest_name(wanted: Iterable[str], unknown: Iterable[str]) -> str | None:
    """Suggest corrections for unknown names that are probably misspellings of wanted ones; None without any."""
    from difflib import get_close_matches

    spelt = {name.upper(): name for name in wanted}
    meant = {name: get_close_matches(name.upper(), spelt, n=1, cutoff=CLOSE) for name in sorted(unknown)}
    found = [f"'{name[:200]}' is set: did you mean '{spelt[close[0]]}'?" for name, close in meant.items() if close]
    return " ".join(found) or None


def refuse(code: Code, message: str, *, hint: str) -> AccessError:
    """Make the error for one problem of a credential."""
    return AccessError([Diagnostic(code=code, message=message, hint=hint)])
