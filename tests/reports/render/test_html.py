"""The HTML page: text is text wherever it stands, nothing is fetched, every figure opens to its issues."""

from __future__ import annotations

import base64
import hashlib
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from urllib.parse import urlsplit

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.figures import State
from reports.render.html import render
from reports.render.page import Bullets, Column, Entry, Page, Paragraph, Section, Span, Table, plain
from reports.text import shown
from tests.hostile import ADDRESSES, PAYLOADS, VAST
from tests.reports.render.pages import ORIGIN, URL, everywhere, sponsors

HARMLESS = "harmless"
SPOKEN = {"aria-label"}
"""Attributes that hold tracker text."""


def parsed(source: str) -> ET.Element:
    return html5lib.parse(source, namespaceHTMLElements=False)


def outline(tree: ET.Element) -> list[tuple[object, list[tuple[str, str]]]]:
    """Every element in document order with what its attributes say, and where it ends."""
    found: list[tuple[object, list[tuple[str, str]]]] = []

    def walk(node: ET.Element) -> None:
        said = [(name, "" if name in SPOKEN else value) for name, value in sorted(node.attrib.items())]
        found.append((node.tag, said))
        for child in node:
            walk(child)
        found.append(("/", []))

    walk(tree)
    return found


def text_of(tree: ET.Element, path: str) -> str:
    found = tree.find(path)
    assert found is not None
    return "".join(found.itertext())


@pytest.fixture(scope="module")
def harmless() -> list[tuple[object, list[tuple[str, str]]]]:
    return outline(parsed(render(everywhere(HARMLESS))))


@pytest.mark.parametrize("kind", sorted({name.partition("-")[0] for name in PAYLOADS}))
def test_hostile_text_changes_no_element_and_no_attribute(kind, harmless):
    for name, text in PAYLOADS.items():
        if name.startswith(f"{kind}-"):
            assert outline(parsed(render(everywhere(text)))) == harmless, name


@pytest.mark.parametrize("name", VAST)
def test_ten_thousand_characters_change_no_element(name):
    page = replace(everywhere(HARMLESS), title=VAST[name], sentence=(Span(VAST[name], foreign=True),))
    tree = parsed(render(page))
    assert outline(tree) == outline(
        parsed(render(replace(page, title="x", sentence=(Span("x", foreign=True),))))
    )
    assert text_of(tree, ".//h1") == shown(VAST[name])


