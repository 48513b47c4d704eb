"""The reference of crosstie.toml, table by table, out of the schema that editors use as well."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from config.scalars import DayRange, Duration, Name, ProxyUrl, SecretRef, ServiceUrl, StoreUrl
from config.schema import schema
from config.settings import ConnectionSettings, Kind, SourceSettings

__all__ = ["settings_page", "table"]

Part = Mapping[str, Any]

_INTRO = """\
# crosstie.toml

One file says everything. A key that is not listed here is an error, so a misspelt one is never ignored.
`crosstie check` names every mistake with its line. `crosstie config schema` prints a JSON Schema, with which
an editor completes the file. Paths are relative to the file's folder.

NAME stands for a name of your choice: letters, digits, dot, dash and underscore.
"""
_WRITTEN = (
    ("date", "`2026-06-08`, without quotes"),
    ("day or days", '`"2026-12-24"` or `"2026-12-24/2027-01-02"`'),
    ("duration", '`"30s"`, `"15m"`, `"6h"` or `"90d"`'),
    ("reference", 'where a secret is found: `"env:NAME"`, `"file:/path"` or `"keyring:service/name"`'),
    ("table", "`{ key = value }`, or a heading of its own"),
)
_SCALARS = {
    DayRange: "day or days",
    Duration: "duration",
    Name: "name",
    ProxyUrl: "web address",
    SecretRef: "reference",
    ServiceUrl: "web address",
    StoreUrl: "database address",
}
_PATTERNS = {TypeAdapter(kind).json_schema()["pattern"]: words for kind, words in _SCALARS.items()}
_PLAIN = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}


def settings_page(kinds: Mapping[str, Kind], titles: Mapping[str, str]) -> str:
    """Every table of the file with its keys; `titles` are what people call the kinds."""
    return "\n".join(_Page(schema(kinds), kinds, titles).lines())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; what would end a cell or begin a tag is escaped."""
    cells = [head, ["---"] * len(head), *([_cell(text) for text in row] for row in rows)]
    return "\n".join("|" + "|".join(f" {text} " if text else " " for text in row) + "|" for row in cells)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<").replace("\n", " ")


