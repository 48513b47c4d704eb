"""How the sides of a tie stand to one of them once it was written: what may count as agreed from now on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from model.agreement import Agreement
from model.values import Ref
from model.writer import Writer
from sync.authority import Trust
from sync.charter import Charter
from sync.groups import Tie, by_end, chains, people_of, read_names, read_ties, standing, with_parents
from sync.means import Stand
from sync.merge import Part, Unproven, Value, meant_alike
from sync.people import People
from sync.sides import Group, Names, text

__all__ = ["ProjectSides"]


class ProjectSides:
    """The sides of a project's ties, for one run; accounts, sprints and milestones are read once."""

    def __init__(self, charter: Charter) -> None:
        self._charter = charter
        self._people: People | None = None
        self._names: Names | None = None

    def fields(self, connection: str, source: str) -> Collection[str]:
        """The fields that are kept in agreement there."""
        terms = self._charter.terms
        return frozenset(terms.holds.get((connection, source), ())) & terms.rules.keys()

    def stand(
        self,
        writer: Writer,
        target: Ref,
        fields: Collection[str],
        origin: Ref | None = None,
        held: Mapping[Ref, Mapping[str, object]] | None = None,
    ) -> Mapping[str, Stand]:
        """Field -> how the sides stand to what the target says, or to what sides held in between."""
        agreement = writer.agreement(self._charter.sources)
        tie, names = self._tie(agreement, target)
        if tie is None:
            return {}
        changed: Mapping[Ref, Any] = held or {}
        members = [replace(each, **changed.get(each.ref, {})) for each in tie.members]
        group = Group(members, self._charter.terms, names)
        said = {issue.ref: group.now(issue) for issue in group.members}
        found = {name: _stand(group, said, target, name, origin) for name in fields if name in said[target]}
        agreed = tie.agreed.keys()  # sides that are hidden, or not comparable just now, are behind as well
        return {
            name: Stand(stand.alike, stand.behind | (agreed - stand.alike.keys()))
            for name, stand in found.items()
            if len(stand.alike) + len(stand.behind) > 1
        }

    def _known(self, agreement: Agreement) -> Trust:
        if self._people is None:
            self._people = people_of(agreement, self._charter)
        return Trust(self._people.of, self._charter.ours)

    def _tie(self, agreement: Agreement, target: Ref) -> tuple[Tie | None, Names]:
        trust = self._known(agreement)
        assert self._people is not None
        if self._names is None:
            self._names = read_names(agreement, self._charter, self._people)
        numbers = agreement.numbers([target])
        edges = standing(agreement.edges(numbers.values()))
        ties = list(read_ties(agreement, chains(edges, numbers.values()), by_end(edges), trust))
        mine = next((tie for tie in ties if any(issue.ref == target for issue in tie.members)), None)
        if mine is None or "parent" not in self._charter.terms.rules:
            return mine, self._names
        return mine, with_parents(agreement, self._names, [mine], trust)


def _stand(
    group: Group, said: Mapping[Ref, Mapping[str, Value]], target: Ref, name: str, origin: Ref | None
) -> Stand:
    """A coarse target says less than the origin of its value, so the others are held against both."""
    parts = {ref: Part(ref, values[name]) for ref, values in said.items() if name in values}
    settled = [parts[target]]
    if origin in parts and _alike(group, name, [*settled, parts[origin]]):
        settled.append(parts[origin])
    alike = {ref: text(part.now) for ref, part in parts.items() if _alike(group, name, [*settled, part])}
    return Stand(alike, frozenset(parts.keys() - alike.keys()))


def _alike(group: Group, name: str, parts: list[Part]) -> bool:
    return not isinstance(meant_alike(name, parts, group.rounded), Unproven)
