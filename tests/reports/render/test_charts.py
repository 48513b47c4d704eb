"""The charts: names enter them as data alone, nothing is fetched, and a date is the same day everywhere."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reports
from reports.charts import BURN_WIDTH, BurnPoint, BurnUp, Trend, TrendPoint, burn_up, milestone_trend, svg
from reports.text import cut, shown
from tests.hostile import PAYLOADS, VAST
from tests.reports.render.pages import MONDAY, burn, trend

ROOT = Path(reports.__file__).parents[1]


def without_values(node: Any) -> Any:
    """A specification with its data taken out."""
    if isinstance(node, dict):
        return {key: [] if key == "values" else without_values(value) for key, value in node.items()}
    return [without_values(item) for item in node] if isinstance(node, list) else node


def drawn(spec: dict[str, object], name: str = "chart") -> str:
    return svg(spec, name=name, title="title", description="description")


def tags(source: str) -> list[str]:
    return [node.tag for node in html5lib.parse(source, namespaceHTMLElements=False).iter()]


def labels(source: str) -> list[str]:
    tree = html5lib.parse(source, namespaceHTMLElements=False)
    return ["".join(node.itertext()) for node in tree.iter("{http://www.w3.org/2000/svg}text")]


def sevens(texts: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), 7):
        yield texts[start : start + 7]


@given(st.lists(st.text(max_size=60), min_size=3, max_size=3, unique=True))
def test_names_are_data_and_change_nothing_else_in_a_chart(names):
    assert without_values(milestone_trend(trend(names))) == without_values(
        milestone_trend(trend(["a", "b", "c"]))
    )


@pytest.mark.parametrize("texts", [PAYLOADS, VAST], ids=["payloads", "vast"])
def test_hostile_names_change_no_specification(texts):
    for names in sevens(list(texts.values())):
        calm = [f"m{number}" for number in range(len(set(names)))]
        made = milestone_trend(trend(list(dict.fromkeys(names))))
        assert without_values(made) == without_values(milestone_trend(trend(calm)))


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """An address on this machine and the requests that reach it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def written(texts: list[str]) -> dict[str, object]:
    """A chart that writes each text."""
    rows = [{"c0": number, "c1": number, "c2": text} for number, text in enumerate(texts)]
    place = {"x": {"field": "c0", "type": "quantitative"}, "y": {"field": "c1", "type": "quantitative"}}
    encoding = {**place, "text": {"field": "c2", "type": "nominal"}}
    return {"data": {"values": rows}, "mark": {"type": "text", "limit": 150}, "encoding": encoding}


def test_drawing_hostile_text_asks_nobody_and_adds_no_element(listener):
    address, asked = listener
    texts = [text.replace("evil.example", address[7:]) for text in PAYLOADS.values()]
    texts += [address, f"url({address}/x)", f'{{"url": "{address}/x"}}', f"<image href='{address}/x'/>"]
    texts = [shown(text) for text in dict.fromkeys(texts) if text.strip()]
    source = drawn(written(texts))
    assert tags(source) == tags(drawn(written(["x"] * len(texts))))
    assert {
        attribute for attribute in re.findall(r" ([a-z:-]+)=", "".join(re.findall(r"<[^>]*>", source)))
    } <= INERT
    assert asked == []


def test_hostile_milestones_are_drawn_as_their_names():
    names = [
        PAYLOADS[name] for name in ("element-1", "bidi-0", "attribute-0", "rich-2", "word-1", "placeholder-5")
    ]
    source = drawn(milestone_trend(trend(names, 2)))
    assert tags(source) == tags(drawn(milestone_trend(trend(["a", "b", "c", "d", "e", "f"], 2))))
    for name in names:
        begun = cut(shown(name), 40)[:8]
        assert any(label.startswith(begun) for label in labels(source)), name


def test_milestones_whose_names_begin_alike_stay_apart():
    source = drawn(milestone_trend(trend(["a" * 50 + "1", "a" * 50 + "2"], 3)))
    assert len([label for label in labels(source) if label.startswith("aaa")]) == 2
    assert len(set(re.findall(r'<path [^>]*stroke="(#[0-9A-F]{6})" stroke-width="2"', source))) == 3


