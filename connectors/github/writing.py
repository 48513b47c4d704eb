"""Writing to GitHub: one request for the issue itself, one for its card, then what is there now.

GitHub has no conditional write, so the caller compares right before, and what it holds is read right after:
where an account may not plan, GitHub leaves fields out of a write without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from connectors.errors import (
    AccessRefused,
    ConnectorError,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SkipIssue,
    Stale,
)
from connectors.github import mutations, queries
from connectors.github.context import next_page
from connectors.github.desk import Desk
from connectors.github.fetching import Slip
from connectors.github.form import Form, compose
from connectors.github.mapping import issue_from_graphql
from connectors.github.payloads import IssueNode, RepositoryData
from connectors.github.prose import marker_in, one_line, signed
from connectors.github.refusals import Declined, Moved, reasons_of, unanswered
from connectors.github.rounding import rounded_in
from connectors.github.site import missing_repository
from connectors.github.slips import RestCreated
from connectors.payload import decode, decode_record
from connectors.writing import Candidate, Draft, Edit, Receipt
from model.fields import encode
from model.values import Issue

__all__ = ["create_issue", "find_issues", "write_issue"]

_PLANS = frozenset({"assignees", "labels", "milestone", "priority", "sprints"})
_NEWEST = 50


def write_issue(desk: Desk, edit: Edit) -> Receipt:
    """Refused: GitHub takes nothing of it. Stale: the issue is not there any more; nothing was written."""
    id = edit.base.ref.id
    slip = desk.slip(id)
    if slip is None:
        raise Stale(f"GitHub does not show {edit.base.key} any more; nothing was written. Read it again.")
    form = compose(desk, edit.fields, edit.base, slip.below)
    saved = _Saved(desk, id, slip, dict(form.dropped))
    saved.change(form)
    saved.clear(form)
    saved.plan(form, edit.base)
    return _receipt(desk, form, saved)


def create_issue(desk: Desk, draft: Draft) -> Receipt:
    """Sent once; the marker comes with the issue itself. OutcomeUnknown: nobody knows whether it exists."""
    fields = {"title": "", **draft.fields}
    form = compose(desk, {name: fields[name] for name in fields if name != "body"}, None)
    if "title" in form.dropped:
        raise Refused(f"{desk.source.repo}: the title: {form.dropped['title']}")
    text = str(rounded_in(desk.source, "body", draft.fields.get("body", "")))
    form.wanted |= {"body": text} if "body" in draft.fields else {}
    form.put("body", "body", signed(text, draft.marker, draft.link, draft.link_title, desk.hosts))
    if draft.type:
        form.put("type", "type", draft.type)
    closing: dict[str, Any] = {
        key: form.issue.pop(key) for key in ("state", "state_reason") if key in form.issue
    }
    _choose_column(desk, form, draft.bucket)
    made = _born(desk, form)
    slip = Slip(made.number, None, "")
    saved = _Saved(desk, made.node_id, slip, dict(form.dropped), sent=True)
    form.issue = closing
    try:
        saved.change(form)
        if desk.ground.board is not None:
            saved.put_on_board(form)
        saved.plan(form, None)
        return _receipt(desk, form, saved)
    except ConnectorError as error:
        raise OutcomeUnknown(
            f"{desk.place}#{made.number} was created, but what was to be set besides got no answer "
            f"({error}). It is looked for by its marker."
        ) from error


def _choose_column(desk: Desk, form: Form, bucket: str | None) -> None:
    """A draft's bucket is a column of the board, where there is one of that name."""
    board, name = desk.ground.board, desk.source.fields.status
    for column in board.fields.nodes if board and bucket and name else ():
        if column.name.casefold() == (name or "").casefold():
            found = [one for one in column.options if one.name.casefold() == (bucket or "").casefold()]
            if found:
                form.cells["status"] = (column.id, {"singleSelectOptionId": found[0].id})


def _born(desk: Desk, form: Form) -> RestCreated:
    """The new issue. What GitHub does not take is left out of another try, since it takes all or nothing."""
    while True:
        try:
            answer = desk.writer.write("POST", f"/repos/{desk.place}/issues", form.issue)
            break
        except Declined as no:
            if "title" in no.fields or not any([form.without(key, why) for key, why in no.fields.items()]):
                raise
        except Moved:
            raise
        except Stale as no:
            raise Refused(
                f"GitHub lets this credential open no issues in {desk.place} ({no}). Give it Issues: read "
                "and write, then: crosstie check"
            ) from no
    try:
        return decode(answer.body, RestCreated)
    except ConnectorError as odd:
        raise unanswered(f"gave no readable answer to a creation ({odd})") from odd


