"""What a page of issues and their histories says, issue by issue: one that is not understood is set aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import SkipIssue
from connectors.jira.changes import Life, tell_life
from connectors.jira.context import Known, parked
from connectors.jira.mapping import Mapped, epic_of, map_issue
from connectors.jira.records import (
    ChangelogPage,
    ChangelogRecord,
    HistoryRecord,
    IssueRecord,
    SearchPage,
)
from connectors.jira.words import Words
from connectors.payload import decode, decode_record
from model.values import Account, Event, Issue, Milestone, Origin, Sprint

__all__ = ["Content", "epics_of", "gathered", "histories_of", "logs_of", "records_of"]


_SAVED = timedelta(milliseconds=500)
"""By how much a save's own stamp may be later than its issue's."""


@dataclass(slots=True)
class Content:
    """A page's issues as they are gathered; `words` other than the source's own tell of another project."""

    known: Known
    words: Words
    mapped: dict[str, tuple[Mapped, msgspec.Raw]] = field(default_factory=dict)
    inline: dict[str, Sequence[msgspec.Raw]] = field(default_factory=dict)
    links: dict[str, tuple[str, ...]] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    odd: list[Parked] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        return list(self.mapped)

    @property
    def latest(self) -> datetime | None:
        """The newest `updated` on the page."""
        stamps = (mapped.issue.updated for mapped, _ in self.mapped.values())
        return max((stamp for stamp in stamps if stamp is not None), default=None)

    @property
    def earliest(self) -> datetime | None:
        """The oldest `updated` on the page."""
        stamps = (mapped.issue.updated for mapped, _ in self.mapped.values())
        return min((stamp for stamp in stamps if stamp is not None), default=None)

    @property
    def oldest(self) -> datetime | None:
        """The first `created` on the page."""
        stamps = (mapped.issue.created for mapped, _ in self.mapped.values())
        return min((stamp for stamp in stamps if stamp is not None), default=None)

    def add_page(self, records: Iterable[msgspec.Raw]) -> None:
        for raw in records:
            try:
                record = decode_record(raw, IssueRecord)
                mapped = map_issue(record, self.words)
            except SkipIssue as odd:
                self.odd.append(parked(raw, odd))
                continue
            self.mapped[record.id] = mapped, raw
            log = record.changelog
            if log is not None:
                self.inline[record.id] = log.histories
                if len(log.histories) < log.total:
                    self.notes.append(
                        f"{record.key}: Jira gives the newest {len(log.histories)} of {log.total} changes; "
                        "what happened before them is not known."
                    )

    def add_histories(self, histories: Mapping[str, Sequence[msgspec.Raw]]) -> None:
        """Tell each issue's life from its histories: those given, or those inside its record.

        Histories are given after the page was; a save made in between belongs to the issue as the next
        reading shows it.
        """
        for id, (mapped, raw) in self.mapped.items():
            try:
                given = histories.get(id)
                found = given or self.inline.get(id, ())
                records = [decode_record(history, HistoryRecord) for history in found]
                life = self._life(mapped, records, mapped.issue.updated if given else None)
            except SkipIssue as odd:
                self.odd.append(parked(raw, SkipIssue(f"Its history: {odd}")))
                continue
            self.issues.append(replace(mapped.issue, finished=life.finished, links=self.links.get(id, ())))
            self.events.extend(life.events)
            people = (*mapped.accounts, *life.accounts)
            self.accounts.update((person.ref.id, person) for person in people)

    def _life(self, mapped: Mapped, records: Sequence[HistoryRecord], updated: datetime | None) -> Life:
        """Of a save a moment later than `updated` only the record can say whether it was made in between."""
        if updated is None:
            return tell_life(mapped, records, self.words)
        life = tell_life(mapped, records, self.words, updated + _SAVED)
        if not _guessed(life):
            return life
        strict = tell_life(mapped, records, self.words, updated)
        return strict if _guessed(strict) < _guessed(life) else life

    def batch(self, stream: str, raw: tuple[RawPage, ...] = (), notes: Sequence[str] = ()) -> Batch:
        """All of it; where the stream goes on is the caller's to say."""
        kept = {issue.ref.id for issue in self.issues}
        told = [mapped for id, (mapped, _) in self.mapped.items() if id in kept]
        self.known.members.update((id, mapped.issue.key) for id, (mapped, _) in self.mapped.items())
        return Batch(
            stream=stream,
            cursor="",
            complete=False,
            issues=tuple(self.issues),
            sprints=self._new_sprints(told),
            milestones=self._new_milestones(told),
            dependencies=tuple(link for mapped in told for link in mapped.dependencies),
            dependencies_of=frozenset(kept),
            accounts=tuple(self.accounts.values()),
            events=tuple(self.events),
            parked=tuple(self.odd),
            raw=raw,
            notes=(*notes, *self.notes),
        )

    def moves(self) -> Batch:
        """Only where the issues have gone: their new keys and homes."""
        fields = frozenset({"key", "source", "url"})
        events = tuple(
            event for event in self.events if event.meaning is not None and event.meaning.field in fields
        )
        return Batch(
            stream="census",
            cursor="",
            complete=False,
            issues=tuple(self.issues),
            events=events,
            parked=tuple(self.odd),
            speaks_for=fields,
        )

    def _new_sprints(self, told: Iterable[Mapped]) -> tuple[Sprint, ...]:
        """Sprints of other boards, which only the issues' own sprint field tells of."""
        found = {sprint.ref.id: sprint for mapped in told for sprint in mapped.sprints}
        new = tuple(sprint for id, sprint in found.items() if id not in self.known.sprints)
        self.known.sprints.update(found)
        return new

    def _new_milestones(self, told: Iterable[Mapped]) -> tuple[Milestone, ...]:
        """Versions that the project's list did not name."""
        found = {version.ref.id: version for mapped in told for version in mapped.milestones}
        new = tuple(version for id, version in found.items() if id not in self.known.versions)
        self.known.versions.update(found)
        return new


