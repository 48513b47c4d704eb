"""Pages to lay out: one with a given text at every place that can hold text, and one as a sponsor gets it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from reports.charts import BurnPoint, BurnUp, Trend, TrendPoint, burn_up, milestone_trend
from reports.figures import State
from reports.render.page import (
    Bullets,
    Column,
    Entry,
    Line,
    Page,
    Paragraph,
    Picture,
    Section,
    Span,
    Table,
    plain,
)

ORIGIN = "https://jira.example"
URL = f"{ORIGIN}/browse/A-1"
MONDAY = date(2026, 1, 5)
EMPTY_CHART: dict[str, object] = {"mark": "point", "data": {"values": []}}


def everywhere(text: str, url: str = URL, *, state: State | None = State.RED) -> Page:
    """A page of every kind of block with `text` wherever text stands, `url` wherever an address does."""
    line: Line = (
        Span(text),
        Span(text, foreign=True, strong=True),
        Span(text, foreign=True, state=State.AMBER),
        Span(text, foreign=True, items=(text,), label=text),
        Span(text, items=(text, f"{text}2"), label=text),
        Span(text, foreign=True, items=(text,), url=url),
    )
    short: Line = (Span(text, foreign=True),)
    table = Table(text, (Column(text, grows=True), Column(text, numeric=True)), ((line, short), ((), short)))
    numbers = Table("", (Column(text, grows=True),), ((short,),))
    blocks = (
        Paragraph(short),
        Paragraph(short, quiet=True),
        Bullets((line, short)),
        table,
        Picture(text, text, text, EMPTY_CHART, numbers),
    )
    ordered = Bullets((short, short), ordered=True)
    sections = (
        Section(text, blocks, half=True),
        Section(text, (ordered,), half=True),
        Section(text, (Paragraph(short),), annex=True),
    )
    entries = (
        Entry(text, text, ((text, text, url), (text, text, "")), text),
        Entry(f"{text}2", text, (), text),
    )
    return Page(text, text, state, line, (short,), sections, (short,), entries, "en", frozenset({ORIGIN}))


def trend(names: list[str], weeks: int = 4) -> Trend:
    """Milestones by these names, each a week further away at every report."""
    return Trend(
        tuple(
            TrendPoint(
                name, MONDAY + timedelta(weeks=n), MONDAY + timedelta(weeks=12 + 2 * n, days=9 * place)
            )
            for place, name in enumerate(names)
            for n in range(weeks)
        )
    )


def burn(days: int, unit: str = "points") -> BurnUp:
    """Scope that grows while less of it gets done."""
    points = tuple(
        BurnPoint(MONDAY + timedelta(days=n), Decimal(400 + n), Decimal(2 * n)) for n in range(days)
    )
    return BurnUp(unit, points, Decimal(400) if days else None, MONDAY + timedelta(days=days))


def sponsors(issues: int, *, annex: bool = True) -> Page:
    """A page as a sponsor gets it: full tables, both charts, every figure open to some of `issues`."""
    ids = tuple(f"t{number}" for number in range(issues))
    words = "Firewall rules for the payroll servers in the second data centre"
    sections = [*_first_page(ids, words)]
    if annex:
        rows = tuple((_issue(n, ids), plain("20 Mar"), plain("9 Apr"), plain("14")) for n in range(issues))
        columns = (Column("Issue", grows=True), Column("Plan"), Column("Now"), Column("Late", numeric=True))
        sections.append(Section("What slipped", (Table("in working days", columns, rows),), annex=True))
        sections += [_sprint(number, ids) for number in range(6)]
    entries = tuple(
        Entry(
            item,
            words,
            (("Jira", f"PAY-{n}", f"{ORIGIN}/browse/PAY-{n}"),),
            "in progress · due 9 Apr · 5 points",
        )
        for n, item in enumerate(ids)
    )
    sentence: Line = (
        Span("Late by 12 working days", items=ids[:20], label="slip", strong=True),
        Span(" since 3 March, because "),
        Span("PAY-2", foreign=True, items=ids[2:3], url=f"{ORIGIN}/browse/PAY-2"),
        Span(f" “{words}”", foreign=True),
        Span(" moved from 20 Mar to 9 Apr and drives go-live."),
    )
    notes = (plain("A week ago: late by 7. Red for 2 weeks. Baseline B2, 12 Jan."),)
    footer = (plain("Sources: Jira 6 min, 100 % · GitHub 4 min, 100 % · Planner 3 h 10 min, 96 %"),)
    shown = entries if annex else ()
    return Page(
        "Payroll rollout",
        "status as of Wed 25 Mar 2026",
        State.RED,
        sentence,
        notes,
        tuple(sections),
        footer,
        shown,
    )


def _issue(number: int, ids: tuple[str, ...]) -> Line:
    item = ids[number : number + 1]
    key = Span(f"PAY-{number}", foreign=True, items=item, url=f"{ORIGIN}/browse/PAY-{number}")
    return (key, Span(" "), Span("Firewall rules for the payroll servers", foreign=True))


def _sprint(number: int, ids: tuple[str, ...]) -> Section:
    """A sprint's changes; each of its figures is made from many issues."""
    names = ("Committed", "Added", "Removed", "Re-estimated", "Completed", "Carried over")
    sums = tuple(
        (plain(name), (Span("35 points", items=ids[number + at :: 6 + at], label=name),))
        for at, name in enumerate(names)
    )
    rows = tuple((_issue(at, ids), plain("3 Mar"), plain("+5")) for at in range(number, len(ids), 12))
    columns = (Column("Issue", grows=True), Column("On"), Column("Points", numeric=True))
    heads = (Column("What"), Column("How much", numeric=True))
    return Section(f"Sprint {number}", (Table("", heads, sums), Table("", columns, rows)), annex=True)