@dataclass(slots=True)
class _Saved:
    """How far a write has come: what was not taken, and whether anything was written yet."""

    desk: Desk
    id: str
    slip: Slip
    dropped: dict[str, str]
    sent: bool = False

    @property
    def _path(self) -> str:
        return f"/repos/{self.desk.place}/issues/{self.slip.number}"

    def change(self, form: Form) -> None:
        """One request for everything that goes with the issue itself."""
        if form.reopen and "state" in form.issue:
            self._try(["status"], lambda: self._patch({"state": "open"}))
        while form.issue:
            try:
                self._patch(form.issue)
                break
            except Declined as no:
                left = [form.without(key, why) for key, why in no.fields.items()]
                self.dropped |= form.dropped
                if not any(left):
                    self._give_up([name for name in form.named.values() if name in form.wanted], no)
                    return
            except (RetryLater, AccessRefused, Stale) as no:
                self._give_up([name for name in form.named.values() if name in form.wanted], no)
                return

    def clear(self, form: Form) -> None:
        """Take values of the organisation's fields away, one request each; what is not there is no matter."""
        for name, field_id in form.cleared.items():
            self._try([name], lambda field_id=field_id: self._take_away(field_id))  # type: ignore[misc]

    def put_on_board(self, form: Form) -> None:
        """Give the issue a card, if it has none."""
        if self.slip.card is None and self.desk.ground.board is not None:
            self._try(list(form.cells), self._add_card)

    def plan(self, form: Form, base: Issue | None) -> None:
        """One request for all cells of the card and the parent."""
        cells = {name: cell for name, cell in form.cells.items() if name not in self.dropped}
        if any(value is not None for _, value in cells.values()):
            self.put_on_board(form)
        if self.slip.card is None:
            cells = {}
        parent = self._parent(form, base)
        names = [*cells, *(["parent"] if parent else [])]
        if names:
            self._try(names, lambda: self._set(cells, parent))

    def _parent(self, form: Form, base: Issue | None) -> tuple[str, str, bool] | None:
        held = base.parent if base else None
        if not form.parent or form.parent[0] == held:
            return None
        wanted = form.parent[0]
        return (wanted, self.id, True) if wanted else (held or "", self.id, False)

    def _patch(self, body: Mapping[str, Any]) -> None:
        self.desk.writer.write("PATCH", self._path, body)
        self.sent = True

    def _take_away(self, field_id: int) -> None:
        try:
            self.desk.writer.write("DELETE", f"{self._path}/issue-field-values/{field_id}", None)
        except Moved:
            raise
        except Stale:
            return
        self.sent = True

    def _add_card(self) -> None:
        board = self.desk.ground.board
        assert board is not None
        answer = self.desk.writer.mutate(mutations.ADD_CARD, {"project": board.id, "issue": self.id})
        why = reasons_of(answer.errors)
        if why:
            raise Refused(f"GitHub did not put the issue on the board ({' '.join(why.values())})")
        self.sent = True
        self.slip = Slip(self.slip.number, decode(answer.data, _Added).card.item.id, self.slip.below)

    def _set(
        self,
        cells: Mapping[str, tuple[str, Mapping[str, Any] | None]],
        parent: tuple[str, str, bool] | None,
    ) -> None:
        board = self.desk.ground.board
        card = (board.id, self.slip.card) if board is not None and self.slip.card else None
        answer = self.desk.writer.mutate(*mutations.settings(cells, card, parent))
        why = reasons_of(answer.errors)
        self.dropped |= {name: f"GitHub did not take it ({words})" for name, words in why.items()}
        self.sent = self.sent or len(why) < len(cells) + bool(parent)

    def _try(self, names: Collection[str], act: Callable[[], None]) -> None:
        """One request of several: what stops it is an error only where nothing was written before."""
        try:
            act()
        except (RetryLater, AccessRefused, Refused, Stale) as no:
            self._give_up(names, no)

    def _give_up(self, names: Collection[str], no: ConnectorError) -> None:
        if not self.sent:
            raise no
        self.dropped |= dict.fromkeys(names, str(no))


class _Item(msgspec.Struct):
    id: str


class _Card(msgspec.Struct):
    item: _Item


class _Added(msgspec.Struct):
    card: _Card


def _receipt(desk: Desk, form: Form, saved: _Saved) -> Receipt:
    """What GitHub holds now. OutcomeUnknown: it was written, and cannot be read."""
    try:
        batches, issue = desk.read(saved.id)
    except ConnectorError as error:
        if not saved.sent:
            raise
        raise unanswered(f"cannot be read after a write ({error})") from error
    if issue is None:
        raise unanswered("does not show the issue after a write")
    for name, value in form.wanted.items():
        if name not in saved.dropped and getattr(issue, name) != value:
            saved.dropped[name] = _left_out(desk, name, issue)
    return Receipt(saved.id, batches, {**form.short, **saved.dropped})


def _left_out(desk: Desk, name: str, issue: Issue) -> str:
    held = encode(getattr(issue, name)) or "nothing"
    if name in _PLANS:
        return (
            f"GitHub left it out without a word and holds {held}: give the account the role Triage or Write "
            f"in {desk.place}"
        )
    return f"GitHub holds {held} after the write"


def find_issues(desk: Desk, marker: str, title: str, since: datetime) -> tuple[Candidate, ...]:
    """Issues that our account may have created, newest first in the repository's own list."""
    me, name = desk.account(), one_line(title)
    found = [
        Candidate(issue, mark, dict(issue.attributes).get("creator") == me)
        for issue, mark in _since(desk, since.replace(microsecond=0))
    ]
    bearing = [one for one in found if one.marker == marker]
    like = [one for one in found if one.marker is None and one.ours and one.issue.title == name]
    return (*bearing, *like)


def _since(desk: Desk, since: datetime) -> Iterator[tuple[Issue, str | None]]:
    """Every issue of the repository created since, with the marker that it bears."""
    pulled, after = desk.ground.pulled, None
    document = queries.issues(pulled.features, "CREATED_AT", "DESC")
    while True:
        variables = {**pulled.names, "first": _NEWEST, "after": after}
        answer = desk.reader.query(document, variables)
        repository = decode(answer.data, RepositoryData).repository
        if repository is None:
            raise missing_repository(pulled.source.repo, answer.errors)
        pulled.recognise(repository.id)
        for raw in repository.issues.nodes:
            try:
                node = decode_record(raw, IssueNode)
            except SkipIssue:
                continue
            if node.created_at < since:
                return
            yield issue_from_graphql(node, pulled.reading), marker_in(node.body)
        after = next_page(repository.issues, after)
        if after is None:
            return
