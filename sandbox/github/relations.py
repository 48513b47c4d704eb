"""Writes on what ties issues together and plans them: parts, blockers, values, labels and milestones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.github.errors import Refusal, invalid
from sandbox.github.gate import Answer, Call
from sandbox.github.inputs import fields_in, number_in
from sandbox.github.issue_fields import field_values, issue_field, values_of
from sandbox.github.places import Places
from sandbox.github.records import Account, Issue, Repo
from sandbox.github.registry import UnknownRecord

__all__ = ["RelationWrites"]

_MOST_PARTS = 100


class RelationWrites(Places):
    """Sub-issues and blockers are named by an issue's id, not its number."""

    # Parts

    def parts(self, call: Call) -> Answer:
        return self._numbered(call, self._issue(call).children, self._payloads(call).issue)

    def parent(self, call: Call) -> Answer:
        held = self._issue(call).parent
        if held is None:
            raise Refusal(404, "Not Found")
        return Answer(self._payloads(call).issue(held))

    def add_part(self, call: Call) -> Answer:
        """Give the issue a part; one that has a parent keeps it unless the body says otherwise."""
        issue, who = self._planner(call)
        given = fields_in(call)
        part = self._by_id(number_in(given, "sub_issue_id"))
        problem = _unfit(issue, part, bool(given.get("replace_parent")))
        if problem:
            raise invalid("Issue", "sub_issue_id", "custom", message=problem)
        self._creating(call)
        self._site.link_part(part, issue, who)
        return Answer(self._payloads(call).issue(issue), status=201)

    def remove_part(self, call: Call) -> Answer:
        issue, who = self._planner(call)
        part = self._by_id(number_in(fields_in(call), "sub_issue_id"))
        if part.parent is not issue:
            raise Refusal(404, "Not Found")
        self._site.link_part(part, None, who)
        return Answer(self._payloads(call).issue(issue))

    # Blockers

    def blockers(self, call: Call) -> Answer:
        return self._numbered(call, self._issue(call).blocked_by, self._payloads(call).issue)

    def blocked(self, call: Call) -> Answer:
        return self._numbered(call, self._issue(call).blocking, self._payloads(call).issue)

    def add_blocker(self, call: Call) -> Answer:
        issue, who = self._planner(call)
        blocker = self._by_id(number_in(fields_in(call), "issue_id"))
        if blocker is issue or blocker in issue.blocked_by:
            raise invalid("Issue", "issue_id", "custom", message="This dependency already exists")
        self._site.link_blocker(blocker, issue, who)
        return Answer(self._payloads(call).issue(blocker), status=201)

    def remove_blocker(self, call: Call) -> Answer:
        issue, who = self._planner(call)
        blocker = self._by_id(call.path["id"])
        if blocker not in issue.blocked_by:
            raise Refusal(404, "Not Found")
        self._site.unlink_blocker(blocker, issue, who)
        return Answer(self._payloads(call).issue(blocker))

    def _by_id(self, id: int) -> Issue:
        for repo in self._site.repos.values():
            for issue in repo.issues.values():
                if issue.id == id:
                    return issue
        raise Refusal(404, "Not Found")

    # Field values

    def fields(self, call: Call) -> Answer:
        created = self._organization(call).created
        return Answer([issue_field(field, created) for field in self._site.fields.values()])

    def values(self, call: Call) -> Answer:
        return Answer(values_of(self._issue(call)))

    def add_values(self, call: Call) -> Answer:
        """Set the values given and keep the others; an empty list takes all away."""
        given = fields_in(call).get("issue_field_values")
        return self._set_values(call, given, replaces=given == [])

    def replace_values(self, call: Call) -> Answer:
        return self._set_values(call, fields_in(call).get("issue_field_values"), replaces=True)

    def _set_values(self, call: Call, given: Any, replaces: bool) -> Answer:
        issue, who = self._planner(call)
        wanted = field_values(given, self._site)
        place = (issue.repo.full_name, issue.number)
        if replaces:
            for held in [one.field for one in issue.fields.values() if one.field not in wanted]:
                self._site.set_issue_field(*place, held.name, None, who.login)
        for field, value in wanted.items():
            self._site.set_issue_field(*place, field.name, value, who.login)
        return Answer(values_of(issue))

    def remove_value(self, call: Call) -> Answer:
        issue, who = self._planner(call)
        held = issue.fields.get(call.path["id"])
        if held is None:
            raise Refusal(404, "Not Found")
        place = (issue.repo.full_name, issue.number)
        self._site.set_issue_field(*place, held.field.name, None, who.login)
        return Answer(None, status=204)

    # Labels and milestones of the repository

    def create_label(self, call: Call) -> Answer:
        repo, who = self._keeper(call)
        given = fields_in(call)
        name = given.get("name")
        if not isinstance(name, str) or not name.strip():
            raise invalid("Label", "name", "missing_field")
        if name.casefold() in repo.labels:
            raise invalid("Label", "name", "already_exists")
        label = self._site.create_label(repo.full_name, name, given.get("color"), who.login)
        return Answer(self._payloads(call).label(repo, label), status=201)

    def edit_label(self, call: Call) -> Answer:
        repo, who = self._keeper(call)
        given = fields_in(call)
        changes = {word: given[word] for word in ("new_name", "color") if word in given}
        label = self._found(lambda: self._site.label(repo, call.path["name"]))
        self._site.edit_label(repo.full_name, label.name, actor=who.login, **changes)
        return Answer(self._payloads(call).label(repo, label))

    def delete_label(self, call: Call) -> Answer:
        repo, who = self._keeper(call)
        self._found(lambda: self._site.delete_label(repo.full_name, call.path["name"], who.login))
        return Answer(None, status=204)

    def create_milestone(self, call: Call) -> Answer:
        repo, who = self._keeper(call)
        given = fields_in(call)
        if not given.get("title"):
            raise invalid("Milestone", "title", "missing_field")
        if any(one.title == given["title"] for one in repo.milestones.values()):
            raise invalid("Milestone", "title", "already_exists")
        due = _due(given.get("due_on"))
        number = self._site.create_milestone(
            repo.full_name, given["title"], due, who.login, given.get("description")
        )
        return Answer(self._payloads(call).milestone(repo.milestones[number]), status=201)

    def edit_milestone(self, call: Call) -> Answer:
        repo, _ = self._keeper(call)
        milestone, given = self._milestone(call), fields_in(call)
        changes: dict[str, Any] = {name: given[name] for name in ("title", "description") if name in given}
        if "due_on" in given:
            changes["due_on"] = _due(given["due_on"])
        if "state" in given:
            changes["closed"] = given["state"] == "closed"
        self._site.edit_milestone(repo.full_name, milestone.number, **changes)
        return Answer(self._payloads(call).milestone(milestone))

    def delete_milestone(self, call: Call) -> Answer:
        repo, who = self._keeper(call)
        self._site.delete_milestone(repo.full_name, self._milestone(call).number, who.login)
        return Answer(None, status=204)

    def _keeper(self, call: Call) -> tuple[Repo, Account]:
        """The repository whose labels and milestones the viewer may keep."""
        repo, who = self._writable(call)
        if not self._pushes(call, repo):
            raise Refusal(403, "Must have admin rights to Repository.")
        return repo, who

    def _found(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except UnknownRecord:
            raise Refusal(404, "Not Found") from None


def _unfit(issue: Issue, part: Issue, replaces: bool) -> str:
    """Why an issue can't be the other's part."""
    if part.parent is not None and not replaces:
        return "Issue may only have one parent"
    if part.repo.owner is not issue.repo.owner:
        return "Sub issue must belong to the same owner"
    if len(issue.children) >= _MOST_PARTS:
        return "Parent cannot have more than 100 sub-issues"
    above: Issue | None = issue
    while above is not None:
        if above is part:
            return "An issue may not be its own parent"
        above = above.parent
    return ""


def _due(text: Any) -> datetime | None:
    """Refusal 422: no instant."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise invalid("Milestone", "due_on", "invalid", value=text) from None
