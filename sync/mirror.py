"""Which issues get a twin in another tracker, and what it says: pure.

A twin is wanted for an issue that fits a mirror's filters and has none in the target. Its intent is always
the same for one issue and one target, so that it is made at most once, however often it is computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256

from config.patterns import compile_pattern
from config.rules import Mirror
from config.settings import Dimension, Project
from model.fields import encode
from model.values import Issue, Ref, StatusCategory
from sync.changeset import Action, Refusal, Why, Write
from sync.charter import Charter, Place
from sync.decide import Found
from sync.groups import Tie
from sync.sides import Cannot, Group, Missing, Names

__all__ = ["Mirroring", "Reflection", "fill", "fits", "intent_for", "mirrors_of"]

_PLACEHOLDER = re.compile(r"\$(\$|[a-z]*)")
_CLOSED = (StatusCategory.DONE, StatusCategory.CANCELLED)


@dataclass(frozen=True, slots=True)
class Reflection:
    """A mirror between two sources."""

    mirror: Mirror
    start: Place
    end: Place


def mirrors_of(project: Project) -> tuple[Reflection, ...]:
    """The project's mirrors with the sources they mean."""

    def place(connection: str, key: str | None) -> Place:
        keys = [source.key for source in project.sources if source.connection == connection]
        return connection, key or keys[0]

    return tuple(
        Reflection(mirror, place(mirror.source, mirror.within), place(mirror.to, mirror.into))
        for mirror in project.mirrors
    )


def intent_for(project: str, origin: Ref, end: Place) -> str:
    """The intent to mirror an issue there."""
    said = "\0".join((project, origin.connection, origin.id, *end))
    return f"m-{sha256(said.encode()).hexdigest()[:24]}"


def fits(reflection: Reflection, issue: Issue, dimensions: Mapping[str, Dimension], milestone: str) -> bool:
    """Whether an issue is one that the mirror is for; `milestone` is the name of the issue's."""
    mirror = reflection.mirror
    if issue.gone or issue.hidden or (issue.ref.connection, issue.source) != reflection.start:
        return False
    words = {label.casefold() for label in issue.labels}
    return (
        (not mirror.types or issue.type.casefold() in {each.casefold() for each in mirror.types})
        and (not mirror.labels or bool(words & {each.casefold() for each in mirror.labels}))
        and issue.status in mirror.status
        and all(
            wanted in _values(dimensions[name], issue, milestone) for name, wanted in mirror.dimension.items()
        )
    )


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with the issue's words in place; nothing else in it means anything."""
    return _PLACEHOLDER.sub(
        lambda found: "$" if found[1] == "$" else values.get(found[1], found[0]), template
    )


