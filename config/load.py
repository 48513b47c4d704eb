"""From the text of crosstie.toml to a frozen Config, or to everything that is wrong with it at once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from config.checks import check_sources, check_tree, table
from config.document import Document, KeyPath, read
from config.explain import explain
from config.problems import ConfigError, Finding, Problem, dotted, harmless, listed, nearest, shown
from config.settings import Config, ConnectionSettings, Kind, SourceSettings, StoreSettings
from config.shapes import find_tokens
from config.writing import check_mirrors

__all__ = ["VERSION", "ConfigError", "Problem", "load"]

VERSION = 1
"""The file format that this program reads."""

_Model = TypeVar("_Model", bound=BaseModel)
_INSTEAD = "Keep it out of this file: write env:NAME, file:/path or keyring:service/name, and make a new one"


def load(text: str, kinds: Mapping[str, Kind], name: str, base: Path) -> Config:
    """The configuration in `text`, with each kind's own settings for its connections and sources.

    `kinds` maps `kind` to its settings types, `name` is the file's name in messages, and relative paths are
    resolved against `base`, the folder it lies in. ConfigError carries all problems of every sort.
    """
    document = read(text)
    reading = _Reading(document, kinds, base)
    config = reading.config()
    problems = [*_syntax(document, name), *_tokens(text, document, name)]
    taken = {problem.key for problem in problems if problem.key}
    for finding in reading.findings:
        if finding.missed and finding.missed in document.left_out:
            continue  # the faulty statement is the very one that is missed
        problem = _problem(finding, document, name)
        if problem.key not in taken:
            taken.add(problem.key)
            problems.append(problem)
    if problems or config is None:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line, problem.column or 0)))
    return config


class _AnySource(SourceSettings):
    """A source of a kind that cannot be told."""

    model_config = ConfigDict(extra="ignore")


class _Reading:
    """One pass over a document; collects what is wrong instead of stopping at it."""

    def __init__(self, document: Document, kinds: Mapping[str, Kind], base: Path) -> None:
        self.findings: list[Finding] = []
        self._tree: Mapping[str, Any] = document.tree
        self._kinds = kinds
        self._base = base

    def config(self) -> Config | None:
        """The finished configuration; None if anything was found."""
        self._version()
        bare = self._checked(Config, self._with_store(), ())
        self.findings += check_tree(self._tree, self._writable)
        connections = dict(self._connections())
        sources = [
            (("projects", project, "sources", position), settings)
            for project in table(self._tree, "projects")
            for position, settings in self._sources(project, bare)
        ]
        self.findings += check_sources(sources)
        self.findings += check_mirrors(self._tree, sources, self._writable)
        if bare is None or self.findings:
            return None
        projects = {
            name: project.model_copy(
                update={"sources": tuple(settings for path, settings in sources if path[1] == name)}
            )
            for name, project in bare.projects.items()
        }
        return bare.model_copy(update={"connections": connections, "projects": projects})

    def _version(self) -> None:
        version = self._tree.get("version", VERSION)
        if version is True or not isinstance(version, int) or version < VERSION:
            self._report(("version",), f"found {shown(version)}", f"version = {VERSION}")
        elif version > VERSION:
            found = f"format {version} is newer than this program, which reads {VERSION}"
            self._report(("version",), found, step="Update crosstie")

    def _with_store(self) -> dict[str, Any]:
        """The tree with the store's default address written out, so that it is resolved like a given one."""
        general = self._tree.get("general", {})
        store = general.get("store", {}) if isinstance(general, dict) else None
        if not isinstance(store, dict):
            return dict(self._tree)
        address = {"url": StoreSettings.model_fields["url"].default}
        return {**self._tree, "general": {**general, "store": {**address, **store}}}

    def _connections(self) -> Iterator[tuple[str, ConnectionSettings]]:
        for name, raw in table(self._tree, "connections").items():
            path: KeyPath = ("connections", name)
            if not isinstance(raw, dict):
                self._report(path, f"found {shown(raw)}", "a table { kind = … }")
                continue
            kind = self._kind_of(raw)
            self._judge_kind((*path, "kind"), raw, kind)
            if "name" in raw:
                self._report((*path, "name"), "no such key", step=f'Its name is "{name}" already')
            if kind is None:
                continue
            settings = self._checked(self._kinds[kind].connection, {**raw, "kind": kind, "name": name}, path)
            if settings is not None:
                yield name, settings

    def _judge_kind(self, path: KeyPath, raw: Mapping[str, Any], meant: str | None) -> None:
        if "kind" not in raw:
            self._report(path, "missing", listed(self._kinds), missed="kind")
        elif not isinstance(raw["kind"], str) or raw["kind"] not in self._kinds:
            self._report(path, f"found {shown(raw['kind'])}", listed(self._kinds), meant)

    def _kind_of(self, raw: Mapping[str, Any]) -> str | None:
        """The kind a connection most likely is, so that a misspelling does not hide what else is wrong."""
        kind = _value_of("kind", raw)
        if not isinstance(kind, str):
            return None
        return kind if kind in self._kinds else nearest(kind, self._kinds)

    def _sources(self, project: str, bare: Config | None) -> Iterator[tuple[int, SourceSettings]]:
        raw_sources = table(self._tree, "projects", project).get("sources")
        for position, raw in enumerate(raw_sources if isinstance(raw_sources, list) else ()):
            path: KeyPath = ("projects", project, "sources", position)
            if not isinstance(raw, dict):
                self._report(path, f"found {shown(raw)}", "a table { connection = … }")
                continue
            kind = self._kind_behind(_value_of("connection", raw))
            # Of a source whose kind cannot be told, only the keys that every source has can be judged.
            model = self._kinds[kind].source if kind else _AnySource
            settings = self._checked(model, raw, path)
            if kind and settings is not None:
                yield position, _effective(settings, project, bare)

    def _writable(self, kind: str) -> bool:
        """Whether a kind can be written; one that is not known is a fault of its own, not of the rules."""
        return kind not in self._kinds or self._kinds[kind].writable

    def _kind_behind(self, connection: object) -> str | None:
        if not isinstance(connection, str):
            return None
        connections = table(self._tree, "connections")
        meant = connection if connection in connections else nearest(connection, connections)
        return self._kind_of(table(connections, meant)) if meant else None

    def _report(
        self,
        path: KeyPath,
        found: str,
        expected: str = "",
        near: str | None = None,
        step: str = "",
        missed: str | None = None,
    ) -> None:
        self.findings.append(Finding(path, found, expected, near, step, missed))

    def _checked(self, model: type[_Model], raw: dict[str, Any], path: KeyPath) -> _Model | None:
        """`raw` as a `model`, strictly: no text for a number, no number for a date."""
        try:
            return model.model_validate_json(
                json.dumps(raw, default=_iso),
                strict=True,
                context={"base": self._base},
                by_alias=True,
                by_name=False,
            )
        except ValidationError as error:
            self.findings += explain(error, model, raw, path)
        return None


