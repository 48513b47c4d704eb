"""The two charts of the status page as Vega-Lite specifications, and their rendering to inert SVG.

Tracker text enters a specification only as data values; a specification that could fetch, link or compute
is refused before it is rendered.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from reports.text import shown

__all__ = ["BurnPoint", "BurnUp", "Trend", "TrendPoint", "burn_up", "milestone_trend", "svg"]

Spec = dict[str, object]

INK, GREY, LIGHT = "#1A1A1A", "#5F6368", "#D5D8DB"
BLUE, PALE_BLUE = "#1F4E79", "#5B8DB8"
SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "triangle-right")
SERIES = (BLUE, "#8A5A00", "#1B6E3C", "#B3261E", "#5F6368", "#6B4E9B", "#00707A")
MOST_LINES = 7
BURN_HEIGHT, LABEL_HEIGHT = 220, 15
_REFUSED = frozenset({"url", "href", "expr", "signal", "image", "usermeta", "params"})


@dataclass(frozen=True, slots=True)
class BurnPoint:
    """Scope and finished work at the end of one day, in the chart's unit."""

    on: date
    scope: Decimal
    done: Decimal


@dataclass(frozen=True, slots=True)
class BurnUp:
    """What the burn-up shows: the points, the scope agreed in the baseline, and the day of the report."""

    unit: str
    points: tuple[BurnPoint, ...]
    baseline: Decimal | None
    as_of: date


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """What was forecast for a milestone on a report date."""

    milestone: str
    report: date
    forecast: date


@dataclass(frozen=True, slots=True)
class Trend:
    points: tuple[TrendPoint, ...]


def burn_up(data: BurnUp) -> Spec:
    """Scope as a stepped line over finished work as an area; the baseline's scope is a thin outline."""
    rows = [
        {"c0": p.on.isoformat(), "c1": float(p.scope), "c2": float(p.done), "c3": "scope", "c4": "done"}
        for p in data.points
    ]
    x = {
        "field": "c0",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": _weeks(data.points),
    }
    y = {"type": "quantitative", "title": data.unit, "scale": {"zero": True, "nice": True}}
    done = {"data": {"values": rows}, "encoding": {"x": x, "y": {**y, "field": "c2"}}}
    layers: list[Spec] = [
        {**done, "mark": {"type": "area", "color": PALE_BLUE, "opacity": 0.45, "line": {"color": BLUE}}},
        {
            "data": {"values": rows},
            "mark": {"type": "line", "interpolate": "step-after", "color": INK, "strokeWidth": 2},
            "encoding": {"x": x, "y": {**y, "field": "c1"}},
        },
    ]
    if data.baseline is not None and rows:
        ends = [
            {"c0": rows[0]["c0"], "c1": float(data.baseline)},
            {"c0": rows[-1]["c0"], "c1": float(data.baseline)},
        ]
        dashed = {"type": "line", "color": GREY, "strokeWidth": 1, "strokeDash": [5, 3]}
        layers.append(
            {"data": {"values": ends}, "mark": dashed, "encoding": {"x": x, "y": {**y, "field": "c1"}}}
        )
    layers += [_end_label(data, name, value, shift) for name, value, shift in _ends(data)]
    return _framed({"layer": layers, "width": 520, "height": BURN_HEIGHT})


