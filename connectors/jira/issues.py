"""The stream of issues: each page of the search, followed by the histories of exactly its issues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import SkipIssue, SourceStopped
from connectors.jira.changes import tell_life
from connectors.jira.client import Answer, BadRequest
from connectors.jira.context import Pulled, parked
from connectors.jira.cursors import IssueCursor, read_cursor, write_cursor
from connectors.jira.mapping import Mapped, map_issue
from connectors.jira.records import HistoryRecord, IssueRecord
from connectors.payload import decode_record
from model.values import Account, Dependency, Event, Issue, Milestone, Sprint

__all__ = ["OVERLAP", "read_issues"]

OVERLAP = timedelta(minutes=10)
"""How far an incremental read goes back before its watermark: the search index lags behind the issues."""


def read_issues(pull: Pulled, cursor: str | None) -> Iterator[Batch]:
    """The project's issues that changed since the last finished walk, all of them at first contact.

    An unfinished walk goes on with its next page; when Jira takes that page's token no longer, the same walk
    starts again. SourceStopped: a token comes twice.
    """
    at = _begin(pull, read_cursor(cursor, IssueCursor))
    resumed = bool(at.token)
    seen: set[str] = set()
    while at.jql:
        try:
            answer, page = pull.client.search_page(_ordered(at.jql), pull.fields, at.token, pull.page)
        except BadRequest:
            if not resumed:
                raise
            resumed = False
            at = msgspec.structs.replace(at, token="", page=0)
            continue
        resumed = False
        token = page.next_page_token or ""
        if token and token in seen:
            raise SourceStopped("Jira sent the same page token twice, so its search has no end. Pull again.")
        seen.add(token)
        content = _Content(pull)
        content.add_page(page.issues)
        histories = _histories(pull, content.ids, f"{at.watermark or 0}.{at.page}", content.raw)
        content.add_histories(histories)
        after = _after(at, token, content.latest)
        yield content.batch(at, after, answer)
        at = after


def _begin(pull: Pulled, at: IssueCursor) -> IssueCursor:
    """The walk under way, or a new one; another project or other fields mean to read everything again."""
    basis = f"{pull.project.id}:{','.join(pull.fields)}"
    if at.basis != basis:
        at = IssueCursor(basis=basis)
    if at.jql:
        return at
    jql = f'project = "{pull.project.key}"'
    if at.watermark is not None:
        jql += f" AND updated >= {at.watermark - _milliseconds(OVERLAP)}"
    return msgspec.structs.replace(at, jql=jql, expected=pull.client.count(jql))


def _ordered(jql: str) -> str:
    return f"{jql} ORDER BY updated ASC, key ASC"


def _after(at: IssueCursor, token: str, latest: datetime | None) -> IssueCursor:
    """Where the walk stands after a page. The watermark moves only when the walk has ended."""
    seen = None if latest is None else _stamp(latest)
    high = max((stamp for stamp in (at.high, seen) if stamp is not None), default=None)
    if token:
        return msgspec.structs.replace(at, token=token, high=high, page=at.page + 1)
    watermark = max((stamp for stamp in (at.watermark, high) if stamp is not None), default=None)
    return IssueCursor(basis=at.basis, watermark=watermark)


def _stamp(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _histories(
    pull: Pulled, ids: Sequence[str], position: str, raw: list[RawPage]
) -> dict[str, list[msgspec.Raw]]:
    """Issue id -> its histories, gathered from all pages; one issue's may be spread over several."""
    found: dict[str, list[msgspec.Raw]] = {id: [] for id in ids}
    token: str | None = None
    seen: set[str] = set()
    while ids:
        answer, page = pull.client.changelog_page(ids, token)
        raw.append(RawPage("issues", f"{position}.history.{len(seen)}", answer.body))
        for log in page.issue_change_logs:
            found.setdefault(log.issue_id, []).extend(log.change_histories)
        token = page.next_page_token
        if not token:
            break
        if token in seen:
            raise SourceStopped("Jira sent the same history token twice, so its list has no end. Pull again.")
        seen.add(token)
    return found


@dataclass(slots=True)
class _Content:
    """What a page says, gathered issue by issue: one that cannot be understood is set aside."""

    pull: Pulled
    mapped: dict[str, tuple[Mapped, msgspec.Raw]] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    odd: list[Parked] = field(default_factory=list)
    raw: list[RawPage] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        return list(self.mapped)

    @property
    def latest(self) -> datetime | None:
        stamps = (mapped.issue.updated for mapped, _ in self.mapped.values())
        return max((stamp for stamp in stamps if stamp is not None), default=None)

    def add_page(self, records: Iterable[msgspec.Raw]) -> None:
        for raw in records:
            try:
                mapped = map_issue(decode_record(raw, IssueRecord), self.pull.words)
            except SkipIssue as odd:
                self.odd.append(parked(raw, odd))
            else:
                self.mapped[mapped.issue.ref.id] = mapped, raw
        self.pull.members.update(self.mapped)

    def add_histories(self, histories: dict[str, list[msgspec.Raw]]) -> None:
        for id, (mapped, raw) in list(self.mapped.items()):
            try:
                records = [decode_record(history, HistoryRecord) for history in histories.get(id, ())]
                life = tell_life(mapped, records, self.pull.words)
            except SkipIssue as odd:
                self.odd.append(parked(raw, SkipIssue(f"Its history: {odd}")))
                continue
            self.issues.append(replace(mapped.issue, finished=life.finished))
            self.events.extend(life.events)
            self._meet((*mapped.accounts, *life.accounts))

    def batch(self, at: IssueCursor, after: IssueCursor, answer: Answer) -> Batch:
        kept = {issue.ref.id for issue in self.issues}
        told = [mapped for id, (mapped, _) in self.mapped.items() if id in kept]
        return Batch(
            stream="issues",
            cursor=write_cursor(after),
            complete=not after.jql,
            issues=tuple(self.issues),
            sprints=self._new_sprints(told),
            milestones=self._new_milestones(told),
            dependencies=_links(told),
            dependencies_of=frozenset(kept),
            accounts=tuple(self.accounts.values()),
            events=tuple(self.events),
            parked=tuple(self.odd),
            raw=(RawPage("issues", f"{at.watermark or 0}.{at.page}", answer.body), *self.raw),
            expected=at.expected,
            notes=tuple(answer.notes),
        )

    def _meet(self, people: Iterable[Account]) -> None:
        self.accounts.update((person.ref.id, person) for person in people)

    def _new_sprints(self, told: Iterable[Mapped]) -> tuple[Sprint, ...]:
        """Sprints of other boards, which only the issues' own sprint field tells of."""
        found = {sprint.ref.id: sprint for mapped in told for sprint in mapped.sprints}
        new = tuple(sprint for id, sprint in found.items() if id not in self.pull.sprints)
        self.pull.sprints.update(found)
        return new

    def _new_milestones(self, told: Iterable[Mapped]) -> tuple[Milestone, ...]:
        """Versions that the project's list did not name."""
        found = {version.ref.id: version for mapped in told for version in mapped.milestones}
        new = tuple(version for id, version in found.items() if id not in self.pull.versions)
        self.pull.versions.update(found)
        return new


def _links(told: Iterable[Mapped]) -> tuple[Dependency, ...]:
    return tuple(dependency for mapped in told for dependency in mapped.dependencies)
