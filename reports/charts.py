"""The charts of the status and cost pages as Vega-Lite specifications, and their rendering to inert SVG.

Tracker text enters a specification only as data values; a specification with a part that is not listed here,
and so could fetch, link or compute, is refused before it is rendered.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from reports.text import cut, shown

__all__ = [
    "BurnPoint",
    "BurnUp",
    "CostCurve",
    "CostPoint",
    "Trend",
    "TrendPoint",
    "burn_up",
    "cost_curve",
    "milestone_trend",
    "svg",
]

Spec = dict[str, object]
Row = dict[str, object]

INK, GREY, LIGHT = "#1A1A1A", "#5F6368", "#D5D8DB"
BLUE, PALE_BLUE = "#1F4E79", "#5B8DB8"
FONT = "DejaVu Sans, Segoe UI, Helvetica, Arial, sans-serif"
SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "triangle-right")
SERIES = (BLUE, "#8A5A00", "#1B6E3C", "#B3261E", "#5F6368", "#6B4E9B", "#00707A")
MOST_LINES = 7
BURN_WIDTH, BURN_HEIGHT, TREND_SIZE, LABEL_HEIGHT = 380, 220, 260, 16
_PARTS = frozenset(
    [
        *("layer", "width", "height", "background", "padding", "left", "right", "top", "bottom", "data"),
        *("config", "font", "view", "mark", "type", "color", "opacity", "stroke", "strokeWidth"),
        *("strokeDash", "line", "interpolate", "filled", "size", "clip", "align", "dx", "dy", "fontSize"),
        *("limit", "encoding", "x", "y", "shape", "text", "field", "title", "legend", "scale", "zero"),
        *("nice", "domain", "range", "axis", "orient", "format", "grid", "gridColor", "tickCount"),
        *(
            "domainColor",
            "labelColor",
            "labelFontSize",
            "labelOverlap",
            "labelSeparation",
            "titleColor",
            "titleFontSize",
        ),
    ]
)
_MARKS = frozenset({"area", "line", "point", "text"})
_COLUMN = re.compile(r"c\d+")
_FETCHED = re.compile(r"url\s*\(", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_NEEDLESS = re.compile(
    r' (?:class|role|aria-[a-z]+|font-family|pointer-events)="[^"]*"| opacity="1"|(?<=\.\d)\d{2,}'
)
_IDENTITY = re.compile(r'( id="| [a-z-]+="url\(#)([^")]*)')


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


@dataclass(frozen=True, slots=True)
class CostPoint:
    """What was spent until the end of one day, and that together with what was open of the orders."""

    on: date
    actual: Decimal
    bound: Decimal


@dataclass(frozen=True, slots=True)
class CostCurve:
    """What the cost chart shows: the points in order of time, and the budget where one is known."""

    currency: str
    points: tuple[CostPoint, ...]
    budget: Decimal | None


def burn_up(data: BurnUp) -> Spec:
    """Scope as a stepped line over finished work as an area; the baseline's scope is a thin outline."""
    rows: list[Row] = [
        {"c0": p.on.isoformat(), "c1": float(p.scope), "c2": float(p.done)} for p in data.points
    ]
    x: Spec = {"field": "c0", "type": "temporal", "title": None, "scale": {"type": "utc"}}
    x["axis"] = {**_dates(), "grid": False, "tickCount": max(2, min(8, len(rows)))}
    y: Spec = {"type": "quantitative", "title": shown(data.unit), "scale": {"zero": True, "nice": True}}
    scope: Spec = {"x": x, "y": {**y, "field": "c1"}}
    done: Spec = {"x": x, "y": {**y, "field": "c2"}}
    layers = [
        _layer(rows, {"type": "area", "color": PALE_BLUE, "opacity": 0.45, "line": {"color": BLUE}}, done),
        _layer(rows, {"type": "line", "interpolate": "step-after", "color": INK, "strokeWidth": 2}, scope),
    ]
    if data.baseline is not None and rows:
        agreed: list[Row] = [{"c0": row["c0"], "c1": float(data.baseline)} for row in (rows[0], rows[-1])]
        dashed: Spec = {"type": "line", "color": GREY, "strokeWidth": 1, "strokeDash": [5, 3]}
        layers.append(_layer(agreed, dashed, scope))
    ends = _ends(data)
    shifts = _apart([float(height) * BURN_HEIGHT for _, _, height in ends])
    for (text, value, _), shift in zip(ends, shifts, strict=True):
        layers.append(_label({"c0": rows[-1]["c0"], "c1": float(value), "c2": text}, shift, scope, INK))
    return _framed({"layer": layers, "width": BURN_WIDTH, "height": BURN_HEIGHT})


