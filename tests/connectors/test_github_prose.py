"""Texts of ours on GitHub: dead when written, and the same again when read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.github.prose import hosts_of, inert, marker_in, one_line, parted, plain, signed
from sandbox.github.mentions import logins, references

MARKER = "ct1.k7q2m4x9w3e8.0c5d7be21f9a4463"
HOSTS = hosts_of("https://ghe.example.com")
PIECES = (
    *(
        "@ben",
        "@acme/team",
        "a@b.example",
        "#12",
        "GH-7",
        "gh-8",
        "acme/erp#3",
        "<!-- x -->",
        " ",
        "\n",
        "\u2060",
    ),
    *(
        "https://github.com/acme/erp/issues/1",
        "http://ghe.example.com/a/b/pull/2",
        "www.github.com/a/b",
        "`",
        "é🚆",
    ),
    *("https://jira.example/browse/ERP-1", "(", ")", "word", f"<!-- crosstie:{MARKER} -->", "Mirrors x"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40)


@given(texts)
def test_nothing_in_a_text_of_ours_comes_alive(text: str) -> None:
    written = inert(text, HOSTS)
    assert logins(written) == []
    assert list(references(written)) == []


@given(texts)
def test_a_text_is_read_back_as_it_was_meant(text: str) -> None:
    meant = plain(text)
    assert plain(inert(meant, HOSTS)) == meant
    assert plain(meant) == meant
    assert inert(inert(meant, HOSTS), HOSTS) == inert(meant, HOSTS)


@given(
    texts,
    st.sampled_from(["https://jira.example/browse/ERP-1", "https://github.com/a/b/issues/1", None]),
    texts,
)
def test_what_stands_below_a_text_is_told_apart_from_it(text: str, link: str | None, title: str) -> None:
    body = signed(text, MARKER, link, title, HOSTS)
    read = parted(body)
    assert (read.text, read.link) == (plain(text).rstrip(), link)
    assert body.endswith(read.below)
    assert marker_in(body) == MARKER
    assert logins(body) == []
    assert list(references(body)) == []


def test_the_marker_is_seen_by_nobody_and_the_way_back_by_everybody() -> None:
    body = signed("Text", MARKER, "https://jira.example/browse/ERP-1", "Do `it`\nnow", HOSTS)
    assert body.split("\n\n") == [
        "Text",
        "Mirrors https://jira.example/browse/ERP-1 (`Do 'it' now`)",
        f"<!-- crosstie:{MARKER} -->",
    ]


@pytest.mark.parametrize(
    "body", ["", "Text", "Text\n\n<!-- crosstie:made-up -->", f"<!-- crosstie:{MARKER} --> Text"]
)
def test_what_is_not_of_our_form_is_part_of_the_text(body: str) -> None:
    assert parted(body).text == body
    assert parted(body).below == ""


def test_a_body_of_line_breaks_is_read_in_no_time() -> None:
    body = "\n" * 60_000 + f"x <!-- crosstie:{MARKER} --> x" + "\n" * 5_000
    begun = time.process_time()
    assert parted(body).below == ""
    assert time.process_time() - begun < 1


def test_a_title_is_one_line_of_at_most_256_characters() -> None:
    assert one_line("  A\n\tline ") == "A line"
    assert len(one_line("x " * 300)) <= 256
