"""What writing stands on: the project's charter, its connectors, the key of markers, and the one lease."""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from config.secrets import REFERENCE
from connectors.errors import ConnectorError
from service.failures import Exit, Failure
from service.fenced import FencedStore, Hold
from service.wiring import kinds
from sync.charter import Charter, Rounding, Tracker, charter_of
from sync.cycle import Step, cycle, means_of, trackers_of
from sync.markers import marker_for

if TYPE_CHECKING:
    from pathlib import Path

    from config.settings import ConnectionSettings, SourceSettings
    from connectors.base import Connector
    from service.workspace import Workspace
    from sync.means import Means

__all__ = ["Desk", "charter_for", "marker_key", "write_within_limits", "writing_desk"]

_KEY_BYTES = 32
_SECRETS = ("token", "secret", "key", "credential")
"""Settings of connections that refer to what reading needs; a connector may ask for it only later."""


@dataclass(frozen=True, slots=True)
class _Connectors:
    """A project's connectors by connection. `lost`: why one cannot be used now; `known` still tells of it."""

    known: dict[str, Connector] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)

    @property
    def usable(self) -> dict[str, Connector]:
        return {name: one for name, one in self.known.items() if name not in self.lost}


@dataclass(frozen=True, slots=True)
class Desk:
    """A project that may be written for, by this process alone."""

    charter: Charter
    means: Means


def charter_for(workspace: Workspace, project: str) -> Charter:
    """The charter of a project, without signing in anywhere."""
    with _connectors(workspace, project, signs_in=False) as found:
        return _charter(workspace, project, found)


@contextmanager
def writing_desk(workspace: Workspace, project: str, by: str, *, insist: bool = False) -> Iterator[Desk]:
    """Take the lease on writing for a project, and give it back. Failure: another process holds it."""
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    hold = Hold(workspace.store, f"write/{project}", holder, workspace.clock)
    if not hold.take():
        raise Failure(
            Exit.BUSY,
            f"Another crosstie writes for {project}, so nothing was written. Run this again when it is done.",
        )
    try:
        with _connectors(workspace, project) as found:
            charter = _charter(workspace, project, found)
            store = FencedStore(workspace.store, hold)
            marker = partial(marker_for, marker_key(workspace))
            means = means_of(
                store,
                workspace.config,
                charter,
                found.usable,
                marker,
                workspace.clock,
                by,
                hold.lease,
                insist=insist,
            )
            yield Desk(charter, means)
    finally:
        hold.give_back()


def write_within_limits(workspace: Workspace, by: str) -> Callable[[str], tuple[Step, ...]]:
    """What carries out a project's changes without reading first; it asks nobody.

    Failure: another process writes for the project.
    """

    def write(project: str) -> tuple[Step, ...]:
        with writing_desk(workspace, project, by) as desk:
            return tuple(cycle(desk.means, desk.charter))

    return write


@contextmanager
def _connectors(workspace: Workspace, project: str, *, signs_in: bool = True) -> Iterator[_Connectors]:
    """A connector for each connection that the project reads; closed afterwards.

    One that cannot sign in stops only itself. ConnectorError: none can.
    """
    _, settings = workspace.project(project)
    names = sorted({source.connection for source in settings.sources})
    found = _Connectors()
    with ExitStack() as opened:
        for name in names:
            connection = workspace.config.connections[name]
            try:
                if signs_in:
                    _have_secrets(workspace, connection)
                made = workspace.connector(connection, signs_in=signs_in)
            except ConnectorError as error:
                if len(found.lost) + 1 == len(names):
                    raise
                found.lost[name] = f"{name} cannot be used now: {error}"
                made = workspace.connector(connection, signs_in=False)
            opened.callback(made.close)
            found.known[name] = made
        yield found


def _have_secrets(workspace: Workspace, connection: ConnectionSettings) -> None:
    """Misconfigured: a secret that reading through the connection needs cannot be had."""
    for reference in {getattr(connection, name, None) for name in _SECRETS}:
        if isinstance(reference, str) and re.fullmatch(REFERENCE, reference):
            workspace.credential(reference)


def _charter(workspace: Workspace, project: str, found: _Connectors) -> Charter:
    known, connections, connectors = kinds(), workspace.config.connections, found.known
    verified = {name for name in connectors if known[connections[name].kind].verified}
    own = {name: str(account) for name, one in connectors.items() if (account := _own_account(one))}
    _, settings = workspace.project(project)
    trackers = trackers_of(connectors, verified, own)
    for name, connector in connectors.items():
        mine = [source for source in settings.sources if source.connection == name]
        if trackers[name].writes:
            _teach(workspace, connector, mine)
            trackers[name] = _placed(trackers[name], connector, mine)
        if name in found.lost:
            trackers[name] = replace(trackers[name], lost=found.lost[name])
    return charter_of(workspace.config, project, trackers)


def _teach(workspace: Workspace, connector: Connector, sources: Sequence[SourceSettings]) -> None:
    """Let a connector know again what was read of its sources, where it rounds by that."""
    learn = getattr(connector, "learn", None)
    if learn is None:
        return
    with workspace.store.reading() as books:
        for source in sources:
            learn(source, partial(books.newest_pages, source.connection, source.key))


def _placed(tracker: Tracker, connector: Connector, sources: Sequence[SourceSettings]) -> Tracker:
    """What is known of a tracker, with what the settings of its sources leave a place for."""
    holds, rounded_in = (getattr(connector, name, None) for name in ("holds", "rounded_in"))
    if holds is not None:
        tracker = replace(tracker, holds={source.key: holds(source) for source in sources})
    general = tracker.rounded
    if rounded_in is not None and general is not None:
        rounds = {source.key: partial(_rounded, general, partial(rounded_in, source)) for source in sources}
        tracker = replace(tracker, rounds=rounds)
    return tracker


def _rounded(tracker: Rounding, source: Rounding, name: str, value: object) -> object:
    """The value as the tracker holds it, in a source as that is set up."""
    return source(name, tracker(name, value))


def _own_account(connector: Connector) -> object:
    """The account that writes through a connector, where that is known without asking the tracker."""
    return getattr(connector, "own_account", None)


def marker_key(workspace: Workspace) -> bytes:
    """The key that seals markers: the config's, or that of a file beside the SQLite store, made when needed.

    Failure: the store is no file and the config names no key.
    """
    general = workspace.config.general
    if general.key is not None:
        return workspace.secret(general.key).reveal().encode()
    path = workspace.store.database.where.path
    if path is None:
        raise Failure(
            Exit.CONFIGURATION,
            f"{workspace.path.name}: the store is no file, so the key that seals what Crosstie writes "
            'must be named. Make one, then write [general] key = "file:/run/secrets/crosstie-key"',
        )
    return _kept(path.with_name("crosstie.key"))


def _kept(path: Path) -> bytes:
    """The key in a file that only its owner can read; made where there is none."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(made, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if len(text) < _KEY_BYTES:
        raise Failure(
            Exit.CONFIGURATION,
            f"{path} holds no key of {_KEY_BYTES} characters or more. Put it back from a backup; without it "
            "issues that Crosstie created are not known again. Nothing was written.",
        )
    return text.encode()