def heights(source: str, texts: set[str]) -> list[float]:
    found = re.findall(r"<text [^>]*translate\([\d.-]+,([\d.-]+)\)[^>]*>([^<]*)</text>", source)
    return sorted(float(height) for height, text in found if text in texts)


def test_labels_that_would_hide_each_other_stand_apart():
    names = ["alpha", "beta", "gamma", "delta"]
    day = MONDAY + timedelta(days=90)
    same = Trend(tuple(TrendPoint(name, MONDAY, day) for name in names))
    level = BurnUp("points", (BurnPoint(MONDAY, Decimal(40), Decimal(40)),), Decimal(39), MONDAY)
    for source, texts in (
        (drawn(milestone_trend(same)), set(names)),
        (drawn(burn_up(level)), {"scope 40", "done 40", "baseline 39"}),
    ):
        at = heights(source, texts)
        assert len(at) == len(texts)
        assert all(lower - upper >= 14 for upper, lower in pairwise(at))


REFUSED = [
    {"data": {"url": "http://x.example"}, "mark": "point"},
    {"data": {"values": [], "format": {"type": "csv"}}, "mark": "point"},
    {"data": {"sequence": {"start": 0, "stop": 9}}, "mark": "point"},
    {"data": {"values": [{"c0": {"url": "x"}}]}, "mark": "point"},
    {"data": {"values": [{"c0": ["x"]}]}, "mark": "point"},
    {"data": {"values": [{"url": "x"}]}, "mark": "point"},
    {"data": {"values": [{"c0": "\uffff"}]}, "mark": "point"},
    {"data": {"values": [{"c0": "\ud800"}]}, "mark": "point"},
    {"encoding": {"y": {"title": "\ufffe"}}},
    {"mark": "image"},
    {"mark": {"type": "image"}},
    {"mark": "geoshape"},
    {"mark": ["image"]},
    {"mark": {"color": "red"}},
    {"mark": {"type": "point", "href": "http://x.example"}},
    {"mark": {"type": "point", "url": "http://x.example"}},
    {"mark": {"type": "point", "tooltip": True}},
    {"mark": {"type": "point", "color": {"expr": "x"}}},
    {"mark": {"type": "point", "color": "url(http://x.example)"}},
    {"mark": {"type": "point", "color": "URL (#x)"}},
    {"encoding": {"href": {"field": "c0"}}},
    {"encoding": {"url": {"field": "c0"}}},
    {"encoding": {"x": {"field": "c0.x['y']"}}},
    {"encoding": {"x": {"field": {"repeat": "c0"}}}},
    {"encoding": {"x": {"field": "c0", "axis": {"labelExpr": "x"}}}},
    {"encoding": {"x": {"field": "c0", "axis": {"values": {"expr": "x"}}}}},
    {"encoding": {"x": {"field": "c0", "scale": {"domain": {"expr": "x"}}}}},
    {"encoding": {"color": {"condition": {"test": "x"}}}},
    {"layer": [{"layer": [{"mark": "image"}]}]},
    {"layer": [{"data": {"url": "x"}}]},
    {"transform": [{"calculate": "x", "as": "c0"}]},
    {"params": [{"name": "x", "expr": "1"}]},
    {"usermeta": {"embedOptions": {}}},
    {"datasets": {"x": []}},
    {"config": {"signals": []}},
    {"config": {"image": {"url": "x"}}},
    {"title": {"text": {"expr": "x"}}},
    {"$schema": "http://x.example"},
]


@pytest.mark.parametrize("spec", REFUSED, ids=str)
def test_a_chart_that_could_fetch_link_or_compute_is_refused(spec):
    with pytest.raises(ValueError, match="A chart may not hold"):
        drawn(spec)