def cost_curve(data: CostCurve) -> Spec:
    """What is spent as an area under what is spent or ordered; the budget is a dashed line."""
    rows: list[Row] = [
        {"c0": p.on.isoformat(), "c1": float(p.bound), "c2": float(p.actual)} for p in data.points
    ]
    x: Spec = {"field": "c0", "type": "temporal", "title": None, "scale": {"type": "utc"}}
    x["axis"] = {**_dates(), "grid": False, "tickCount": max(2, min(8, len(rows)))}
    y: Spec = {"type": "quantitative", "title": shown(data.currency), "scale": {"zero": True, "nice": True}}
    bound: Spec = {"x": x, "y": {**y, "field": "c1"}}
    spent: Spec = {"x": x, "y": {**y, "field": "c2"}}
    layers = [
        _layer(rows, {"type": "area", "color": PALE_BLUE, "opacity": 0.45, "line": {"color": BLUE}}, spent),
        _layer(rows, {"type": "line", "color": INK, "strokeWidth": 2}, bound),
    ]
    if data.budget is not None and rows:
        ends: list[Row] = [{"c0": row["c0"], "c1": float(data.budget)} for row in (rows[0], rows[-1])]
        layers.append(_layer(ends, {"type": "line", "color": GREY, "strokeDash": [5, 3]}, bound))
    lines = _cost_ends(data)
    shifts = _apart([height * BURN_HEIGHT for _, _, height in lines])
    for (text, value, _), shift in zip(lines, shifts, strict=True):
        layers.append(_label({"c0": rows[-1]["c0"], "c1": float(value), "c2": text}, shift, bound, INK))
    return _framed({"layer": layers, "width": BURN_WIDTH, "height": BURN_HEIGHT})


def _cost_ends(data: CostCurve) -> list[tuple[str, Decimal, float]]:
    """The lines' labels at the right edge: text, value, and height as a share of the tallest."""
    if not data.points:
        return []
    last = data.points[-1]
    ends = {"spent": last.actual}
    if last.bound != last.actual:
        ends["with open orders"] = last.bound
    if data.budget is not None:
        ends["budget"] = data.budget
    most = max(*ends.values(), *(max(p.bound, p.actual) for p in data.points)) or Decimal(1)
    return [(name, value, float(value / most)) for name, value in ends.items()]


def milestone_trend(data: Trend) -> Spec:
    """Forecast date over report date on equal scales: level lines are stable, rising lines slip."""
    names = list(dict.fromkeys(p.milestone for p in data.points))[:MOST_LINES]
    points = [p for p in data.points if p.milestone in names]
    rows: list[Row] = [
        {"c0": p.report.isoformat(), "c1": p.forecast.isoformat(), "c2": f"m{names.index(p.milestone)}"}
        for p in points
    ]
    days = [day for p in points for day in (p.report, p.forecast)]
    domain = [min(days), max(days) + timedelta(days=14)] if days else []
    scale: Spec = {"type": "utc"} | ({"domain": [day.isoformat() for day in domain]} if days else {})
    x: Spec = {"field": "c0", "type": "temporal", "title": "report date", "scale": scale}
    x["axis"] = {**_dates(), "orient": "top"}
    y: Spec = {"field": "c1", "type": "temporal", "title": "forecast", "scale": scale, "axis": _dates()}
    line: Spec = {"x": x, "y": y, "color": _by_milestone(SERIES)}
    diagonal: list[Row] = [{"c0": day.isoformat(), "c1": day.isoformat()} for day in domain]
    dot: Spec = {"type": "point", "filled": True, "size": 28, "opacity": 1}
    layers = [
        _layer(diagonal, {"type": "line", "color": LIGHT}, {"x": x, "y": y}),
        _layer(rows, {"type": "line", "interpolate": "step-after"}, line),
        _layer(_turns(rows), dot, {**line, "shape": _by_milestone(SHAPES)}),
    ]
    last = {p.milestone: p for p in points}
    span = (domain[1] - domain[0]).days if domain else 1
    shifts = _apart([(p.forecast - domain[0]).days / span * TREND_SIZE for p in last.values()])
    for (name, p), shift, colour in zip(last.items(), shifts, SERIES, strict=False):
        end: Row = {"c0": p.report.isoformat(), "c1": p.forecast.isoformat(), "c2": cut(shown(name), 40)}
        layers.append(_label(end, shift, {"x": x, "y": y}, colour))
    return _framed({"layer": layers, "width": TREND_SIZE, "height": TREND_SIZE})


def svg(spec: Mapping[str, object], *, name: str, title: str, description: str) -> str:
    """The chart as one inert SVG image; `name` keeps its ids apart from those of other charts on a page."""
    import vl_convert

    _refuse_unknown_parts(spec)
    drawn: str = vl_convert.vegalite_to_svg(dict(spec), vl_version="6.4", allowed_base_urls=[])
    told = f"<title>{html.escape(shown(title))}</title><desc>{html.escape(shown(description))}</desc>"
    return re.sub(
        r"<svg\b([^>]*)>",
        lambda m: f'<svg role="img" font-family="{FONT}"{m[1]}>{told}',
        _one_image(drawn, name),
        count=1,
    )


