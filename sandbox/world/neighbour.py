"""A second project in the same trackers: a data-centre move, told line by line, with a ledger of its own.

It shares people, a Jira site, a Planner tenant, a milestone's name and some titles with the rollout, and no
work: whatever of it shows in the rollout's reports has leaked.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from sandbox.ledger import Ledger
from sandbox.world.cast import JIRA, PEOPLE, PLANNER
from sandbox.world.days import BASELINE, START, local
from sandbox.world.jira_desk import JiraDesk
from sandbox.world.planner_desk import PlannerDesk
from sandbox.world.work import Act, Verb

__all__ = ["FACILITIES", "Neighbour"]

FACILITIES: Final = "facilities"
"""The tracker that is a file: what stands in the racks."""

_ZONE: Final = "Europe/London"
_MANAGER: Final = "a-byrne"
_PLACES: Final = {"J": JIRA, "P": PLANNER, "F": FACILITIES}
_HEADINGS: Final = ("Id", "Title", "Status", "Start", "Due", "Owner", "Milestone")
_GOAL: Final = ("Go-live", date(2026, 5, 29), date(2026, 6, 12), date(2026, 4, 17))
"""A milestone as the rollout has one: its date, the later one, and when that was decided."""

_WORKS: Final = """
J|Network |Survey the new hall            |01-12|01-23|3|r-menon     |s01-12 c01-22
J|Network |Order carrier lines            |01-12|02-06|5|r-menon     |s01-13 d02-04>02-20 c02-19
J|Network |Design the network zones       |01-26|02-13|8|l-nowak     |s01-26 c02-13
J|Network |Firewall rules for the backup link|02-16|03-13|5|r-menon  |s02-18 d03-11>03-20 c03-20
J|Network |Install core switches          |03-02|03-20|5|r-menon     |s03-03 c03-19
J|Network |Test the carrier lines         |03-16|03-27|3|r-menon     |s03-17 d03-26>04-10 c04-09
J|Storage |Choose the storage array       |01-19|02-06|5|o-adeyemi   |s01-19 c02-05
J|Storage |Copy the archive               |03-23|04-24|8|o-adeyemi   |s03-24 d04-20>05-08 c05-07
J|Storage |Migrate closed orders of 2024  |03-30|04-17|3|o-adeyemi   |s03-31 c04-16
J|Storage |Test the restore               |04-20|05-01|5|o-adeyemi   |s04-21 c04-30
J|Servers |Group the servers for moving   |02-02|02-20|5|g-okafor    |s02-03 c02-20
J|Servers |Move group 1: test systems     |04-06|04-10|5|g-okafor    |s04-07 c04-10
J|Servers |Move group 2: file servers     |04-20|04-24|8|g-okafor    |s04-20 d04-23>05-01 c05-01
J|Servers |Move group 3: databases        |05-04|05-08|8|o-adeyemi   |s05-05 d05-06>05-22 c05-21
J|Servers |Move group 4: the rest         |05-18|05-22|13|g-okafor   |d05-06>06-05 s05-26 c06-05
J|Servers |Monitor the nightly run        |05-18|05-29|3|g-okafor    |s05-19 d05-28>06-12
J|Servers |Rent spare servers             |03-09|03-20|2|b-hargreaves|x03-12
J|Close   |Dress rehearsal of the cut-over|05-11|05-15|5|a-byrne     |d05-06>05-29 s05-27 c05-29
J|Close   |Switch off the old hall        |05-25|05-29|3|a-byrne     |d05-06>06-12
J|Close   |Hand over to operations        |05-25|05-29|2|a-byrne     |d05-06>06-12
P|Hall    |Sign the lease                 |01-05|01-16|1|b-hargreaves|s01-06 c01-15
P|Hall    |Check power and cooling        |01-19|01-30|1|b-hargreaves|s01-20 c01-30
P|Hall    |Book the removal firm          |02-09|02-27|1|b-hargreaves|s02-10 c02-26
P|Hall    |Fit access control             |02-23|03-13|1|b-hargreaves|s02-24 d03-10>03-27 c03-26
P|Hall    |Order racks                    |01-26|02-13|1|r-menon     |s01-27 c02-12
P|Hall    |Lay cables                     |02-23|03-06|1|r-menon     |s02-24 c03-05
P|Hall    |Label both ends of each cable  |03-02|03-13|1|r-menon     |s03-03 c03-13
P|People  |Write the weekend roster       |03-16|04-02|1|a-byrne     |s03-17 c04-01
P|People  |Tell all sites about the outages|03-30|04-10|1|z-achterberg|s03-31 c04-09
P|People  |Book hotel rooms for the teams |03-16|03-27|1|z-achterberg|s03-17 c03-25
P|People  |Staff the help desk in Leeds   |04-13|04-24|1|b-hargreaves|s04-14 c04-24
P|People  |Thank everybody                |06-08|06-12|1|a-byrne     |
F|Rack    |DC-DB-01 ledger database       |05-04|05-08|0|o-adeyemi   |s05-05 c05-21
F|Rack    |DC-DB-02 reporting database    |05-04|05-08|0|o-adeyemi   |s05-05 c05-21
F|Rack    |DC-FS-01 file server           |04-20|04-24|0|g-okafor    |s04-20 c05-01
F|Rack    |DC-FS-02 archive               |04-20|04-24|0|g-okafor    |s04-20 c05-01
F|Rack    |DC-TS-01 test system           |04-06|04-10|0|g-okafor    |s04-07 c04-10
F|Rack    |DC-TS-02 build machine         |04-06|04-10|0|g-okafor    |s04-07 c04-10
F|Rack    |DC-NW-01 core switch           |03-02|03-20|0|r-menon     |s03-03 c03-19
F|Rack    |DC-NW-02 core switch           |03-02|03-20|0|r-menon     |s03-03 c03-19
F|Rack    |DC-AP-01 intranet              |05-18|05-22|0|g-okafor    |d05-07>06-05 s05-26 c06-05
F|Rack    |DC-AP-02 print server          |05-18|05-22|0|g-okafor    |d05-07>06-05 s05-26 c06-05
F|Rack    |DC-AP-03 time clock            |05-18|05-22|0|g-okafor    |x05-11
"""
"""Where, part, title, start, due, points, owner; then: s started, c closed, x cancelled, d put off until."""

_KEYED: Final = {
    "Install core switches": "Rack the core switches",
    "Move group 3: databases": "Drivers for the databases",
    "Switch off the old hall": "Return the keys of the old hall",
}
"""Jira's title -> that of a Planner task which is the same work, and names the key."""


