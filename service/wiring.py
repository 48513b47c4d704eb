"""Which kinds of tracker there are, and how a connection in the config becomes a connector."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from config.secrets import Secret
from config.settings import ConnectionSettings, Kind
from connectors.base import Capabilities, Connector

__all__ = ["KINDS", "Surroundings", "build", "capabilities", "kinds"]

KINDS = ("file", "github", "jira", "planner")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connector may not fetch for itself: secrets, the clock, waiting, and who hears of waits."""

    secret: Callable[[str], Secret]
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    on_wait: Callable[[str], None]


def kinds() -> Mapping[str, Kind]:
    """Each kind's settings types, so that one pass over the config reports every problem."""
    return {name: cast("Kind", importlib.import_module(f"connectors.{name}.settings").KIND) for name in KINDS}


def capabilities(kind: str) -> Capabilities:
    """What a kind of tracker can and cannot tell."""
    found = importlib.import_module(f"connectors.{kind}.connector").Connector.capabilities
    return cast("Capabilities", found)


def build(settings: ConnectionSettings, around: Surroundings) -> Connector:
    """A fresh connector for one connection; nothing is sent before it is used."""
    module = importlib.import_module(f"connectors.{settings.kind}.connector")
    made = module.Connector(settings, around.secret, around.clock, around.sleep, around.on_wait)
    return cast("Connector", made)
