"""From the config to the doors: each connection's secrets read and judged, its judge made.

There is no way to take webhooks without a secret, and none that two connections share.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from config.web import ReceivesHooks
from connectors.hooks import Keys, Receiver
from service.failures import Exit, Failure
from service.hooks.door import Door, networks
from service.hooks.subscriptions import Orders

if TYPE_CHECKING:
    from config.secrets import Secret
    from service.workspace import Workspace

__all__ = ["hooked", "keys_of", "open_doors", "path_of"]

_SHORTEST = 16
_PATH = re.compile(r"[A-Za-z0-9_-]{22,200}")


def hooked(workspace: Workspace) -> Iterator[tuple[str, ReceivesHooks]]:
    """The connections that take webhooks, by name."""
    for name, settings in workspace.config.connections.items():
        if isinstance(settings, ReceivesHooks) and settings.takes_hooks:
            yield name, settings


def open_doors(workspace: Workspace) -> Mapping[str, Door]:
    """Each connection's door. Failure: a secret is missing, too short, or shared by two connections."""
    doors: dict[str, Door] = {}
    owners: list[_Owned] = []
    for name, hooks in hooked(workspace):
        keys = keys_of(workspace, name, hooks)
        for secret in keys.secrets:
            _refuse_shared(owners, _Owned(name, secret), workspace.path.name)
        doors[name] = Door(name, _receiver(workspace, name, keys), networks(hooks.hooks_from))
    return doors


def keys_of(workspace: Workspace, name: str, hooks: ReceivesHooks) -> Keys:
    """The secrets that a connection's webhooks are proven by. Failure: one cannot be used."""
    references = [one for one in (hooks.webhook_secret, hooks.webhook_secret_old) if one is not None]
    secrets = tuple(workspace.secret(reference) for reference in references)
    for secret in secrets:
        text = secret.reveal()
        if len(text.strip().encode()) < _SHORTEST:
            raise Failure(
                Exit.CONFIGURATION,
                f"{workspace.path.name} connections.{name}: the webhook secret {secret.name} is shorter than "
                f"{_SHORTEST} bytes. Make a new one: crosstie hooks rotate {name}",
            )
    path = workspace.secret(hooks.hooks_path_token) if hooks.hooks_path_token is not None else None
    if path is not None and _PATH.fullmatch(path.reveal()) is None:
        raise Failure(
            Exit.CONFIGURATION,
            f"{workspace.path.name} connections.{name}.hooks_path_token: {path.name} is not 22 or more "
            "letters and digits. Put 22 random ones there and start again",
        )
    return Keys(secrets, path, Orders(workspace.store, name))


def path_of(name: str, keys: Keys, *more: str) -> str:
    """The path that a connection's webhooks are sent to."""
    parts = ["", "hooks", name, *more, *([keys.path.reveal()] if keys.path else [])]
    return "/".join(parts)


@dataclass(frozen=True, slots=True)
class _Owned:
    connection: str
    secret: Secret


def _refuse_shared(owners: list[_Owned], new: _Owned, file: str) -> None:
    for other in owners:
        if other.connection != new.connection and other.secret == new.secret:
            raise Failure(
                Exit.CONFIGURATION,
                f"{file}: connections.{other.connection} and connections.{new.connection} have the same "
                f"webhook secret. Give one of them its own: crosstie hooks rotate {new.connection}",
            )
    owners.append(new)


def _receiver(workspace: Workspace, name: str, keys: Keys) -> Receiver:
    settings = workspace.config.connections[name]
    sources = [source for source in workspace.sources() if source.connection == name]
    module = importlib.import_module(f"connectors.{settings.kind.replace('-', '_')}.hooks")
    return cast("Receiver", module.Hooks(settings, sources, keys))
