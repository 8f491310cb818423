"""Values by name, as an operator keeps them in environment variables or in clouds.yaml."""

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


class Form(Struct, frozen=True, kw_only=True):
    """What a value has to look like; `name` says what it is, and `rule` what it may be."""

    name: str
    pattern: str
    rule: str

    def accepts(self, value: str) -> bool:
        """Say whether the whole value looks like this."""
        return re.fullmatch(self.pattern, value) is not None


TOKEN = Form(
    name="token",
    pattern=rf"[\x21-\x7e]{{1,{MAX_TOKEN_LENGTH}}}",
    rule=f"a token is 1 to {MAX_TOKEN_LENGTH} visible ASCII characters, with no space and no line break",
)
ACCESS_KEY = Form(
    name="access key",
    pattern=r"[A-Za-z0-9_-]{1,128}",
    rule="an access key is 1 to 128 letters, digits, '_' and '-'",
)
SECRET_KEY = Form(
    name="secret key",
    pattern=r"[\x21-\x7e]{1,512}",
    rule="a secret key is 1 to 512 visible ASCII characters, with no space and no line break",
)
PASSWORD = Form(
    name="password",
    pattern=r"[^\x00-\x1f\x7f\ud800-\udfff]{1,1024}",
    rule="a password is 1 to 1024 characters of one line",
)
TEXT = Form(
    name="value",
    pattern=r"[^\x00-\x1f\x7f\ud800-\udfff]{1,1024}",
    rule="it is 1 to 1024 characters of one line; to have none, unset it",
)


class Settings(Struct, frozen=True, kw_only=True, eq=False):
    """
    What one place has for one provider.

    The names are those of clouds.yaml: `token`, `ak`, `sk`, `security_token`, `username`, `password`, `project_id`
    and so on. `call` says what a person calls the value of a name there. A value that is set and empty is set: an
    empty secret in CI is a mistake that must be seen.
    """

    provider: Provider
    values: Mapping[str, Secret]
    call: Callable[[str], str]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def take(self, name: str, form: Form, *, beside: str) -> Secret:
        """Return a value that must be there beside another one; raise AccessError if it is not, or has another form."""
        if name not in self.values:
            message = f"{self.call(beside)} is set for provider '{self.provider.name}', but {self.call(name)} is not"
            raise refuse(Code.NO_CREDENTIALS, message, hint="set both, or none of them")
        return self._check(name, form)

    def find(self, name: str, form: Form) -> Secret | None:
        """Return a value that may be there; raise AccessError if it has another form."""
        return self._check(name, form) if name in self.values else None

    def find_text(self, name: str) -> str | None:
        """Return a value that is no secret; raise AccessError if it is no line of text."""
        value = self.find(name, TEXT)
        return value.reveal() if value is not None else None

    def check_project(self) -> None:
        """Raise AccessError if the credential is for another project than the manifest names."""
        project_id = self.find_text("project_id")
        if project_id is None or project_id == self.provider.project_id:
            return
        raise refuse(
            Code.OTHER_PROJECT,
            f"provider '{self.provider.name}' is project {self.provider.project_id}, but {self.call('project_id')} "
            f"is {project_id[:200]}",
            hint="correct one of them: in another project, every job looks as if it were missing",
        )

    def _check(self, name: str, form: Form) -> Secret:
        secret = self.values[name]
        value = secret.reveal()
        if form.accepts(value):
            return secret
        where = f"{self.call(name)} for provider '{self.provider.name}'"
        message = f"the {form.name} in {where} is malformed (length {len(value)})"
        raise refuse(Code.MALFORMED_CREDENTIAL, message, hint=form.rule)


def refuse(code: Code, message: str, *, hint: str) -> AccessError:
    """Make the error of one thing that is wrong with a credential."""
    return AccessError([Diagnostic(code=code, message=message, hint=hint)])
