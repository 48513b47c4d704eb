"""Hostile tracker text: nothing of it is obeyed by a terminal or by a Markdown parser."""

from __future__ import annotations

import html
import random
import re
import unicodedata

import cmarkgfm
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reports.text import MARK, cut, markdown, shown

FRAGMENTS = [
    *("<b>", "<script>alert(1)</script>", "![x](http://e.example/p.png)", "[x](javascript:alert(1))"),
    *("http://evil.example", "https://a@b.example/x", "www.evil.example", "WWW.EVIL.EXAMPLE", "a@b.example"),
    *(
        "mailto:a@b.example",
        "ftp://x.example",
        "evil.example",
        "xmpp:a@b.example",
        "*",
        "_",
        "__",
        "**",
        "~~",
    ),
    *("`", "```", "~~~", "# ", "###### ", "- ", "+ ", "* ", "1. ", "10) ", "> ", "|", "|---|", "    ", "\t"),
    *("\n", "\n\n", "\r\n", "---", "===", "&lt;", "&#64;", "&amp;", "\\", "\\\\", "<!--", "-->", "<?", "]]>"),
    *(
        "[x]: http://e.example",
        "[^1]",
        ":smile:",
        "@team",
        "#12",
        "//",
        "://",
        ":",
        "/",
        "@",
        "www",
        ".",
        "x",
    ),
    *("é", "שלום", "مرحبا", "😀", "\u200b", "\u202e", "\x1b[31m", "\x9b", "\x00", "\u2028", "\u3000", " "),
    *(
        "w",
        "ww",
        "h",
        "http",
        "https",
        "1",
        "example.com",
        "com",
        "(",
        ")",
        "<",
        ">",
        "!",
        "[",
        "]",
        "$$",
        "=",
    ),
]
hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=5)), max_size=14).map("".join)
GFM = MarkdownIt("gfm-like")
STRICT_TAGS = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")


def elements_in_markdown_it(source: str) -> set[str]:
    found = set()
    for token in GFM.parse(source):
        found.add(token.type)
        found.update(child.type for child in token.children or ())
    return found - {"paragraph_open", "inline", "paragraph_close", "text", "softbreak"}


def elements_in_cmark(source: str) -> set[str]:
    return set(STRICT_TAGS.findall(cmarkgfm.github_flavored_markdown_to_html(source))) - {"p"}


@given(hostile)
@example("a@b.example")
@example("www.evil.example")
@example("x www.evil.example/a(b)")
@example("https://evil.example")
@example("1. one")
@example("- [ ] task")
@example("\tcode")
@example("a\n===")
@example("| a |\n|---|")
def test_markdown_leaves_no_element_in_two_parsers(text):
    source = markdown(text)
    assert elements_in_markdown_it(source) == set()
    assert elements_in_cmark(source) == set()


def test_twenty_thousand_link_rich_strings_leave_no_element():
    draw = random.Random(7)
    strings = ["".join(draw.choices(FRAGMENTS, k=draw.randint(1, 8))) for _ in range(20_000)]
    for start in range(0, len(strings), 500):
        page = "\n\n".join(markdown(text) for text in strings[start : start + 500])
        assert elements_in_cmark(page) == set()
        if start % 10_000 == 0:
            assert elements_in_markdown_it(page) == set()


@given(hostile)
def test_markdown_stays_in_its_table_cell(text):
    page = f"| key | title |\n|---|---|\n| A-1 | {markdown(text)} |\n"
    rendered = cmarkgfm.github_flavored_markdown_to_html(page)
    assert rendered.count("<td>") == 2
    assert set(STRICT_TAGS.findall(rendered)) == {"table", "thead", "tbody", "tr", "th", "td"}


@given(hostile)
def test_a_reader_of_the_markdown_sees_the_text_itself(text):
    rendered = cmarkgfm.github_flavored_markdown_to_html(markdown(text))
    seen = html.unescape(re.sub(r"</?p>", "", rendered)).replace("\u2060", "").strip()
    plain = " ".join(re.sub(r"[\t\n\r\f\v\u2028\u2029]", " ", text).split())
    assert seen == shown(plain)


@given(st.text())
def test_nothing_invisible_survives(text):
    for character in shown(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            *("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"),
        }
    assert shown(shown(text)) == shown(text)
    assert len(shown(text)) == len(text)


@pytest.mark.parametrize(
    "ranges",
    [
        (0x00, 0x1F),
        (0x7F, 0x9F),
        (0x61C, 0x61C),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0xFEFF, 0xFEFF),
        (0xFFF9, 0xFFFB),
        (0xFFFE, 0xFFFF),
        (0xD800, 0xDFFF),
        (0xE0000, 0xE007F),
    ],
)
def test_each_dangerous_range_becomes_a_mark(ranges):
    first, last = ranges
    assert all(shown(chr(code)) == MARK for code in range(first, last + 1))


def test_letters_of_right_to_left_scripts_and_emoji_stay():
    assert shown("שלום مرحبا 😀 é 漢字") == "שלום مرحبا 😀 é 漢字"


def test_a_long_title_is_cut_with_a_mark_that_says_so():
    assert cut("a" * 10_000, 60) == "a" * 59 + "…"
    assert cut("  two\nlines ", 60) == "two lines"


@pytest.mark.parametrize(
    ("text", "trigger"), [("a@b.example", "@b"), ("www.evil.example", "www."), ("https://e.example", "://")]
)
def test_what_a_linker_looks_for_is_broken_even_after_escapes_are_undone(text, trigger):
    assert trigger not in markdown(text).replace("\\", "")