def _guessed(life: Life) -> int:
    return sum(event.origin is Origin.RECONSTRUCTED for event in life.events)


class _Fields(msgspec.Struct, frozen=True):
    fields: dict[str, msgspec.Raw] = {}


def epics_of(records: Iterable[msgspec.Raw], words: Words) -> set[str]:
    """The keys of epics that these issues name and whose ids are not known yet."""
    if words.fields.epic is None:
        return set()
    named: set[str] = set()
    for raw in records:
        try:
            key = epic_of(decode_record(raw, _Fields).fields, words.fields)
        except SkipIssue:  # its mapping will say so
            continue
        if key is not None and key not in words.epics:
            named.add(key)
    return named


def gathered(records: Sequence[msgspec.Raw]) -> bytes:
    """Records read one by one as one page, to be kept."""
    return msgspec.json.encode({"issues": list(records)})


def logs_of(histories: Mapping[str, Sequence[msgspec.Raw]], ids: Iterable[str]) -> bytes:
    """The histories of a page's own issues, in the shape of the answer they came in, to be kept beside it."""
    logs = [{"issueId": id, "changeHistories": list(histories[id])} for id in ids if histories.get(id)]
    return msgspec.json.encode({"issueChangeLogs": logs})


def histories_of(body: bytes) -> dict[str, list[msgspec.Raw]]:
    """The histories that were kept beside a page."""
    logs: Sequence[ChangelogRecord] = decode(body, ChangelogPage).issue_change_logs
    return {log.issue_id: list(log.change_histories) for log in logs}


def records_of(body: bytes, notes: list[str] | None = None) -> tuple[msgspec.Raw, ...]:
    """The issues on a kept page, whichever way it was asked for."""
    return decode(body, SearchPage, notes).issues
