"""What is wrong with rules, mirrors and audiences: names that must exist, cycles, and what cannot be written.

As in `config.checks`, the plain tree is read, so that every fault is named whatever else is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from config.positions import KeyPath
from config.problems import Finding, listed, nearest, shown
from config.rules import AUDIENCES, FIELDS, lies_within
from config.settings import SourceSettings

__all__ = ["check_audiences", "check_mirrors", "check_writing"]

Tree = Mapping[str, Any]
Place = tuple[str, str]
Placed = Sequence[tuple[KeyPath, SourceSettings]]


def check_audiences(tree: Tree) -> Iterator[Finding]:
    """Audiences that nobody declared, that lie within themselves, and levels that two of them claim."""
    wider = _wider(tree)
    claimed: dict[str, str] = {}
    for name, raw in _table(tree, "audiences").items():
        for position, other in enumerate(_list(raw, "within")):
            path: KeyPath = ("audiences", name, "within", position)
            yield from _unknown(path, other, wider, "audience")
            if isinstance(other, str) and other in wider and _leads(other, name, wider):
                yield Finding(path, f"{shown(name)} would lie within itself", step="Take one of them out")
        for position, level in enumerate(_list(raw, "levels")):
            if isinstance(level, str) and claimed.setdefault(level.casefold(), name) != name:
                found = f"{shown(level)} is already a level of {shown(claimed[level.casefold()])}"
                yield Finding(
                    ("audiences", name, "levels", position), found, step="Keep it in one of the two"
                )
    for name, raw in _table(tree, "connections").items():
        yield from _unknown(("connections", name, "visibility"), _get(raw, "visibility"), wider, "audience")
    for project, raw in _table(tree, "projects").items():
        for position, source in enumerate(_list(raw, "sources")):
            there = ("projects", project, "sources", position, "visibility")
            yield from _unknown(there, _get(source, "visibility"), wider, "audience")


def check_writing(
    path: KeyPath, tree: Tree, project: Tree, writable: Callable[[str], bool]
) -> Iterator[Finding]:
    """Rules that name connections the project does not read, and `write = true` where nothing can be."""
    used = {name: None for s in _list(project, "sources") if isinstance(name := _get(s, "connection"), str)}
    connections = _table(tree, "connections")
    for name, rule in _table(project, "rules").items():
        for key in ("owner", "one-way"):
            other = _get(rule, key)
            if name in FIELDS and isinstance(other, str):
                yield from _unused((*path, "rules", name, key), other, connections, used)
    if project.get("write") is True and used and not any(_open(tree, name, writable) for name in used):
        step = "Write it under a project that reads Jira, GitHub or Planner, and without read_only there"
        yield Finding((*path, "write"), "none of the project's connections can be written through", step=step)


def check_mirrors(tree: Tree, sources: Placed, writable: Callable[[str], bool]) -> Iterator[Finding]:
    """Mirrors that lead nowhere, in a circle, or to people who may not see what is mirrored."""
    for name, project in _table(tree, "projects").items():
        yield from _Mirrors(tree, name, project, sources, writable).findings()


class _Mirrors:
    """One project's mirrors."""

    def __init__(
        self, tree: Tree, name: str, project: Tree, sources: Placed, writable: Callable[[str], bool]
    ) -> None:
        self._tree = tree
        self._project = project
        self._path: KeyPath = ("projects", name)
        self._writable = writable
        self._sources = [source for path, source in sources if path[:2] == self._path]
        self._whole = len(self._sources) == len(_list(project, "sources"))
        self._wider = _wider(tree)

    def findings(self) -> Iterator[Finding]:
        leads: dict[Place, set[Place]] = {}
        for position, mirror in enumerate(_list(self._project, "mirrors")):
            if not isinstance(mirror, Mapping):
                continue
            path = (*self._path, "mirrors", position)
            yield from self._dimensions(path, mirror)
            faults = [*self._end(path, mirror, "from", "within"), *self._end(path, mirror, "to", "into")]
            yield from faults
            if faults or not self._whole:
                continue
            start, end = self._place(mirror, "from", "within"), self._place(mirror, "to", "into")
            if start is None or end is None:
                continue
            leads.setdefault(start, set()).add(end)
            if _reaches(end, start, leads):
                found = "issues would be mirrored in a circle"
                yield Finding((*path, "to"), found, step="Mirror them in one direction only")
            else:
                yield from self._target(path, start, end)

    def _end(self, path: KeyPath, mirror: Tree, key: str, narrower: str) -> Iterator[Finding]:
        name, key_there = mirror.get(key), mirror.get(narrower)
        if not isinstance(name, str):
            return
        used = {source.connection: None for source in self._sources}
        if self._whole:
            yield from _unused((*path, key), name, _table(self._tree, "connections"), used)
        there = [source.key for source in self._sources if source.connection == name]
        if not self._whole or not there:
            return
        if isinstance(key_there, str):
            if key_there not in there:
                found = f"{shown(name)} has no source {shown(key_there)} in this project"
                yield Finding((*path, narrower), found, listed(there), nearest(key_there, there))
        elif len(there) > 1:
            found = f"the project reads {len(there)} sources through {shown(name)}"
            step = f"Add {narrower} = … with the key of the one that is meant"
            yield Finding((*path, key), found, f"{narrower}: {listed(there)}", None, step, missed=narrower)

    def _place(self, mirror: Tree, key: str, narrower: str) -> Place | None:
        name = mirror.get(key)
        there = [source.key for source in self._sources if source.connection == name]
        wanted = mirror.get(narrower, there[0] if there else None)
        return (name, wanted) if isinstance(name, str) and isinstance(wanted, str) else None

    def _target(self, path: KeyPath, start: Place, end: Place) -> Iterator[Finding]:
        if not _open(self._tree, end[0], self._writable):
            found = f"nothing can be written through {shown(end[0])}"
            step = "Take out read_only there" if _read_only(self._tree, end[0]) else "Name another connection"
            yield Finding((*path, "to"), found, step=step)
        seen, seers = self._audience(start), self._audience(end)
        if {seen, seers} <= self._wider.keys() and not lies_within(seers, seen, self._wider):
            found = f"{shown(end[0])} is seen by {shown(seers)}, which is not within {shown(seen)}"
            step = f"Mirror to a narrower audience, or state the visibility of {shown(start[0])}"
            yield Finding((*path, "to"), found, step=step)

    def _audience(self, place: Place) -> str:
        own = next(s.visibility for s in self._sources if (s.connection, s.key) == place)
        there = _get(_table(self._tree, "connections").get(place[0]), "visibility")
        return own or (there if isinstance(there, str) else "internal")

    def _dimensions(self, path: KeyPath, mirror: Tree) -> Iterator[Finding]:
        known = _table(self._project, "dimensions")
        for name in _table(mirror, "dimension"):
            yield from _unknown((*path, "dimension", name), name, known, "dimension")


