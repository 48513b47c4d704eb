"""What no single value can know: names that must exist elsewhere in the file, and things said twice.

These checks read the plain tree, not the finished settings, so that they still speak when other parts are
wrong; whatever does not have the right shape is passed over here, as the settings types have reported it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from config.positions import KeyPath
from config.problems import Finding, listed, nearest, shown
from config.settings import SourceSettings, StatusMap
from config.writing import check_audiences, check_writing

__all__ = ["check_sources", "check_tree", "table"]


def check_tree(tree: Mapping[str, Any], writable: Callable[[str], bool]) -> Iterator[Finding]:
    """Every fault between the parts of the file, except those that need finished sources.

    `writable` says whether a kind of tracker can be written.
    """
    yield from _status_words(("mapping", "status"), table(tree, "mapping", "status"))
    yield from _place(table(tree, "general", "calendar"))
    yield from _people(tree)
    yield from _rates(tree)
    yield from check_audiences(tree)
    for name in table(tree, "projects"):
        yield from _project(("projects", name), tree, table(tree, "projects", name))
        yield from check_writing(("projects", name), tree, table(tree, "projects", name), writable)


def check_sources(sources: Sequence[tuple[KeyPath, SourceSettings]]) -> Iterator[Finding]:
    """Sources a project names twice, or two projects read in different ways: each is one in the store."""
    seen: dict[tuple[str, str], tuple[KeyPath, SourceSettings]] = {}
    for path, source in sources:
        other = seen.setdefault((source.connection, source.key), (path, source))
        if other[0] == path:
            continue
        what = f'"{source.key}" of "{source.connection}"'
        if other[0][:2] == path[:2]:
            step = f"It is already the project's source {int(other[0][-1]) + 1}; delete one of the two"
            yield Finding(path, f"{what} is listed twice", step=step)
        elif other[1] != source:
            step = f'Make both entries and units equal, or give "{path[1]}" a connection of its own'
            yield Finding(path, f'{what} is described differently in project "{other[0][1]}"', step=step)


def table(tree: object, *path: str | int) -> Mapping[str, Any]:
    """The table at `path`; an empty one where there is none."""
    value = tree
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _entries(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The tables of a list of tables, with their positions."""
    if isinstance(value, list):
        yield from ((position, entry) for position, entry in enumerate(value) if isinstance(entry, Mapping))


def _reference(
    path: KeyPath, name: object, known: Mapping[str, Any], what: str, heading: str
) -> Iterator[Finding]:
    """A fault if `name` is text and not among the `known`; anything else the types have reported."""
    if isinstance(name, str) and name not in known:
        step = "" if known else f"Add it under [{heading}]"
        yield Finding(
            path,
            f"no {what} is called {shown(name)}",
            listed(known) if known else "",
            nearest(name, known),
            step,
            missed=name,
        )


def _project(path: KeyPath, tree: Mapping[str, Any], project: Mapping[str, Any]) -> Iterator[Finding]:
    connections = table(tree, "connections")
    used = {}
    for position, source in _entries(project.get("sources")):
        name = source.get("connection")
        if isinstance(name, str):
            used[name] = position
        here = (*path, "sources", position)
        yield from _reference((*here, "connection"), name, connections, "connection", "connections")
        yield from _status_words((*here, "status"), table(source, "status"))
    for field, name in table(project, "masters").items():
        here = (*path, "masters", field)
        if isinstance(name, str) and name in connections and name not in used:
            yield Finding(
                here, f"no source of this project is read through {shown(name)}", listed(used), missed=name
            )
        else:
            yield from _reference(here, name, connections, "connection", "connections")
    for name, deliverable in table(project, "deliverables").items():
        here = (*path, "deliverables", name)
        owner = table(deliverable).get("owner")
        yield from _reference((*here, "owner"), owner, table(tree, "people"), "person", "people")
        yield from _milestone((*here, "milestone"), table(deliverable).get("milestone"), project)
    yield from _finish((*path, "finish"), project)
    yield from _budget((*path, "budget"), tree, project)


