"""What every command stands on: the config it found, the store behind it, the clock and the secrets."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from service.failures import Exit, Failure

if TYPE_CHECKING:
    from config.secrets import Redactor, Secret
    from config.settings import Config, ConnectionSettings, Project, SourceSettings
    from connectors.base import Connector
    from model.store import Store
    from service.waiting import Pauses

__all__ = ["Workspace", "clock_from"]

PRETENDED_NOW = "CROSSTIE_NOW"


def clock_from(environ: Mapping[str, str]) -> Callable[[], datetime]:
    """The machine's clock, or the instant that CROSSTIE_NOW pretends it is (for the demo's world)."""
    pretended = environ.get(PRETENDED_NOW)
    if pretended is None:
        return lambda: datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(pretended)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise Failure(
            Exit.USAGE, f"{PRETENDED_NOW} must be an instant with a zone, such as 2026-06-30T17:00:00+00:00."
        )
    return lambda: instant.astimezone(UTC)


@dataclass
class Workspace:
    """One config file and all that it leads to; each part is made when it is first asked for."""

    path: Path
    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    on_wait: Callable[[str], None] = lambda sentence: None
    sleep: Callable[[float], None] = time.sleep
    redactor: Redactor | None = None
    _told: bool = False

    @cached_property
    def config(self) -> Config:
        from config.load import load
        from service.wiring import kinds

        text = self.path.read_text(encoding="utf-8", errors="surrogateescape")
        return load(text, kinds(faulty=True), self.path.name, self.path.resolve().parent)

    @cached_property
    def store(self) -> Store:
        from model.store import open_store

        settings = self.config.general.store
        opened = open_store(settings.url, password=self.store_password(), mark=settings.mark)
        if not settings.allow_unsafe and (found := opened.weaknesses()):
            opened.close()
            raise Failure(
                Exit.STORE,
                f"{'; '.join(found)}: what was confirmed may be lost with the power. Put that right, or say "
                "allow_unsafe = true in [general.store] if you can do without it.",
            )
        return opened

    def secret(self, reference: str) -> Secret:
        """The secret behind a reference; from now on no output carries it."""
        from config.secrets import Redactor, resolve

        found = resolve(reference, self.environ)
        self.redactor = self.redactor or Redactor()
        self.redactor.add(found)
        return found

    def store_password(self) -> str | None:
        """The PostgreSQL password, where the config refers to one."""
        reference = self.config.general.store.password
        return self.secret(reference).reveal() if reference else None

    def redact(self, text: str) -> str:
        """The text with every secret loaded so far blotted out."""
        return self.redactor(text) if self.redactor else text

    def connector(
        self, settings: ConnectionSettings, pauses: Pauses | None = None, *, signs_in: bool = True
    ) -> Connector:
        """A connector for one connection; the caller closes it.

        `pauses` waits in place of the workspace's own sleep. One that never signs in needs no secret.
        """
        from service.wiring import Surroundings, build

        credential = self.credential if signs_in else self._no_credential
        sleep, on_wait = (pauses.sleep, pauses.announce) if pauses else (self.sleep, self.on_wait)
        return build(settings, Surroundings(credential, self.clock, sleep, on_wait))

    def credential(self, reference: str) -> Secret:
        """A tracker's secret; one that cannot be had fails that tracker and leaves the others alone."""
        from config.secrets import SecretError
        from connectors.errors import Misconfigured

        try:
            return self.secret(reference)
        except SecretError as error:
            raise Misconfigured(str(error)) from None

    def _no_credential(self, reference: str) -> Secret:
        """The secret where it can be had, else a stand-in: what is stored is read without signing in."""
        from config.secrets import Secret
        from connectors.errors import Misconfigured

        try:
            return self.credential(reference)
        except Misconfigured:
            return Secret("not needed", reference)

    def project(self, name: str | None) -> tuple[str, Project]:
        """The project asked for, or the first one; that it was chosen among several is said once."""
        projects = self.config.projects
        if name is None and projects:
            first = next(iter(projects))
            if len(projects) > 1 and not self._told:
                others = ", ".join(key for key in projects if key != first)
                self.on_wait(f"About {first}, the first project of {self.path.name}. --project: {others}")
                self._told = True
            return first, projects[first]
        if name is not None and name in projects:
            return name, projects[name]
        known = ", ".join(sorted(projects)) or "none yet"
        if name is None:
            raise Failure(Exit.USAGE, f"{self.path.name} has no project. Add one: a table [projects.NAME].")
        raise Failure(Exit.USAGE, f'{self.path.name} has no project "{name}". It has: {known}.')

    def sources(self, name: str | None = None) -> tuple[SourceSettings, ...]:
        """The sources of one project, or of all, each once."""
        chosen = [self.project(name)[1]] if name else list(self.config.projects.values())
        found: dict[tuple[str, str], SourceSettings] = {}
        for project in chosen:
            for source in project.sources:
                found.setdefault((source.connection, source.key), source)
        return tuple(found.values())

    def close(self) -> None:
        if "store" in self.__dict__:
            self.store.close()