def _one_image(drawn: str, name: str) -> str:
    """The drawing without what tells nothing that is seen, and with ids of its own, numbered from 0."""
    own, ids = re.sub(r"[^a-z0-9-]", "", name.lower()), dict[str, int]()

    def renamed(at: re.Match[str]) -> str:
        return f"{at[1]}{own}-{ids.setdefault(at[2], len(ids))}"

    return _TAG.sub(lambda tag: _IDENTITY.sub(renamed, _NEEDLESS.sub("", tag.group())), drawn)


def _refuse_unknown_parts(node: object, path: str = "spec") -> None:
    """Raise ValueError at the first part that the charts of this module have no use for.

    Text must have passed `shown`: the renderer ends the process at some of what that takes out.
    """
    if isinstance(node, Mapping):
        for key, value in node.items():
            at = f"{path}.{key}"
            kind = value.get("type") if isinstance(value, Mapping) else value
            if (
                key not in _PARTS
                or (key == "field" and not _COLUMN.fullmatch(str(value)))
                or (key == "mark" and str(kind) not in _MARKS)
            ):
                raise _refusal(at)
            if key == "data":
                _refuse_nested_data(value, at)
            else:
                _refuse_unknown_parts(value, at)
    elif isinstance(node, str):
        if _FETCHED.search(node) or shown(node) != node:
            raise _refusal(path)
    elif isinstance(node, Sequence):
        for number, item in enumerate(node):
            _refuse_unknown_parts(item, f"{path}[{number}]")


def _refuse_nested_data(data: object, path: str) -> None:
    if not isinstance(data, Mapping) or set(data) != {"values"}:
        raise _refusal(path)
    for row in data["values"]:
        for column, value in row.items():
            fits = isinstance(value, int | float) or (isinstance(value, str) and shown(value) == value)
            if not fits or not _COLUMN.fullmatch(column):
                raise _refusal(f"{path}.{column}")


def _refusal(path: str) -> ValueError:
    return ValueError(
        f"A chart may not hold {path}. If it neither fetches, links nor computes, list it in charts.py"
    )


def _layer(rows: list[Row], mark: Spec, encoding: Spec) -> Spec:
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _label(row: Row, shift: float, place: Spec, colour: str) -> Spec:
    """The text `c2` right of a line's end, moved down by `shift` pixels."""
    mark: Spec = {"type": "text", "align": "left", "dx": 7, "dy": shift, "fontSize": 12, "limit": 150}
    return _layer([row], {**mark, "color": colour}, {**place, "text": {"field": "c2", "type": "nominal"}})


def _ends(data: BurnUp) -> list[tuple[str, Decimal, Decimal]]:
    """The lines' labels at the right edge: text, value, and height as a share of the tallest."""
    if not data.points:
        return []
    last = data.points[-1]
    ends = {"scope": last.scope, "done": last.done}
    if data.baseline is not None and data.baseline != last.scope:
        ends["baseline"] = data.baseline
    most = max(*ends.values(), *(max(p.scope, p.done) for p in data.points)) or Decimal(1)
    return [(f"{name} {value.normalize():f}", value, value / most) for name, value in ends.items()]


def _apart(heights: Sequence[float]) -> list[float]:
    """How many pixels each label is moved down so that none hides another, the highest staying in place."""
    shifts = [0.0] * len(heights)
    room = float("inf")
    for number in sorted(range(len(heights)), key=lambda n: -heights[n]):
        placed = min(heights[number], room)
        room = placed - LABEL_HEIGHT
        shifts[number] = heights[number] - placed
    return shifts


def _by_milestone(values: Sequence[str]) -> Spec:
    """One of `values` for each series; the domain is fixed, so that a specification holds no names."""
    domain = [f"m{number}" for number in range(MOST_LINES)]
    scale: Spec = {"domain": domain, "range": list(values)}
    return {"field": "c2", "type": "nominal", "legend": None, "scale": scale}


def _turns(rows: Sequence[Row]) -> list[Row]:
    """The first and last point of each milestone and those where its forecast changed."""
    turns: list[Row] = []
    before: dict[object, Row] = {}
    for row in rows:
        if row["c2"] not in before or before[row["c2"]]["c1"] != row["c1"]:
            turns.append(row)
        before[row["c2"]] = row
    return [*turns, *(row for row in before.values() if row not in turns)]


def _dates() -> Spec:
    return {
        "format": "%-d %b",
        "labelColor": GREY,
        "tickCount": 6,
        "gridColor": "#EEF0F2",
        "labelOverlap": "greedy",
        "labelSeparation": 8,
    }


def _framed(spec: Spec) -> Spec:
    config = {
        "font": FONT,
        "view": {"stroke": None},
        "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleColor": GREY, "domainColor": LIGHT},
        "text": {"font": FONT},
    }
    padding = {"left": 5, "top": 5, "right": 16, "bottom": 5}
    return {**spec, "background": "#FFFFFF", "padding": padding, "config": config}
