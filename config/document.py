"""TOML text as a plain tree, with the line on which each key and list entry stands.

The values come from the standard library's reader, which tells no lines; the lines come from a syntax tree of
the same text. A text with mistakes is read as far as it goes: each faulty statement is reported and left out,
so that one run can report what is wrong with the rest as well.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from config.positions import KeyPath, lines_of

__all__ = ["Document", "KeyPath", "SyntaxFault", "read"]

_MOST_FAULTS = 20
_DEEPEST = 40
_FARTHEST_BACK = 400
_SAID = re.compile(
    r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL
)
_HEADING = re.compile(r"^[ \t]*\[\[?[ \t]*[A-Za-z_][A-Za-z0-9_-]*[ \t]*[.\]][^,=]*$")
_UNREADABLE = (
    (re.compile("[\ud800-\udfff]"), "a character that UTF-8 does not know"),
    (re.compile(r"[0-9_]{4000,}"), "a number of thousands of digits"),
)
_NEVER_CLOSED = "what begins here is never closed"
_LARGEST = 1_000_000
_PLAIN = (
    (re.compile(r"^Cannot overwrite a value"), "this key is already set above"),
    (re.compile(r"^Duplicate inline table key .*"), "this key is set twice in its table"),
    (re.compile(r"^Cannot declare .* twice"), "this table is already declared above"),
    (re.compile(r"^Cannot (?:mutate|redefine) .*"), "this table is already complete above"),
    (re.compile(r"^Invalid value"), "no valid value; a text needs quotes"),
)


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """Where the text is not TOML: 1-based line and column, and why."""

    line: int
    column: int
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """What could be read, and the statements that could not.

    `lines` maps key paths (names and 0-based positions in lists) to 1-based lines.
    """

    tree: Mapping[str, object]
    lines: Mapping[KeyPath, int]
    faults: tuple[SyntaxFault, ...] = ()
    left_out: str = ""

    def line(self, path: KeyPath) -> int:
        """The line of `path`, or of the nearest table around it; 1 for the file itself."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Document:
    """Read `text`; mistakes of syntax are in the document's `faults`, never raised."""
    if len(text) > _LARGEST:
        return Document({}, {}, (SyntaxFault(1, 1, f"the file has more than {_LARGEST:,} characters"),))
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    faults: list[SyntaxFault] = []
    left_out = ""
    while True:
        outcome = _parse(lines)
        if not isinstance(outcome, SyntaxFault):
            return Document(outcome, lines_of("\n".join(lines)), tuple(faults), left_out)
        faults.append(outcome)
        if len(faults) == _MOST_FAULTS:
            return Document({}, {}, tuple(faults), text)
        for number in _extent(lines, outcome):
            left_out += lines[number] + "\n"
            lines[number] = ""


def _parse(lines: list[str]) -> dict[str, object] | SyntaxFault:
    if fault := next(_unreadable(lines), None):
        return fault
    try:
        tree = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as problem:
        return _fault(str(problem), lines)
    except RecursionError:
        return SyntaxFault(_deepest_line(lines), 1, "values are nested too deeply")
    if path := _too_deep(tree):
        return SyntaxFault(lines_of("\n".join(lines)).get(path, 1), 1, "values are nested too deeply")
    return tree


def _unreadable(lines: list[str]) -> Iterator[SyntaxFault]:
    """What the reader itself stumbles over instead of reporting: half a character pair, an endless number."""
    for number, line in enumerate(lines, 1):
        for pattern, reason in _UNREADABLE:
            if found := pattern.search(line):
                yield SyntaxFault(number, found.start() + 1, reason)


def _fault(message: str, lines: list[str]) -> SyntaxFault:
    said = _SAID.match(message)
    what = said["what"] if said else message
    reason = next((plain for known, plain in _PLAIN if known.match(what)), what[:1].lower() + what[1:])
    if said is None:
        return SyntaxFault(1, 1, reason)
    if said["line"] is None:
        start = _statement_start(lines, len(lines) - 1)
        column = len(lines[start]) - len(lines[start].lstrip()) + 1
        return SyntaxFault(start + 1, column, f"{_NEVER_CLOSED} ({reason})")
    return SyntaxFault(int(said["line"]), int(said["column"]), reason)


def _extent(lines: list[str], fault: SyntaxFault) -> range:
    """The 0-based lines to leave out so that what follows can be read without errors of our own making.

    A single-line statement goes alone. With a table's heading goes the whole table, since its keys would
    otherwise land in the table before. Of a statement of several lines the end is unknown, so it takes along
    what stands before the next heading.
    """
    end = fault.line - 1
    start = _statement_start(lines, end)
    closed = not fault.reason.startswith(_NEVER_CLOSED)
    if closed and start == end and not lines[start].lstrip().startswith("["):
        return range(start, end + 1)
    stop = next((n for n in range(start + 1, len(lines)) if _HEADING.match(lines[n])), len(lines))
    return range(start, stop)


def _statement_start(lines: list[str], end: int) -> int:
    """The line on which the statement holding line `end` begins: the last one before which all is well."""
    for start in range(end, max(-1, end - _FARTHEST_BACK), -1):
        try:
            tomllib.loads("\n".join(lines[:start]))
        except (ValueError, RecursionError):
            continue
        return start
    return end


def _deepest_line(lines: list[str]) -> int:
    return 1 + max(
        range(len(lines)), key=lambda n: lines[n].count("[") + lines[n].count("{") + lines[n].count(".")
    )


def _too_deep(tree: object) -> KeyPath | None:
    """The path of a value below which there are more levels than any configuration has."""
    waiting: list[tuple[KeyPath, object]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if len(path) > _DEEPEST:
            return path[:1]
        if isinstance(value, dict):
            waiting += [((*path, name), inner) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, position), inner) for position, inner in enumerate(value)]
    return None
