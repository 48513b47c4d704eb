"""A project that reads three trackers, told to a store in a few words, and what a run would do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from config.settings import Config
from connectors.base import Batch
from model.store import Store
from model.values import Account, Event, Issue, Ref, StatusCategory
from sync.changes import Proposal, propose, remember
from sync.changeset import Changeset
from sync.charter import Charter, Tracker, charter_of
from sync.record import Place, record
from tests.config.samples import read

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOURCES = {"jira": "PAY", "github": "acme/pay", "plan": "Rollout"}
JIRA, GITHUB, PLAN = Ref("jira", "1"), Ref("github", "g1"), Ref("plan", "p1")
WRITES = frozenset(
    {
        "assignees",
        "body",
        "due",
        "estimate",
        "labels",
        "milestone",
        "parent",
        "percent",
        "priority",
        "sprints",
        "start",
        "status",
        "title",
    }
)

CONFIG = """\
version = 1
[connections]
jira = { kind = "board", url = "https://jira.example", token = "env:A" }
github = { kind = "board", url = "https://github.example", token = "env:B" }
plan = { kind = "board", url = "https://plan.example", token = "env:C" }
[projects.pay]
name = "Payroll"
write = true
sources = [
  { connection = "jira", project = "PAY" },
  { connection = "github", project = "acme/pay" },
  { connection = "plan", project = "Rollout" },
]
[people]
ada = { name = "Ada Osei", accounts = { jira = "ja", github = "ga", plan = "pa" } }
bo = { name = "Bo Lind", accounts = { jira = "jb", github = "gb" } }
"""


def at(minutes: float) -> datetime:
    """An instant, in minutes from the start of the story."""
    return START + timedelta(minutes=minutes)


def coarse(field: str, value: object) -> object:
    """What the plan's tracker makes of a value: 0, 50 or 100 per cent, and nothing is ever cancelled."""
    if field == "percent" and isinstance(value, int):
        return value if value in (0, 100) else 50
    return StatusCategory.DONE if value is StatusCategory.CANCELLED else value


def charter(extra: str = "", change: Mapping[str, str] | None = None, **trackers: Tracker) -> Charter:
    """The project's charter, with more lines of config, some replaced, or trackers of another kind."""
    return charter_of(config(extra, change), "pay", tracked(**trackers))


def config(extra: str = "", change: Mapping[str, str] | None = None) -> Config:
    text = CONFIG + extra
    for old, new in (change or {}).items():
        assert old in text, old
        text = text.replace(old, new)
    return read(text)


def tracked(**others: Tracker) -> dict[str, Tracker]:
    usual = {
        "jira": Tracker(WRITES, verified=True, own="us"),
        "github": Tracker(WRITES, own="us"),
        "plan": Tracker(WRITES, coarse, verified=True, own="us"),
    }
    return usual | others


def issue(ref: Ref, **fields: Any) -> Issue:
    """An issue of one of the three; its key and address follow from its id."""
    source = SOURCES[ref.connection]
    mark = {"jira": f"PAY-{ref.id}", "github": f"acme/pay#{ref.id}", "plan": f"task-{ref.id}"}
    plain = Issue(
        ref=ref,
        source=source,
        key=mark[ref.connection],
        title="Pay the suppliers",
        url=f"https://{ref.connection}.example/{ref.id}",
        status=StatusCategory.TODO,
        status_original="Open",
        created=START,
        due=date(2026, 4, 1),
    )
    return replace(plain, **fields)


def tell(store: Store, when: datetime, *issues: Issue, events: tuple[Event, ...] = (), **batch: Any) -> None:
    """Record issues as if each had just been read from its source."""
    for connection, source in SOURCES.items():
        mine = tuple(each for each in issues if each.ref.connection == connection)
        theirs = tuple(each for each in events if each.ref.connection == connection)
        if mine or theirs:
            with store.transaction() as writer:
                place = Place(connection, source, when, first_contact=False)
                record(writer, place, Batch("issues", "c", True, mine, events=theirs, **batch))


def meet(store: Store, *issues: Issue, accounts: tuple[Account, ...] = ()) -> None:
    """Record issues for the first time and let a person say that they are the same work."""
    tell(store, at(0), *issues)
    with store.transaction() as writer:
        writer.save_accounts(accounts)
        for one, other in pairwise(issues):
            writer.ties.join(one.ref, other.ref, "told", at(0))


def three(**fields: Any) -> tuple[Issue, Issue, Issue]:
    """One piece of work in the three trackers."""
    return issue(JIRA, **fields), issue(GITHUB, **fields), issue(PLAN, **fields)


def look(store: Store, rules: Charter, minutes: float = 10, *, whole: bool = False) -> Changeset:
    """What a run would do."""
    return propose(store, rules, at(minutes), whole=whole).changeset


def settle(store: Store, rules: Charter, minutes: float = 5) -> Changeset:
    """Let everything that needs no write settle, as the beginning of a run does, and remember it."""
    proposal = propose(store, rules, at(minutes))
    keep(store, proposal, minutes)
    return proposal.changeset


def keep(store: Store, proposal: Proposal, minutes: float) -> None:
    """Store what settled, and how far the run has looked."""
    with store.transaction() as writer:
        for settled in proposal.changeset.settled:
            for ref in settled.behind:
                writer.ties.doubt([ref], settled.field, at(minutes))
            for side, text in settled.values.items():
                connection, _, id_ = side.partition(":")
                writer.ties.agree(Ref(connection, id_), {settled.field: text}, at(minutes))
        remember(writer, proposal.changeset.project, proposal.memory, at(minutes))


def written(changeset: Changeset) -> dict[tuple[str, str], str | None]:
    """(connection, field) -> what would be written there."""
    return {(write.target.connection, write.field): write.after for write in changeset.writes}
