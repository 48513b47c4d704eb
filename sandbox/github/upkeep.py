"""What people do around issues: talk below them, keep the labels in order, drop milestones."""

from __future__ import annotations

from sandbox.github.issues import IssueActs
from sandbox.github.records import Comment, Label, Repo
from sandbox.github.registry import KEEP, Keep, UnknownRecord

__all__ = ["UpkeepActs"]


class UpkeepActs(IssueActs):
    """Acts on comments, labels and milestones; only comments move their issue's `updated`."""

    def add_comment(self, repo: str, number: int, actor: str, body: str) -> int:
        issue, now = self.issue(repo, number), self.clock.now()
        comment = Comment(self._new_id(), issue, self.account(actor), body, now, now)
        issue.comments.append(comment)
        self.nodes[comment.node_id] = comment
        self._bump(issue)
        self._announce("issue_comment", "created", comment, comment.author, issue.repo)
        self._mention(issue, body, actor)
        return comment.id

    def edit_comment(self, repo: str, id: int, actor: str, body: str) -> None:
        comment = self.comment(repo, id)
        before, comment.body, comment.updated = comment.body, body, self.clock.now()
        self._bump(comment.issue)
        who = self.account(actor)
        self._announce("issue_comment", "edited", comment, who, comment.issue.repo, body=before)
        self._mention(comment.issue, body, actor)

    def delete_comment(self, repo: str, id: int, actor: str) -> None:
        comment = self.comment(repo, id)
        comment.issue.comments.remove(comment)
        del self.nodes[comment.node_id]
        self._bump(comment.issue)
        self._announce("issue_comment", "deleted", comment, self.account(actor), comment.issue.repo)

    def comment(self, repo: str, id: int) -> Comment:
        for issue in self.repo(repo).issues.values():
            for comment in issue.comments:
                if comment.id == id:
                    return comment
        raise UnknownRecord(f"no comment {id} in {repo}")

    # Labels and milestones

    def create_label(self, repo: str, name: str, color: str | None = None, actor: str | None = None) -> Label:
        """ValueError: there is one of that name, whatever its case."""
        held = self.repo(repo)
        if name.casefold() in held.labels:
            raise ValueError(f"{repo} has a label {name}")
        label = self._label(held, name)
        label.color = color or label.color
        held.version += 1
        self._announce("label", "created", label, self.account(actor) if actor else None, held)
        return label

    def edit_label(
        self, repo: str, name: str, new_name: str | Keep = KEEP, color: str | Keep = KEEP, actor: str = ""
    ) -> Label:
        """Rename or recolour a label: its issues show it at once and their `updated` stays."""
        held = self.repo(repo)
        label = self.label(held, name)
        before = {"name": label.name, "color": label.color}
        if new_name is not KEEP:
            del held.labels[label.name.casefold()]
            label.name = new_name
            held.labels[new_name.casefold()] = label
        label.color = label.color if color is KEEP else color
        held.version += 1
        changes = {word: old for word, old in before.items() if getattr(label, word) != old}
        who = self.account(actor) if actor else None
        self._announce("label", "edited", label, who, held, changes=changes)
        return label

    def delete_label(self, repo: str, name: str, actor: str | None = None) -> None:
        """Take a label away from the repository and its issues, whose timelines don't tell of it."""
        held = self.repo(repo)
        label = self.label(held, name)
        del held.labels[label.name.casefold()], self.nodes[label.node_id]
        for issue in held.issues.values():
            issue.labels = [one for one in issue.labels if one is not label]
        held.version += 1
        self._announce("label", "deleted", label, self.account(actor) if actor else None, held)

    def label(self, repo: Repo, name: str) -> Label:
        try:
            return repo.labels[name.casefold()]
        except KeyError:
            raise UnknownRecord(f"no label {name} in {repo.full_name}") from None

    def delete_milestone(self, repo: str, number: int, actor: str | None = None) -> None:
        """Drop a milestone; its issues just have none any more, without an entry or a webhook of theirs."""
        held, milestone = self.repo(repo), self.milestone(repo, number)
        del held.milestones[number], self.nodes[milestone.node_id]
        for issue in held.issues.values():
            if issue.milestone is milestone:
                issue.milestone = None
        held.version += 1
        who = self.account(actor) if actor else milestone.creator
        self._announce("milestone", "deleted", milestone, who, held)
