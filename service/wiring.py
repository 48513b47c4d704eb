"""Which kinds of tracker there are, and how a connection in the config becomes a connector."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from config.secrets import Secret
from config.settings import ConnectionSettings, Kind
from connectors.base import Capabilities, Connector, Deletions, History
from connectors.errors import Misconfigured

if TYPE_CHECKING:
    from service.plugins import Brought

__all__ = ["KINDS", "Surroundings", "build", "capabilities", "kinds", "names", "problems"]

KINDS = ("file", "github", "jira", "planner", "planner-premium")
"""The kinds that Crosstie brings itself; `names` adds those that other distributions bring."""


UNKNOWN = Capabilities(
    history=History.NONE,
    history_fields=frozenset(),
    sprints=False,
    milestones=False,
    dependencies=False,
    worklogs=False,
    costs=False,
    deletions=Deletions.NONE,
    deletions_note="not known",
    note="Its connector cannot be loaded.",
)
"""What a kind can tell whose connector cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connector may not fetch for itself: secrets, the clock, waiting, and who hears of waits."""

    secret: Callable[[str], Secret]
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    on_wait: Callable[[str], None]


class _Kinds(Mapping[str, Kind]):
    """Our own kinds first: others are only looked for when one of them is asked for, which takes time."""

    def __init__(self, faulty: bool) -> None:
        self._faulty = faulty

    def __getitem__(self, kind: str) -> Kind:
        return _settings(kind) if kind in KINDS else self._others()[kind]

    def __iter__(self) -> Iterator[str]:
        return iter((*KINDS, *self._others()))

    def __len__(self) -> int:
        return len(KINDS) + len(self._others())

    def __contains__(self, kind: object) -> bool:
        return kind in KINDS or kind in list(self._others())

    def _others(self) -> dict[str, Kind]:
        found = _brought().items()
        return {kind: one.kind for kind, one in found if self._usable(kind, one)}

    def _usable(self, kind: str, one: Brought) -> bool:
        return kind == one.name and (self._faulty or not one.problem)


def kinds(*, faulty: bool = False) -> Mapping[str, Kind]:
    """Each kind's settings types, so that one pass over the config reports every problem.

    `faulty`: those too that cannot be loaded, whose settings may say anything: the config as a whole stays
    readable, and only their own connections fail, in `build`.
    """
    return _Kinds(faulty)


def names() -> tuple[str, ...]:
    """Every kind that can be used."""
    return tuple(kinds())


def problems() -> tuple[str, ...]:
    """What is wrong with kinds that other distributions bring, each naming its distribution."""
    return tuple(one.problem for one in _brought().values() if one.problem)


def capabilities(kind: str) -> Capabilities:
    """What a kind of tracker can and cannot tell."""
    if kind in KINDS:
        return cast("Capabilities", _own(kind).capabilities)
    return _brought()[kind].capabilities or UNKNOWN


def build(settings: ConnectionSettings, around: Surroundings) -> Connector:
    """A fresh connector for one connection; nothing is sent before it is used.

    Misconfigured: its kind is brought by another distribution and cannot be used, or fails to start.
    """
    given = settings, around.secret, around.clock, around.sleep, around.on_wait
    if settings.kind in KINDS:
        return cast("Connector", _own(settings.kind)(*given))
    one = _brought()[settings.kind]
    if one.make is None:
        raise Misconfigured(f"{settings.name} cannot be used. {one.problem}")
    return one.make(*given)


def _own(kind: str) -> Any:
    return importlib.import_module(f"connectors.{_folder(kind)}.connector").Connector


def _settings(kind: str) -> Kind:
    return cast("Kind", importlib.import_module(f"connectors.{_folder(kind)}.settings").KIND)


def _folder(kind: str) -> str:
    return kind.replace("-", "_")


def _brought() -> Mapping[str, Brought]:
    from service.plugins import brought

    return brought(KINDS)