def _finish(path: KeyPath, project: Mapping[str, Any]) -> Iterator[Finding]:
    finish, start = table(project, "finish"), project.get("start")
    yield from _milestone((*path, "milestone"), finish.get("milestone"), project)
    target = finish.get("target")
    if isinstance(start, date) and isinstance(target, date) and str(target) < str(start):
        yield Finding((*path, "target"), f"{target} lies before the project's start, {start}", "a later day")


def _budget(path: KeyPath, tree: Mapping[str, Any], project: Mapping[str, Any]) -> Iterator[Finding]:
    """A fault if a budget in a foreign currency does not say which day's exchange rate it holds at."""
    budget = table(project, "budget")
    own = project.get("currency") or table(tree, "rates").get("currency", "EUR")
    currency = budget.get("currency")
    if isinstance(currency, str) and currency != own and "on" not in budget:
        found = f"{shown(currency)} is not the currency of the project's reports, {shown(own)}"
        step = "Say when it was approved, on = 2026-01-31, so that it is converted at that day's rate"
        yield Finding((*path, "currency"), found, step=step, missed="on")


def _milestone(path: KeyPath, name: object, project: Mapping[str, Any]) -> Iterator[Finding]:
    """A fault if `name` differs only in look from a milestone declared here; others may live in a tracker."""
    declared = table(project, "milestones")
    if isinstance(name, str) and name not in declared:
        for other in declared:
            if _look(other) == _look(name):
                yield Finding(path, f"{shown(name)} is not quite a milestone of this project", nearest=other)


def _look(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _status_words(path: KeyPath, words: Mapping[str, Any]) -> Iterator[Finding]:
    """A word that stands for two statuses, whatever its case."""
    first: dict[str, str] = {}
    for category in StatusMap.model_fields:
        listed_words = words.get(category)
        for position, word in enumerate(listed_words if isinstance(listed_words, list) else ()):
            if isinstance(word, str) and first.setdefault(word.casefold(), category) != category:
                found = f"{shown(word)} already means {first[word.casefold()]}"
                yield Finding((*path, category, position), found, step="Keep it in one of the two lists")


def _people(tree: Mapping[str, Any]) -> Iterator[Finding]:
    owners: dict[tuple[str, str], str] = {}
    for person in table(tree, "people"):
        for connection, account in table(tree, "people", person, "accounts").items():
            path = ("people", person, "accounts", connection)
            yield from _reference(path, connection, table(tree, "connections"), "connection", "connections")
            if isinstance(account, str) and owners.setdefault((connection, account), person) != person:
                other = owners[connection, account]
                yield Finding(
                    path, f'this account is already that of "{other}"', "one person for each account"
                )


def _rates(tree: Mapping[str, Any]) -> Iterator[Finding]:
    people = table(tree, "people")
    worn = {str(person["role"]): None for person in people.values() if table(person).get("role")}
    roles = {**worn, **table(tree, "rates", "roles")}
    for name in table(tree, "rates", "people"):
        yield from _reference(("rates", "people", name), name, people, "person", "people")
    for position, rate in _entries(table(tree, "rates").get("dated")):
        path = ("rates", "dated", position)
        yield from _reference((*path, "person"), rate.get("person"), people, "person", "people")
        yield from _reference((*path, "role"), rate.get("role"), roles, "role", "rates.roles")


def _place(calendar: Mapping[str, Any]) -> Iterator[Finding]:
    country, region = calendar.get("country"), calendar.get("region")
    path = ("general", "calendar")
    if isinstance(region, str) and country is None:
        yield Finding(
            (*path, "region"),
            "a region without a country",
            step="Add country = … beside it",
            missed="country",
        )
    if not isinstance(country, str) or (region is not None and not isinstance(region, str)):
        return
    from config.places import regions_of

    known = regions_of(country)
    if known is None:
        from config.places import countries

        near = nearest(country.upper(), countries())
        yield Finding((*path, "country"), f"no public holidays are known for {shown(country)}", nearest=near)
    elif isinstance(region, str) and region not in known:
        found = f"{shown(country)} has no region {shown(region)}"
        yield Finding(
            (*path, "region"), found, listed(known, 30) if known else "no region", nearest(region, known)
        )
