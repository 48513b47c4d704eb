"""How one field of an issue changes, and the lines Jira writes about it.

Every function sets the field and returns its items; nothing when the value is what it was. Each field has its
own oddity: some items carry ids, some only texts, a sprint's are whole lists, a version's one per version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sandbox.jira.adf import document, text_of
from sandbox.jira.catalog import CATEGORIES, DONE, PRIORITIES, SPRINT, START, WONT_DO, Named, Status, called
from sandbox.jira.places import Places
from sandbox.jira.records import Issue, Item, Worklog

__all__ = ["EDITORS", "change_status", "link_item", "move_items", "set_sprints", "track_time"]

Items = tuple[Item, ...]


def _text(field: str) -> Callable[[Places, Issue, Any], Items]:
    def change(places: Places, issue: Issue, value: str) -> Items:
        before = getattr(issue, field)
        if value == before:
            return ()
        setattr(issue, field, value)
        return (Item(field, field, None, before or None, None, value or None),)

    return change


def _description(places: Places, issue: Issue, value: str) -> Items:
    """As a text; what a document said beyond that is gone."""
    issue.document = None
    return _text("description")(places, issue, value)


def _document(places: Places, issue: Issue, value: dict[str, Any] | None) -> Items:
    """As a document; its text alone stands in the history."""
    same = issue.document == value if issue.document or not value else document(issue.description) == value
    items = _text("description")(places, issue, text_of(value))
    if not same:
        issue.document = value
    return items


def _due(places: Places, issue: Issue, value: date | None) -> Items:
    before, issue.due = issue.due, value
    if before == value:
        return ()
    ids = [day.isoformat() if day else None for day in (before, value)]
    texts = [f"{day} 00:00:00.0" if day else None for day in ids]
    return (Item("duedate", "duedate", ids[0], texts[0], ids[1], texts[1]),)


def _start(places: Places, issue: Issue, value: date | None) -> Items:
    before, issue.start = issue.start, value
    if before == value:
        return ()
    ids = [day.isoformat() if day else None for day in (before, value)]
    texts = [f"{day.day}/{day:%b/%y}" if day else None for day in (before, value)]
    return (Item("Start date", START, ids[0], texts[0], ids[1], texts[1], custom=True),)


def _points(places: Places, issue: Issue, value: float | None) -> Items:
    before, issue.points = issue.points, None if value is None else float(value)
    if before == issue.points:
        return ()
    field = places.points_field(issue.project)
    name = next(row.name for row in places.fields if row.id == field)
    texts = [None if number is None else f"{number:g}" for number in (before, issue.points)]
    return (Item(name, field, None, texts[0], None, texts[1], custom=True),)


def _assignee(places: Places, issue: Issue, value: str | None) -> Items:
    before, issue.assignee = issue.assignee, value
    if before == value:
        return ()
    names = [places.users[account].name if account else None for account in (before, value)]
    return (Item("assignee", "assignee", before, names[0], value, names[1]),)


def _priority(places: Places, issue: Issue, value: str) -> Items:
    before, issue.priority = issue.priority, called(PRIORITIES, value)
    if before == issue.priority:
        return ()
    after = issue.priority
    return (Item("priority", "priority", before.id, before.name, after.id, after.name),)


def _labels(places: Places, issue: Issue, value: Iterable[str]) -> Items:
    before, issue.labels = issue.labels, tuple(dict.fromkeys(value))
    if any(" " in label for label in issue.labels):
        raise ValueError(f"a Jira label holds no space: {issue.labels}")
    if set(before) == set(issue.labels):
        return ()
    return (Item("labels", "labels", "", " ".join(before), "", " ".join(issue.labels)),)


def _components(places: Places, issue: Issue, value: Iterable[str]) -> Items:
    before = issue.components
    issue.components = tuple(places.component(issue.project, name) for name in dict.fromkeys(value))
    return _each("Component", "components", before, issue.components)


def _version(places: Places, issue: Issue, value: str | None) -> Items:
    return _versions(places, issue, (value,) if value else ())


def _versions(places: Places, issue: Issue, value: Iterable[str]) -> Items:
    before, issue.versions = issue.versions, tuple(dict.fromkeys(value))
    for id in issue.versions:
        if places.versions[id].project != issue.project:
            raise ValueError(f"version {id} belongs to {places.versions[id].project}, not {issue.project}")
    return _each("Fix Version", "fixVersions", _named(places, before), _named(places, issue.versions))


def _named(places: Places, versions: Iterable[str]) -> tuple[Named, ...]:
    return tuple(Named(id, places.versions[id].name) for id in versions)


def _each(field: str, field_id: str, before: tuple[Named, ...], after: tuple[Named, ...]) -> Items:
    """One item for every one that left and every one that came, as Jira writes lists of versions."""
    left = (Item(field, field_id, row.id, row.name, None, None) for row in before if row not in after)
    came = (Item(field, field_id, None, None, row.id, row.name) for row in after if row not in before)
    return (*left, *came)


def _parent(places: Places, issue: Issue, value: str | None) -> Items:
    before, issue.parent = issue.parent, value
    if before == value:
        return ()
    keys = [places.issues[id].key if id else None for id in (before, value)]
    return (Item("IssueParentAssociation", None, before, keys[0], value, keys[1]),)


def _estimate(places: Places, issue: Issue, value: int | None) -> Items:
    """A new original estimate also sets what remains, as long as nothing was logged."""
    items = _seconds(issue, "original_estimate", "timeoriginalestimate", value)
    if issue.time_spent is None:
        items += _seconds(issue, "remaining_estimate", "timeestimate", value)
    return items


def _remaining(places: Places, issue: Issue, value: int | None) -> Items:
    return _seconds(issue, "remaining_estimate", "timeestimate", value)


def _seconds(issue: Issue, attribute: str, field: str, value: int | None) -> Items:
    before = getattr(issue, attribute)
    if before == value:
        return ()
    setattr(issue, attribute, value)
    texts = [None if number is None else str(number) for number in (before, value)]
    return (Item(field, field, texts[0], texts[0], texts[1], texts[1]),)


def _sprint(places: Places, issue: Issue, value: int | None) -> Items:
    """Past sprints stay; the open one is replaced. An issue is in one open sprint at most."""
    past = tuple(id for id in issue.sprints if places.sprints[id].state == "closed")
    if value is not None and places.sprints[value].state == "closed":
        raise ValueError(f"sprint {value} is closed and takes no issues")
    return set_sprints(places, issue, past if value is None else (*past, value))


def set_sprints(places: Places, issue: Issue, after: tuple[int, ...]) -> Items:
    """Both sides are whole lists of ids, joined by comma and space; an empty list is an empty text."""
    before, issue.sprints = issue.sprints, after
    if before == after:
        return ()
    ids = [", ".join(str(id) for id in side) for side in (before, after)]
    names = [", ".join(places.sprints[id].name for id in side) for side in (before, after)]
    return (Item("Sprint", SPRINT, ids[0], names[0], ids[1], names[1], custom=True),)


def _level(places: Places, issue: Issue, value: str | None) -> Items:
    before, issue.level = issue.level, places.levels[value] if value else None
    if before == issue.level:
        return ()
    sides = [(row.id, row.name) if row else (None, None) for row in (before, issue.level)]
    return (Item("security", "security", *sides[0], *sides[1]),)


EDITORS: dict[str, Callable[[Places, Issue, Any], Items]] = {
    "summary": _text("summary"),
    "description": _description,
    "document": _document,
    "due": _due,
    "start": _start,
    "points": _points,
    "assignee": _assignee,
    "priority": _priority,
    "labels": _labels,
    "components": _components,
    "version": _version,
    "versions": _versions,
    "remaining_estimate_s": _remaining,
    "parent": _parent,
    "original_estimate_s": _estimate,
    "sprint": _sprint,
    "level": _level,
}
"""Argument of an edit -> what it does."""


def change_status(issue: Issue, status: Status, given: Named | None = None) -> Items:
    """A change of status; entering and leaving the done category sets and clears the resolution too.

    `given` is the resolution that somebody chose.
    """
    before, issue.status = issue.status, status
    if before == status:
        return ()
    items: Items = (Item("status", "status", before.id, before.name, status.id, status.name),)
    resolution = None
    if CATEGORIES[status.category].key == "done":
        resolution = given or (WONT_DO if status.name == "Cancelled" else DONE)
    was, issue.resolution = issue.resolution, resolution
    if was == resolution:
        return items
    sides = [(row.id, row.name) if row else (None, None) for row in (was, resolution)]
    return (Item("resolution", "resolution", *sides[0], *sides[1]), *items)


def track_time(issue: Issue, worklog: Worklog, sign: int) -> Items:
    """Log time (sign 1) or take it back (-1): spent goes up, what remains goes down to no less than zero."""
    spent = (issue.time_spent or 0) + sign * worklog.seconds
    items = _seconds(issue, "time_spent", "timespent", spent)
    if issue.remaining_estimate is not None:
        remaining = max(0, issue.remaining_estimate - sign * worklog.seconds)
        items += _seconds(issue, "remaining_estimate", "timeestimate", remaining)
    mark = str(worklog.id)
    sides = (None, None, mark, mark) if sign > 0 else (mark, mark, None, None)
    return (*items, Item("WorklogId", None, *sides))


def link_item(text: str, key: str) -> Items:
    return (Item("Link", None, None, None, key, f"This issue {text} {key}"),)


def move_items(places: Places, issue: Issue, project: str, key: str) -> Items:
    """What moving to another project writes; versions and components stay behind in the old one."""
    old, new = places.projects[issue.project], places.projects[project]
    items = (*_version(places, issue, None), *_components(places, issue, ()))
    return (
        *items,
        Item("project", "project", old.id, old.name, new.id, new.name),
        Item("Key", None, None, issue.key, None, key),
    )
