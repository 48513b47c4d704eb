"""Where each key of a TOML text stands: a walk over its syntax tree."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["KeyPath", "lines_of"]

KeyPath = tuple[str | int, ...]
_KEYS = ("bare_key", "quoted_key", "dotted_key")


def lines_of(text: str) -> dict[KeyPath, int]:
    """The 1-based line of every key path in a valid TOML text: names, and 0-based positions in lists."""
    import tree_sitter
    import tree_sitter_toml

    language = tree_sitter.Language(tree_sitter_toml.language())
    walk = _Walk()
    walk.document(tree_sitter.Parser(language).parse(text.encode("utf-8")).root_node)
    return walk.lines


class _Walk:
    """Collects lines; remembers how many tables each `[[list]]` has so far, as headings refer to the last."""

    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}

    def document(self, root: Node) -> None:
        for node in root.named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def _table(self, node: Node) -> None:
        heading = next(child for child in node.named_children if child.type in _KEYS)
        names = tuple(_names(heading))
        path = self._enter((), names[:-1], heading)
        path = (*path, names[-1])
        if node.type == "table_array_element":
            self._mark(path, heading)
            position = self._tables.get(path, 0)
            self._tables[path] = position + 1
            path = (*path, position)
        self._mark(path, heading)
        for child in node.named_children:
            if child.type == "pair":
                self._pair(child, path)

    def _enter(self, path: KeyPath, names: tuple[str, ...], node: Node) -> KeyPath:
        """Go down by `names`; a name that holds a list of tables means its last table."""
        for name in names:
            path = (*path, name)
            self._mark(path, node)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _pair(self, node: Node, path: KeyPath) -> None:
        key, value = node.named_children[0], node.named_children[-1]
        for name in _names(key):
            path = (*path, name)
            self._mark(path, key)
        self._value(value, path)

    def _value(self, node: Node, path: KeyPath) -> None:
        if node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(child, path)
        elif node.type == "array":
            entries = (child for child in node.named_children if child.type != "comment")
            for position, entry in enumerate(entries):
                self._mark((*path, position), entry)
                self._value(entry, (*path, position))

    def _mark(self, path: KeyPath, node: Node) -> None:
        self.lines.setdefault(path, node.start_point[0] + 1)


def _names(key: Node) -> Iterator[str]:
    """The names of a key; quoted ones are unescaped by the TOML reader itself."""
    if key.type == "dotted_key":
        for child in key.named_children:
            yield from _names(child)
    else:
        text = (key.text or b"").decode("utf-8")
        yield text if key.type == "bare_key" else next(iter(tomllib.loads(f"{text} = 0")))
