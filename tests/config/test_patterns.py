"""Patterns of the config's author meet text of strangers, in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.patterns import MOST_CHARACTERS, MOST_MATCHES, PatternError, compile_pattern

HOSTILE = ["a" * 9_999 + "!", "a" * 200_000, "aaaa!" * 2_000, "ab" * 5_000]


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "(.*)*b$", "(x+x+)+y", "([a-z]+)*[0-9]", "a*a*a*a*a*a*b"]
)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_pattern_takes_long_on_hostile_text(pattern: str, text: str) -> None:
    compiled = compile_pattern(pattern)
    start = time.thread_time()
    compiled.first_group(text)
    compiled.find_all(text)
    assert time.thread_time() - start < 0.05


def test_the_first_group_of_the_first_match_is_the_value() -> None:
    wave = compile_pattern("wave:(.+)")
    assert wave.first_group("late, wave:3 – Zürich") == "3 – Zürich"
    assert wave.first_group("no dimension here") is None


def test_without_a_group_the_whole_match_is_the_value() -> None:
    assert compile_pattern(r"[A-Z]+-\d+").first_group("see PAY-12 and PAY-13") == "PAY-12"


def test_an_empty_value_is_no_value() -> None:
    assert compile_pattern("wave:(.*)").first_group("wave:") is None
    assert compile_pattern("(a)|b").first_group("b") is None


def test_every_match_is_found_in_order_and_empty_ones_are_not() -> None:
    assert compile_pattern(r"PAY-\d+").find_all("PAY-2, PAY-1, pay-3, PAY-2") == ("PAY-2", "PAY-1", "PAY-2")
    assert compile_pattern("x*").find_all("axxb") == ("xx",)


def test_what_stands_after_the_first_ten_thousand_characters_is_not_searched() -> None:
    pattern = compile_pattern("(end)")
    assert pattern.first_group("é" * (MOST_CHARACTERS - 3) + "end") == "end"
    assert pattern.first_group("é" * MOST_CHARACTERS + "end") is None
    assert len(compile_pattern("a").find_all("a" * MOST_CHARACTERS)) == MOST_MATCHES


def test_a_pattern_that_an_empty_text_satisfies_is_known() -> None:
    assert compile_pattern("a*").matches_nothing()
    assert not compile_pattern("a+").matches_nothing()


def test_half_a_character_in_the_text_does_no_harm() -> None:
    assert compile_pattern("b(.)").first_group("\ud800bc") == "c"


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a(?=b)", "look-around"),
        ("a(?!b)", "look-around"),
        ("(?<=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "backreference"),
        (r"(?P<x>a)(?P=x)", "backreference"),
        ("a++", "possessive"),
        ("(?>a)", "possessive or atomic"),
        ("(a)?(?(1)b|c)", "conditional"),
        ("(a", "missing )"),
        ("[a", "missing ]"),
        ("a{2000}", "repetition"),
        (r"a\Cb", r"\C"),
        ("a" * 1_001, "1,000 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_words_and_nothing_is_printed(
    pattern: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PatternError) as raised:
        compile_pattern(pattern)
    assert said in str(raised.value)
    assert capfd.readouterr() == ("", "")


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_pattern_is_either_refused_or_answers(pattern: str, text: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        return
    found = compiled.find_all(text)
    assert all(found)
    value = compiled.first_group(text)
    assert value is None or value in text.encode("utf-8", "replace").decode()
