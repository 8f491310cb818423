"""Named values, as an operator keeps them in environment variables or in clouds.yaml."""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from reconcile.codes import Code
from reconcile.errors import AccessError
from reconcile.fetch.secret import Secret
from reconcile.model import Diagnostic, Provider

CLOUD_VARIABLE = "OS_CLOUD"
"""Names the cloud of clouds.yaml."""
MAX_TOKEN_LENGTH = 16 * 1024


class Format(Struct, frozen=True, kw_only=True):
    """What a kind of value has to look like; `rule` says it to the operator."""

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
TEXT = Format(
    name="value",
    pattern=r"[^\x00-\x1f\x7f\ud800-\udfff]{1,1024}",
    rule="it is 1 to 1024 characters of one line; to have none, unset it",
)


class Settings(Struct, frozen=True, kw_only=True, eq=False):
    """
    What one place holds for one provider.

    The names are those of clouds.yaml: `token`, `ak`, `sk`, `security_token`, `username`, `password`, `project_id`
    and so on. `describe` returns what to call the value of a name in a message. An empty value counts as set: an empty
    secret in CI is a mistake that must be seen.
    """

    provider: Provider
    values: Mapping[str, Secret]
    describe: Callable[[str], str]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def require(self, name: str, expected: Format, *, beside: str) -> Secret:
        """Return a value that has to be set if `beside` is; raise AccessError if it is not, or has another format."""
        if name not in self.values:
            given, missing = self.describe(beside), self.describe(name)
            message = f"{given} is set for provider '{self.provider.name}', but {missing} is not"
            raise refuse(Code.NO_CREDENTIALS, message, hint="set both, or none of them")
        return self._check(name, expected)

    def find(self, name: str, expected: Format) -> Secret | None:
        """Return a value, None if it is not set; raise AccessError if it has another format."""
        return self._check(name, expected) if name in self.values else None

    def find_text(self, name: str) -> str | None:
        """Return a value that is no secret, None if it is not set; raise AccessError if it is not a line of text."""
        value = self.find(name, TEXT)
        return value.reveal() if value is not None else None

    def check_project(self) -> None:
        """Raise AccessError if the credential is for another project than the manifest names."""
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
        where = f"{self.describe(name)} for provider '{self.provider.name}'"
        message = f"the {expected.name} in {where} is malformed (length {len(value)})"
        raise refuse(Code.MALFORMED_CREDENTIAL, message, hint=expected.rule)


def refuse(code: Code, message: str, *, hint: str) -> AccessError:
    """Make the error for one thing that is wrong with a credential."""
    return AccessError([Diagnostic(code=code, message=message, hint=hint)])
