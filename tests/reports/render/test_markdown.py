"""The Markdown page: tracker text is plain text in two parsers, at every place of the page."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import cmarkgfm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reports.figures import State
from reports.render.markdown import render
from reports.render.page import Bullets, Column, Page, Paragraph, Section, Span, Table
from reports.text import shown
from tests.hostile import ADDRESSES, PAYLOADS, VAST
from tests.reports.render.pages import ORIGIN, URL, everywhere, sponsors

GFM = MarkdownIt("gfm-like")
WORDS = {"text", "text_special", "softbreak"}
HARMLESS = "harmless"


def tokens(source: str) -> list[tuple[str, dict[str, object]]]:
    """What markdown-it finds but words, with attributes."""
    found: list[tuple[str, dict[str, object]]] = []
    for token in GFM.parse(source):
        found.append((token.type, dict(token.attrs)))
        found += [
            (child.type, dict(child.attrs)) for child in token.children or () if child.type not in WORDS
        ]
    return found


def elements(source: str) -> list[str]:
    """The tags that cmark-gfm makes of it."""
    return re.findall(r"<[^>]*>", cmarkgfm.github_flavored_markdown_to_html(source))


def page_text(text: str) -> str:
    return render(everywhere(text))


@pytest.mark.parametrize("kind", sorted({name.partition("-")[0] for name in PAYLOADS}))
def test_hostile_text_adds_no_element_in_two_parsers(kind):
    by_tokens, by_elements = tokens(page_text(HARMLESS)), elements(page_text(HARMLESS))
    for name, text in PAYLOADS.items():
        if name.startswith(f"{kind}-") and text.strip():
            source = page_text(text)
            assert tokens(source) == by_tokens, name
            assert elements(source) == by_elements, name


@pytest.mark.parametrize("name", VAST)
def test_ten_thousand_characters_stay_one_paragraph(name):
    page = Page("x", "x", None, (Span(VAST[name], foreign=True),), (), (), (), ())
    assert tokens(render(page)) == tokens(render(replace(page, sentence=(Span("x"),))))


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(str.strip))
def test_no_text_at_all_adds_an_element(text):
    assert tokens(page_text(text)) == tokens(page_text(HARMLESS))
    assert elements(page_text(text)) == elements(page_text(HARMLESS))


@given(st.text(alphabet=" \t\n\r\x0b\x0c\x1c\x85\u2028\u3000#->=*+1.`~|x", max_size=12))
def test_white_space_around_a_text_opens_no_block(text):
    line = (*(Span(" ") for _ in range(5)), Span(text, foreign=True), Span("end"))
    blocks = (Paragraph(line), Bullets((line,)), Table("", (Column("x"),), ((line,),)))
    page = Page("x", "x", None, line, (line,), (Section("x", blocks),), (line,), ())
    harmless = [block for block in tokens(render(page)) if "inline" not in block[0]]
    calm = (Span("x"), Span("end"))
    blocks = (Paragraph(calm), Bullets((calm,)), Table("", (Column("x"),), ((calm,),)))
    expected = Page("x", "x", None, calm, (calm,), (Section("x", blocks),), (calm,), ())
    assert harmless == [block for block in tokens(render(expected)) if "inline" not in block[0]]


@pytest.mark.parametrize("text", ["(x)", "x.", "[x]", "“x”", "x!", "*", "● x", "x\u202e"])
@pytest.mark.parametrize("state", [None, State.RED])
def test_bold_text_is_bold_beside_any_letter(text, state):
    line = (Span("a"), Span(text, strong=True, foreign=True, state=state), Span("b"))
    source = render(Page("x", "x", None, line, (), (), (), ()))
    assert [kind for kind, _ in tokens(source)].count("strong_open") == 1
    assert elements(source).count("<strong>") == 1


def links(source: str) -> set[str]:
    by_tokens = {str(said["href"]) for kind, said in tokens(source) if kind == "link_open"}
    tags = "".join(elements(source))
    by_elements = {html.unescape(address) for address in re.findall(r'<a href="([^"]*)"', tags)}
    assert by_tokens == by_elements
    return by_tokens


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_not_a_tracker_s_is_never_linked(address):
    assert links(render(everywhere("x", url=address))) == set()


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_known_trackers_only_whole_web_addresses_are_linked(address):
    for found in links(render(replace(everywhere("x", url=address), origins=None))):
        assert re.fullmatch(r"https?://[A-Za-z0-9.:-]+([/?#][!-~]*)?", found)
        assert not set(found) & set('<>"`\\')


@pytest.mark.parametrize("rest", ["", "/a_b_c", "/a(b)", "/?a=1&copy;=2", "/#x-1", "/a*b*", "/~x", "/%20x"])
def test_a_tracker_s_address_leads_where_it_says(rest):
    address = f"{ORIGIN}{rest}"
    escaped = address.replace("(", "%28").replace(")", "%29").replace(";", "%3B")
    assert links(render(everywhere("x", url=address))) == {escaped}


def test_the_text_of_a_link_is_the_text_of_its_span():
    page = Page("x", "x", None, (Span("a [b](c) *d*", foreign=True, url=URL),), (), (), (), ())
    made = cmarkgfm.github_flavored_markdown_to_html(render(page))
    assert re.findall(r"<a [^>]*>(.*?)</a>", made) == ["a [b](c) *d*"]


@given(st.text(max_size=60))
def test_a_title_stays_one_line(text):
    page = Page(text, "x", None, (), (), (), (), ())
    assert len(render(page).splitlines()) == len(render(replace(page, title="x")).splitlines())
    assert not set(render(page)) - {"\n", "\u2060"} & {c for c in text if shown(c) != c}


def test_the_same_page_is_the_same_bytes():
    assert render(sponsors(20)) == render(sponsors(20))
