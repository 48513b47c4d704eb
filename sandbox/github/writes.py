"""Writes on issues: open and edit them, label, assign, comment."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.github.errors import Refusal
from sandbox.github.gate import Answer, Call
from sandbox.github.inputs import Wish, comment_in, fields_in, labels_in, logins_in, wish_in
from sandbox.github.places import Places
from sandbox.github.records import Comment, Issue, Repo, StateReason
from sandbox.github.registry import UnknownRecord

__all__ = ["IssueWrites"]


class IssueWrites(Places):
    """The writing half of issues. What a viewer may not plan is left out of a write without a word."""

    def create(self, call: Call) -> Answer:
        repo, who = self._writable(call)
        wish = wish_in(fields_in(call), repo, self._site, new=True)
        self._creating(call)
        plans = wish.plans if self._pushes(call, repo) else {}
        number = self._site.create_issue(
            repo.full_name, wish.texts["title"], who.login, wish.texts.get("body") or "", **plans
        )
        issue = repo.issues[number]
        self._give(call, issue, wish)
        payloads = self._payloads(call)
        location = {"location": payloads.issue_url(issue)}
        return Answer(payloads.issue(issue), status=201, headers=location)

    def edit(self, call: Call) -> Answer:
        """Whoever opened it edits its words and state; who may plan edits all of it."""
        repo, who = self._writable(call)
        issue = self._issue(call)
        pushes = self._pushes(call, repo)
        if not pushes and issue.creator is not who:
            raise Refusal(403, "Must have admin rights to Repository.")
        wish = wish_in(fields_in(call), repo, self._site)
        plans = wish.plans if pushes else {}
        self._site.edit_issue(repo.full_name, issue.number, who.login, **wish.texts, **plans)
        self._give(call, issue, wish)
        if wish.state == "closed" and issue.closed is None:
            self._site.close(repo.full_name, issue.number, who.login, _closing(wish))
        elif wish.state == "open":
            self._site.reopen(repo.full_name, issue.number, who.login)
        return Answer(self._payloads(call).issue(issue))

    def _give(self, call: Call, issue: Issue, wish: Wish) -> None:
        if self._pushes(call, issue.repo):
            for field, value in wish.values.items():
                where = (issue.repo.full_name, issue.number)
                self._site.set_issue_field(*where, field.name, value, call.viewer.account.login)

    # Labels

    def labels(self, call: Call) -> Answer:
        issue = self._issue(call)
        return self._numbered(call, issue.labels, lambda one: self._payloads(call).label(issue.repo, one))

    def add_labels(self, call: Call) -> Answer:
        issue, _ = self._planner(call)
        return self._label(call, issue, [*(one.name for one in issue.labels), *labels_in(fields_in(call))])

    def replace_labels(self, call: Call) -> Answer:
        return self._label(call, self._planner(call)[0], labels_in(fields_in(call)))

    def clear_labels(self, call: Call) -> Answer:
        self._label(call, self._planner(call)[0], [])
        return Answer(None, status=204)

    def remove_label(self, call: Call) -> Answer:
        issue, _ = self._planner(call)
        name = call.path["name"].casefold()
        rest = [one.name for one in issue.labels if one.name.casefold() != name]
        if len(rest) == len(issue.labels):
            raise Refusal(404, "Label does not exist")
        return self._label(call, issue, rest)

    def _label(self, call: Call, issue: Issue, names: list[str]) -> Answer:
        who = call.viewer.account.login
        self._site.edit_issue(issue.repo.full_name, issue.number, who, labels=names)
        payloads = self._payloads(call)
        return Answer([payloads.label(issue.repo, label) for label in issue.labels])

    # Assignees

    def assign(self, call: Call) -> Answer:
        wanted = logins_in(fields_in(call))
        return self._assign(call, lambda there: [*there, *wanted], 201)

    def unassign(self, call: Call) -> Answer:
        unwanted = {login.casefold() for login in logins_in(fields_in(call))}
        return self._assign(call, lambda there: [one for one in there if one.casefold() not in unwanted], 200)

    def _assign(self, call: Call, change: Callable[[list[str]], list[str]], status: int) -> Answer:
        """Assign who can be assigned; others, and all of them without push access, are ignored."""
        repo, who = self._writable(call)
        issue = self._issue(call)
        if self._pushes(call, repo):
            wanted = change([one.login for one in issue.assignees])
            known = [login for login in wanted if login.casefold() in self._site.accounts]
            self._site.edit_issue(repo.full_name, issue.number, who.login, assignees=known)
        return Answer(self._payloads(call).issue(issue), status=status)

    # Comments

    def comments(self, call: Call) -> Answer:
        return self._numbered(call, self._issue(call).comments, self._payloads(call).comment)

    def comment(self, call: Call) -> Answer:
        return Answer(self._payloads(call).comment(self._comment(call, self._issue_repo(call))))

    def add_comment(self, call: Call) -> Answer:
        repo, who = self._writable(call)
        issue, text = self._issue(call), comment_in(fields_in(call))
        self._creating(call)
        id = self._site.add_comment(repo.full_name, issue.number, who.login, text)
        return Answer(self._payloads(call).comment(self._site.comment(repo.full_name, id)), status=201)

    def edit_comment(self, call: Call) -> Answer:
        repo, comment = self._own_comment(call)
        text = comment_in(fields_in(call))
        self._site.edit_comment(repo.full_name, comment.id, call.viewer.account.login, text)
        return Answer(self._payloads(call).comment(comment))

    def delete_comment(self, call: Call) -> Answer:
        repo, comment = self._own_comment(call)
        self._site.delete_comment(repo.full_name, comment.id, call.viewer.account.login)
        return Answer(None, status=204)

    def _comment(self, call: Call, repo: Repo) -> Comment:
        try:
            return self._site.comment(repo.full_name, call.path["id"])
        except UnknownRecord:
            raise Refusal(404, "Not Found") from None

    def _own_comment(self, call: Call) -> tuple[Repo, Comment]:
        repo, who = self._writable(call)
        comment = self._comment(call, repo)
        if comment.author is not who and not self._pushes(call, repo):
            raise Refusal(403, "Must have admin rights to Repository.")
        return repo, comment


def _closing(wish: Wish) -> StateReason:
    """Why it is closed; the reason for an opening doesn't fit, and is taken for none."""
    return "completed" if wish.reason in (None, "reopened") else wish.reason
