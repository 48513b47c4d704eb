"""Which issues the project still holds: deleted, moved, hidden and reappeared ones, told apart.

Jira says nothing of any of them; an issue that is deleted and one that we may no longer see answer alike.
A count comes with every pull, a list of all ids when it differs and once a day. What is missing on the list
is asked for by its id. Only what Jira does not know twice, at least an hour apart, is gone, and only where
nothing points to rights that were taken away: then it is hidden, and stands as it last was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice

import msgspec

from connectors.base import HELD, Batch, RawPage
from connectors.errors import AccessRefused, SkipIssue
from connectors.jira.client import BadRequest, Missing
from connectors.jira.content import Content, gathered, logs_of
from connectors.jira.context import Known, Pulled
from connectors.jira.cursors import CensusCursor, IssueCursor, pack, read_cursor, unpack, write_cursor
from connectors.jira.issues import basis_of, histories, know_epics
from connectors.jira.links import read_links
from connectors.jira.pages import Pages, find
from connectors.jira.records import HomeRecord
from connectors.payload import decode_record

__all__ = ["Verdict", "elsewhere", "lose_project", "read_census"]

_APART = int(timedelta(hours=1) / timedelta(milliseconds=1))
_INTERVAL = int(timedelta(hours=24) / timedelta(milliseconds=1))
_IDS_AT_ONCE = 5000
_FOUND_AT_ONCE = 100
_MOST_FOUND = 1000
_MANY = 10
_RIGHTS = ("BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "LINK_ISSUES", "TRANSITION_ISSUES")


class Verdict(msgspec.Struct, frozen=True):
    """What a census concluded, as it is kept for a replay: these conclusions stand in no answer of Jira's."""

    gone: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


@dataclass(slots=True)
class _Roll:
    """The ids of a CensusCursor, unpacked; `gone` is what this census adds."""

    at: CensusCursor
    known: set[str]
    unread: set[str]
    unmet: set[str]
    hidden: set[str]
    missed: dict[str, int]
    gone: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, at: CensusCursor) -> _Roll:
        return cls(
            at, unpack(at.known), unpack(at.unread), unpack(at.unmet), unpack(at.hidden), dict(at.missed)
        )

    @property
    def expected(self) -> int:
        return len(self.known) + len(self.unread) - len(self.missed) + self.at.surplus

    def close(self, **changes: object) -> CensusCursor:
        return msgspec.structs.replace(
            self.at,
            known=pack(self.known),
            unread=pack(self.unread),
            unmet=pack(self.unmet),
            hidden=pack(self.hidden),
            missed=self.missed,
            **changes,
        )