def _wider(tree: Tree) -> dict[str, tuple[str, ...]]:
    """Each audience with those it lies within, the built-in ones among them."""
    wider = dict(AUDIENCES)
    for name, raw in _table(tree, "audiences").items():
        said = tuple(each for each in _list(raw, "within") if isinstance(each, str))
        wider[name] = (*wider.get(name, ()), *said)
    return wider


def _leads(name: str, target: str, wider: Mapping[str, Iterable[str]]) -> bool:
    seen, waiting = set[str](), [name]
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen.add(here)
            waiting += wider.get(here, ())
    return target in seen


def _reaches(start: Place, target: Place, leads: Mapping[Place, Iterable[Place]]) -> bool:
    seen, waiting = set[Place](), [start]
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen.add(here)
            waiting += leads.get(here, ())
    return target in seen


def _open(tree: Tree, connection: str, writable: Callable[[str], bool]) -> bool:
    kind = _get(_table(tree, "connections").get(connection), "kind")
    return isinstance(kind, str) and writable(kind) and not _read_only(tree, connection)


def _read_only(tree: Tree, connection: str) -> bool:
    return _get(_table(tree, "connections").get(connection), "read_only") is True


def _unused(path: KeyPath, name: str, connections: Tree, used: Mapping[str, None]) -> Iterator[Finding]:
    if name in connections and name not in used:
        found = f"no source of this project is read through {shown(name)}"
        yield Finding(path, found, listed(used), missed=name)
    else:
        yield from _unknown(path, name, connections, "connection")


def _unknown(path: KeyPath, name: object, known: Mapping[str, Any], what: str) -> Iterator[Finding]:
    if isinstance(name, str) and name not in known:
        found = f"no {what} is called {shown(name)}"
        yield Finding(path, found, listed(known) if known else "", nearest(name, known), missed=name)


def _table(tree: object, name: str) -> Tree:
    value = _get(tree, name)
    return value if isinstance(value, Mapping) else {}


def _list(tree: object, name: str) -> list[Any]:
    value = _get(tree, name)
    return value if isinstance(value, list) else []


def _get(tree: object, name: str) -> object:
    return tree.get(name) if isinstance(tree, Mapping) else None
