"""The stand-in's memory: issues with their real change histories, and the acts people do to them.

Nothing here knows HTTP. Ids count up from fixed numbers and every stamp comes from the world's clock, so the
same acts make the same site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sandbox.clock import WorldClock
from sandbox.jira.catalog import ISSUE_TYPES, PRIORITIES, STATUSES, Named, called
from sandbox.jira.changes import EDITORS, change_status, link_item, move_items, set_sprints, track_time
from sandbox.jira.places import Places
from sandbox.jira.records import Comment, History, Issue, Item, RemoteLink, Worklog

__all__ = ["JiraSite"]

_CARRY_DELAY = timedelta(milliseconds=300)
_MEDIUM = called(PRIORITIES, "Medium")
_BACKLOG = STATUSES[0]


class JiraSite(Places):
    """One Jira Cloud site. `actor` is the account id of who acts; `url` is what people see it under."""

    def __init__(self, clock: WorldClock, url: str, zone: str = "America/Los_Angeles") -> None:
        super().__init__(clock, url, zone)
        self.worklogs: dict[int, Worklog] = {}
        self.logged: list[tuple[datetime, int]] = []
        self.unlogged: list[tuple[datetime, int]] = []
        self._by_key: dict[str, str] = {}
        self._members: dict[int, dict[str, None]] = {}
        self._ids = count(10001)
        self._histories = count(100001)
        self._worklog_ids = count(20001)
        self._links = count(30001)
        self._comments = count(40001)

    def find(self, id_or_key: str) -> Issue | None:
        """By id, key in any case, or a key it had before it was moved; None when there is none."""
        return self.issues.get(id_or_key) or self.issues.get(self._by_key.get(id_or_key.upper(), ""))

    def key_of(self, id: str) -> str:
        return self.issues[id].key

    def create_issue(
        self,
        project: str,
        type: str,
        summary: str,
        actor: str,
        properties: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        """A new issue in the backlog; values given here are in no history, as in Jira. Fields as in `edit`.

        ValueError: an issue has no such field.
        """
        _known(fields)
        issue = self._draft(project, type, summary, actor)
        issue.properties.update(properties or {})
        self._change(issue, **fields)
        self.issues[issue.id] = issue
        self._by_key[issue.key] = issue.id
        self.revision += 1
        self.happen("jira:issue_created", issue=issue, actor=actor)
        return issue.id

    def edit(self, id: str, actor: str, **fields: Any) -> None:
        """Change fields in one save; `changes.EDITORS` names them. ValueError: no such field."""
        _known(fields)
        issue = self.issues[id]
        self._save(issue, actor, self._change(issue, **fields))

    def transition(
        self, id: str, actor: str, status: str, resolution: Named | None = None, **fields: Any
    ) -> None:
        """Bring an issue to a status, and change fields in the same save, as a transition's screen does.

        People here reach any status from any other; who asks over HTTP is held to the workflow.
        """
        issue = self.issues[id]
        category, was = issue.status.category, issue.resolution
        items = self._change(issue, **fields)
        self._save(issue, actor, (*items, *change_status(issue, called(STATUSES, status), resolution)))
        if issue.status.category != category:
            issue.category_changed = issue.updated
        if issue.resolution != was:
            issue.resolved = issue.updated if issue.resolution else None

    def close_sprint(self, id: int, carry_to: int | None = None, actor: str | None = None) -> None:
        """Complete a sprint. What is not done goes to `carry_to` a moment later, or stays in the backlog.

        Jira rewrites the carried issues' sprint list to "old, new" only after the sprint's completeDate.
        ValueError: the sprint is not active, or `carry_to` is closed.
        """
        sprint = self.sprints[id]
        if sprint.state != "active":
            raise ValueError(f"sprint {id} is {sprint.state}; only an active sprint can be completed")
        if carry_to is not None and self.sprints[carry_to].state == "closed":
            raise ValueError(f"sprint {carry_to} is closed and takes no issues")
        sprint.state = "closed"
        sprint.completed = self.clock.now()
        self.happen("sprint_closed", sprint=sprint)
        for issue in self.in_sprint(id):
            if issue.status.category == "done" or carry_to is None:
                continue
            before = issue.sprints
            items = set_sprints(self, issue, (*before, carry_to))
            self._enroll(issue, before)
            self._save(issue, actor, items, at=sprint.completed + _CARRY_DELAY)

    def in_sprint(self, id: int) -> Iterator[Issue]:
        """The issues whose sprint list names this sprint, in the order in which they came."""
        for issue in tuple(self._members.get(id, ())):
            yield self.issues[issue]

    def log_work(self, id: str, author: str, started: datetime, seconds: int) -> str:
        issue = self.issues[id]
        worklog = Worklog(
            next(self._worklog_ids), id, self.users[author].account_id, self.clock.now(), started, seconds
        )
        self.worklogs[worklog.id] = worklog
        self.logged.append((worklog.created, worklog.id))
        issue.worklogs.append(worklog.id)
        self._save(issue, author, track_time(issue, worklog, 1))
        self.happen("worklog_created", worklog=worklog)
        return str(worklog.id)

    def delete_worklog(self, id: str) -> None:
        worklog = self._forget(int(id))
        issue = self.issues[worklog.issue]
        issue.worklogs.remove(worklog.id)
        self.unlogged.append((self.clock.now(), worklog.id))
        self._save(issue, worklog.author, track_time(issue, worklog, -1))
        self.happen("worklog_deleted", worklog=worklog)

    def block(self, a: str, b: str, actor: str | None = None) -> None:
        """Link the two: `a` blocks `b`. Both get a line in their history."""
        first, second = self.issues[a], self.issues[b]
        link = str(next(self._links))
        first.blocks[link] = b
        second.blocked_by[link] = a
        self._save(first, actor, link_item("blocks", second.key))
        self._save(second, actor, link_item("is blocked by", first.key))

    def comment(self, id: str, author: str, text: str, document: dict[str, Any] | None = None) -> Comment:
        """Write below an issue: it counts as updated, and its history says nothing of it."""
        issue, now = self.issues[id], self.clock.now()
        made = Comment(next(self._comments), id, self.users[author].account_id, now, text, document)
        issue.comments.append(made)
        issue.updated = max(now, issue.updated)
        self.revision += 1
        self.happen("comment_created", issue=issue, comment=made, actor=author)
        return made

    def link_remote(self, id: str, url: str, title: str, actor: str | None = None, **details: Any) -> str:
        """Link an issue to an address; the id of the link. A `global_id` that is there is linked anew."""
        issue, added = self.issues[id], RemoteLink(url, title, **details)
        for link, known in issue.remote.items():
            if added.global_id is not None and known.global_id == added.global_id:
                issue.remote[link] = added
                return link
        link = str(next(self._links))
        issue.remote[link] = added
        self._save(issue, actor, (_remote_item(link, title, added=True),))
        return link

    def unlink_remote(self, id: str, link: str, actor: str | None = None) -> None:
        issue = self.issues[id]
        gone = issue.remote.pop(link)
        self._save(issue, actor, (_remote_item(link, gone.title, added=False),))

    def set_property(self, id: str, key: str, value: Any) -> bool:
        """Keep a value with an issue, of which neither history nor `updated` tells; whether it is new."""
        properties = self.issues[id].properties
        new = key not in properties
        properties[key] = value
        self.happen("issue_property_set", issue=self.issues[id], property=key)
        return new

    def drop_property(self, id: str, key: str) -> None:
        del self.issues[id].properties[key]
        self.happen("issue_property_deleted", issue=self.issues[id], property=key)

    def move(self, id: str, project: str, actor: str | None = None) -> str:
        """Move to another project: same id, new key, and the old key goes on finding it."""
        issue = self.issues[id]
        if project == issue.project:
            raise ValueError(f"{issue.key} is in {project} already")
        home = self.projects[project]
        home.last_number += 1
        key = f"{project}-{home.last_number}"
        items = move_items(self, issue, project, key)
        issue.project, issue.key, issue.number = project, key, home.last_number
        self._by_key[key] = id
        self._save(issue, actor, items)
        return key

    def rename_project(self, old: str, new: str) -> None:
        """Give a project another key: all its issues' keys change, without a word in their histories.

        ValueError: the key is taken.
        """
        if new in self.projects:
            raise ValueError(f"the project key {new} is taken")
        project = self.projects.pop(old)
        project.key, project.former = new, (*project.former, old)
        self.projects[new] = project
        for issue in self.issues.values():
            if issue.project == old:
                issue.project, issue.key = new, f"{new}-{issue.number}"
                self._by_key[issue.key] = issue.id
        for id, board in self.boards.items():
            if board.project == old:
                self.boards[id] = replace(board, project=new)
        for version in self.versions.values():
            version.project = new if version.project == old else version.project
        self.revision += 1

    def delete_issue(self, id: str) -> None:
        """Gone with its worklogs, links and sub-tasks; issues below an epic only lose their parent.

        The feed of deleted worklogs says nothing about those that went with their issue.
        """
        issue = self.issues[id]
        self.happen("jira:issue_deleted", issue=issue)
        for child in [other for other in self.issues.values() if other.parent == id]:
            if child.type.level < 0:
                self.delete_issue(child.id)
            else:
                self._save(child, None, EDITORS["parent"](self, child, None))
        for worklog in issue.worklogs:
            self.happen("worklog_deleted", worklog=self._forget(worklog), secondary=True)
        for link, other in issue.blocks.items():
            del self.issues[other].blocked_by[link]
        for link, other in issue.blocked_by.items():
            del self.issues[other].blocks[link]
        for sprint in issue.sprints:
            del self._members[sprint][id]
        del self.issues[id]
        self._by_key = {key: value for key, value in self._by_key.items() if value != id}
        self.revision += 1

    def _draft(self, project: str, type: str, summary: str, actor: str) -> Issue:
        now = self.clock.now()
        home = self.projects[project]
        home.last_number += 1
        return Issue(
            id=str(next(self._ids)),
            project=project,
            key=f"{project}-{home.last_number}",
            number=home.last_number,
            type=called(ISSUE_TYPES, type),
            summary=summary,
            status=_BACKLOG,
            priority=_MEDIUM,
            creator=self.users[actor].account_id,
            created=now,
            updated=now,
            category_changed=now,
        )

    def _change(self, issue: Issue, **fields: Any) -> tuple[Item, ...]:
        before = issue.sprints
        items = tuple(item for name, value in fields.items() for item in EDITORS[name](self, issue, value))
        self._enroll(issue, before)
        return items

    def _enroll(self, issue: Issue, before: tuple[int, ...]) -> None:
        """Bring the sprints' lists of issues in line with the issue's list of sprints."""
        for sprint in before:
            if sprint not in issue.sprints:
                del self._members[sprint][issue.id]
        for sprint in issue.sprints:
            self._members.setdefault(sprint, {})[issue.id] = None

    def _save(
        self, issue: Issue, actor: str | None, items: tuple[Item, ...], at: datetime | None = None
    ) -> None:
        """Write a history and move `updated`; a save that changed nothing leaves no trace."""
        if not items:
            return
        if actor is not None and actor not in self.users:
            raise ValueError(f"nobody here has the account id {actor}")
        at = max(at or self.clock.now(), issue.updated)
        issue.updated = at
        issue.history.append(History(next(self._histories), actor, at, items))
        self.revision += 1
        self.happen("jira:issue_updated", issue=issue, actor=actor, history=issue.history[-1])

    def _forget(self, worklog: int) -> Worklog:
        self.logged = [row for row in self.logged if row[1] != worklog]
        return self.worklogs.pop(worklog)


def _known(fields: Mapping[str, Any]) -> None:
    unknown = fields.keys() - EDITORS.keys()
    if unknown:
        raise ValueError(f"an issue has no {', '.join(sorted(unknown))}; it has {', '.join(EDITORS)}")


def _remote_item(link: str, title: str, added: bool) -> Item:
    told = (link, f'This issue links to "{title} (Web Link)"')
    sides = (None, None, *told) if added else (*told, None, None)
    return Item("RemoteIssueLink", None, *sides)
