"""The cost report in a browser: a figure opens to its rows, and nothing scrolls sideways on a phone."""

from __future__ import annotations

import pytest

from reports.pages.cost import cost_page
from reports.render.html import render
from reports.wording import speaker_for
from tests.reports.cost_story import reported, told
from tests.reports.render.test_browser import Visit, browser, shown, visit  # noqa: F401 fixtures

pytestmark = pytest.mark.browser


def page() -> str:
    work, report = reported(told("<b>x</b>"), "wave")
    return render(cost_page(work, report, speaker_for(work, report.items)))


def test_a_figure_opens_to_its_rows_and_leaves_no_other(visit: Visit, tmp_path) -> None:  # noqa: F811
    tab = shown(visit, page(), tmp_path)
    tab.get_by_role("link", name="4,500.00").first.click()
    rows = [row.inner_text() for row in tab.locator("#issues tbody tr:visible").all()]
    assert len(rows) == 2
    assert all("Ann Osei" in row and "<b>x</b>" in row for row in rows)
    assert [("Feb" in row, "3,600.00 GBP" in row) for row in rows] == [(True, True), (False, False)]
    assert visit.happened == []


def test_the_page_does_not_scroll_sideways_on_a_phone(visit: Visit, tmp_path) -> None:  # noqa: F811
    tab = shown(visit, page(), tmp_path)
    tab.set_viewport_size({"width": 320, "height": 700})
    assert tab.evaluate("document.documentElement.scrollWidth") == 320
