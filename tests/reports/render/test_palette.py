"""The page's and the charts' colours can be read: contrast by the formula of WCAG 2.2."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

import reports.render
from reports.charts import BLUE, GREY, INK, PALE_BLUE, SERIES

SHEET = (Path(reports.render.__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")


def channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def luminance(colour: str) -> float:
    parts = [
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4
        for c in channels(colour)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def themes() -> dict[str, dict[str, str]]:
    """The colours of each :root block of the sheet, by name."""
    blocks = re.findall(r":root\s*{([^}]*)}", SHEET)
    found = [dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", block, re.IGNORECASE)) for block in blocks]
    return dict(zip(("light", "dark", "print"), found, strict=True))


def pairs() -> list[tuple[str, str]]:
    grounds = ("paper", "soft")
    plain = list(product(("ink", "grey", "link"), grounds))
    chips = [(name, f"{name}-chip") for name in ("red", "amber", "green", "grey")]
    return [*plain, *chips, *product(("ink", "grey", "link"), ("amber-chip",))]


def test_the_formula_gives_the_known_values():
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize("pair", pairs(), ids="-on-".join)
def test_text_can_be_read(theme, pair):
    colours = themes()[theme]
    assert contrast(colours[pair[0]], colours[pair[1]]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_state_borders_and_the_focus_ring_can_be_seen(theme):
    colours = themes()[theme]
    for name, ground in product(("red", "amber", "green", "grey", "link"), ("paper", "soft")):
        assert contrast(colours[name], colours[ground]) >= 3


def test_every_colour_that_the_sheet_uses_is_in_every_theme():
    used = set(re.findall(r"var\(--([a-z-]+)\)", SHEET))
    for colours in themes().values():
        assert used == set(colours)


@pytest.mark.parametrize("colour", [INK, GREY, BLUE, *SERIES])
def test_labels_in_charts_can_be_read_on_their_white_ground(colour):
    assert contrast(colour, "#ffffff") >= 4.5


def test_the_area_of_finished_work_can_be_seen():
    assert contrast(PALE_BLUE, "#ffffff") >= 3


def test_the_sheet_asks_for_nothing_from_elsewhere():
    assert not re.search(r"url\(|@import|@font-face|image-set|https?:|//[a-z]", SHEET, re.IGNORECASE)
