"""Twins: what is created for an issue elsewhere, and how it is found again when nobody answered."""

from __future__ import annotations

from datetime import datetime

from connectors.writing import Draft
from model.outbox import Entry
from model.values import Ref
from sync.changeset import Write
from sync.intents import read_write, value_of
from sync.means import Means

__all__ = ["draft", "find_twin", "marker_of"]

_WORDS = ("type", "bucket", "link", "link_title")


def draft(write: Write, marker: str) -> Draft:
    """What is to be created; beside fields, a write names the target's own words and the way back."""
    fields = {name: value_of(name, text) for name, text in write.fields.items() if name not in _WORDS}
    said = {name: write.fields.get(name) for name in _WORDS}
    return Draft(
        marker,
        fields,
        type=said["type"] or "",
        bucket=said["bucket"],
        link=said["link"],
        link_title=said["link_title"] or "",
    )


def marker_of(means: Means, entry: Entry) -> str:
    """The text by which the issue of this intent is known again."""
    return means.marker(entry.connection, entry.source, entry.intent)


def find_twin(means: Means, entry: Entry, since: datetime) -> Ref | None:
    """The issue that was created for an intent: it bears our marker, or is the only one of ours like it.

    Connector errors pass. What bears another marker, or was not created by our own account, is not it.
    """
    write, marker = read_write(entry), marker_of(means, entry)
    source = means.source(entry.connection, entry.source)
    title = write.fields.get("title") or write.title
    found = means.writing(entry.connection).find(source, marker, title, since, means.clock())
    ours = [one for one in found if one.ours]
    marked = [one.issue.ref for one in ours if one.marker == marker]
    if marked:
        return min(marked)
    bare = [one.issue.ref for one in ours if one.marker is None]
    with means.store.reading() as books:
        taken = books.outbox.made(entry.connection, [ref.id for ref in bare])
    bare = [ref for ref in bare if ref.id not in taken]
    return bare[0] if len(bare) == 1 else None