def read_census(pull: Pulled, cursors: Mapping[str, str]) -> Iterator[Batch]:
    """Count, list where that is due, look up what is missing.

    What the store holds after a pull that broke off, or before a full reading, counts as known.
    """
    reading = read_cursor(cursors.get("issues"), IssueCursor)
    first = reading.basis != basis_of(pull) or reading.watermark is None
    at = read_cursor(cursors.get("census"), CensusCursor)
    if at.basis != pull.project.id:
        at = CensusCursor(basis=pull.project.id)
    roll = _Roll.open(at)
    read = unpack(reading.fresh)
    roll.known |= (read | _held(cursors.get(HELD))) - roll.hidden
    roll.unread -= read
    roll.unmet |= unpack(reading.unmet)
    pull.count = pull.client.count(pull.jql)
    if not _due(pull, roll):
        pull.listed, pull.waiting = roll.known, roll.unread
        yield Batch("census", write_cursor(roll.close(lost=None)), complete=True)
        return
    there = _list(pull)
    if len(there) < pull.count - max(5, pull.count // 100):
        pull.listed, pull.waiting = roll.known, roll.unread
        note = (
            f"Jira counts {pull.count} issues in {pull.project.key} and lists {len(there)}: nothing was "
            "concluded from that list; the next pull asks again."
        )
        yield Batch("census", write_cursor(roll.close(lost=None)), complete=True, notes=(note,))
        return
    yield from _compare(pull, roll, there, first)


def _held(text: str | None) -> set[str]:
    """The ids that the store holds, where it says so."""
    held = msgspec.json.decode(text, type=dict[str, str]) if text else {}
    return {id for id in held if id.isdecimal()}


def _due(pull: Pulled, roll: _Roll) -> bool:
    """Whether the count differs, a day has passed, something was never read, or can be asked for again."""
    if roll.unread or roll.unmet or pull.count != roll.expected or pull.now - roll.at.walked >= _INTERVAL:
        return True
    return any(pull.now - since >= _APART for since in roll.missed.values())


def _list(pull: Pulled) -> set[str]:
    """The ids of all issues that the project shows. SourceStopped: the list has no end."""
    there: set[str] = set()
    pages, token = Pages(), ""
    while True:
        fields = ("id",) if pull.client.cloud else ("created",)
        found = find(pull.client, pull.jql, fields, token, _IDS_AT_ONCE)
        there.update(decode_record(raw, _Id).id for raw in found.issues)
        pages.admit(found)
        token = found.token
        if not token:
            return there


class _Id(msgspec.Struct, frozen=True):
    id: str


def _compare(pull: Pulled, roll: _Roll, there: set[str], first: bool) -> Iterator[Batch]:
    """What the list says beside what was known; what it cannot say is asked for by id."""
    missing = sorted(roll.known - there, key=int)
    looked_up = set(missing[:_MOST_FOUND])
    moved, absent = _look_up(pull, roll, missing[:_MOST_FOUND])
    rights = _rights(pull)
    hidden = set(absent) if absent and _rights_were_lost(pull, roll, absent, rights) else set()
    _judge(pull, roll, absent, hidden)
    back = ((roll.unread | roll.hidden) & there - roll.known) | (roll.unmet & there)
    roll.unmet.clear()
    if first:
        roll.known |= there
        roll.hidden -= there
        roll.unread.clear()
    elif len(back) > _MOST_FOUND:
        pull.reread = True
        roll.known |= there
        roll.hidden -= there
        roll.unread.clear()
    else:
        yield from _read_again(pull, sorted(back, key=int), write_cursor(roll.at))
        roll.known |= back
        roll.hidden -= back
        roll.unread = there - roll.known - roll.hidden
    if moved:
        yield from _tell_moves(pull, moved, write_cursor(roll.at))
        roll.known -= moved.keys()
    left = len(missing) - len(looked_up)
    if left:
        roll.notes.append(
            f"{len(missing)} issues are no longer listed in {pull.project.key}; {len(looked_up)} of them "
            "were looked up, the next pulls go on with the rest."
        )
    roll.unread -= roll.gone
    pull.listed, pull.waiting = roll.known, roll.unread
    surplus = (pull.count or 0) - len(there)
    now_at = roll.close(walked=pull.now, surplus=surplus, rights=rights, lost=None)
    verdict = Verdict(tuple(sorted(roll.gone, key=int)), tuple(sorted(hidden, key=int)))
    yield _conclusion(pull, now_at, verdict, roll.notes)


def _conclusion(pull: Pulled, at: CensusCursor, verdict: Verdict, notes: Sequence[str] = ()) -> Batch:
    concluded = bool(verdict.gone or verdict.hidden)
    page = RawPage("census", "verdict", msgspec.json.encode(verdict), f"since-{pull.walk}")
    return Batch(
        stream="census",
        cursor=write_cursor(at),
        complete=True,
        gone=frozenset(verdict.gone),
        hidden=frozenset(verdict.hidden),
        raw=(page,) if concluded else (),
        notes=tuple(notes),
    )


def _look_up(pull: Pulled, roll: _Roll, missing: Iterable[str]) -> tuple[dict[str, msgspec.Raw], list[str]]:
    """Of what the list lacks: issue id -> record of those in another project, and ids that Jira denies."""
    moved: dict[str, msgspec.Raw] = {}
    absent: list[str] = []
    waiting = iter(missing)
    while ids := list(islice(waiting, _FOUND_AT_ONCE)):
        found = {decode_record(raw, _Id).id: raw for raw in pull.client.issues(ids, pull.fields)}
        for id in ids:
            if id not in found:
                absent.append(id)
            elif pull.is_home(decode_record(found[id], HomeRecord).fields.project):
                roll.missed.pop(id, None)  # the index lags or flickers
            else:
                roll.missed.pop(id, None)
                moved[id] = found[id]
    return moved, absent


def _judge(pull: Pulled, roll: _Roll, absent: Iterable[str], hidden: set[str]) -> None:
    for id in absent:
        if id in hidden:
            roll.missed.pop(id, None)
        elif pull.now - roll.missed.setdefault(id, pull.now) >= _APART:
            roll.gone.add(id)
            del roll.missed[id]
    roll.known -= roll.gone | hidden
    roll.hidden |= hidden


def _rights(pull: Pulled) -> str:
    """What the account may do in the project; empty where Jira does not say."""
    try:
        granted = pull.client.permissions(_RIGHTS, pull.project.key)
    except (AccessRefused, BadRequest, Missing):
        return ""
    return " ".join(name for name, may in sorted(granted.items()) if may)


def _rights_were_lost(pull: Pulled, roll: _Roll, absent: Sequence[str], rights: str) -> bool:
    """Whether something says that the issues may be there and are only kept from us.

    That is so when the account's rights differ from those at the last list, when half of the project vanishes
    at once, or when the project keeps issues from some people by security levels.
    """
    if roll.at.rights and rights != roll.at.rights:
        return True
    if len(absent) >= _MANY and 2 * len(absent) >= len(roll.known):
        return True
    try:
        return pull.client.count(f"{pull.jql} AND level is not EMPTY") > 0
    except BadRequest:  # a site without security levels has no such field
        return False


def _read_again(pull: Pulled, ids: Sequence[str], cursor: str) -> Iterator[Batch]:
    """Issues that came into view without having changed: no search for changes brings them."""
    walk, waiting, number = f"since-{pull.walk}", iter(ids), 0
    while some := list(islice(waiting, _FOUND_AT_ONCE)):
        records = pull.client.issues(some, pull.fields)
        epics = know_epics(pull, records)
        content = Content(pull.known, pull.words)
        content.add_page(records)
        told = histories(pull, content.ids) if pull.client.cloud and content.ids else {}
        links = read_links(pull.client, content, told)
        content.add_histories(told)
        place = f"found.{number:06d}"
        raw = [RawPage("census", f"{place}.links", links, walk)] if links is not None else []
        raw += [RawPage("census", f"{place}.epics", epics, walk)] if epics is not None else []
        raw.append(RawPage("census", place, gathered(records), walk))
        raw.append(RawPage("census", f"{place}.history", logs_of(told, content.ids), walk))
        yield replace(content.batch("census", tuple(raw)), cursor=cursor)
        pull.joined.update(content.ids)
        number += 1


def _tell_moves(pull: Pulled, moved: dict[str, msgspec.Raw], cursor: str) -> Iterator[Batch]:
    """The new keys and projects of issues that have left, each with the moves in its history."""
    told = histories(pull, list(moved)) if pull.client.cloud else {}
    content = elsewhere(pull.known, moved.values())
    for one in content:
        one.add_histories(told)
    place, walk = "moved", f"since-{pull.walk}"
    raw = (
        RawPage("census", place, gathered(list(moved.values())), walk),
        RawPage("census", f"{place}.history", logs_of(told, moved), walk),
    )
    for number, one in enumerate(content):
        yield replace(one.moves(), cursor=cursor, raw=raw if number == 0 else ())


def elsewhere(known: Known, records: Iterable[msgspec.Raw]) -> list[Content]:
    """The records by the project that they are in now, in the words of that project as a source."""
    homes: dict[str, list[msgspec.Raw]] = {}
    for raw in records:
        try:
            homes.setdefault(decode_record(raw, HomeRecord).fields.project.key, []).append(raw)
        except SkipIssue:
            continue
    contents = []
    for key, raws in sorted(homes.items()):
        content = Content(known, replace(known.words, source=key))
        content.add_page(raws)
        contents.append(content)
    return contents


def lose_project(pull_now: int, walk: str, cursor: str | None) -> Iterator[Batch]:
    """The project itself cannot be seen: noted at first, and after an hour all of its issues are hidden."""
    roll = _Roll.open(read_cursor(cursor, CensusCursor))
    if not roll.known:
        return
    if roll.at.lost is None:
        yield Batch("census", write_cursor(roll.close(lost=pull_now)), complete=False)
    elif pull_now - roll.at.lost >= _APART:
        verdict = Verdict((), tuple(sorted(roll.known, key=int)))
        roll.hidden |= roll.known
        roll.known.clear()
        roll.missed.clear()
        page = RawPage("census", "verdict", msgspec.json.encode(verdict), f"since-{walk}")
        cursor_after = write_cursor(roll.close())
        yield Batch("census", cursor_after, False, hidden=frozenset(verdict.hidden), raw=(page,))