@dataclass(slots=True)
class _Piece:
    """One record; `id` and `key` are the tracker's."""

    work: str
    place: str
    part: str
    title: str
    start: date
    due: date
    points: int | None
    owner: str
    goal: bool
    id: str = ""
    key: str = ""
    state: str = "todo"


@dataclass(frozen=True, slots=True)
class _Deed:
    what: str
    piece: _Piece
    due: date | None = None


@dataclass(slots=True)
class _RackList:
    """What Facilities keeps in a spreadsheet and saves as CSV whenever a row changes."""

    rows: list[_Piece] = field(default_factory=list)
    folder: Path | None = None

    def save(self) -> None:
        if self.folder is None:
            return
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=";")
        writer.writerow(_HEADINGS)
        for row in self.rows:
            status = {"todo": "Planned", "doing": "Active", "done": "Done", "cancelled": "Cancelled"}[
                row.state
            ]
            dates = (f"{row.start:%d.%m.%Y}", f"{row.due:%d.%m.%Y}")
            name = PEOPLE[row.owner].name
            writer.writerow([row.id, row.title, status, *dates, name, _GOAL[0] if row.goal else ""])
        half = self.folder / "server-list.part"
        half.write_bytes(text.getvalue().encode("cp1252"))
        half.replace(self.folder / "server-list.csv")


