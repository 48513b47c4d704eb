"""What ties issues together, what their organization's fields say, and how everybody hears of a change."""

from __future__ import annotations

from datetime import date
from typing import Any

from sandbox.github.records import Account, Given, Issue, Moment
from sandbox.github.registry import Registry

__all__ = ["TieActs"]

_SPOKEN = {
    **{word: ("issues", word) for word in ("labeled", "unlabeled", "assigned", "unassigned", "milestoned")},
    **{word: ("issues", word) for word in ("demilestoned", "closed", "reopened", "transferred")},
    "renamed": ("issues", "edited"),
    "issue_type_added": ("issues", "typed"),
    "issue_type_changed": ("issues", "typed"),
    "issue_type_removed": ("issues", "untyped"),
    "issue_field_added": ("issues", "field_added"),
    "issue_field_changed": ("issues", "field_added"),
    "issue_field_removed": ("issues", "field_removed"),
    **{
        f"{kind}_{verb}": (event, f"{kind}_{verb}")
        for event, kinds in (
            ("sub_issues", ("sub_issue", "parent_issue")),
            ("issue_dependencies", ("blocked_by", "blocking")),
        )
        for kind in kinds
        for verb in ("added", "removed")
    },
}
"""What a timeline entry is called by webhooks: its event and action; others are not told."""


class TieActs(Registry):
    """Acts on parts, blockers and fields; `actor` is the login of who acts."""

    def set_parent(self, repo: str, number: int, parent: int | None, actor: str) -> None:
        """Make an issue a sub-issue of another one of the repository, or of none."""
        above = self.issue(repo, parent) if parent is not None else None
        self.link_part(self.issue(repo, number), above, self.account(actor))

    def link_part(self, child: Issue, parent: Issue | None, who: Account | None) -> None:
        """Make an issue a part of another one instead of the one it is a part of."""
        if child.parent is not None:
            old, child.parent = child.parent, None
            old.children.remove(child)
            self._tell(old, "sub_issue_removed", who, other=child)
            self._tell(child, "parent_issue_removed", who, other=old)
        if parent is not None:
            child.parent = parent
            parent.children.append(child)
            self._tell(parent, "sub_issue_added", who, other=child)
            self._tell(child, "parent_issue_added", who, other=parent)

    def block(self, repo: str, a: int, b: int, actor: str | None = None) -> None:
        """Let `a` block `b`; without an actor the blocking issue's author says so."""
        blocker, blocked = self.issue(repo, a), self.issue(repo, b)
        if blocker not in blocked.blocked_by:
            self.link_blocker(blocker, blocked, self.account(actor) if actor else blocker.creator)

    def link_blocker(self, blocker: Issue, blocked: Issue, who: Account | None) -> None:
        blocked.blocked_by.append(blocker)
        blocker.blocking.append(blocked)
        self._tell(blocked, "blocked_by_added", who, other=blocker)
        self._tell(blocker, "blocking_added", who, other=blocked)

    def unblock(self, repo: str, a: int, b: int, actor: str) -> None:
        """Take back that `a` blocks `b`."""
        self.unlink_blocker(self.issue(repo, a), self.issue(repo, b), self.account(actor))

    def unlink_blocker(self, blocker: Issue, blocked: Issue, who: Account | None) -> None:
        blocked.blocked_by.remove(blocker)
        blocker.blocking.remove(blocked)
        self._tell(blocked, "blocked_by_removed", who, other=blocker)
        self._tell(blocker, "blocking_removed", who, other=blocked)

    def set_issue_field(
        self, repo: str, number: int, name: str, value: str | float | date | None, actor: str
    ) -> None:
        """Give an issue a value in a field of its organization, or take it away; its timeline tells both."""
        issue, who, held = self.issue(repo, number), self.account(actor), self.fields[name.casefold()]
        before = issue.fields.pop(held.id, None)
        after = (
            Given(held, value.isoformat() if isinstance(value, date) else value)
            if value is not None
            else None
        )
        if after is not None:
            issue.fields[held.id] = after
        word = "changed" if before and after else "added" if after else "removed"
        if before != after:
            told = {"before": _shown(before), "after": _shown(after)}
            self._tell(issue, f"issue_field_{word}", who, field=held, **told)

    def _bump(self, issue: Issue) -> None:
        issue.updated = self.clock.now()
        issue.repo.version += 1

    def _tell(self, issue: Issue, event: str, actor: Account | None, **detail: Any) -> None:
        """Write a timeline entry, move the issue's `updated` and let webhooks know."""
        self._note_moment(issue, event, actor, **detail)
        spoken = _SPOKEN.get(event)
        if spoken is not None:
            self._announce(*spoken, issue, actor, issue.repo, **detail)

    def _note_moment(self, issue: Issue, event: str, actor: Account | None, **detail: Any) -> None:
        issue.timeline.append(Moment(self._new_id(), event, actor, self.clock.now(), detail))
        self._bump(issue)


def _shown(given: Given | None) -> str | None:
    return (
        None if given is None else f"{given.value:g}" if isinstance(given.value, float | int) else given.value
    )