class _Page:
    """The page while it is written; tables of one type are explained once, where the type comes first."""

    def __init__(self, whole: Part, kinds: Mapping[str, Kind], titles: Mapping[str, str]) -> None:
        self._whole = whole
        self._kinds = kinds
        self._titles = titles
        self._places: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        yield _INTRO
        yield from (table(("value", "how it is written"), _WRITTEN), "")
        yield from self._section("The top of the file", self._whole, "", "")

    def _section(self, heading: str, part: Part, text: str, path: str) -> Iterator[str]:
        """A table's keys, then the tables inside it."""
        yield from (f"## {heading}", "")
        if text:
            yield from (text, "")
        properties = part["properties"]
        for key, inner in properties.items():
            self._place(inner, f"{path}.{key}".removeprefix("."))
        yield from self._keys(part, properties)
        for key, inner in properties.items():
            yield from self._inside(inner, f"{path}.{key}".removeprefix("."))

    def _keys(self, part: Part, names: Iterable[str]) -> Iterator[str]:
        required = part.get("required", ())
        rows = [self._row(key, part["properties"][key], key in required) for key in names]
        if rows:
            yield from (table(["key", "value", "default", "meaning"], rows), "")

    def _row(self, key: str, part: Part, required: bool) -> list[str]:
        default = "required" if required else _code(part["default"]) if "default" in part else ""
        meaning = part.get("description", "")
        if part.get("examples"):
            meaning += f" For example {' or '.join(map(_code, part['examples']))}."
        place = self._places.get(_reference(part))
        if place is not None:
            meaning += f" See [{place}](#{_anchor(place)})."
        return [f"`{key}`", self._value(part), default, meaning]

    def _place(self, part: Part, path: str) -> None:
        """Note where the tables of this type are explained."""
        if _choices(part) or "properties" in self._type(part):
            self._places.setdefault(_reference(part), _heading(part, path))

    def _inside(self, part: Part, path: str) -> Iterator[str]:
        kinds = _choices(part)
        if kinds:
            base = ConnectionSettings if path == "connections" else SourceSettings
            yield from self._by_kind(part, path, base.model_fields.keys())
        elif self._places.get(_reference(part)) == _heading(part, path):
            inner = self._type(part)
            text = inner.get("description", part.get("description", ""))
            yield from self._section(_heading(part, path), inner, text, _path(part, path))

    def _by_kind(self, part: Part, path: str, shared: Iterable[str]) -> Iterator[str]:
        """What all kinds have in common, then each kind's own."""
        models = {
            kind: self._definition(reference)
            for kind, reference in zip(self._kinds, _choices(part), strict=True)
        }
        first = next(iter(models.values()))
        common = {key: first["properties"][key] for key in shared if key in first["properties"]}
        if "kind" in common:
            common["kind"] = common["kind"] | {"enum": list(models)}
        yield from self._section(
            _heading(part, path), dict(first) | {"properties": common}, part["description"], _path(part, path)
        )
        for kind, model in models.items():
            own = {key: inner for key, inner in model["properties"].items() if key not in common}
            heading = f"{_heading(part, path)} of {self._titles.get(kind, kind)}"
            text = model["description"]
            if "kind" in common:
                text = f"With `kind = {_toml(kind)}`. {text}"
            yield from self._section(heading, dict(model) | {"properties": own}, text, _path(part, path))

    def _definition(self, reference: str) -> Part:
        found: Part = self._whole["definitions"][reference.rpartition("/")[2]]
        return found

    def _type(self, part: Part) -> Part:
        """The part itself, or what it refers to."""
        reference = _reference(part)
        return self._definition(reference) if reference else part

    def _value(self, part: Part) -> str:
        """How the value is written, in words."""
        if _choices(part) or "properties" in self._type(part):
            return {"array": "list of tables", "object": "tables by NAME"}.get(part.get("type", ""), "table")
        part = self._type(part)
        if "anyOf" in part:
            return " or ".join(map(self._value, part["anyOf"]))
        if "enum" in part:
            return " or ".join(map(_code, part["enum"]))
        if part["type"] == "array":
            items = part["items"]
            if isinstance(items, list):
                return f"[ {', '.join(map(self._value, items))} ]"
            return f"list: {self._value(items)}"
        if part["type"] == "object":
            names = ", ".join(f"`{name}`" for name in part.get("propertyNames", {}).get("enum", ()))
            return f"table: {names or 'name'} = {self._value(part['additionalProperties'])}"
        words = "date" if part.get("format") == "date" else _PLAIN[part["type"]]
        return _PATTERNS.get(part.get("pattern", ""), words) + _limits(part)


def _reference(part: Part) -> str:
    """The name of the type that a key, its list or its named tables are of; empty for a plain value."""
    several = _choices(part)
    if several:
        return " ".join(several)
    inner = _each(part) or part
    referring = [inner, *inner.get("allOf", ())]
    return next((str(each["$ref"]) for each in referring if "$ref" in each), "")


def _choices(part: Part) -> list[str]:
    """The types that the tables below a key may be of, one a kind."""
    inner = _each(part) or {}
    return [str(each["$ref"]) for each in (*inner.get("oneOf", ()), *inner.get("anyOf", ()))]


def _each(part: Part) -> Part | None:
    """What each entry of a list or of a table with free names is."""
    named = part.get("patternProperties", {}).values()
    for inner in (*named, part.get("items"), part.get("additionalProperties")):
        if isinstance(inner, Mapping):
            return inner
    return None


def _path(part: Part, path: str) -> str:
    """The path of a table below a key: of the key itself, of each in its list, or of each by name."""
    return f"{path}.NAME" if part.get("type") == "object" else path


def _heading(part: Part, path: str) -> str:
    return f"`[[{path}]]`" if part.get("type") == "array" else f"`[{_path(part, path)}]`"


def _anchor(heading: str) -> str:
    """How a heading is linked to, on GitHub and elsewhere."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _limits(part: Part) -> str:
    if "minimum" not in part:
        return ""
    low = "above" if part.get("exclusiveMinimum") else "from"
    high = f" up to {part['maximum']:g}" if "maximum" in part else ""
    return f", {low} {part['minimum']:g}{high}"


def _code(value: object) -> str:
    return f"`{_toml(value)}`"


def _toml(value: object) -> str:
    """A value as the file writes it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