def milestone_trend(data: Trend) -> Spec:
    """Forecast date over report date on equal scales: level lines are stable, rising lines slip."""
    names = list(dict.fromkeys(p.milestone for p in data.points))[:MOST_LINES]
    rows = [
        {"c0": p.report.isoformat(), "c1": p.forecast.isoformat(), "c2": shown(p.milestone)[:40]}
        for p in data.points
        if p.milestone in names
    ]
    days = [d for p in data.points for d in (p.report, p.forecast)]
    domain = [min(days).isoformat(), (max(days) + timedelta(days=14)).isoformat()]
    scale = {"type": "utc", "domain": domain}
    x = {
        "field": "c0",
        "type": "temporal",
        "title": "report date",
        "scale": scale,
        "axis": {**_dates(), "orient": "top"},
    }
    y = {"field": "c1", "type": "temporal", "title": "forecast", "scale": scale, "axis": _dates()}
    labels = [shown(name)[:40] for name in names]
    color = {
        "field": "c2",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": labels, "range": list(SERIES)},
    }
    shape = {
        "field": "c2",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": labels, "range": list(SHAPES)},
    }
    last = list({row["c2"]: row for row in rows}.values())
    diagonal = [{"c0": domain[0], "c1": domain[0]}, {"c0": domain[1], "c1": domain[1]}]
    layers: list[Spec] = [
        {
            "data": {"values": diagonal},
            "mark": {"type": "line", "color": LIGHT},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "line", "interpolate": "step-after"},
            "encoding": {"x": x, "y": y, "color": color},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "point", "filled": True, "size": 28, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": color, "shape": shape},
        },
        {
            "data": {"values": last},
            "mark": {"type": "text", "align": "left", "dx": 7, "fontSize": 11, "limit": 150},
            "encoding": {"x": x, "y": y, "color": color, "text": {"field": "c2", "type": "nominal"}},
        },
    ]
    return _framed({"layer": layers, "width": 330, "height": 330})


def svg(spec: Mapping[str, object], *, name: str, title: str, description: str) -> str:
    """The chart as one inert SVG element; `name` keeps its ids apart from those of other charts on a page."""
    import vl_convert

    _refuse_live_parts(spec)
    drawn: str = vl_convert.vegalite_to_svg(dict(spec), vl_version="6.4", allowed_base_urls=[])
    drawn = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", drawn)
    told = f"<title>{html.escape(shown(title))}</title><desc>{html.escape(shown(description))}</desc>"
    return re.sub(r"<svg\b([^>]*)>", lambda m: f'<svg role="img"{m.group(1)}>{told}', drawn, count=1)


def _refuse_live_parts(node: object, path: str = "") -> None:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "values":
                continue
            if key in _REFUSED or (key == "type" and value == "image"):
                raise ValueError(f"a chart may not contain {path}.{key}")
            _refuse_live_parts(value, f"{path}.{key}")
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for item in node:
            _refuse_live_parts(item, path)


def _ends(data: BurnUp) -> Iterator[tuple[str, Decimal, float]]:
    """The lines' labels at the right edge, with how many pixels each is moved so that none hides another."""
    if not data.points:
        return
    last = data.points[-1]
    ends = {"scope": last.scope, "done": last.done}
    if data.baseline is not None and data.baseline != last.scope:
        ends["baseline"] = data.baseline
    most = max(max(p.scope, p.done) for p in data.points) or Decimal(1)
    taken = float("inf")
    for name, value in sorted(ends.items(), key=lambda end: -end[1]):
        wished = float(value / most) * BURN_HEIGHT
        placed = min(wished, taken - LABEL_HEIGHT)
        taken = placed
        yield f"{name} {value.normalize():f}", value, wished - placed


def _end_label(data: BurnUp, text: str, value: Decimal, shift: float) -> Spec:
    row = {"c0": data.points[-1].on.isoformat(), "c1": float(value), "c2": text}
    return {
        "data": {"values": [row]},
        "mark": {"type": "text", "align": "left", "dx": 6, "dy": shift, "fontSize": 11, "color": INK},
        "encoding": {
            "x": {"field": "c0", "type": "temporal"},
            "y": {"field": "c1", "type": "quantitative"},
            "text": {"field": "c2", "type": "nominal"},
        },
    }


def _dates() -> Spec:
    return {
        "format": "%-d %b",
        "labelColor": GREY,
        "tickCount": 6,
        "gridColor": "#EEF0F2",
        "labelOverlap": True,
    }


def _weeks(points: Sequence[BurnPoint]) -> Spec:
    return {**_dates(), "grid": False, "tickCount": max(2, min(8, len(points)))}


def _framed(spec: Spec) -> Spec:
    font = "DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif"
    config = {
        "font": font,
        "view": {"stroke": None},
        "axis": {"labelFontSize": 11, "titleFontSize": 11, "titleColor": GREY, "domainColor": LIGHT},
        "text": {"font": font},
    }
    padding = {"left": 5, "top": 5, "right": 90, "bottom": 5}
    return {**spec, "background": "#FFFFFF", "padding": padding, "config": config}
