"""A workbook's parts looked through before anything opens them: what could do harm is refused by name. Pure.

A workbook is a zip of XML. Small ones can unfold into gigabytes: by compression, by sizes that lie, by XML
entities, by one cell in the farthest corner, by a long text that a million cells refer to.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from config.problems import shown
from connectors.file.sheet import MOST_COLUMNS, MOST_ROWS, BadSheet

__all__ = ["Survey", "survey"]

_MOST_PARTS: Final = 2_000
_MOST_BYTES: Final = 200_000_000
_MOST_RATIO: Final = 200
_SMALL: Final = 1_000_000
"""Parts below this may be compressed as well as they like."""

_MOST_CELLS: Final = 2_000_000
_MOST_TEXT: Final = 200_000_000
_DEEPEST: Final = 200
_CHUNK: Final = 65_536
_HEADER: Final = 30
_LONGEST_WORD: Final = 40
_STORED, _DEFLATED = 0, 8
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")


@dataclass(slots=True)
class Survey:
    """What was seen: cells that have no value to read, by sheet and (row, column), both counted from 0."""

    errors: dict[str, dict[tuple[int, int], str]] = field(default_factory=dict)


def survey(data: bytes) -> Survey:
    """Look through a workbook. BadSheet: it is none, is damaged, or is larger than what may be opened."""
    infos = _listed(data)
    texts: list[int] = []
    cells: dict[str, dict[tuple[int, int], str]] = {}
    names: dict[str, str] = {}
    targets: dict[str, str] = {}
    for info in sorted(infos, key=lambda info: info.filename != "xl/sharedStrings.xml"):
        part = _Part(info.filename, texts)
        for chunk in _inflated(data, info):
            part.feed(chunk)
        part.end()
        if part.root == "worksheet":
            cells[info.filename] = part.errors
        elif info.filename == "xl/workbook.xml":
            names = part.pairs
        elif info.filename == "xl/_rels/workbook.xml.rels":
            targets = part.pairs
    return Survey({name: cells.get(_path(targets.get(id, "")), {}) for name, id in names.items()})


def _path(target: str) -> str:
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _listed(data: bytes) -> list[zipfile.ZipInfo]:
    """The parts by the zip's own list, held to the limits."""
    if data.count(b"PK\x01\x02") > _MOST_PARTS:
        raise BadSheet(f"it has more than {_MOST_PARTS:,} parts; save it anew as a plain workbook")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise BadSheet(f"it is damaged ({error}); save it anew as .xlsx") from None
    names = [info.filename for info in infos]
    if len(set(names)) < len(names) or any(".." in name.split("/") or name[:1] == "/" for name in names):
        raise BadSheet("its parts are named as no spreadsheet program names them; save it anew as .xlsx")
    if sum(info.file_size for info in infos) > _MOST_BYTES:
        raise BadSheet(f"it unfolds to more than {_MOST_BYTES:,} bytes; split it")
    for info in infos:
        if info.flag_bits & 1 or info.compress_type not in (_STORED, _DEFLATED):
            raise BadSheet(f"its part {shown(info.filename)} is encrypted or packed in an unusual way")
        if info.file_size > max(_SMALL, _MOST_RATIO * info.compress_size):
            raise BadSheet(
                f"its part {shown(info.filename)} unfolds to more than {_MOST_RATIO} times its size; "
                "save it anew as .xlsx"
            )
    return infos


