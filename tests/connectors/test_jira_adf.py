"""Atlassian documents and wiki notation as plain text, and plain text as either."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.jira.adf import document_of, plain_text, tidy
from connectors.jira.wiki import wiki_escaped, wiki_text


def doc(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": list(blocks)}


def block(kind: str, *children: Any, **attrs: Any) -> dict[str, Any]:
    return {"type": kind, "content": list(children), "attrs": attrs}


def text(words: str, href: str | None = None) -> dict[str, Any]:
    marks = [{"type": "strong"}] + ([{"type": "link", "attrs": {"href": href}}] if href else [])
    return {"type": "text", "text": words, "marks": marks}


def test_paragraphs_and_breaks_become_lines() -> None:
    document = doc(
        block("paragraph", text("one"), {"type": "hardBreak"}, text("two")), block("heading", text("H"))
    )
    assert plain_text(document) == "one\ntwo\nH"


def test_lists_tables_and_tasks_stay_readable() -> None:
    items = (block("listItem", block("paragraph", text(word))) for word in ("a", "b"))
    cells = (block("tableCell", block("paragraph", text(word))) for word in ("x", "y"))
    task = block("taskList", block("taskItem", text("do"), state="TODO"))
    assert plain_text(doc(block("bulletList", *items))) == "- a\n- b"
    assert plain_text(doc(block("table", block("tableRow", *cells)))).split() == ["x", "|", "y", "|"]
    assert plain_text(doc(task)) == "- do"


def test_the_addresses_behind_links_and_cards_are_kept() -> None:
    document = doc(
        block("paragraph", text("see ", None), text("the issue", "https://github.example/a/b/issues/7")),
        block("paragraph", {"type": "inlineCard", "attrs": {"url": "https://erp.example/browse/ED-2"}}),
        block("paragraph", text("https://x.example", "https://x.example")),
    )
    assert plain_text(document) == (
        "see the issue (https://github.example/a/b/issues/7)\nhttps://erp.example/browse/ED-2\nhttps://x.example"
    )


def test_people_dates_emoji_and_status_say_what_a_reader_sees() -> None:
    document = doc(
        block(
            "paragraph",
            {"type": "mention", "attrs": {"id": "5b", "text": "@Ann"}},
            {"type": "emoji", "attrs": {"shortName": ":train:", "text": "\U0001f686"}},
            {"type": "date", "attrs": {"timestamp": "1773144000000"}},
            {"type": "status", "attrs": {"text": "LATE"}},
        )
    )
    assert plain_text(document) == "@Ann\U0001f6862026-03-10LATE"


@pytest.mark.parametrize("odd", [None, 3, [], {}, {"type": 3}, {"content": "x"}, {"type": "text", "text": 7}])
def test_no_document_is_no_text_and_never_an_error(odd: object) -> None:
    assert plain_text(odd) in ("", "7")


def test_a_text_of_the_older_api_stays_as_it_is() -> None:
    assert plain_text("h1. Wiki *text*") == "h1. Wiki *text*"


def test_a_bottomless_document_ends() -> None:
    document: dict[str, Any] = text("bottom")
    for _ in range(100_000):
        document = {"type": "blockquote", "content": [document]}
    assert plain_text(doc(document)) == ""


JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["type", "content", "attrs", "marks", "text", "timestamp"]), inner)
    ),
)


@given(JSON)
def test_nothing_that_claims_to_be_a_document_breaks_the_reader(document: object) -> None:
    plain_text(document)


MARKUP = st.sampled_from(
    ["[~bob]", "{code}", "{{x}}", "!img!", "[a|http://x]", "http://x.y/z", "h1. ", "bq. ", "----", "- ", "* ",
     "||a||", "\\\\\n", "&#92;", "-x-", "a-b", "_x_", "\\", " ", "\n", "??c??", "{color:red}", "@bob", "\r\n"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(MARKUP, st.text(max_size=6)), max_size=12).map("".join)


@settings(max_examples=300)
@given(TEXTS)
def test_any_text_comes_back_from_a_document_in_which_nothing_is_alive(text: str) -> None:
    document = document_of(text)
    assert plain_text(document) == tidy(text)
    for node in (document or {"content": [{"content": []}]})["content"][0]["content"]:
        assert node.keys() <= {"type", "text"}
        assert node["type"] in ("text", "hardBreak")


@settings(max_examples=300)
@given(TEXTS)
def test_any_text_comes_back_from_wiki_notation_in_which_nothing_is_alive(text: str) -> None:
    notation = wiki_escaped(text)
    assert wiki_text(notation) == tidy(text.replace("\r\n", "\n"))
    assert not re.search(r"(?<!\\)[\[{!|~*_]", notation)
    assert "\\\\" not in notation
