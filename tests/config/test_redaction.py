"""No known secret, and nothing that looks like one, survives redaction in any encoding."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secrets import Redactor, Secret
from config.shapes import find_tokens, hide_tokens

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL": lambda text: quote(text, safe=""),
    "URL path": quote,
    "form": quote_plus,
    "lower-case URL": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "URL twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": json.dumps,
    "JSON with letters": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "hex": lambda text: text.encode().hex(),
    "upper-case hex": lambda text: text.encode().hex().upper(),
    "HTML": html.escape,
    "repr": repr,
}
secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=8, max_size=40)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(secrets, st.text(max_size=20), st.text(max_size=20))
def test_no_canary_is_left_in_any_encoding(encoding: str, secret: str, before: str, after: str) -> None:
    redact = Redactor([Secret(secret, "env:CANARY")])
    encoded = ENCODINGS[encoding](secret)
    kept = redact(f"{before} {encoded} {after}")
    assert "[secret env:CANARY]" in kept
    assert encoded not in kept.replace("[secret env:CANARY]", "\x00")


@given(secrets, st.binary(max_size=7), st.binary(max_size=7))
def test_a_secret_inside_a_longer_base64_text_is_hidden_at_every_offset(
    secret: str, before: bytes, after: bytes
) -> None:
    whole = before + secret.encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        kept = Redactor([Secret(secret, "env:CANARY")])(encode(whole).decode())
        assert "[secret env:CANARY]" in kept
        rest = kept.replace("[secret env:CANARY]", "")
        assert len(rest) <= len(base64.b64encode(before)) + len(base64.b64encode(after)) + 4


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    redact = Redactor([Secret("abcdefgh", "env:SHORT"), Secret("abcdefgh-and-more", "env:LONG")])
    assert redact("abcdefgh-and-more abcdefgh") == "[secret env:LONG] [secret env:SHORT]"


def test_a_secret_learned_later_is_hidden_from_then_on() -> None:
    redact = Redactor()
    assert redact("a-late-secret") == "a-late-secret"
    redact.add(Secret("a-late-secret", "file:/x"))
    assert redact("a-late-secret") == "[secret file:/x]"


def test_each_line_of_a_key_is_hidden_alone() -> None:
    key = "first-line-of-the-key\nsecond-line-of-the-key\n"
    kept = Redactor([Secret(key, "file:/key")])("error near second-line-of-the-key")
    assert kept == "error near [secret file:/key]"


def test_text_without_secrets_is_left_as_it_is() -> None:
    text = 'Jira "acme" refused the token in env:JIRA_TOKEN; basic infrastructure-and-security; a=b&c=d https://x/y'
    assert Redactor([Secret("something else", "env:X")])(text) == text


def test_redacting_twice_changes_nothing_more() -> None:
    redact = Redactor([Secret("something/else", "env:X")])
    once = redact("token=something/else Authorization: Basic c29tZXRoaW5nL2Vsc2U= x://u:something/else@h")
    assert redact(once) == once


LOOKALIKES = [
    "gh" + "o_16C7e42F292c6912E7710c838347Ae178B4a",
    "github" + "_pat_11ABCDEFG_0123456789abcdefABCDEF",
    "ATAT" + "T3xFfGF0T5JVjM0Zz",
    "xo" + "xp-2345-abcdefgh",
    "glp" + "at-abcdefghij0123456789",
    "Ab1" + "8Q~abcdefghijklmnopqrstuvwxyz0123456",
    "AKI" + "AIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
]


@pytest.mark.parametrize("token", LOOKALIKES)
@pytest.mark.parametrize("around", ["{}", "see {}, please", '{{"a": "\\n{}\\n"}}', "x={}&y=1"])
def test_unknown_tokens_are_hidden_by_their_look(token: str, around: str) -> None:
    kept = hide_tokens(around.format(token))
    assert token not in kept
    assert "[secret]" in kept
    assert [found for _, _, found in find_tokens(around.format(token))] == [token]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("GET https://pm:s3cr3t@jira.example/x", "GET https://[secret]@jira.example/x"),
        ("{'Authorization': 'Basic cG06czNjcjN0'}", "{'Authorization': 'Basic [secret]'}"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [secret]"),
        ("client_secret=s3cr3t&scope=x", "client_secret=[secret]&scope=x"),
    ],
)
def test_credentials_in_addresses_headers_and_forms_are_hidden(text: str, kept: str) -> None:
    assert hide_tokens(text) == kept


def test_a_private_key_is_hidden_even_if_it_was_cut_off() -> None:
    head = "-----BEGIN OPENSSH PRIVATE " + "KEY-----\n"
    assert "b3BlbnNz" not in hide_tokens(head + "b3BlbnNzaC1rZXk\nAAAA")
    whole = head + "b3BlbnNz\n-----END OPENSSH PRIVATE " + "KEY-----"
    assert hide_tokens(f"a {whole} b") == "a [secret] b"
