"""Webhooks at the trackers: registered there, renewed in time, and what did not get through sent again."""

from __future__ import annotations

import importlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from config.secrets import Secret
from connectors.errors import ConnectorError, Misconfigured
from connectors.hooks import Keys
from connectors.registration import Registered, Registrar
from service.failures import Exit, Failure
from service.hooks.doors import hooked, keys_of, path_of
from service.hooks.subscriptions import Order, forget, keep, orders_of

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["Desk", "desk_of", "look_after", "named"]

_PENDING = timedelta(minutes=2)
_KEPT = timedelta(days=3)
_LIFE = timedelta(minutes=41_000)
_GRAPH = "graph"


def named(workspace: Workspace, name: str | None) -> list[str]:
    """The connections that take webhooks, or the one named. Failure: it does not."""
    known = [each for each, _ in hooked(workspace)]
    if name is None:
        if not known:
            raise Failure(
                Exit.CONFIGURATION,
                f"No connection of {workspace.path.name} takes webhooks. Give one "
                'webhook_secret = "env:NAME".',
            )
        return known
    if name not in known:
        raise Failure(
            Exit.USAGE,
            f'The connection "{name}" of {workspace.path.name} takes no webhooks. Those that do: '
            f'{", ".join(known) or "none"}. Give it webhook_secret = "env:NAME".',
        )
    return [name]


@contextmanager
def desk_of(workspace: Workspace, name: str) -> Iterator[Desk]:
    """A connection's webhooks at its tracker, signed in when first asked."""
    settings: Any = workspace.config.connections[name]
    sources = [source for source in workspace.sources() if source.connection == name]
    module = importlib.import_module(f"connectors.{settings.kind.replace('-', '_')}.registration")
    registrar = cast(
        "Registrar",
        module.Registrar(
            settings, sources, workspace.credential, workspace.clock, workspace.sleep, workspace.on_wait
        ),
    )
    try:
        yield Desk(workspace, name, settings.kind, keys_of(workspace, name, settings), registrar)
    finally:
        registrar.close()


@dataclass
class Desk:
    """What can be done with one connection's webhooks. Errors are the tracker's, of connectors.errors."""

    workspace: Workspace
    name: str
    kind: str
    keys: Keys
    registrar: Registrar

    @property
    def base(self) -> str:
        """Failure: the config does not say under which address trackers reach us."""
        url = self.workspace.config.web.url
        if url is None:
            raise Failure(
                Exit.CONFIGURATION,
                f"{self.workspace.path.name} does not say where trackers reach this program. "
                'Write [web] url = "https://…", the public address in front of [web] hooks.',
            )
        return url.rstrip("/")

    def ours(self) -> tuple[Registered, ...]:
        """The webhooks at the tracker that lead to this connection."""
        start = f"{self.base}/hooks/{self.name}"
        return tuple(
            one for one in self.registrar.listed() if one.url == start or one.url.startswith(f"{start}/")
        )

    def install(self) -> tuple[Registered, ...]:
        """Register what every source needs, and set right what is there."""
        return tuple(self._install(place) for place in self.registrar.places())

    def _install(self, place: str) -> Registered:
        if self.kind == "planner":
            return self._subscribe(place)
        secret = self.keys.secrets[0] if self.keys.secrets else Secret("", "none")
        url = f"{self.base}{path_of(self.name, self.keys)}"
        return self.registrar.install(place, url, secret, self.workspace.clock())

    def _subscribe(self, place: str) -> Registered:
        """Graph asks back while it is asked, so the receiver must know of the address before."""
        from connectors.planner.hooks import client_state

        now, store = self.workspace.clock(), self.workspace.store
        known = next((one for one in orders_of(store, self.name) if one.resource == place and one.id), None)
        if known is not None:
            kept = self._renew(known, now)
            if kept is not None:
                return kept
        order = Order(secrets.token_urlsafe(24), place, pending=now + _PENDING)
        keep(store, self.name, order, now)
        url = f"{self.base}{path_of(self.name, self.keys, _GRAPH, order.slot)}"
        state = Secret(client_state(self.keys.secrets[0], order.slot), self.keys.secrets[0].name)
        try:
            made = self.registrar.install(place, url, state, now)
        except ConnectorError:
            forget(store, self.name, order.slot)
            raise
        keep(store, self.name, replace(order, pending=None, id=made.id, ends=made.ends), now)
        return made

    def _renew(self, order: Order, now: datetime) -> Registered | None:
        """The subscription with a new end; None: it is gone, and so is what we knew of it."""
        try:
            kept = self.registrar.renew(Registered(order.id, order.resource, ""), now)
        except Misconfigured:
            forget(self.workspace.store, self.name, order.slot)
            return None
        keep(self.workspace.store, self.name, replace(order, ends=kept.ends), now)
        return kept

    def renew(self) -> int:
        """Renew what has passed half of its life, and make anew what has run out; how many."""
        now, count = self.workspace.clock(), 0
        if self.kind == "planner":
            for order in orders_of(self.workspace.store, self.name):
                if order.id and (order.ends is None or order.ends - now < _LIFE / 2):
                    count += 1
                    if self._renew(order, now) is None:
                        self._subscribe(order.resource)
            return count
        for one in self.ours():
            if one.ends is not None and one.ends - now < timedelta(days=15):
                self.registrar.renew(one, now)
                count += 1
        return count

    def redeliver(self, say: Callable[[str], None] = lambda text: None) -> int:
        """Let the tracker send again what did not get through; how many deliveries."""
        missed = self.registrar.missed(self.ours(), self.workspace.clock() - _KEPT)
        for one in missed:
            self.registrar.redeliver(one)
            say(f"{one.place}: {one.event} of {one.at:%d %b %H:%M} UTC is sent again ({one.why})")
        return len(missed)


def look_after(workspace: Workspace) -> str:
    """Renew and send again for every connection; what happened, in words. A failure names its connection."""
    if workspace.config.web.url is None:
        return "no [web] url, so nothing was looked after"
    renewed, again, failures = 0, 0, []
    for name, _ in hooked(workspace):
        try:
            with desk_of(workspace, name) as desk:
                renewed += desk.renew()
                again += desk.redeliver()
        except (ConnectorError, Failure) as error:
            failures.append(f"{name}: {error}")
    told = f"{renewed} webhooks renewed, {again} deliveries sent again"
    if failures:
        raise Failure(Exit.TRY_LATER, f"{told}; {' '.join(failures)}")
    return told
