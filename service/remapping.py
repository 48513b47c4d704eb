"""Replay what is stored of every source through today's config, without asking any tracker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.errors import ConnectorError
from sync.remap import Remapped, remap

if TYPE_CHECKING:
    from config.settings import SourceSettings
    from service.workspace import Workspace

__all__ = ["NotRemapped", "remap_sources"]


@dataclass(frozen=True, slots=True)
class NotRemapped:
    """A source whose pages could not be replayed, and why; it is as it was."""

    connection: str
    source: str
    error: ConnectorError


def remap_sources(
    workspace: Workspace, sources: Sequence[SourceSettings], *, dry: bool
) -> Iterator[Remapped | NotRemapped]:
    """Each source's outcome, one after the other; a source is remapped whole or not at all."""
    for source in sources:
        settings = workspace.config.connections[source.connection]
        try:
            connector = workspace.connector(settings, signs_in=False)
        except ConnectorError as error:
            yield NotRemapped(source.connection, source.key, error)
            continue
        try:
            now = workspace.clock()
            yield remap(workspace.store, connector, source.connection, source, now, dry=dry)
        except ConnectorError as error:
            yield NotRemapped(source.connection, source.key, error)
        finally:
            connector.close()
