import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.fetch.redaction import Redactor
from reconcile.fetch.secret import Secret

TOKEN = 'to/ken+with="quotes"~0123'


@pytest.mark.parametrize(
    "echo",
    [
        pytest.param(TOKEN, id="A20-plain"),
        pytest.param(quote(TOKEN, safe=""), id="A20-url"),
        pytest.param(quote(TOKEN, safe="").lower().replace("to%2fken", "to%2fken"), id="A20-url-lower"),
        pytest.param(json.dumps(TOKEN)[1:-1], id="A20-json"),
        pytest.param(base64.b64encode(TOKEN.encode()).decode(), id="A20-base64"),
        pytest.param(base64.urlsafe_b64encode(b"user:" + TOKEN.encode()).decode(), id="A20-base64-inside"),
    ],
)
def test_an_echo_is_taken_out_in_every_form(echo: str) -> None:
    shown = Redactor([Secret(TOKEN)])(f"bad token {echo}!")
    assert "[redacted]" in shown
    assert "ken" not in shown.removeprefix("bad token")


@given(st.binary(max_size=8), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40))
def test_base64_is_found_at_any_offset(before: bytes, token: str) -> None:
    encoded = base64.b64encode(before + token.encode() + b"tail").decode()
    shown = Redactor([Secret(token)])(encoded)
    assert "[redacted]" in shown


def test_other_text_is_left_alone() -> None:
    assert Redactor([Secret("abc")])("abc is in this text") == "abc is in this text"
    assert Redactor([])("text") == "text"


def test_the_longer_of_two_secrets_leaves_no_rest() -> None:
    assert Redactor([Secret("token"), Secret("token-suffix")])("<token-suffix>") == "<[redacted]>"


def test_what_is_learned_later_is_hidden_as_well() -> None:
    secrets = [Secret("password")]
    redact = Redactor(secrets)
    assert redact("password, token-1") == "[redacted], token-1"
    secrets.append(Secret("token-1"))
    assert redact("password, token-1") == "[redacted], [redacted]"


SPELLINGS = (
    str,
    lambda character: "".join(f"%{byte:02X}" for byte in character.encode()),
    lambda character: "".join(f"%{byte:02x}" for byte in character.encode()),
    lambda character: json.dumps(character)[1:-1],
    lambda character: json.dumps(character, ensure_ascii=False)[1:-1],
    lambda character: json.dumps(character)[1:-1].replace("/", "\\/"),
)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=6, max_size=30), st.data())
def test_each_character_may_be_written_in_its_own_way(secret: str, data: st.DataObject) -> None:
    def spell(character: str) -> str:
        if character.isascii() and character.isalnum():
            return character
        return data.draw(st.sampled_from(SPELLINGS))(character)

    assert Redactor([Secret(secret)])(f"<{''.join(map(spell, secret))}>") == "<[redacted]>"


@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_a_secret_in_json_that_was_encoded_as_a_whole_is_hidden(ensure_ascii: bool) -> None:
    document = json.dumps({"id": 'canary/7f3a+9c51"é\\='}, ensure_ascii=ensure_ascii)
    for start in range(3):
        shown = Redactor([Secret('canary/7f3a+9c51"é\\=')])(base64.b64encode(b" " * start + document.encode()).decode())
        assert "[redacted]" in shown
