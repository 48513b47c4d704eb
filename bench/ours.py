"""One pull of ours in a process of its own; its last line of output is what it cost, as JSON."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.base import Connector

if TYPE_CHECKING:
    from model.store import Store

__all__ = ["Cost", "connector_of", "cpu", "memory"]


@dataclass
class Cost:
    """CPU and wall in seconds, memory in megabytes above the process with its config loaded."""

    cpu: float
    wall: float
    memory: float
    issues: int
    events: int
    requests: int = 0


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory() -> float:
    """The most that was ever resident, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def connector_of(where: dict[str, Any]) -> tuple[Callable[[], Connector], Any]:
    """A maker of connectors on the crowd, and the source."""
    from config.secrets import Secret
    from service.wiring import Surroundings, build, kinds

    kind = kinds()[where["kind"]]
    addresses = {name: where[name] for name in ("url", "authority", "ca_file") if name in where}
    settings = kind.connection(**where["settings"], **addresses)
    source = kind.source(**where["source"])
    now = datetime.fromisoformat(where["now"])
    around = Surroundings(lambda reference: Secret("bench", reference), lambda: now, time.sleep, print)
    return lambda: build(settings, around), source


def main(where: dict[str, Any], pulls: int) -> list[Cost]:
    """So many pulls in a row, a day apart, into one new store."""
    from model.schema import upgrade
    from model.store import open_store

    make, source = connector_of(where)
    now = datetime.fromisoformat(where["now"])
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'crosstie.db'}"
        upgrade(url, now=now)
        with open_store(url) as store:
            return [_pull(store, make(), source, now + timedelta(days=number)) for number in range(pulls)]


def _pull(store: Store, connector: Connector, source: Any, at: datetime) -> Cost:
    from service.ahead import read_ahead
    from sync.pull import Failed, Finished, pull

    resting, before, began = memory(), cpu(), time.perf_counter()
    for step in pull(store, connector, source.connection, source, at, lambda: at, ahead=read_ahead):
        if isinstance(step, Failed):
            raise step.error
    connector.close()
    assert isinstance(step, Finished)
    wall = time.perf_counter() - began
    return Cost(cpu() - before, wall, memory() - resting, step.seen, step.events, step.requests)


if __name__ == "__main__":
    told = main(json.loads(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps([vars(cost) for cost in told]))
