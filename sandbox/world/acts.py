"""Plays acts on records: in the tracker, in the books, and as a ledger line at that very moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from sandbox.ledger import Ledger
from sandbox.world.cast import DEPARTMENTS, GITHUB, JIRA, PLANNER
from sandbox.world.days import SPRINTS
from sandbox.world.desks import Draft
from sandbox.world.office import Office
from sandbox.world.records import Books, Record
from sandbox.world.work import Act, Verb, Work

__all__ = ["RecordActs"]

_UNTOUCHED: Final = ("", "To be agreed with the process owner.", "Wanted by the steering group in December.")


class RecordActs:
    """One method for each verb that concerns a record; `plays` finds them."""

    def __init__(self, works: Mapping[str, Work], office: Office, books: Books, ledger: Ledger) -> None:
        self._works = works
        self._office = office
        self._books = books
        self._ledger = ledger
        self.plays: Mapping[Verb, Callable[[Act], None]] = {
            Verb.FILE: self._file,
            Verb.START: self._start,
            Verb.REVIEW: self._review,
            Verb.CLOSE: self._close,
            Verb.REOPEN: self._reopen,
            Verb.CANCEL: self._cancel,
            Verb.DELETE: self._delete,
            Verb.DUE: self._set_due,
            Verb.ESTIMATE: self._estimate,
            Verb.OWNER: self._assign,
            Verb.TITLE: self._retitle,
            Verb.SPRINT: self._put_in_sprint,
            Verb.LOG: self._log,
            Verb.UNLOG: self._delete_log,
            Verb.BLOCK: self._block,
            Verb.MOVE: self._move,
            Verb.REKEY: self._rekey,
            Verb.PULL: self._open_pull,
        }

    # Filing

    def _file(self, act: Act) -> None:
        """Write the first record of a work, or the twin of one that exists, as that one stands now."""
        work = self._works[act.about]
        first = None if act.tracker == work.home else self._books.find(work.id, work.home)
        if first is None:
            body = _UNTOUCHED[len(work.title) % len(_UNTOUCHED)]
            record = self._write(act, self._draft(act, work, work.title, body, work.home))
            self._tell(act, record, "created", **self._described(record))
            if work.same_as:
                self._ledger.write(act.at, "same_unproven", {"work": work.id, "same_as": work.same_as})
            return
        title, body, links = _proof(work, first)
        record = self._write(act, self._copy(act, first, title, body, links))
        self._tell(act, record, "mirrored", evidence=work.evidence, **self._described(record))

    def _draft(self, act: Act, work: Work, title: str, body: str, home: str) -> Draft:
        dated = work.dated in (None, home)
        parent = self._works[work.parent] if work.parent else None
        return Draft(
            *(title, work.type, act.by, body, work.part, work.project, work.wave, work.owner, work.points),
            start=work.start if dated else None,
            due=work.due if dated else None,
            sprint=work.sprint if home != PLANNER else None,
            milestone=work.milestones.get(home),
            parent=self._books.find(parent.id, parent.home).id if parent else None,
        )

    def _copy(self, act: Act, first: Record, title: str, body: str, links: Mapping[str, str]) -> Draft:
        """A second record with the first one's present values, in another tracker's terms."""
        work = first.work
        return Draft(
            *(title, work.type if act.tracker != PLANNER else "Task", act.by, body),
            *(work.bucket if act.tracker == PLANNER else "", work.project, work.wave),
            *(first.owner, first.points),
            start=work.start,
            due=work.due if work.dated else first.due,
            sprint=first.sprint if act.tracker != PLANNER else None,
            milestone=work.milestones.get(act.tracker),
            links=links,
        )

    def _write(self, act: Act, draft: Draft) -> Record:
        filed = self._office.desks[act.tracker].file(draft)
        record = Record(
            *(self._works[act.about], act.tracker, filed.id, filed.key, filed.url, draft.title),
            *(draft.owner, draft.points, draft.start, draft.due),
        )
        self._books.add(record, draft.sprint, draft.milestone)
        return record

    def _described(self, record: Record) -> dict[str, object]:
        work = record.work
        return {
            "type": work.type,
            "title": record.title,
            "department": DEPARTMENTS[record.tracker],
            "wave": work.wave,
            "parent": work.parent if record.tracker == work.home else None,
            "start": record.start,
            "due": record.due,
            "estimate": record.points,
            "owner": record.owner,
            "sprint": _sprint(record.sprint),
            "milestone": record.milestone,
        }

    # Progress

    def _start(self, act: Act) -> None:
        record = self._open(act)
        self._office.desks[act.tracker].start(record.id, act.by)
        record.state = "doing"
        self._tell(act, record, "started")

    def _review(self, act: Act) -> None:
        record = self._open(act)
        self._office.sprint_desks[act.tracker].review(record.id, act.by)
        self._tell(act, record, "in_review")

    def _close(self, act: Act) -> None:
        record = self._open(act)
        self._office.desks[act.tracker].close(record.id, act.by)
        record.state = "done"
        self._tell(act, record, "closed")

    def _reopen(self, act: Act) -> None:
        record = self._books.find(act.about, act.tracker)
        if record.state != "done":
            raise ValueError(f"{act.about} in {act.tracker} at {act.at} is {record.state}: nothing to reopen")
        self._office.desks[act.tracker].reopen(record.id, act.by)
        record.state = "doing"
        self._tell(act, record, "reopened")

    def _cancel(self, act: Act) -> None:
        """Say that it will not be done; a Planner task can only be deleted."""
        record = self._open(act)
        self._office.desks[act.tracker].cancel(record.id, act.by)
        record.state = "gone" if act.tracker == PLANNER else "cancelled"
        self._tell(act, record, "deleted" if act.tracker == PLANNER else "cancelled")

    def _delete(self, act: Act) -> None:
        record = self._books.find(act.about, act.tracker)
        self._office.desks[act.tracker].delete(record.id)
        record.state = "gone"
        self._tell(act, record, "deleted")

    # Changes of mind; what is already so leaves no trace

    def _set_due(self, act: Act) -> None:
        record, before, after = self._open(act), None, act.value
        assert isinstance(after, date)
        before, record.due = record.due, after
        if before != after:
            self._office.desks[act.tracker].set_due(record.id, act.by, after)
            self._tell(act, record, "due_moved", **{"from": before, "to": after})

    def _estimate(self, act: Act) -> None:
        record, after = self._open(act), act.value
        assert isinstance(after, int)
        before, record.points = record.points, after
        if before != after:
            self._office.desks[act.tracker].estimate(record.id, act.by, after)
            self._tell(act, record, "estimated", **{"from": before, "to": after})

    def _assign(self, act: Act) -> None:
        record, after = self._open(act), str(act.value)
        before, record.owner = record.owner, after
        if before != after:
            self._office.desks[act.tracker].assign(record.id, act.by, after)
            self._tell(act, record, "owner_changed", **{"from": before, "to": after})

    def _retitle(self, act: Act) -> None:
        record, after = self._open(act), str(act.value)
        before, record.title = record.title, after
        self._office.desks[act.tracker].retitle(record.id, act.by, after)
        self._tell(act, record, "retitled", **{"from": before, "to": after})

    def _put_in_sprint(self, act: Act) -> None:
        """Enter one sprint and leave another; Jira's issues never leave a sprint that is closed."""
        record, after = self._open(act), act.value
        assert after is None or isinstance(after, int)
        before = record.sprint
        if before == after:
            return
        self._office.sprint_desks[act.tracker].put_in_sprint(record.id, act.by, after)
        self._books.enter(record, after)
        if before and not (act.tracker == JIRA and before in self._office.closed_sprints):
            self._tell(act, record, "sprint_left", sprint=_sprint(before))
        if after:
            self._tell(act, record, "sprint_entered", sprint=_sprint(after))

    # Hours, links, places

    def _log(self, act: Act) -> None:
        record, seconds = self._books.find(act.about, act.tracker), act.value
        assert isinstance(seconds, int)
        started = act.at - timedelta(seconds=seconds)
        log = self._office.jira.log_work(record.id, act.by, started, seconds)
        record.logs.append(log)
        self._tell(act, record, "logged", log=log, started=started, seconds=seconds)

    def _delete_log(self, act: Act) -> None:
        record = self._books.find(act.about, act.tracker)
        log = record.logs.pop()
        self._office.jira.delete_log(log)
        self._tell(act, record, "log_deleted", log=log)

    def _block(self, act: Act) -> None:
        record = self._books.find(act.about, act.tracker)
        other = self._books.find(str(act.value), act.tracker)
        self._office.sprint_desks[act.tracker].block(record.id, other.id, act.by)
        self._tell(act, record, "blocks", blocks=other.work.id)

    def _move(self, act: Act) -> None:
        """Write it anew in GitHub and close the Jira issue: each names the other's address."""
        old = self._open(act)
        there = Act(act.at, act.verb, act.by, act.about, GITHUB, act.value)
        copy = self._copy(there, old, old.title, f"Moved here from {old.url}", {})
        new = self._write(there, replace(copy, owner=str(act.value)))
        origin = {"from_tracker": JIRA, "from_record": old.id, "from_key": old.key}
        self._tell(there, new, "moved", **origin, **self._described(new))
        self._office.jira.describe(old.id, act.by, f"Moved to {new.url}")
        self._office.jira.cancel(old.id, act.by)
        old.state = "retired"
        self._tell(act, old, "retired")

    def _rekey(self, act: Act) -> None:
        record = self._books.find(act.about, act.tracker)
        before, record.key = record.key, self._office.jira.rekey(record.id, str(act.value), act.by)
        self._tell(act, record, "rekeyed", **{"from": before, "to": record.key})

    def _open_pull(self, act: Act) -> None:
        record = self._books.find(act.about, act.tracker)
        key = self._office.github.open_pull(record.id, act.by, f"{record.title}: first cut")
        facts = {"work": act.about, "tracker": GITHUB, "key": key, "by": act.by}
        self._ledger.write(act.at, "pull_opened", facts)

    # Parts of acts

    def _open(self, act: Act) -> Record:
        """The record an act is about. ValueError: the script lets people work on what is over."""
        record = self._books.find(act.about, act.tracker)
        if not record.open:
            raise ValueError(f"{act.verb} of {act.about} in {act.tracker} at {act.at}: it is {record.state}")
        return record

    def _tell(self, act: Act, record: Record, what: str, **facts: object) -> None:
        place = {"work": act.about, "tracker": record.tracker, "record": record.id, "key": record.key}
        self._ledger.write(act.at, what, {**place, **facts, "by": act.by})


def _sprint(number: int | None) -> str | None:
    return SPRINTS[number - 1].name if number else None


def _proof(work: Work, first: Record) -> tuple[str, str, dict[str, str]]:
    """Title, text and references of a twin, one of which shows whose twin it is."""
    title = work.twin_title or first.title
    if work.evidence == "key":
        return f"{first.key} {title}", "", {}
    if work.evidence == "url":
        return title, f"The other half of {first.url}", {}
    return title, "", {first.url: first.key}