def _value_of(key: str, raw: Mapping[str, Any]) -> object:
    """What stands under `key`, or under the key that is most likely its misspelling."""
    return raw.get(key if key in raw else nearest(key, raw) or key)


def _effective(settings: SourceSettings, project: str, bare: Config | None) -> SourceSettings:
    """The source with what the whole file and its project say where it says nothing itself."""
    if bare is None:
        return settings
    status = settings.status.over(bare.mapping.status)
    unit = settings.unit or bare.projects[project].unit
    return settings.model_copy(update={"status": status, "unit": unit})


def _iso(value: object) -> str:
    """TOML's dates and times as text: settings that want a date read it, those that want text take it."""
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"TOML has no {type(value).__name__}")


def _syntax(document: Document, name: str) -> Iterator[Problem]:
    for fault in document.faults:
        yield Problem(name, fault.line, "", f"not valid TOML: {harmless(fault.reason)}", column=fault.column)


def _tokens(text: str, document: Document, name: str) -> Iterator[Problem]:
    """Credentials anywhere in the file, in values and in comments; none is repeated."""
    named: set[str] = set()
    for path, words in _texts((), document.tree):
        for what, _, token in find_tokens(words):
            named.add(token)
            found = f"this looks like {what}; it is not shown here"
            yield Problem(name, document.line(path), dotted(path), found, step=_INSTEAD)
    for what, start, token in find_tokens(text):
        if token not in named:
            found = f"this looks like {what}; it is not shown here"
            yield Problem(name, text.count("\n", 0, start) + 1, "", found, step=_INSTEAD)


def _texts(path: KeyPath, value: object) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name), name
            yield from _texts((*path, name), inner)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _texts((*path, position), inner)


def _problem(finding: Finding, document: Document, name: str) -> Problem:
    return Problem(
        name,
        document.line(finding.path),
        dotted(finding.path),
        harmless(finding.found),
        harmless(finding.expected),
        None if finding.nearest is None else harmless(finding.nearest),
        harmless(finding.step),
    )
