"""Writing to Jira: one edit for all plain fields, transitions for the status, then what is there now.

Jira has no conditional write, so the caller compares right before, and what it holds is read right after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from connectors.base import Batch
from connectors.errors import ConnectorError, OutcomeUnknown, Refused, Stale
from connectors.jira.client import Answer, JiraClient
from connectors.jira.context import Known, Pulled
from connectors.jira.fetching import fetch_issues
from connectors.jira.fields import ORIGINAL_ESTIMATE
from connectors.jira.form import Form, compose
from connectors.jira.records import Record
from connectors.jira.refusals import Declined
from connectors.jira.rounding import rounded, rounded_estimate
from connectors.jira.steps import Atlas, Journey
from connectors.writing import Draft, Edit, Receipt
from model.fields import encode
from model.values import Issue, SprintState, StatusCategory

__all__ = ["PROPERTY", "Desk", "Habits", "create_issue", "write_issue"]

PROPERTY = "crosstie"
"""The key of the entity property that bears our marker."""

_LOUD = "discard the user notification"
_TYPE = "Task"


class CreatedRecord(Record, frozen=True):
    id: str
    key: str


@dataclass(slots=True)
class Habits:
    """What was learned in a run: the ways of the workflows, whether we may edit without telling people."""

    atlas: Atlas = field(default_factory=Atlas)
    quiet: bool = True
    people: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Desk:
    """What one write works with: the source as it is read, the client that writes, what was learned."""

    pull: Pulled
    writer: JiraClient
    habits: Habits

    @property
    def cloud(self) -> bool:
        return self.pull.client.cloud

    def person(self, key: str) -> str:
        if key not in self.habits.people:
            self.habits.people[key] = self.writer.user_name(key)
        return self.habits.people[key]

    def key(self, id: str) -> str:
        known = next((key for key, epic in self.pull.words.epics.items() if epic == id), None)
        if known is not None:
            return known
        issue = self.read(id)[1]
        return issue.key if issue else id

    def is_open(self, issue: str, sprints: frozenset[str]) -> bool:
        batches, _ = self.read(issue)
        return bool(sprints - _closed(batches))

    def read(self, id: str) -> tuple[tuple[Batch, ...], Issue | None]:
        """The issue as it is now; its batches are told to somebody who knows nothing of it yet."""
        batches = tuple(fetch_issues(replace(self.pull, known=Known(self.pull.words)), [id]))
        issues = (issue for batch in batches for issue in batch.issues if issue.ref.id == id)
        return batches, next(issues, None)


def _closed(batches: Iterable[Batch]) -> frozenset[str]:
    """The closed ones of the sprints that the batches tell of."""
    sprints = (sprint for batch in batches for sprint in batch.sprints)
    return frozenset(sprint.ref.id for sprint in sprints if sprint.state is SprintState.CLOSED)


def write_issue(desk: Desk, edit: Edit) -> Receipt:
    """Refused: Jira takes nothing of it, and nothing was written.

    What the project has no place for is dropped, as is what Jira refuses beside what it took.
    """
    journey = _journey(desk, edit.base, edit.fields)
    if journey is not None:
        journey.plan()
    form = compose(edit.fields, edit.base, desk.pull.words.fields, desk)
    saved = _Saved(desk, edit.base.ref.id, dict(form.dropped))
    saved.put(form)
    saved.go(journey)
    if saved.dropped.keys() - form.dropped.keys() and not saved.sent:
        raise Refused(_all_of(edit.base.key, saved.dropped))
    return _receipt(desk, edit.base.ref.id, edit.fields, edit.base, saved)


def create_issue(desk: Desk, draft: Draft) -> Receipt:
    """Sent once; the marker comes with the issue itself. OutcomeUnknown: nobody knows whether it exists."""
    form = compose(draft.fields, None, desk.pull.words.fields, desk)
    saved = _Saved(desk, "", dict(form.dropped))
    later = Form()
    while True:
        try:
            made = _made(desk.writer.write("POST", "issue", _birth(desk, draft, form)), desk)
            break
        except Declined as no:
            off = {name for name, why in no.errors.items() if _off_screen(why) and name in form.fields}
            if not off:
                raise
            form, apart = form.parted(off)
            later = later.joined(apart)
    saved.id, saved.sent = made.id, True
    if draft.bucket is not None:
        saved.notes.append(f'Jira has no buckets: "{draft.bucket}" says nothing there.')
    try:
        saved.link(draft)
        saved.put(later)
        base = _newborn(desk, made, draft)
        saved.begin(_journey(desk, base, draft.fields) if base else None)
        return _receipt(desk, made.id, draft.fields, None, saved)
    except ConnectorError as error:
        raise OutcomeUnknown(
            f"{made.key} was created, but what was to be set besides got no answer ({error}). It is looked "
            "for by its marker."
        ) from error


def _made(answer: Answer, desk: Desk) -> CreatedRecord:
    try:
        return answer.as_(CreatedRecord)
    except ConnectorError as error:
        raise desk.writer.refusals.unanswered("gave no readable answer to a creation") from error


def _birth(desk: Desk, draft: Draft, form: Form) -> dict[str, Any]:
    project = {"project": {"id": desk.pull.project.id}, "issuetype": {"name": draft.type or _TYPE}}
    return {
        "fields": project | form.fields,
        "properties": [{"key": PROPERTY, "value": {"marker": draft.marker}}],
    }


def _newborn(desk: Desk, made: CreatedRecord, draft: Draft) -> Issue | None:
    """The issue as it begins its life, if it is to be brought somewhere else at once."""
    return desk.read(made.id)[1] if "status" in draft.fields else None


def _journey(desk: Desk, base: Issue, fields: Mapping[str, object]) -> Journey | None:
    target = fields.get("status")
    if not isinstance(target, StatusCategory) or target is base.status:
        return None
    return Journey(desk.pull, desk.writer, desk.habits.atlas, base, target)


@dataclass(slots=True)
class _Saved:
    """How far a write has come: what was not taken, and whether anything was written yet."""

    desk: Desk
    id: str
    dropped: dict[str, str]
    sent: bool = False
    notes: list[str] = field(default_factory=list)

    def put(self, form: Form) -> None:
        """One edit; what Jira does not take is left out of a second one, since it takes all or nothing."""
        while form:
            try:
                self._put(form)
                self.sent = True
                return
            except Declined as no:
                refused = {name: why for name, why in no.errors.items() if form.has(name)}
                if not refused:
                    self._give_up(form, no)
                    return
                form, apart = form.parted(refused)
                self._otherwise(apart, refused)

    def _put(self, form: Form) -> None:
        habits, writer = self.desk.habits, self.desk.writer
        path = f"issue/{self.id}"
        if habits.quiet:
            try:
                writer.write("PUT", path, form.body, {"notifyUsers": "false"})
                return
            except ConnectorError as no:
                if _LOUD not in str(no):
                    raise
                habits.quiet = False
                self.notes.append("Jira tells people of our edits: only administrators may edit quietly.")
        writer.write("PUT", path, form.body)

    def _give_up(self, form: Form, no: Declined) -> None:
        if not self.sent:
            raise no
        self.dropped |= dict.fromkeys(form.named(), str(no))

    def _otherwise(self, apart: Form, refused: Mapping[str, str]) -> None:
        """Fields that are on no screen may have an entrance of their own."""
        for name, why in refused.items():
            ours = apart.ours[name]
            done = _off_screen(why) and self._by_the_side(name, apart)
            if not done:
                self.dropped[ours] = why

    def _by_the_side(self, name: str, apart: Form) -> bool:
        fields, boards = self.desk.pull.words.fields, self.desk.pull.boards
        writer, value = self.desk.writer, apart.fields.get(name)
        try:
            if name == "assignee":
                empty = {"accountId" if self.desk.cloud else "name": None}
                writer.write("PUT", f"issue/{self.id}/assignee", value or empty)
            elif name == fields.estimate and name != ORIGINAL_ESTIMATE and boards:
                body = {"value": None if value is None else str(value)}
                path, query = f"issue/{self.id}/estimation", {"boardId": boards[0]}
                writer.write("PUT", path, body, query, api="agile")
            else:
                return False
        except OutcomeUnknown:
            raise
        except ConnectorError:
            return False
        self.sent = True
        return True

    def begin(self, journey: Journey | None) -> None:
        """Go on from where a new issue stands; it exists, so nothing that stops it is an error."""
        try:
            if journey is not None:
                journey.plan()
                self.go(journey)
        except OutcomeUnknown:
            raise
        except ConnectorError as error:
            self.dropped["status"] = str(error)

    def go(self, journey: Journey | None) -> None:
        if journey is None:
            return
        try:
            stopped = journey.travel()
        except OutcomeUnknown:
            raise
        except ConnectorError as error:
            if not self.sent and not journey.steps:
                raise
            stopped = str(error)
        if stopped:
            self.dropped["status"] = stopped
        self.sent = self.sent or journey.steps > 0

    def link(self, draft: Draft) -> None:
        """Lead back to the origin; the same address given twice is one link."""
        if draft.link is None:
            return
        body = {
            "globalId": f"system={PROPERTY}&id={draft.marker}",
            "application": {"type": PROPERTY, "name": "Crosstie"},
            "relationship": "mirrors",
            "object": {"url": draft.link, "title": (draft.link_title or draft.link)[:255]},
        }
        try:
            self.desk.writer.write("POST", f"issue/{self.id}/remotelink", body, again=True)
        except ConnectorError as error:
            self.notes.append(f"The link back to {draft.link} could not be made: {error}")


def _receipt(desk: Desk, id: str, fields: Mapping[str, object], base: Issue | None, saved: _Saved) -> Receipt:
    """What Jira holds now. OutcomeUnknown: it was written, and cannot be read."""
    try:
        batches, issue = desk.read(id)
    except OutcomeUnknown:
        raise
    except ConnectorError as error:
        if not saved.sent:
            raise
        raise desk.writer.refusals.unanswered(f"cannot be read after a write ({error})") from error
    if issue is None and not saved.sent:
        raise Stale(f"{id} is shown by Jira no longer. Read it again.")
    if issue is None:
        raise desk.writer.refusals.unanswered("does not show the issue after a write")
    closed = _closed(batches)
    for name, value in fields.items():
        if name not in saved.dropped and not _holds(desk, issue, name, value, closed):
            held = encode(getattr(issue, name))
            saved.dropped[name] = f"Jira holds {held or 'nothing'} after the write"
    return Receipt(id, batches, saved.dropped, tuple(saved.notes))


def _holds(desk: Desk, issue: Issue, name: str, value: Any, closed: frozenset[str]) -> bool:
    held = getattr(issue, name)
    if name == "sprints":
        return bool(frozenset(value) - closed == held - closed)
    if name == "estimate":
        fields = desk.pull.words.fields
        timed = fields.estimate == ORIGINAL_ESTIMATE
        wanted = None if value is None else Decimal(str(value))
        return bool(held == rounded_estimate(wanted, fields.unit.value, timed))
    return bool(held == rounded(name, value))


def _off_screen(why: str) -> bool:
    return "appropriate screen" in why


def _all_of(key: str, dropped: Mapping[str, str]) -> str:
    told = "; ".join(f"{name}: {why}" for name, why in sorted(dropped.items()))
    return (
        f"{key} takes none of it. {told} Put them on the issue's screens in Jira, or switch their rules off."
    )
