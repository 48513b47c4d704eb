"""The terminal page: it fits, it needs no colour, and nothing of a tracker's text is obeyed."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from reports.figures import State
from reports.render.page import Bullets, Column, Page, Paragraph, Section, Span, Table, plain
from reports.render.terminal import render
from reports.text import shown
from tests.hostile import PAYLOADS, VAST
from tests.reports.render.pages import everywhere, sponsors

STYLED = re.compile(r"\x1b\[(?:\d{1,3}(?:;\d{1,3})*)?m")
"""The only sequence that rich writes for styled text."""
FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}


def printed(page: Page, width: int = 80, **said: object) -> str:
    """What a terminal of many colours gets."""
    environ = {str(name): str(value) for name, value in said.items()}
    console = Console(
        file=io.StringIO(), force_terminal=True, color_system="truecolor", width=width, _environ=environ
    )
    for line in render(page, width, annex=True):
        console.print(line, soft_wrap=True)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def lines(page: Page, width: int = 80, *, unicode: bool = True) -> list[str]:
    return [line.plain for line in render(page, width, unicode=unicode, annex=True)]


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("kind", sorted({name.partition("-")[0] for name in PAYLOADS}))
def test_only_the_styles_that_rich_writes_reach_the_terminal(kind):
    for name, text in PAYLOADS.items():
        if name.startswith(f"{kind}-"):
            bare = STYLED.sub("", printed(everywhere(text)))
            acting = {c for c in bare if unicodedata.category(c) in FORBIDDEN or shown(c) != c}
            assert acting == {"\n"}, name


@pytest.mark.parametrize("name", VAST)
def test_ten_thousand_characters_are_shown_whole(name):
    page = Page("x", "x", State.RED, (Span(VAST[name], foreign=True),), (), (), (), ())
    told = lines(page)
    assert squeezed(shown(VAST[name])) in squeezed("".join(told))
    assert max(map(cell_len, told)) <= 80


def test_markup_in_a_title_is_shown_and_never_an_error():
    for text in ("[/x]", "[bold]x[/bold]", "[link=http://evil.example]x[/link]", ":smile:"):
        assert text in printed(everywhere(text, state=None))


@pytest.mark.parametrize("width", [20, 40, 80, 120])
@pytest.mark.parametrize(
    "text",
    ["漢字とかな", "😀🚀", "مرحبا بالعالم", "e\u0301" * 9, "ＦＵＬＬ", "plain words", "a" * 50, "👩‍💻"],
)
def test_no_line_is_wider_than_the_terminal(text, width):
    for unicode in (True, False):
        told = lines(everywhere(f"{text} {text} " * 3), width, unicode=unicode)
        assert max(map(cell_len, told)) <= width


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=200), st.integers(2, 130))
def test_no_text_makes_a_line_too_wide_or_is_lost(text, width):
    page = Page("x", "x", State.RED, (Span(text, foreign=True),), (), (), (), ())
    told = lines(page, width)
    assert max(map(cell_len, told)) <= width
    assert squeezed(shown(text)) in squeezed("".join(told))


WORDS = st.text(alphabet="abcd 漢é", min_size=1, max_size=30).filter(str.strip)


@settings(max_examples=20, deadline=None)
@given(st.data(), st.integers(8, 100), st.integers(1, 7))
def test_a_table_that_cannot_fit_still_shows_every_cell(data, width, count):
    columns = tuple(
        Column(data.draw(WORDS), grows=data.draw(st.booleans()), numeric=data.draw(st.booleans()))
        for _ in range(count)
    )
    cells = [data.draw(WORDS) for _ in columns]
    table = Table("", columns, (tuple(plain(cell) for cell in cells),))
    told = lines(Page("x", "x", None, (), (), (Section("x", (table,)),), (), ()), width)
    assert max(map(cell_len, told)) <= width
    counted = "".join(told)
    for letter in set("".join(cells)) - {" "}:
        assert counted.count(letter) >= "".join(cells).count(letter)


def test_a_table_too_wide_for_columns_is_told_row_by_row():
    columns = (Column("Milestone"), Column("Now"), Column("Late"), Column("Owner"))
    table = Table("", columns, (tuple(plain(word) for word in ("Go-live", "24 Jun", "12 days", "Abena")),))
    told = lines(Page("x", "x", None, (), (), (Section("x", (table,)),), (), ()), 24)
    assert told[-5:-1] == [" - Milestone: Go-live", "   Now: 24 Jun", "   Late: 12 days", "   Owner: Abena"]


def test_columns_line_up_whatever_the_width_of_their_letters():
    names = ("Go-live", "本番稼働", "e\u0301e\u0301")
    rows = tuple((plain(name), plain("7")) for name in names)
    table = Table("", (Column("Name", grows=True), Column("Late", numeric=True)), rows)
    told = lines(Page("x", "x", None, (), (), (Section("x", (table,)),), (), ()))[-4:-1]
    assert len({cell_len(line) for line in told}) == 1


@pytest.mark.parametrize("name", ["bidi-0", "bidi-3", "wide-2", "element-0", "escape-0", "markdown-0"])
def test_an_ascii_terminal_gets_ascii_alone(name):
    assert "".join(lines(everywhere(PAYLOADS[name]), unicode=False)).isascii()
    assert "".join(lines(everywhere(PAYLOADS[name]), 24, unicode=False)).isascii()


@given(st.text(max_size=80))
def test_any_text_becomes_ascii(text):
    page = Page(text, text, None, (Span(text, state=State.GREY),), (), (), (), ())
    assert "".join(lines(page, unicode=False)).isascii()


def test_ascii_keeps_what_a_reader_needs():
    line = plain("Café – 12 → 14 · “soon” … £5")
    told = lines(Page("x", "x", State.AMBER, line, (), (), (), ()), unicode=False)
    assert any("[A] AT RISK" in part and 'Cafe - 12 -> 14 - "soon" ... GBP 5' in part for part in told)


@pytest.mark.parametrize(
    ("state", "words"), [(State.RED, "OFF TRACK"), (State.GREEN, "ON TRACK"), (State.GREY, "UNKNOWN")]
)
def test_the_state_is_told_in_words_and_a_shape(state, words):
    first = lines(Page("x", "x", state, plain("why"), (), (), (), ()))[1]
    assert re.fullmatch(rf"\S {words}  why", first)


def test_without_colour_the_same_is_said():
    coloured, plain_text = printed(sponsors(5)), printed(sponsors(5), NO_COLOR="1")
    assert STYLED.sub("", coloured) == STYLED.sub("", plain_text)
    colours = re.compile(r"\x1b\[(?:\d+;)*(?:3\d|4\d|9\d|10\d)[;m]")
    assert colours.search(coloured)
    assert not colours.search(plain_text)


def test_the_same_page_is_the_same_bytes():
    assert printed(sponsors(5)) == printed(sponsors(5))


def test_only_the_state_is_coloured_in_the_verdict():
    page = Page("x", "x", State.RED, plain("calm words"), (), (), (), ())
    mark = next(iter(line for line in render(page) if "calm" in line.plain))
    assert all(mark.plain[span.start : span.end].strip() != "calm words" for span in mark.spans)
    assert not mark.style


def test_the_annex_is_left_out_unless_asked_for():
    annex = Section("behind", (Paragraph(plain("details")),), annex=True)
    page = Page("x", "x", None, (), (), (annex,), (), ())
    assert "details" not in "".join(line.plain for line in render(page))
    assert "details" in "".join(lines(page))


def test_further_lines_of_a_point_stand_under_its_beginning():
    words = plain("one two three four five six")
    blocks = (Bullets((words,)), Bullets((words,), ordered=True))
    told = lines(replace(everywhere("x"), sections=(Section("x", blocks),)), 20)
    assert told[-6:-2] == [" - one two three", "   four five six", " 1 one two three", "   four five six"]
