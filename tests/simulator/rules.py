"""The crosstie.toml of a simulated project: its connections, people, rules and mirror."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from config.load import load
from config.settings import Config, ConnectionSettings, Kind
from connectors.memory.settings import MemorySource

__all__ = ["NAMES", "PEOPLE", "PROJECT", "config_of"]

PROJECT = "pay"
NAMES = ("ab", "gh", "pl")
"""The connections, whose trackers are finer and coarser ones."""

PEOPLE = ("ada", "ben", "eve")

_KINDS = {"memory": Kind(connection=ConnectionSettings, source=MemorySource, writable=True)}


@cache
def config_of(
    trackers: int, rules: tuple[tuple[str, str], ...], mirror: bool, backlink: bool, deletion: str
) -> Config:
    names = NAMES[:trackers]
    lines = ["version = 1"]
    for name in names:
        lines += [f"[connections.{name}]", 'kind = "memory"']
    for person in PEOPLE:
        accounts = ", ".join(f'{name} = "{name}-{person}"' for name in names)
        lines += [f"[people.{person}]", f'name = "{person.title()}"', f"accounts = {{ {accounts} }}"]
    lines += [f"[projects.{PROJECT}]", 'name = "Payments"', "write = true"]
    lines += [f"[projects.{PROJECT}.ties]", "suggest_by_title = false"]
    for name in names:
        lines += [f"[[projects.{PROJECT}.sources]]", f'connection = "{name}"', f'board = "{name}"']
    lines.append(f"[projects.{PROJECT}.rules]")
    for field, rule in rules:
        named = f'{{ {rule} = "{NAMES[0]}" }}' if rule in ("owner", "one-way") else f'"{rule}"'
        lines.append(f"{field} = {named}")
    lines.append(f'deleted = "{deletion}"')
    lines += [
        f"[projects.{PROJECT}.guard]",
        "run = 1",
        "day = 1",
        "actor = 1",
        "destructive = 1",
        "free = 1000",
        "empty = 1",
    ]
    if mirror:
        lines += [
            f"[[projects.{PROJECT}.mirrors]]",
            f'from = "{names[0]}"',
            f'to = "{names[-1]}"',
            'labels = ["x"]',
            f"backlink = {str(backlink).lower()}",
        ]
    return load("\n".join(lines), _KINDS, "crosstie.toml", Path("/"))
