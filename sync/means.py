"""What an apply works with: trackers, stop signs, the clock; handed in, so that a test can hand in others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from config.settings import SourceSettings
from connectors.errors import Misconfigured
from connectors.writing import Receipt, WritingConnector
from model.store import Store
from model.values import Ref
from model.writer import Writer
from sync.send import Order, Signs, send

__all__ = ["Clock", "Means", "Sender", "Sides", "Stand"]

Clock = Callable[[], datetime]
Sender = Callable[[Store, Signs, WritingConnector, Order, datetime], Receipt]


@dataclass(frozen=True, slots=True)
class Stand:
    """What the sides of a tie say of a field beside one of them: `alike` maps those that say the same to
    their own comparable texts, the one among them; `behind` say something else.
    """

    alike: Mapping[Ref, str | None]
    behind: frozenset[Ref] = frozenset()


class Sides(Protocol):
    """What the sides of a tie say, as comparable texts."""

    def stand(
        self,
        writer: Writer,
        target: Ref,
        fields: Collection[str],
        origin: Ref | None = None,
        held: Mapping[Ref, Mapping[str, object]] | None = None,
    ) -> Mapping[str, Stand]:
        """Field -> how the sides of the target's tie stand to what it says; `origin`: where it came from.

        `held` are values that sides held in between, in place of what they say. A field in which the target
        cannot be compared is left out.
        """
        ...

    def fields(self, connection: str, source: str) -> Collection[str]:
        """The fields that are kept in agreement there."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """`connectors` by connection, `sources` by connection and key; `by` is who or what runs this.

    `marker` makes the text by which an issue created for an intent is known again. `insist`: try again what
    a tracker refused before.
    """

    store: Store
    connectors: Mapping[str, object]
    sources: Mapping[tuple[str, str], SourceSettings]
    signs: Signs
    sides: Sides
    marker: Callable[[str, str, str], str]
    clock: Clock
    by: str
    insist: bool = False
    send: Sender = send

    def writing(self, connection: str) -> WritingConnector:
        """The connection's connector, where it can write. Misconfigured: it cannot."""
        found = self.connectors.get(connection)
        if isinstance(found, WritingConnector):
            return found
        raise Misconfigured(f"[connections.{connection}] cannot be written through; name another one")

    def source(self, connection: str, key: str) -> SourceSettings:
        """The settings of a source. Misconfigured: the project no longer reads it."""
        try:
            return self.sources[connection, key]
        except KeyError:
            raise Misconfigured(
                f"[projects.{self.signs.name}] no longer reads {key} through {connection}; run crosstie sync"
            ) from None