class Neighbour:
    """The second project: `script` is played by the world, act by act; `plan` is its plan in Planner."""

    name: Final = "Data-centre move"
    jira_key: Final = "DCM"
    target: Final = _GOAL[1]
    goal: Final = _GOAL[0]

    def __init__(self, jira: JiraDesk, planner: PlannerDesk) -> None:
        self.ledger = Ledger()
        self.plan = ""
        self._jira = jira
        self._planner = planner
        self._racks = _RackList()
        self._buckets: dict[str, str] = {}
        self._version = ""
        self._pieces = list(_pieces())
        jira.site.add_project(self.jira_key, self.name)

    def keep_in(self, folder: Path) -> None:
        """Write the list of servers there now and whenever it changes."""
        folder.mkdir(parents=True, exist_ok=True)
        self._racks.folder = folder
        self._racks.save()

    def script(self) -> Iterator[Act]:
        """Filing in the last minutes before the baseline stands, then what happens."""
        first = BASELINE - timedelta(seconds=100)
        yield Act(first, Verb.NEIGHBOUR, _MANAGER, "set up")
        for second, (piece, _) in enumerate(self._pieces, start=1):
            yield Act(first + timedelta(seconds=second), Verb.NEIGHBOUR, _MANAGER, value=_Deed("file", piece))
        for minute, (piece, fate) in enumerate(self._pieces):
            for deed in fate.split():
                kind, (day, _, until) = deed[0], deed[1:].partition(">")
                at = local(_ZONE, _day(day), 10) + timedelta(minutes=5 * minute)
                due = _day(until) if until else None
                yield Act(at, Verb.NEIGHBOUR, piece.owner, value=_Deed(kind, piece, due))
        yield Act(local(_ZONE, _GOAL[3], 16), Verb.NEIGHBOUR, _MANAGER, "move goal")

    def play(self, act: Act) -> None:
        if act.about == "set up":
            self._set_up(act)
        elif act.about == "move goal":
            self._move_goal(act)
        else:
            assert isinstance(act.value, _Deed)
            deeds: Mapping[str, Callable[[Act, _Deed], None]] = {
                "file": self._file,
                "s": self._start,
                "c": self._close,
                "x": self._cancel,
                "d": self._put_off,
            }
            deeds[act.value.what](act, act.value)
            if act.value.piece.place == FACILITIES:
                self._racks.save()

    # Acts

    def _set_up(self, act: Act) -> None:
        self._version = self._jira.site.create_version(self.jira_key, _GOAL[0], _GOAL[1])
        group = next(iter(self._planner.site.groups))
        self.plan = self._planner.site.add_plan(group, self.name)
        parts = dict.fromkeys(piece.part for piece, _ in self._pieces if piece.place == PLANNER)
        self._buckets = {part: self._planner.site.add_bucket(self.plan, part) for part in parts}
        facts = {"tracker": JIRA, "milestone": _GOAL[0], "record": self._version}
        self.ledger.write(act.at, "milestone_set", {**facts, "due": _GOAL[1], "by": act.by})

    def _move_goal(self, act: Act) -> None:
        self._jira.site.set_version(self._version, release_date=_GOAL[2])
        facts = {"tracker": JIRA, "milestone": _GOAL[0], "record": self._version}
        dates = {"from": _GOAL[1], "to": _GOAL[2]}
        self.ledger.write(act.at, "milestone_moved", {**facts, **dates, "by": act.by})

    def _file(self, act: Act, deed: _Deed) -> None:
        piece = deed.piece
        first = next((one for one, _ in self._pieces if one.work == piece.work), piece)
        if piece.place == JIRA:
            self._file_in_jira(act, piece)
        elif piece.place == PLANNER:
            if first is not piece:
                piece.title = f"{first.key} {piece.title}"
            self._file_in_planner(act, piece)
        else:
            piece.id = piece.key = piece.title.split()[0]
            self._racks.rows.append(piece)
        twin = {"evidence": "key"} if first is not piece else {}
        act_name = "mirrored" if twin else "created"
        self._tell(act, piece, act_name, **twin, **_described(piece))

    def _file_in_jira(self, act: Act, piece: _Piece) -> None:
        account = PEOPLE[act.by].logins[JIRA]
        piece.id = self._jira.site.create_issue(
            self.jira_key,
            "Task",
            piece.title,
            account,
            points=piece.points,
            due=piece.due,
            start=piece.start,
            assignee=PEOPLE[piece.owner].logins[JIRA],
            labels=("wave:1",),
            version=self._version if piece.goal else None,
        )
        piece.key = self._jira.site.key_of(piece.id)

    def _file_in_planner(self, act: Act, piece: _Piece) -> None:
        piece.id = piece.key = self._planner.site.create_task(
            self.plan,
            self._buckets[piece.part],
            piece.title,
            PEOPLE[act.by].logins[PLANNER],
            due=piece.due,
            start=piece.start,
            assignees=[PEOPLE[piece.owner].logins[PLANNER]],
        )

    def _start(self, act: Act, deed: _Deed) -> None:
        self._become(act, deed.piece, "doing", "started")

    def _close(self, act: Act, deed: _Deed) -> None:
        self._become(act, deed.piece, "done", "closed")

    def _cancel(self, act: Act, deed: _Deed) -> None:
        self._become(act, deed.piece, "cancelled", "cancelled")

    def _become(self, act: Act, piece: _Piece, state: str, told: str) -> None:
        piece.state = state
        if piece.place != FACILITIES:
            desk = self._jira if piece.place == JIRA else self._planner
            {"doing": desk.start, "done": desk.close, "cancelled": desk.cancel}[state](piece.id, act.by)
        self._tell(act, piece, told)

    def _put_off(self, act: Act, deed: _Deed) -> None:
        piece, due = deed.piece, deed.due
        assert due is not None
        before, piece.due = piece.due, due
        if piece.place != FACILITIES:
            desk = self._jira if piece.place == JIRA else self._planner
            desk.set_due(piece.id, act.by, due)
        self._tell(act, piece, "due_moved", **{"from": before, "to": due})

    def _tell(self, act: Act, piece: _Piece, what: str, **facts: object) -> None:
        place = {"work": piece.work, "tracker": piece.place, "record": piece.id, "key": piece.key}
        self.ledger.write(act.at, what, {**place, **facts, "by": act.by})