def _inflated(data: bytes, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a part as they really are; BadSheet: there are more or fewer than it says."""
    offset = info.header_offset
    lengths = data[offset + 26 : offset + _HEADER]
    start = offset + _HEADER + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    packed = data[start : start + info.compress_size]
    seen = 0
    for chunk in _unpacked(packed, info):
        seen += len(chunk)
        if seen > info.file_size:
            break
        yield chunk
    if seen != info.file_size:
        raise BadSheet(
            f"its part {shown(info.filename)} is not as long as the file says; save it anew as .xlsx"
        )


def _unpacked(packed: bytes, info: zipfile.ZipInfo) -> Iterator[bytes]:
    if info.compress_type == _STORED:
        yield from (packed[at : at + _CHUNK] for at in range(0, len(packed), _CHUNK))
        return
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(0, len(packed), _CHUNK):
            waiting = packed[at : at + _CHUNK]
            while waiting and not stream.eof:
                yield stream.decompress(waiting, _CHUNK)
                waiting = stream.unconsumed_tail
        yield stream.flush()
    except zlib.error as error:
        raise BadSheet(f"its part {shown(info.filename)} is damaged ({error}); save it anew") from None


class _Part:
    """Follows one part's XML. `pairs` are sheet -> relation of the workbook, or relation -> target.

    `texts` are the lengths of the shared texts: the part that holds them fills it, sheets use it.
    """

    def __init__(self, name: str, texts: list[int]) -> None:
        self.root = ""
        self.errors: dict[tuple[int, int], str] = {}
        self.pairs: dict[str, str] = {}
        self._name = name
        self._texts = texts
        self._grid: _Grid | None = None
        self._depth = 0
        self._parser: expat.XMLParserType | None = None
        if name.endswith((".xml", ".rels")):
            self._parser = expat.ParserCreate()
            self._parser.StartDoctypeDeclHandler = self._refuse
            self._parser.StartElementHandler = self._start
            self._parser.EndElementHandler = self._end
            self._parser.buffer_text = True

    def feed(self, chunk: bytes, final: bool = False) -> None:
        if self._parser is None:
            return
        try:
            self._parser.Parse(chunk, final)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise BadSheet(f"its part {shown(self._name)} is no XML ({error}); save it anew") from None

    def end(self) -> None:
        self.feed(b"", final=True)
        if self._grid is not None:
            self.errors = self._grid.errors

    def _refuse(self, *declaration: object) -> None:
        raise BadSheet(f"its part {shown(self._name)} has a DOCTYPE, as no workbook has; it was not opened")

    def _start(self, tag: str, given: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse_depth()
        tag = tag.rpartition(":")[2]
        self.root = self.root or tag
        if tag == self.root == "worksheet":
            assert self._parser is not None
            self._grid = _Grid(self._texts, self._parser, self._refuse_depth)
        elif self.root == "sst":
            self._shared(tag)
        elif tag == "sheet":
            relation = next((value for key, value in given.items() if key.rpartition(":")[2] == "id"), "")
            self.pairs[given.get("name", "")] = relation
        elif tag == "Relationship":
            self.pairs[given.get("Id", "")] = given.get("Target", "")

    def _end(self, tag: str) -> None:
        self._depth -= 1

    def _refuse_depth(self) -> None:
        raise BadSheet(f"its part {shown(self._name)} is nested too deeply; it was not opened")

    def _shared(self, tag: str) -> None:
        if tag == "si":
            self._texts.append(0)
        self._listen(self._measure if tag == "t" and self._texts else None)

    def _measure(self, text: str) -> None:
        self._texts[-1] += len(text)

    def _listen(self, handler: Callable[[str], None] | None) -> None:
        assert self._parser is not None
        self._parser.CharacterDataHandler = handler


def _whole(text: str, otherwise: int) -> int:
    return int(text) if len(text) < 10 and text.isdecimal() else otherwise


class _Grid:
    """The cells of a sheet: where they lie, how much text they stand for, and which hold no value.

    It takes the parser over for the sheet's elements; a sheet may have a million.
    """

    def __init__(
        self, texts: list[int], parser: expat.XMLParserType, refuse_depth: Callable[[], None]
    ) -> None:
        self.errors: dict[tuple[int, int], str] = {}
        self._texts = texts
        self._parser = parser
        self._refuse_depth = refuse_depth
        self._depth = 1
        self._names: dict[str, str] = {}
        self._columns: dict[str, int] = {}
        self._row, self._column = -1, -1
        self._kind = ""
        self._formula = self._valued = False
        self._said = ""
        self._text = 0
        self._top = self._left = MOST_ROWS
        self._bottom = self._right = -1
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end

    def _start(self, tag: str, given: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse_depth()
        name = self._names.get(tag)
        if name is None:
            name = self._names[tag] = tag.rpartition(":")[2]
        if name == "c":
            self._place(given.get("r"))
            self._kind = given.get("t", "n")
            self._formula = self._valued = False
        elif name == "v" or name == "is":
            self._valued = True
            self._reach()
            if name == "v" and self._kind in ("s", "e"):
                self._said = ""
                self._parser.CharacterDataHandler = self._hear
        elif name == "row":
            self._row = _whole(given.get("r", ""), self._row + 2) - 1
            self._column = -1
        elif name == "f":
            self._formula = True

    def _hear(self, text: str) -> None:
        if len(self._said) < _LONGEST_WORD:
            self._said += text[:_LONGEST_WORD]

    def _end(self, tag: str) -> None:
        self._depth -= 1
        name = self._names.get(tag)
        if name == "v":
            self._parser.CharacterDataHandler = None
            if self._kind == "s":
                self._count()
        elif name == "c" and self._kind == "e" and self._valued:
            self.errors[self._row, self._column] = f"is the error {self._said}; expected a value"
        elif name == "c" and self._formula and not self._valued:
            self.errors[self._row, self._column] = (
                "holds a formula without a result; expected a value: open the file in a spreadsheet program "
                "and save it"
            )

    def _count(self) -> None:
        at = _whole(self._said, len(self._texts))
        self._text += self._texts[at] if at < len(self._texts) else 0
        if self._text > _MOST_TEXT:
            raise BadSheet(f"its cells hold more than {_MOST_TEXT:,} characters; split it")

    def _place(self, name: str | None) -> None:
        """Where a cell is: where its name says, else after the one before."""
        found = _PLACE.fullmatch(name) if name else None
        if found is None:
            self._column += 1
            return
        letters, row = found.groups()
        if letters not in self._columns:
            column = 0
            for letter in letters:
                column = column * 26 + ord(letter) - 64
            self._columns[letters] = column - 1
        self._row, self._column = int(row) - 1, self._columns[letters]

    def _reach(self) -> None:
        """Take the cell into the area that is in use. BadSheet: that is more than a sheet may have."""
        row, column = self._row, self._column
        if self._top <= row <= self._bottom and self._left <= column <= self._right:
            return
        self._top, self._bottom = min(self._top, row), max(self._bottom, row)
        self._left, self._right = min(self._left, column), max(self._right, column)
        if row >= MOST_ROWS:
            raise BadSheet(f"it has a value in row {row + 1}; {MOST_ROWS:,} are the most. Split it")
        if column >= MOST_COLUMNS:
            raise BadSheet(f"row {row + 1} has a value in column {column + 1}; {MOST_COLUMNS} are the most")
        if (self._bottom - self._top + 1) * (self._right - self._left + 1) > _MOST_CELLS:
            raise BadSheet(
                f"its values spread over more than {_MOST_CELLS:,} cells by row {row + 1}; split it"
            )