@settings(max_examples=8, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_no_text_at_all_changes_an_element(text):
    assert outline(parsed(render(everywhere(text)))) == outline(parsed(render(everywhere(HARMLESS))))


@pytest.mark.parametrize(
    "name", ["element-20", "escape-1", "bidi-0", "placeholder-0", "formula-0", "invisible-40"]
)
def test_a_reader_sees_the_text_itself_on_one_line(name):
    text = PAYLOADS[name]
    tree = parsed(render(everywhere(text)))
    for path in (
        ".//h1",
        ".//h2",
        ".//caption",
        ".//figcaption/small",
        ".//td/bdi",
        ".//{*}svg/{*}desc",
        ".//p/bdi",
    ):
        assert text_of(tree, path) == shown(text), path
    assert {node.get("aria-label") for node in tree.iter("div") if "aria-label" in node.attrib} == {
        shown(text),
        "Issues",
    }


def test_a_per_cent_sign_stays_on_the_line_of_its_number_and_foreign_text_as_it_was_written():
    line = (Span("over by 18 %, "), Span("100 % done", foreign=True))
    written = text_of(parsed(render(Page("x", "x", None, line, (), (), (), ()))), ".//*[@class='sentence']")
    assert "18\N{NO-BREAK SPACE}%" in written
    assert "100 % done" in written


def test_foreign_text_is_isolated_from_the_direction_of_what_follows():
    name = "שלום"
    line = (
        Span("a "),
        Span(name, foreign=True),
        Span(name, foreign=True, strong=True),
        Span(name, foreign=True, state=State.RED),
        Span(name, foreign=True, items=("1",)),
        Span("3", items=("1", "2"), label=name),
        Span(name, foreign=True, url=URL),
    )
    entries = tuple(Entry(item, name, (("Jira", name, URL), ("Jira", name, "")), "x") for item in "12")
    blocks = (Paragraph(line), Bullets((line,)), Table("", (Column("x"),), ((line,),)))
    page = Page("x", "x", State.RED, line, (line,), (Section("x", blocks),), (line,), entries)
    tree = parsed(render(page))
    isolated = {node for bdi in tree.iter("bdi") for node in bdi.iter()}
    texts = [(node, node.text) for node in tree.iter()] + [(None, node.tail) for node in tree.iter()]
    holders = [node for node, text in texts if text and name in text]
    assert len(holders) == 6 * 5 + 1 + 2 * 3
    assert set(holders) <= isolated


def links(page: Page) -> list[str]:
    return [node.attrib["href"] for node in parsed(render(page)).iter() if "href" in node.attrib]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_not_a_tracker_s_is_never_linked(address):
    assert {href[:1] for href in links(everywhere("x", url=address))} == {"#"}


def test_a_tracker_s_address_is_linked_without_telling_it_the_referrer():
    tree = parsed(render(everywhere("x")))
    outward = [node for node in tree.iter("a") if not node.attrib["href"].startswith("#")]
    assert {node.attrib["href"] for node in outward} == {URL}
    assert {node.attrib["rel"] for node in outward} == {"noopener noreferrer"}


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_known_trackers_only_whole_web_addresses_are_linked(address):
    for href in links(replace(everywhere("x", url=address), origins=None)):
        parts = urlsplit(href)
        assert href.startswith("#") or (parts.scheme in {"http", "https"} and parts.hostname)
        assert href.isascii()
        assert "@" not in parts.netloc
        assert not set(href) & set('\\ \t\n\r<>"`') | set("%") & set(parts.netloc)


@pytest.mark.parametrize("page", [everywhere("x"), everywhere("x", state=None), sponsors(40)])
def test_every_fragment_link_has_one_target(page):
    tree = parsed(render(page))
    ids = [node.attrib["id"] for node in tree.iter() if "id" in node.attrib]
    wanted = {node.attrib["href"][1:] for node in tree.iter("a") if node.attrib["href"].startswith("#")}
    assert len(ids) == len(set(ids))
    assert wanted <= set(ids)


def opened(tree: ET.Element, target: str) -> list[str]:
    """The rows of issues that stay when a reader follows a link to `target`."""
    style = "".join(node.text or "" for node in tree.iter("style"))
    rule = f"#{target}:target~.wide tbody tr:not(.{target}){{display:none}}"
    rows = tree.findall(".//section[@id='issues']/div[@class='wide']//tbody/tr")
    if rule in style:
        rows = [row for row in rows if target in row.attrib.get("class", "").split()]
    return ["".join(row[0].itertext()) for row in rows]


def test_a_figure_opens_to_its_issues_and_a_figure_of_one_issue_to_that_issue():
    both, one = (
        Span("2", items=("1", "3", "1", "unknown"), label="late"),
        Span("1", items=("2",), label="new"),
    )
    entries = tuple(Entry(item, f"title {item}", (("Jira", f"A-{item}", URL),), "") for item in "123")
    page = Page("x", "x", None, (both, one), (), (), (), entries)
    tree = parsed(render(page))
    at = {node.attrib["id"]: node for node in tree.iter() if "id" in node.attrib}
    first, second = (node.attrib["href"][1:] for node in tree.findall(".//p[@class='sentence']/a"))
    assert "".join(at[first].itertext()) == "2 issues behind “late”"
    assert opened(tree, first) == ["title 1", "title 3"]
    assert "title 2" in "".join(at[second].itertext())
    assert opened(tree, "issues") == ["title 1", "title 2", "title 3"]


def test_a_key_leads_to_its_tracker_on_the_first_page_and_to_its_row_behind_it():
    key = Span("A-1", foreign=True, items=("1",), url=URL)
    sections = (Section("x", (Paragraph((key,)),)), Section("y", (Paragraph((key,)),), annex=True))
    page = Page("x", "x", None, (), (), sections, (), (Entry("1", "x", (("Jira", "A-1", URL),), ""),))
    assert links(page)[1:3] == [URL, "#w1"]


def test_a_figure_whose_issues_are_not_on_the_page_still_leads_somewhere():
    page = Page("x", "x", None, (Span("3", items=("a", "b")),), (), (), (), ())
    assert links(page)[1:] == ["#report"]


SECTION = Section("x", (Paragraph(plain("x")),))
HALF, ANNEX, HALF_ANNEX = (
    replace(SECTION, half=True),
    replace(SECTION, annex=True),
    replace(SECTION, half=True, annex=True),
)


@pytest.mark.parametrize(
    "sections",
    [
        (),
        (SECTION,),
        (ANNEX,),
        (ANNEX, SECTION),
        (HALF, HALF),
        (HALF, SECTION, HALF),
        (HALF_ANNEX, HALF_ANNEX),
        (SECTION, HALF_ANNEX, HALF_ANNEX, ANNEX),
    ],
)
def test_the_html_has_no_fault_whatever_sections_there_are(sections):
    page = replace(everywhere("x"), sections=sections)
    for made in (page, replace(page, entries=()), replace(page, entries=(), state=None)):
        html5lib.HTMLParser(strict=True).parse(render(made))


def test_the_html_of_a_whole_report_has_no_fault():
    html5lib.HTMLParser(strict=True).parse(render(sponsors(20)))


def test_the_same_page_is_the_same_bytes():
    assert render(sponsors(20)) == render(sponsors(20))


def test_four_hundred_issues_fit_into_three_hundred_kilobytes():
    assert len(render(sponsors(400)).encode()) < 300_000


def test_the_page_refers_to_nothing_outside_itself():
    source = render(sponsors(20))
    assert not re.search(
        r"@import|\burl\(|\bsrc=|srcset|<link|<script|<base|<object|<iframe", source, re.IGNORECASE
    )
    named = set(re.findall(r"https?://[^\"'\s<]+", source))
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert {address for address in named - namespaces if not address.startswith(f"{ORIGIN}/browse/")} == set()


def test_the_policy_of_the_page_allows_its_own_style_and_nothing_else():
    tree = parsed(render(sponsors(20)))
    style = "".join(node.text or "" for node in tree.iter("style"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [node.attrib["content"] for node in tree.iter("meta") if "http-equiv" in node.attrib]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    ]
    assert not [node for node in tree.iter() if "style" in node.attrib]
