"""Two small kinds of tracker, a good file, and a writer that lays a tree out as TOML in every way."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from config.load import ConfigError, Problem, load
from config.scalars import LocalPath, SecretRef, ServiceUrl, Text, ValuePattern, Zone
from config.settings import Config, ConnectionSettings, Frozen, Kind, SourceSettings

BASE = Path("/srv/office")


class Headings(Frozen):
    estimate: str = Field("Estimate", description="Heading of the estimate.")
    sprint: str = Field("Sprint", description="Heading of the sprint.")


class BoardConnection(ConnectionSettings):
    kind: Literal["board"] = Field(description="A tracker on the network.")
    url: ServiceUrl = Field(description="Its address.")
    token: SecretRef = Field(description="Reference to its token.")
    webhook: SecretRef | None = Field(None, description="Reference to the webhook secret.")


class BoardSource(SourceSettings):
    project: Text = Field(description="Key of the project.")
    number: int | None = Field(None, gt=0, description="Number of the board.")
    headings: Headings = Field(default_factory=Headings, description="Headings of its fields.")

    @property
    def key(self) -> str:
        return self.project


class SheetConnection(ConnectionSettings):
    kind: Literal["sheet"] = Field(description="Files in a folder.")
    root: LocalPath = Field(description="The folder.")


class SheetSource(SourceSettings):
    path: Text = Field(description="Which files.")
    timezone: Zone = Field("UTC", description="Zone of its dates.")
    columns: Mapping[str, str] = Field(default_factory=dict, description="Our field -> heading.")
    points: ValuePattern | None = Field(None, description="Pattern around the estimate.")

    @property
    def key(self) -> str:
        return self.path


KINDS = {
    "board": Kind(connection=BoardConnection, source=BoardSource, writable=True),
    "sheet": Kind(connection=SheetConnection, source=SheetSource),
}

GOOD = """\
version = 1
[general]
timezone = "Europe/London"
calendar = { country = "GB", region = "ENG", closed = ["2026-12-24/2027-01-02"] }
[connections]
acme = { kind = "board", url = "https://board.example/", token = "env:BOARD_TOKEN", ca_file = "ca.pem" }
files = { kind = "sheet", root = "exports" }
[projects.payroll]
name = "Payroll rollout"
start = 2026-01-12
finish = { milestone = "Go-live", target = 2026-06-08 }
unit = "hours"
sources = [
  { connection = "acme", project = "PAY", number = 42, status = { done = ["Shipped"] } },
  { connection = "files", path = "*.csv", unit = "days" },
]
[mapping.status]
doing = ["In Review"]
done = ["Released"]
todo = ["Shipped"]
[people]
a-osei = { name = "Abena Osei", accounts = { acme = "5b10" }, role = "developer", absent = ["2026-04-01"] }
[rates]
currency = "GBP"
roles = { developer = 92.50 }
dated = [{ role = "developer", from = 2026-04-01, rate = 95 }]
"""


def read(text: str) -> Config:
    """The configuration in `text`, as if it lay in BASE."""
    return load(text, KINDS, "crosstie.toml", BASE)


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with `text`; nothing if it is good."""
    try:
        read(text)
    except ConfigError as error:
        return error.problems
    return ()


def line_of(text: str, part: str) -> int:
    """The line on which `part`, which must stand there once, begins."""
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1


class TomlWriter:
    """Writes a tree as TOML, choosing among the layouts the format has; `lines` says where each key went."""

    def __init__(self, chance: random.Random) -> None:
        self.lines: dict[tuple[str | int, ...], int] = {}
        self._chance = chance
        self._parts: list[str] = []
        self._line = 1

    def write(self, tree: Mapping[str, Any]) -> str:
        self._table((), (), tree)
        return "".join(self._parts)

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._line += text.count("\n")

    def _mark(self, path: tuple[str | int, ...]) -> None:
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], self._line)

    def _often(self, chances: int = 2) -> bool:
        return self._chance.randrange(chances) == 0

    def _gap(self) -> None:
        if self._often(3):
            self._put(self._chance.choice(["\n", "# a remark = 1\n", "  # [not.a.table]\n", "\n\n"]))

    def _table(self, path: tuple[str | int, ...], heading: tuple[str, ...], tree: Mapping[str, Any]) -> None:
        later: list[tuple[str, Any]] = []
        for name, value in tree.items():
            tables = isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value)
            if (isinstance(value, Mapping) or tables) and self._often():
                later.append((name, value))
            else:
                self._gap()
                self._pair((*path, name), (name,), value)
        for name, value in later:
            self._gap()
            inner, title = (*path, name), (*heading, name)
            if isinstance(value, Mapping):
                self._mark(inner)
                self._put(f"[{self._dotted(title)}]\n")
                self._table(inner, title, value)
                continue
            for position, entry in enumerate(value):
                self._mark((*inner, position))
                self._put(f"[[{self._dotted(title)}]]\n")
                self._table((*inner, position), title, entry)

    def _pair(self, path: tuple[str | int, ...], names: tuple[str, ...], value: Any) -> None:
        if isinstance(value, Mapping) and value and self._often(3):
            for name, inner in value.items():  # dotted keys: a.b = 1
                self._pair((*path, name), (*names, name), inner)
            return
        self._mark(path)
        self._put(f"{self._dotted(names)} = ")
        self._value(path, value)
        self._put("\n")

    def _value(self, path: tuple[str | int, ...], value: Any) -> None:
        if isinstance(value, Mapping):
            self._put("{ ")
            for position, (name, inner) in enumerate(value.items()):
                self._put(", " if position else "")
                self._mark((*path, name))
                self._put(f"{self._key(name)} = ")
                self._value((*path, name), inner)
            self._put(" }")
        elif isinstance(value, list):
            self._put("[")
            for position, inner in enumerate(value):
                self._put(", " if position else "")
                self._put("\n  " if self._often(3) else " # a remark\n" if self._often(5) else "")
                self._mark((*path, position))
                self._value((*path, position), inner)
            self._put(",\n]" if value and self._often(3) else "]")
        else:
            self._put(_scalar(value))

    def _dotted(self, names: tuple[str, ...]) -> str:
        return self._chance.choice([".", " . "]).join(map(self._key, names))

    def _key(self, name: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9_-]+", name) and not self._often(5):
            return name
        if self._often() and re.fullmatch(r"[ -&(-~]*", name):
            return f"'{name}'"
        return _scalar(name)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else repr(value)
