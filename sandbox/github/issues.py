"""What people do to issues: open, edit, close, block, transfer and delete them, and plan them in milestones.

Every change leaves the timeline entries that GitHub leaves, stamped by the world's clock, and moves the
issue's `updated` where GitHub does: a milestone's own edits don't.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from datetime import date, datetime

from sandbox.github.mentions import logins, references
from sandbox.github.news import Notice
from sandbox.github.records import (
    Account,
    Issue,
    Milestone,
    Repo,
    StateReason,
    pacific_midnight,
)
from sandbox.github.registry import KEEP, Keep, UnknownRecord
from sandbox.github.ties import TieActs

__all__ = ["IssueActs"]

_CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?) #(\d+)\b", re.IGNORECASE)


class IssueActs(TieActs):
    """Acts on milestones, issues and pull requests; `actor` is the login of who acts."""

    # Milestones

    def create_milestone(
        self,
        repo: str,
        title: str,
        due_on: date | datetime | None,
        actor: str | None = None,
        description: str | None = None,
    ) -> int:
        held, now = self.repo(repo), self.clock.now()
        held.last_milestone += 1
        milestone = Milestone(
            *(self._new_id(), held.last_milestone, held, title, description),
            *(self.account(actor) if actor else None, now, now, pacific_midnight(due_on)),
        )
        held.milestones[milestone.number] = milestone
        self.nodes[milestone.node_id] = milestone
        self._announce("milestone", "created", milestone, milestone.creator, held)
        return milestone.number

    def edit_milestone(
        self,
        repo: str,
        number: int,
        title: str | Keep = KEEP,
        due_on: date | datetime | Keep | None = KEEP,
        description: str | Keep | None = KEEP,
        closed: bool | Keep = KEEP,
    ) -> None:
        """Change the milestone alone: no issue's `updated` moves and no timeline tells of it."""
        milestone, held = self.milestone(repo, number), self.repo(repo)
        before = {name: getattr(milestone, name) for name in ("title", "due_on", "description")}
        was_closed = milestone.closed is not None
        milestone.updated = self.clock.now()
        milestone.title = milestone.title if title is KEEP else title
        milestone.due_on = milestone.due_on if due_on is KEEP else pacific_midnight(due_on)
        milestone.description = milestone.description if description is KEEP else description
        if closed is not KEEP:
            milestone.closed = (milestone.closed or self.clock.now()) if closed else None
        changes = {name: old for name, old in before.items() if getattr(milestone, name) != old}
        if changes:
            self._announce("milestone", "edited", milestone, milestone.creator, held, changes=changes)
        if was_closed is not (milestone.closed is not None):
            word = "opened" if was_closed else "closed"
            self._announce("milestone", word, milestone, milestone.creator, held)

    def milestone(self, repo: str, number: int) -> Milestone:
        try:
            return self.repo(repo).milestones[number]
        except KeyError:
            raise UnknownRecord(f"no milestone {number} in {repo}") from None

    # Life of an issue

    def create_issue(
        self,
        repo: str,
        title: str,
        actor: str,
        body: str = "",
        labels: Iterable[str] = (),
        assignees: Iterable[str] = (),
        milestone: int | None = None,
        type: str | None = None,
        parent: int | None = None,
    ) -> int:
        """Open an issue; what it is given at birth shows in its timeline as on the real site."""
        with self._after():
            issue = self._open(repo, title, actor, body, pull=False)
            self._announce("issues", "opened", issue, issue.creator, issue.repo)
            self.edit_issue(
                repo, issue.number, actor, labels=labels, assignees=assignees, milestone=milestone, type=type
            )
            if parent is not None:
                self.set_parent(repo, issue.number, parent, actor)
            self._mention(issue, issue.body, actor)
        return issue.number

    def create_pull(self, repo: str, title: str, actor: str, body: str = "") -> int:
        """Open a pull request: it takes the next number and shows in the REST list of issues."""
        pull = self._open(repo, title, actor, body, pull=True)
        self._mention(pull, body, actor)
        for closed in _CLOSES.findall(body):
            target = self.repo(repo).issues.get(int(closed))
            if target is not None and not target.pull:
                target.pulls.append(pull)
        return pull.number

    def edit_issue(
        self,
        repo: str,
        number: int,
        actor: str,
        title: str | Keep = KEEP,
        body: str | Keep | None = KEEP,
        labels: Iterable[str] | Keep = KEEP,
        assignees: Iterable[str] | Keep = KEEP,
        milestone: int | Keep | None = KEEP,
        type: str | Keep | None = KEEP,
    ) -> None:
        """Change the fields given; labels and assignees are whole new sets. A body's edit has no event."""
        issue, who = self.issue(repo, number), self.account(actor)
        if title is not KEEP and title != issue.title:
            before, issue.title = issue.title, title
            self._tell(issue, "renamed", who, before=before, after=title)
        if body is not KEEP and body != issue.body:
            said, issue.body = issue.body, body
            self._bump(issue)
            self._mention(issue, body, actor)
            self._announce("issues", "edited", issue, who, issue.repo, body=said or "")
        if labels is not KEEP:
            self._set_labels(issue, who, labels)
        if assignees is not KEEP:
            self._set_assignees(issue, who, assignees)
        if milestone is not KEEP:
            self._set_milestone(issue, who, None if milestone is None else self.milestone(repo, milestone))
        if type is not KEEP:
            self._set_type(issue, who, type)

    def close(self, repo: str, number: int, actor: str, reason: StateReason = "completed") -> None:
        issue, who = self.issue(repo, number), self.account(actor)
        if issue.closed:
            return
        issue.closed, issue.closer, issue.reason = self.clock.now(), who, reason
        self._tell(issue, "closed", who, reason=reason)

    def reopen(self, repo: str, number: int, actor: str) -> None:
        issue, who = self.issue(repo, number), self.account(actor)
        if not issue.closed:
            return
        issue.closed, issue.closer, issue.reason = None, None, "reopened"
        self._tell(issue, "reopened", who, reason="reopened")

    def transfer(self, repo: str, number: int, to_repo: str, actor: str | None = None) -> int:
        """Move an issue to another repository of its owner: new number and ids; the old place redirects.

        Labels stay where the target has one of that name, the milestone where title and due date agree.
        """
        issue, source, target = self.issue(repo, number), self.repo(repo), self.repo(to_repo)
        old = copy(issue)  # webhooks tell of the issue as it was
        if source.owner is not target.owner:
            raise ValueError("an issue can be transferred within one owner only")
        old_node = issue.node_id
        del source.issues[number]
        source.moved[number] = issue
        target.last_number += 1
        issue.id, issue.repo, issue.number = self._new_issue_id(), target, target.last_number
        target.issues[issue.number] = issue
        self.nodes[issue.node_id] = self.nodes[old_node] = issue
        issue.labels = [
            target.labels[one.name.casefold()] for one in issue.labels if one.name.casefold() in target.labels
        ]
        issue.milestone = _same_milestone(issue.milestone, target)
        source.version += 1
        who = self.account(actor) if actor else issue.creator
        self._announce("issues", "transferred", old, who, source, new=issue)
        self._note_moment(issue, "transferred", who, repo=source)
        self._announce("issues", "opened", issue, who, target, old=old)
        return issue.number

    def delete(self, repo: str, number: int, actor: str | None = None) -> None:
        """Remove an issue for good, from projects and other issues too; its number answers 410."""
        issue, held = self.issue(repo, number), self.repo(repo)
        self._announce("issues", "deleted", issue, self.account(actor) if actor else issue.creator, held)
        del held.issues[number], self.nodes[issue.node_id]
        held.deleted.add(number)
        held.version += 1
        for other in (issue.parent, *issue.children, *issue.blocked_by, *issue.blocking):
            if other is not None:
                _forget(other, issue)
        for project in self.projects.values():
            item = project.cards.pop(issue, None)
            if item is not None:
                del project.items[item.id], self.nodes[item.node_id]

    # Parts of acts

    def _open(self, repo: str, title: str, actor: str, body: str, pull: bool) -> Issue:
        held, now = self.repo(repo), self.clock.now()
        held.last_number += 1
        issue = Issue(
            *(self._new_issue_id(), held, held.last_number, title, body or None),
            *(self.account(actor), now, now, pull),
        )
        held.issues[issue.number] = issue
        held.version += 1
        self.nodes[issue.node_id] = issue
        return issue

    def _set_labels(self, issue: Issue, who: Account, names: Iterable[str]) -> None:
        wanted = list({name.casefold(): self._label(issue.repo, name) for name in names}.values())
        before, issue.labels = issue.labels, wanted
        for label in [one for one in before if one not in wanted]:
            self._tell(issue, "unlabeled", who, label=label)
        for label in [one for one in wanted if one not in before]:
            self._tell(issue, "labeled", who, label=label)

    def _set_assignees(self, issue: Issue, who: Account, logins: Iterable[str]) -> None:
        wanted = [self.account(login) for login in dict.fromkeys(logins)]
        before, issue.assignees = issue.assignees, wanted
        for account in [one for one in before if one not in wanted]:
            self._tell(issue, "unassigned", who, assignee=account)
        for account in [one for one in wanted if one not in before]:
            self._tell(issue, "assigned", who, assignee=account)
            if account is not who:
                self.notices.append(Notice(account, issue, "assign"))

    def _set_milestone(self, issue: Issue, who: Account, wanted: Milestone | None) -> None:
        if issue.milestone is wanted:
            return
        before, issue.milestone = issue.milestone, wanted
        if before is not None:
            self._tell(issue, "demilestoned", who, title=before.title, milestone=before)
        if wanted is not None:
            self._tell(issue, "milestoned", who, title=wanted.title, milestone=wanted)

    def _set_type(self, issue: Issue, who: Account, name: str | None) -> None:
        old, new = issue.type, None if name is None else self._type(name)
        if old is new:
            return
        event = "issue_type_changed" if old and new else "issue_type_added" if new else "issue_type_removed"
        issue.type = new
        self._tell(issue, event, who, type=new, previous=old)

    def _mention(self, source: Issue, text: str | None, actor: str) -> None:
        """Tell everybody whom the text names, and every issue it names, this once per naming issue."""
        for login in logins(text):
            named = self.accounts.get(login.casefold())
            if named is not None and not named.organization and named.login != actor:
                self.notices.append(Notice(named, source, "mention"))
        for name, number in references(text):
            try:
                target = self.issue(name or source.repo.full_name, number)
            except UnknownRecord:
                continue
            told = any(m.event == "cross-referenced" and m.detail["other"] is source for m in target.timeline)
            if target is not source and not told:
                self._tell(target, "cross-referenced", self.account(actor), other=source, target=target)


def _same_milestone(milestone: Milestone | None, target: Repo) -> Milestone | None:
    if milestone is None:
        return None
    return next(
        (
            one
            for one in target.milestones.values()
            if (one.title, one.due_on) == (milestone.title, milestone.due_on)
        ),
        None,
    )


def _forget(other: Issue, issue: Issue) -> None:
    """Cut every tie that `other` has to a deleted issue."""
    if other.parent is issue:
        other.parent = None
    for related in (other.children, other.blocked_by, other.blocking):
        if issue in related:
            related.remove(issue)
    other.repo.version += 1
