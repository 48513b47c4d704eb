"""Writes plans as Microsoft Project saves them as XML, from a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

__all__ = ["Told", "project_xml"]


@dataclass
class Told:
    """One task as its fields stand in the file, by their names; `links` and `baselines` likewise."""

    uid: int
    name: str
    level: int = 1
    fields: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[Mapping[str, str]] = ()
    baselines: Sequence[Mapping[str, str]] = ()
    texts: Sequence[str] = ()
    people: Sequence[int] = ()


def project_xml(
    *tasks: Told, people: Mapping[int, tuple[str, str]] | None = None, head: str = "", **facts: str
) -> bytes:
    """A file: the project's own facts, a summary of everything as task 0, tasks, people, assignments."""
    known = people or {}
    whole = Told(0, "The whole plan", 0, {"Summary": "1"})
    resources = [
        _block("Resource", {"UID": str(uid), "Name": name, "Type": "1", "EmailAddress": address})
        for uid, (name, address) in {0: ("", ""), **known}.items()
    ]
    assignments = [
        _block("Assignment", {"UID": f"{one.uid}{who}", "TaskUID": str(one.uid), "ResourceUID": str(who)})
        for one in tasks
        for who in one.people
    ]
    parts = [
        *(f"<{name}>{escape(text)}</{name}>" for name, text in facts.items()),
        f"<Tasks>{''.join(_task(one) for one in (whole, *tasks))}</Tasks>",
        f"<Resources>{''.join(resources)}</Resources>",
        f"<Assignments>{''.join(assignments)}</Assignments>",
    ]
    opening = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    space = "http://schemas.microsoft.com/project"
    return f'{opening}{head}<Project xmlns="{space}">{"".join(parts)}</Project>'.encode()


def _task(one: Told) -> str:
    own = {"UID": str(one.uid), "ID": str(one.uid), "Name": one.name, "OutlineLevel": str(one.level)}
    parts = [_simple(own | dict(one.fields))]
    parts += [_block("PredecessorLink", link) for link in one.links]
    parts += [
        _block("ExtendedAttribute", {"FieldID": str(188743731 + n), "Value": text})
        for n, text in enumerate(one.texts)
    ]
    parts += [_block("Baseline", kept) for kept in one.baselines]
    return f"<Task>{''.join(parts)}</Task>"


def _block(name: str, fields: Mapping[str, str]) -> str:
    return f"<{name}>{_simple(fields)}</{name}>"


def _simple(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items() if text)
