"""The page on environment variables lists the order in which credentials are looked for, and all of them."""

import re

import pytest
from pages import read

from reconcile.errors import AccessError
from reconcile.fetch.credentials import find_credential
from reconcile.fetch.credentials.selection import _SIGNS
from reconcile.fetch.credentials.variables import CLOUD_VARIABLES, KEY_VARIABLES, LOGIN_VARIABLES, TOKEN_VARIABLES

PAGE = read("reconcile/explanations/environment.md")
ROWS = {int(number): row for number, row in re.findall(r"^\| (\d+) \| (.*?) \|", PAGE, re.MULTILINE)}
SIGNS = {number: re.findall(r"`([A-Z_]+)`", row) for number, row in ROWS.items()}
"""The variables of each row."""
RANKED = [(number, sign) for number, signs in SIGNS.items() for sign in signs]


def test_every_variable_that_chooses_a_credential_has_a_row() -> None:
    shared = (*TOKEN_VARIABLES, *KEY_VARIABLES, CLOUD_VARIABLES, *LOGIN_VARIABLES)
    known = {name for variables in shared for sign in _SIGNS for name in variables.get(sign, ())}
    assert {sign for number, sign in RANKED if number > 3} == known
    assert [*ROWS] == [*range(1, len(ROWS) + 1)]


@pytest.mark.parametrize(("number", "sign"), RANKED)
def test_a_row_counts_before_those_below_it(make_provider, number: int, sign: str) -> None:
    """Each variable is set to its own name, so whatever is found or refused names it."""
    below = [name for row, names in SIGNS.items() if row > number for name in names]
    environ = {name: f"/{name}" for name in (sign, *below)}
    assert sign in _find(make_provider, environ)


@pytest.mark.parametrize("metadata", [False, True])
def test_the_home_directory_counts_before_the_metadata_service(make_provider, tmp_path, metadata: bool) -> None:
    *_, home, last = ROWS.values()
    assert "`~/.huaweicloud/credentials`" in home
    assert "`--metadata-credentials`" in last
    for name in ("", ".huaweicloud/credentials"):
        found = _find(make_provider, {"HOME": str(tmp_path / name)}, metadata=metadata)
        assert ("metadata" in found) is metadata
    (tmp_path / ".huaweicloud").mkdir()
    (tmp_path / ".huaweicloud" / "credentials").write_text("[basic]\nak = AK\nsk = SK\n")
    assert "section 'basic'" in _find(make_provider, {"HOME": str(tmp_path)}, metadata=metadata)


def _find(make_provider, environ: dict[str, str], *, metadata: bool = False) -> str:
    """Return what the credential says of itself, or why there is none."""
    try:
        return str(find_credential(make_provider(), environ=environ, metadata=metadata))
    except AccessError as error:
        return " ".join(each.message for each in error.diagnostics)
