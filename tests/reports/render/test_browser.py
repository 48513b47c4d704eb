"""The HTML page in a real browser: nothing runs or is asked for, everything opens, prints and can be read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab

from reports.charts import milestone_trend
from reports.figures import State
from reports.render.html import render
from reports.render.page import Bullets, Column, Entry, Page, Paragraph, Picture, Section, Span, Table, plain
from tests.hostile import ADDRESSES, PAYLOADS
from tests.reports.render.pages import ORIGIN, everywhere, sponsors, trend

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@dataclass
class Visit:
    """A page that was opened, and everything that happened which should not have."""

    tab: Tab
    happened: list[str] = field(default_factory=list)

    def open(self, path: Path) -> None:
        self.tab.on(
            "dialog", lambda dialog: (self.happened.append(f"dialog {dialog.message}"), dialog.dismiss())
        )
        self.tab.on("console", lambda said: self.happened.append(f"console {said.text}"))
        self.tab.on("pageerror", lambda error: self.happened.append(f"error {error}"))
        self.tab.on("request", lambda asked: asked.url == path.as_uri() or self.happened.append(asked.url))
        self.tab.on("popup", lambda popup: self.happened.append(f"popup {popup.url}"))
        self.tab.goto(path.as_uri())


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    yield Visit(tab)
    tab.close()


@cache
def report() -> str:
    """A sponsor's page as HTML; several tests look at the same."""
    return render(sponsors(30))


def shown(visit: Visit, page: Page | str, tmp_path: Path) -> Tab:
    path = tmp_path / "page.html"
    path.write_text(page if isinstance(page, str) else render(page), encoding="utf-8")
    visit.open(path)
    return visit.tab


def hostile_page() -> Page:
    """Every payload as text of every kind, and every address where addresses stand."""
    texts = list(PAYLOADS.values())
    spans = tuple(Span(text, foreign=True, strong=number % 2 == 0) for number, text in enumerate(texts))
    links = tuple(Span(address, foreign=True, url=address) for address in ADDRESSES)
    entries = tuple(
        Entry(str(number), text, ((text, text, ADDRESSES[number % len(ADDRESSES)]),), text)
        for number, text in enumerate(texts)
    )
    figures = tuple(Span(text, items=(str(n), "0"), label=text) for n, text in enumerate(texts[1:40], 1))
    names = [text for text in texts if "evil" in text or "alert" in text][:7]
    table = Table(
        texts[1], tuple(Column(text) for text in texts[:4]), ((spans[:9], links, figures, spans[9:12]),)
    )
    picture = Picture(texts[2], texts[3], texts[4], milestone_trend(trend(names, 2)), table)
    blocks = (Paragraph(spans), Bullets((links, *((span,) for span in spans))), table, picture)
    title = texts[5]
    origins = frozenset({ORIGIN})
    return Page(
        title, title, State.RED, spans, (links,), (Section(title, blocks),), (spans,), entries, "en", origins
    )


def test_hostile_text_does_nothing_in_a_browser(visit, tmp_path):
    tab = shown(visit, hostile_page(), tmp_path)
    for summary in tab.locator("summary").all():
        summary.click()
    tab.keyboard.press("Tab")
    tab.evaluate(
        "for (const node of document.querySelectorAll('*')) node.dispatchEvent(new Event('mouseover'))"
    )
    tab.wait_for_load_state("networkidle")
    assert visit.happened == []
    assert tab.evaluate("[...document.querySelectorAll('a')].map(a => a.protocol)").count("javascript:") == 0
    assert tab.evaluate("document.scripts.length + document.images.length + document.forms.length") == 0


def test_a_whole_report_asks_for_nothing_and_breaks_no_policy(visit, tmp_path):
    tab = shown(visit, report(), tmp_path)
    tab.wait_for_load_state("networkidle")
    assert visit.happened == []
    assert tab.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "26px"


SEEN = "[...document.querySelectorAll('#issues tbody tr')].filter(row => row.checkVisibility()).length"


def test_a_figure_opens_to_its_issues_and_back(visit, tmp_path):
    tab = shown(visit, report(), tmp_path)
    assert tab.evaluate(SEEN) == 30
    assert not tab.locator(".figure").first.is_visible()
    tab.locator(".sentence a").first.click()
    told = tab.locator(".figure:target")
    assert told.is_visible()
    assert told.inner_text() == "20 issues behind “slip”"
    assert told.bounding_box()["y"] < 900
    assert tab.evaluate(SEEN) == 20
    tab.locator("#issues p a").click()
    assert tab.evaluate(SEEN) == 30


def test_a_key_behind_the_first_page_leads_to_the_issue_and_its_records(visit, tmp_path):
    tab = shown(visit, report(), tmp_path)
    tab.locator(".annex td a").first.click()
    row = tab.locator("tr:target")
    assert row.locator("a").get_attribute("href") == f"{ORIGIN}/browse/PAY-0"
    ground = tab.evaluate("getComputedStyle(document.querySelector('tr:target td')).backgroundColor")
    assert ground == "rgb(255, 241, 214)"


