"""Kinds of tracker that other distributions bring: entry points of the group `crosstie.connectors`.

An entry point's name is the kind, its value a module with KIND (the settings types) and Connector. A faulty
one is a problem in words that names its distribution; it stops its own connections and nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Literal, cast

from pydantic import ConfigDict, create_model

from config.settings import ConnectionSettings, Kind, SourceSettings
from connectors.base import (
    Batch,
    Capabilities,
    CheckReport,
    Connector,
    RawPage,
    SourceOffer,
    Spent,
)
from connectors.errors import ConnectorError, SourceStopped
from service.waiting import Interrupted

__all__ = ["GROUP", "Brought", "brought"]

GROUP = "crosstie.connectors"
_PARTS = ("check", "offers", "pull", "replay", "spent", "close")


@dataclass(frozen=True, slots=True)
class Brought:
    """What one entry point brings; `problem` says why it cannot be used, and then there is no connector."""

    name: str
    origin: str
    kind: Kind
    make: Callable[..., Connector] | None = None
    capabilities: Capabilities | None = None
    problem: str = ""


@contextmanager
def _blaming(origin: str) -> Iterator[None]:
    """A fault of a foreign connector as an error that names its distribution, and stops its source only."""
    try:
        yield
    except (ConnectorError, Interrupted):
        raise
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        raise SourceStopped(
            f"The connector of {origin} failed ({type(error).__name__}: {words}). What came before it is "
            "stored. Report it to the author of that distribution."
        ) from error


class _Contained:
    """A foreign connector whose faults stay its own."""

    def __init__(self, connector: Connector, origin: str) -> None:
        self._connector = connector
        self._origin = origin
        self.kind = connector.kind
        self.capabilities = connector.capabilities

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        with _blaming(self._origin):
            return self._connector.check(sources)

    def offers(self) -> Iterator[SourceOffer]:
        with _blaming(self._origin):
            yield from self._connector.offers()

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        with _blaming(self._origin):
            yield from self._connector.pull(source, cursors, now)

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        with _blaming(self._origin):
            yield from self._connector.replay(source, pages, now)

    def spent(self) -> Spent:
        with _blaming(self._origin):
            return self._connector.spent()

    def close(self) -> None:
        with _blaming(self._origin):
            self._connector.close()


class _OddConnection(ConnectionSettings):
    """Whatever the config says of a connection whose kind cannot be loaded."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)


class _OddSource(SourceSettings):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    @property
    def key(self) -> str:
        """What the config says of it, since nobody can tell which part of that names it."""
        said = {
            name: value for name, value in (self.model_extra or {}).items() if isinstance(value, str | int)
        }
        return " ".join(f"{value}" for value in said.values()) or "source"


@cache
def brought(taken: tuple[str, ...]) -> Mapping[str, Brought]:
    """Each kind that is brought, by name; `taken` are our own kinds, which nobody may replace."""
    importlib.invalidate_caches()
    found: dict[str, Brought] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, _origin(point))):
        if point.name in taken:
            fault = f'the kind "{point.name}" is Crosstie\'s own and stays so; its author must choose another'
            found[f"{point.name} of {_origin(point)}"] = _faulty(point, fault)
        elif point.name in found:
            other = found[point.name].origin
            fault = f'the kind "{point.name}" is brought by {other} too, so neither is used; uninstall one'
            found[point.name] = _faulty(point, fault)
        else:
            found[point.name] = _load(point)
    return found


def _load(point: EntryPoint) -> Brought:
    try:
        module = point.load()
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        return _faulty(point, f"{point.value} cannot be imported ({type(error).__name__}: {words})")
    fault = next(_faults(module, point), None)
    if fault is not None:
        return _faulty(point, fault)
    origin = _origin(point)

    def make(*given: Any) -> Connector:
        with _blaming(origin):
            return cast("Connector", _Contained(module.Connector(*given), origin))

    return Brought(point.name, origin, module.KIND, make, module.Connector.capabilities)


def _faults(module: Any, point: EntryPoint) -> Iterator[str]:
    """What of the contract a module lacks, as far as can be seen without a connection."""
    kind, connector = getattr(module, "KIND", None), getattr(module, "Connector", None)
    if not isinstance(kind, Kind):
        yield f"{point.value} has no KIND, the settings types"
    if connector is None:
        yield f"{point.value} has no Connector"
    missing = [part for part in _PARTS if not callable(getattr(connector, part, None))]
    if missing:
        yield f"its Connector lacks {', '.join(missing)}"
    if not isinstance(getattr(connector, "capabilities", None), Capabilities):
        yield "its Connector does not say its capabilities"
    if getattr(connector, "kind", None) != point.name:
        yield f'its Connector calls itself "{getattr(connector, "kind", None)}", not "{point.name}"'


def _faulty(point: EntryPoint, fault: str) -> Brought:
    literal: Any = Literal[point.name]
    connection = create_model(f"Odd{point.name.title()}", __base__=_OddConnection, kind=(literal, ...))
    kind = Kind(connection=connection, source=_OddSource)
    remedy = "Update that distribution, or uninstall it."
    return Brought(point.name, _origin(point), kind, problem=f"{_origin(point)}: {fault}. {remedy}")


def _origin(point: EntryPoint) -> str:
    """The distribution's name and version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed distribution"
