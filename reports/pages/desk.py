"""What every page is written with: a voice, the items' labels, and the pieces that open to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import urlsplit

from model.values import StatusCategory
from reports.figures import State
from reports.freshness import source_rows
from reports.labels import Label
from reports.render.page import (
    Block,
    Bullets,
    Entry,
    Line,
    Page,
    Paragraph,
    Section,
    Span,
    plain,
    spans_of,
)
from reports.voice import STATUS_WORDS
from reports.wording import Part, Sentence, Speaker, say
from reports.work import Work

__all__ = ["Desk", "bullets", "note", "section"]


class Desk:
    """Writes the lines of one report's pages."""

    def __init__(
        self, work: Work, by: Speaker, items: Mapping[str, Label], rows: Mapping[str, Entry] | None = None
    ) -> None:
        """`rows` are what figures open to besides items, in the order in which they are listed."""
        self.work = work
        self.by = by
        self.items = items
        self.rows = rows or {}
        self.language = work.config.general.language
        self.unit = "issues" if by.unit == "count" else by.unit
        self.voice = by.voice

    def say(self, fact: object) -> Line:
        """A fact in the words that every format uses."""
        return self.line(say(fact, self.by))

    def line(self, sentence: Sentence) -> Line:
        """A sentence as a line; a key leads to its record, a figure to the items behind it."""
        return tuple(span for part in sentence for span in self._spans(part))

    def issue(self, item: str) -> Line:
        """The item's key and title."""
        return self.line(self.by.item(item))

    def issues(self, items: Sequence[str]) -> Line:
        """The keys of some items, and how many more there are."""
        return self.line(self.by.items(items))

    def _spans(self, part: Part) -> Iterator[Span]:
        """The part as spans; the space before a figure is not part of what opens."""
        words = part.text.lstrip() if part.items else part.text
        if words != part.text:
            yield Span(" ")
        label = self.items.get(part.items[0]) if part.foreign and len(part.items) == 1 else None
        urls = {record.key: record.url for record in reversed(label.records)} if label else {}
        url = urls.get(words) or (label.records[0].url if label is not None and label.records else "")
        yield Span(words, part.foreign, items=part.items, label=words, url=url)

    def subtitle(self, what: str) -> str:
        """What the page is and when it holds, with the zone named once."""
        at = self.work.at.astimezone(self.work.calendar.zone)
        zone = self.work.config.general.timezone.rpartition("/")[2].replace("_", " ")
        return f"{what} as of {self.voice.deadline(at.date())} {at:%Y, %H:%M}, {zone} time"

    def opening(
        self, text: str, items: Iterable[str], label: str, *, strong: bool = False, state: State | None = None
    ) -> Span:
        """A figure that opens to the items it was made from."""
        return Span(text, items=tuple(items), label=label, strong=strong, state=state)

    def unread(self) -> tuple[Line, ...]:
        """A line for each source that was never read completely: a figure without it says too little."""
        return tuple(
            (Span(row.source, foreign=True), *plain(" was never read completely. Run: crosstie pull"))
            for row in source_rows(self.work)
            if row.last_complete is None
        )

    def date(self, day: date | None) -> str:
        return self.voice.short_date(day) if day else "no date"

    def page(
        self,
        title: str,
        subtitle: str,
        state: State | None,
        sentence: Line,
        sections: Iterable[Section | None],
        notes: Iterable[Line] = (),
        footer: Iterable[Line] = (),
    ) -> Page:
        """The finished page: sections that have something to say, and an entry for each item named."""
        kept = tuple(section for section in sections if section is not None and section.blocks)
        bare = Page(
            title, subtitle, state, sentence, tuple(notes), kept, tuple(footer), (), self.language[:2]
        )
        opened = {item for span in spans_of(bare) for item in span.items}
        named = sorted((item for item in opened if item in self.items), key=self._place)
        entries = [self._entry(self.items[item]) for item in named]
        entries += [row for id, row in self.rows.items() if id in opened]
        listed = "rows" if self.rows else "issues"
        return replace(bare, entries=tuple(entries), origins=self._origins(), listed=listed)

    def _origins(self) -> frozenset[str]:
        """Scheme and host of each tracker's pages: no link leads anywhere else."""
        pages = (urlsplit(settings.browse) for settings in self.work.config.connections.values())
        return frozenset(f"{page.scheme}://{page.netloc}" for page in pages if page.netloc)

    def _place(self, item: str) -> tuple[str, int, str]:
        label = self.items[item]
        head, _, number = label.key.rpartition("-" if "#" not in label.key else "#")
        return head, int(number) if number.isascii() and number.isdigit() else 0, label.key

    def _entry(self, label: Label) -> Entry:
        known = label.status is not StatusCategory.UNKNOWN
        facts = [STATUS_WORDS[label.status] if known else "status unknown"]
        facts.append(f"due {self.date(label.due)}" if label.due else "no due date")
        if label.estimate is not None:
            facts.append(self.voice.amount(label.estimate, self.by.unit))
        facts.append(", ".join(label.owners) or "no owner")
        records = tuple(
            (f"{record.tracker} (gone)" if record.gone else record.tracker, record.key, record.url)
            for record in label.records
        )
        return Entry(label.id, label.title, records, " · ".join(facts))


def section(title: str, *blocks: Block | None, half: bool = False, annex: bool = False) -> Section:
    """A section of the blocks that are there."""
    return Section(title, tuple(block for block in blocks if block is not None), half=half, annex=annex)


def bullets(lines: Iterable[Line], ordered: bool = False) -> Bullets | None:
    found = tuple(lines)
    return Bullets(found, ordered) if found else None


def note(text: str) -> Paragraph:
    """A quiet sentence of our own."""
    return Paragraph(plain(text), quiet=True)