def _pieces() -> Iterator[tuple[_Piece, str]]:
    """The works and then the Planner tasks that name one of them, each with its fate."""
    rows = [[cell.strip() for cell in row.split("|")] for row in _WORKS.strip().splitlines()]
    found = []
    for number, (place, part, title, start, due, points, owner, fate) in enumerate(rows, start=1):
        piece = _Piece(
            *(f"D-{number:03}", _PLACES[place], part, title, _day(start), _day(due)),
            *(int(points) if place == "J" else None, owner, part in ("Servers", "Close", "Rack")),
        )
        found.append((piece, fate))
    yield from found
    for piece, fate in found:
        if piece.title in _KEYED:
            twin = _Piece(
                *(piece.work, PLANNER, "Hall", _KEYED[piece.title], piece.start, piece.due),
                *(None, piece.owner if PLANNER in PEOPLE[piece.owner].logins else _MANAGER, False),
            )
            yield twin, fate


def _described(piece: _Piece) -> dict[str, object]:
    return {
        "type": "Task",
        "title": piece.title,
        "department": "Facilities",
        "wave": 1 if piece.place == JIRA else None,
        "parent": None,
        "start": piece.start,
        "due": piece.due,
        "estimate": piece.points,
        "owner": piece.owner,
        "sprint": None,
        "milestone": _GOAL[0] if piece.goal and piece.place != PLANNER else None,
    }


def _day(text: str) -> date:
    month, day = text.split("-")
    return date(START.year, int(month), int(day))