def _first_page(ids: tuple[str, ...], words: str) -> list[Section]:
    wanted = tuple(
        (foreign_line(f"Approve CR-{n}: +18 points"), plain("27 Mar"), plain("sponsor")) for n in range(3)
    )
    states = tuple(
        (
            plain(name),
            (Span("Off track", state=state),),
            (Span(now, items=ids[:30], label=name),),
            plain("8 Jun"),
        )
        for name, state, now in (
            ("Schedule", State.RED, "24 Jun"),
            ("Scope", State.GREEN, "447 points"),
            ("Sprint scope", State.AMBER, "52 points"),
            ("Data", State.GREY, "1 source stale"),
        )
    )
    goals = tuple(
        (
            (Span("At risk", state=State.AMBER),),
            foreign_line(name),
            plain("8 Jun"),
            plain("17 Jun"),
            plain("24 Jun"),
            plain("12"),
        )
        for name in ("Design signed", "Data copied", "Rehearsal", "Training", "Go-live")
    )
    heads = (
        Column("State"),
        Column("Milestone", grows=True),
        Column("Plan"),
        Column("Last report"),
        Column("Now"),
    )
    curve, dates = burn(170), trend(["Design signed", "Data copied", "Go-live"], 12)
    numbers = Table("", (Column("Day"), Column("Scope", numeric=True)), ((plain("5 Jan"), plain("400")),))
    news = tuple(_issue(n, ids) for n in range(5))
    return [
        Section(
            "Decisions wanted",
            (Table("", (Column("What", grows=True), Column("By"), Column("From")), wanted),),
            half=True,
        ),
        Section(
            "State",
            (Table("", (Column(""), Column("State"), Column("Now", grows=True), Column("Plan")), states),),
            half=True,
        ),
        Section(
            "Milestones", (Table("late in working days", (*heads, Column("Late", numeric=True)), goals),)
        ),
        Section(
            "Dates",
            (
                Picture(
                    "trend",
                    "Go-live has moved three times",
                    "Forecast by week",
                    milestone_trend(dates),
                    numbers,
                ),
            ),
            half=True,
        ),
        Section(
            "Scope",
            (Picture("burn", "Scope has grown by 35 points", "by day", burn_up(curve), numbers),),
            half=True,
        ),
        Section("Since 18 March", (Bullets(news),)),
    ]


def foreign_line(text: str) -> Line:
    return (Span(text, foreign=True),)