class Mirroring:
    """Finds what is to be created for one project."""

    def __init__(self, charter: Charter, names: Names, made: Collection[str]) -> None:
        """`made`: the intents of creations that were sent, whatever became of them."""
        self._charter = charter
        self._names = names
        self._made = made
        self._mirrors = mirrors_of(charter.project)

    def wanted(self, tie: Tie) -> list[tuple[Reflection, Issue]]:
        """The twins that the live issues of a tie lack."""
        there = {(i.ref.connection, i.source) for i in (*tie.members, *tie.gone, *tie.hidden, *tie.doubted)}
        found: dict[Place, tuple[Reflection, Issue]] = {}
        for reflection in self._mirrors:
            for issue in tie.members:
                if reflection.end in there or reflection.end in found:
                    continue
                milestone = self._names.milestones.get(Ref(issue.ref.connection, issue.milestone or ""))
                called = milestone.name if milestone else ""
                if fits(reflection, issue, self._charter.project.dimensions, called):
                    found[reflection.end] = (reflection, issue)
        return list(found.values())

    def create(self, tie: Tie, found: Found) -> None:
        """Add to `found` the creations that a tie, or an issue alone, asks for."""
        for reflection, issue in self.wanted(tie):
            intent = intent_for(self._charter.name, issue.ref, reflection.end)
            if intent in self._made:
                continue
            terms = self._charter.terms
            reason = terms.locked.get(reflection.end[0]) or terms.lost.get(issue.ref.connection)
            reason = reason or self._charter.audiences.refusal(issue, None, reflection.end)
            target = Ref(reflection.end[0], intent)
            if reason:
                found.refusals.append(Refusal(tie.root, issue.title, target, issue.key, "", reason))
            else:
                found.writes.append(self._write(tie, reflection, issue, target, found))

    def _write(self, tie: Tie, reflection: Reflection, issue: Issue, target: Ref, found: Found) -> Write:
        mirror = reflection.mirror
        fields = self._fields(tie, reflection, issue, found)
        fields["type"], fields["bucket"] = mirror.type or None, mirror.bucket
        if mirror.backlink and issue.url:
            fields["link"], fields["link_title"] = issue.url, issue.key
        return Write(
            tie=tie.root,
            title=issue.title,
            action=Action.CREATE,
            target=target,
            source=reflection.end[1],
            key=issue.key,
            field="",
            before=None,
            after=None,
            shown_before="nothing",
            shown_after=fields["title"] or "",
            why=Why(
                "mirror", issue.ref, issue.key, None, issue.created, f"from {mirror.source} to {mirror.to}"
            ),
            fields=fields,
        )

    def _fields(self, tie: Tie, reflection: Reflection, issue: Issue, found: Found) -> dict[str, str | None]:
        """What the twin says from the beginning: the templates, and every ruled field that it can hold."""
        words = _words(issue)
        mirror, end = reflection.mirror, reflection.end
        fields = {"title": encode(" ".join(fill(mirror.title, words).split()) or issue.title)}
        if mirror.body:
            fields["body"] = fill(mirror.body, words)
        group, twin = self._twin(tie, reflection, issue)
        for name in sorted(set(self._charter.terms.holds.get(end, ())) & self._charter.terms.rules.keys()):
            if name in fields or (name == "status" and issue.status in _CLOSED):
                continue
            value = group.comparable(issue, name)
            if isinstance(value, Missing) or not value:
                continue
            try:
                fields[name] = encode(group.expressed(twin.ref, name, value))
            except Cannot as error:
                found.notes.append(f"{issue.key}: its twin in {end[0]} will lack {name}: {error}")
        return fields

    def _twin(self, tie: Tie, reflection: Reflection, issue: Issue) -> tuple[Group, Issue]:
        """A tie with the twin as it would be, empty."""
        project = self._charter.project
        sources = {(source.connection, source.key): source for source in project.sources}
        empty = Issue(
            Ref(reflection.end[0], ""),
            reflection.end[1],
            "",
            "",
            "",
            StatusCategory.UNKNOWN,
            "",
            unit=sources[reflection.end].unit or project.unit,
        )
        return Group([*tie.members, empty], self._charter.terms, self._names), empty


def _words(issue: Issue) -> dict[str, str]:
    return {
        "title": issue.title,
        "key": issue.key,
        "url": issue.url,
        "type": issue.type,
        "connection": issue.ref.connection,
        "status": issue.status.value,
        "due": issue.due.isoformat() if issue.due else "",
        "description": issue.body,
    }


def _values(dimension: Dimension, issue: Issue, milestone: str) -> set[str]:
    """The values that an issue has on an axis, as reports read them."""
    found: Mapping[str, Callable[[], Collection[str]]] = {
        "label": lambda: issue.labels,
        "component": lambda: issue.components,
        "bucket": lambda: [issue.bucket or ""],
        "milestone": lambda: [milestone],
        "type": lambda: [issue.type],
        "source": lambda: [issue.source],
        "field": lambda: [value for name, value in issue.attributes if name == dimension.field],
    }
    words = [word for word in found[dimension.origin]() if word]
    if dimension.pattern is None:
        return set(words)
    pattern = compile_pattern(dimension.pattern)
    return {group for word in words if (group := pattern.first_group(word)) is not None}