def test_every_fragment_link_leads_to_something_that_shows(visit, tmp_path):
    tab = shown(visit, report(), tmp_path)
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    hidden = """() => [...document.querySelectorAll('a[href^="#"]')].map(a => a.hash).filter(hash => {
      location.hash = hash;
      return !document.querySelector(hash)?.checkVisibility();
    })"""
    assert tab.evaluate(hidden) == []


def pages_in(document: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", document))


def printed(tab: Tab) -> bytes:
    return tab.pdf(prefer_css_page_size=True, print_background=True)


def test_the_first_page_prints_on_one_side_of_a4(visit, tmp_path):
    document = printed(shown(visit, sponsors(60, annex=False), tmp_path))
    assert pages_in(document) == 1
    assert re.search(rb"/MediaBox\s*\[0 0 59[4-6](?:\.\d+)? 84[12]", document)


def test_what_is_behind_the_first_page_begins_on_a_new_one(visit, tmp_path):
    tab = shown(visit, report(), tmp_path)
    tab.emulate_media(media="print")
    assert tab.evaluate("getComputedStyle(document.querySelector('.annex')).breakBefore") == "page"
    assert pages_in(printed(tab)) > 1


def test_lists_for_the_screen_and_controls_take_no_paper(visit, tmp_path):
    listed = replace(sponsors(30), sections=sponsors(30, annex=False).sections)
    tab = shown(visit, listed, tmp_path)
    assert tab.locator("#issues tr").count() > 0
    assert pages_in(printed(tab)) == 1
    tab.emulate_media(media="print")
    for gone in ("#issues", "figure summary", ".skip"):
        assert not tab.locator(gone).first.is_visible(), gone


CONTRAST = """() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const linear = c => c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const found = channels(getComputedStyle(node).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || !node.checkVisibility() || node.matches('title, desc')) continue;
    const style = getComputedStyle(node);
    const colour = channels(node.closest('text') ? style.fill : style.color);
    const [a, b] = [light(colour), light(ground(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.add(`${text.slice(0, 40)}: ${colour} on ${ground(node)}`);
  }
  return [...low];
}"""


def test_all_text_can_be_read_on_screen_by_night_and_on_paper(visit, tmp_path):
    tab = shown(visit, report(), tmp_path)
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    grounds = {("screen", "light"): "255, 255, 255", ("screen", "dark"): "21, 24, 28"}
    for media, scheme in product(("screen", "print"), ("light", "dark")):
        tab.emulate_media(media=media, color_scheme=scheme)
        assert tab.evaluate(CONTRAST) == [], (media, scheme)
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == f"rgb({grounds.get((media, scheme), '255, 255, 255')})"


SAID = {
    "th": "node.scope && node.textContent.trim()",
    "table": "node.parentElement.matches('[role=region][tabindex=\"0\"]') && node.parentElement.ariaLabel",
    "svg": "node.getAttribute('role') === 'img' && node.firstElementChild.matches('title')",
    "svg > title": "node.textContent.trim()",
    "a, summary": "node.textContent.trim()",
    "section": "node.firstElementChild.matches('h2')",
    "summary": "node.offsetHeight >= 24",
    ".chip": "/\\w/.test(node.textContent)",
    "figure": "node.firstElementChild.matches('figcaption')",
}
"""What each element must say to someone who cannot see it, or must offer to someone who cannot aim well."""


def test_the_page_can_be_used_by_keyboard_and_read_aloud(visit, tmp_path):
    tab = shown(visit, report(), tmp_path)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.locator(".skip").bounding_box()["x"] >= 0
    assert tab.evaluate("document.querySelectorAll('h1').length") == 1
    assert tab.evaluate("document.documentElement.lang") == "en"
    landmarks = "['header', 'main', 'footer'].map(name => document.querySelectorAll(name).length)"
    assert tab.evaluate(landmarks) == [1, 1, 1]
    for selector, wanted in SAID.items():
        told = f"[...document.querySelectorAll({selector!r})].map(node => [node.outerHTML, {wanted}])"
        found = tab.evaluate(told)
        assert found, selector
        assert [start for start, fits in found if not fits] == [], selector


def test_focus_is_seen(visit, tmp_path):
    tab = shown(visit, report(), tmp_path)
    for _ in range(2):
        tab.keyboard.press("Tab")
    ring = tab.evaluate(
        "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineWidth]"
    )
    assert ring == ["A", "3px"]


@pytest.mark.parametrize(
    "page", [sponsors(12), everywhere(PAYLOADS["wide-8"])], ids=["sponsors", "long words"]
)
def test_a_narrow_screen_needs_no_sideways_scrolling(visit, tmp_path, page):
    tab = shown(visit, page, tmp_path)
    tab.set_viewport_size({"width": 320, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", ["שלום (12)", "مرحبا 12%", "\u202eevil", "123 אבג"])
def test_what_follows_a_foreign_text_stays_right_of_it(visit, tmp_path, name):
    line = (Span("before "), Span(name, foreign=True), *plain(" 12 after"))
    tab = shown(visit, replace(everywhere("x"), sentence=line), tmp_path)
    places = """() => [...document.querySelector('.sentence').childNodes].map(node => {
      const range = document.createRange(); range.selectNodeContents(node);
      const box = range.getBoundingClientRect(); return [box.left, box.right];
    })"""
    (_, first), (left, right), (last, _) = tab.evaluate(places)
    assert first <= left + 1
    assert right <= last + 1