CHARTS = {
    "burn": burn_up(burn(30)),
    "burn of one day": burn_up(burn(1)),
    "burn of no day": burn_up(burn(0)),
    "burn of nothing": burn_up(
        BurnUp("points", (BurnPoint(MONDAY, Decimal(0), Decimal(0)),), Decimal(0), MONDAY)
    ),
    "trend": milestone_trend(trend(["a", "b"])),
    "trend of one point": milestone_trend(trend(["a"], 1)),
    "trend of no point": milestone_trend(Trend(())),
    "trend of many": milestone_trend(trend([f"m{number}" for number in range(12)], 2)),
}
INERT = {
    *(
        "role",
        "xmlns",
        "xmlns:xlink",
        "version",
        "width",
        "height",
        "viewBox",
        "fill",
        "transform",
        "d",
        "x",
        "y",
    ),
    *(
        "stroke",
        "stroke-width",
        "stroke-miterlimit",
        "stroke-dasharray",
        "opacity",
        "fill-opacity",
        "display",
    ),
    *("text-anchor", "font-family", "font-size", "font-weight", "pointer-events", "x1", "x2", "y1", "y2"),
}
"""Attributes that draw; none of them fetches, links, names or acts."""


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_drawn_from_whatever_there_is_and_is_inert(name):
    source = drawn(CHARTS[name])
    html5lib.HTMLParser(strict=True).parseFragment(source)
    inner = re.findall(r"<[^>]*>", source)
    assert {tag for tag in (re.match(r"</?([a-zA-Z]+)", piece)[1] for piece in inner)} <= {
        *("svg", "title", "desc", "g", "rect", "path", "line", "text"),
    }
    assert set(re.findall(r" ([a-zA-Z:-]+)=", "".join(inner))) <= INERT
    assert "NaN" not in source
    assert "undefined" not in source
    assert source.startswith('<svg role="img" ')
    assert re.search(r"^<svg [^>]*><title>title</title><desc>description</desc>", source)


def test_drawing_leaves_the_specification_as_it_was():
    spec = burn_up(burn(5))
    before = copy.deepcopy(spec)
    drawn(spec)
    assert spec == before


def test_two_charts_on_a_page_share_no_identity():
    spec = burn_up(burn(5))
    layers = spec["layer"]
    assert isinstance(layers, list)
    layers[0]["mark"]["clip"] = True
    sources = [drawn(spec, name) for name in ("one", 'T"wo<', "one")]
    first, second, again = ([*re.findall(r'(?: id="|url\(#)([^")]+)', source)] for source in sources)
    assert len(set(first)) < len(first)
    assert all(found.startswith("one-") for found in first)
    assert all(found.startswith("two-") for found in second)
    assert again == first


MAKE = """
from datetime import date
from tests.reports.render.pages import burn, trend
from reports.charts import burn_up, milestone_trend, svg
print(svg(burn_up(burn(20)), name="burn", title="t", description="d"))
print(svg(milestone_trend(trend(["a", "b"], 3)), name="trend", title="t", description="d"))
"""


def test_a_day_is_the_same_day_in_every_zone():
    zones = ("America/New_York", "UTC", "Asia/Tokyo")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE],
            cwd=ROOT,
            env={**os.environ, "TZ": zone},
            stdout=subprocess.PIPE,
            text=True,
        )
        for zone in zones
    ]
    made = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert made[0] == made[1] == made[2]
    burned = made[0].partition("</svg>")[0]
    ticks = re.findall(r"translate\(([\d.]+),16\)[^>]*>([^<]+)</text>", burned)
    assert len(ticks) > 2
    for place, label in ticks:
        day = MONDAY + timedelta(days=round(float(place) / BURN_WIDTH * 19))
        assert label == f"{day.day} {day:%b}"


def test_the_same_data_is_the_same_drawing():
    assert drawn(burn_up(burn(9))) == drawn(burn_up(burn(9)))


def test_fonts_are_named_and_never_fetched():
    source = drawn(burn_up(burn(9)))
    assert set(re.findall(r'font-family="([^"]*)"', source)) == {
        "DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif"
    }
    assert not re.search(r"@font-face|@import|url\(|<style|<image|href=", source)
