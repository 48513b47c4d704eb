"""What `crosstie check` finds: the file, the store, and each connection as its tracker sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from connectors.base import CheckReport, FieldFinding
from connectors.errors import ConnectorError
from service.failures import Exit, Failure, explain
from service.rate_files import with_rate_files
from service.wiring import problems

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["Finding", "examine"]

Level = Literal["good", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check: how bad, what was found, what to do."""

    level: Level
    subject: str
    fact: str
    fix: str = ""
    exit: int = Exit.DONE

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def examine(workspace: Workspace, only: str | None, *, offline: bool) -> Iterator[Finding]:
    """Everything worth saying, file first. Raises ConfigError when the file itself is wrong."""
    config = workspace.config
    counts = f"{len(config.connections)} connections, {len(config.projects)} projects"
    yield Finding("good", "config", f"{workspace.path.name} is valid (version {config.version}): {counts}")
    if only is not None and only not in config.connections:
        known = ", ".join(sorted(config.connections))
        raise Failure(Exit.USAGE, f'There is no connection "{only}". There are: {known}.')
    for problem in problems():
        yield Finding("warning", "connectors", problem)
    yield from _store(workspace)
    yield from _rate_files(workspace)
    if not config.projects:
        fix = "Add [projects.NAME] with its sources, or start over with crosstie init."
        yield Finding("warning", "config", "No project is configured, so there is nothing to report.", fix)
    for name in config.connections:
        if only in (None, name):
            yield from _references(workspace, name) if offline else _connection(workspace, name)


def _store(workspace: Workspace) -> Iterator[Finding]:
    try:
        info = workspace.store.info()
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        yield Finding("problem", "store", failure.message, exit=failure.exit)
        return
    yield Finding("good", "store", f"The store is at revision {info.revision} ({info.dialect}).")
    for word, count in sorted(workspace.store.unmapped_statuses().items()):
        fact = f'{count} issues have the status "{word}", which no map explains.'
        yield Finding("warning", "mapping", fact, "Name it under [mapping.status]; until then it is unknown.")


def _rate_files(workspace: Workspace) -> Iterator[Finding]:
    """Whether the files of rates that the config names can be read, if it names any."""
    rates = workspace.config.rates
    for path in (rates.file, rates.exchange_file):
        if path is None:
            continue
        try:
            with_rate_files(workspace.config)
        except (Failure, OSError) as error:
            failure = explain(error)
            message = failure.message if failure is not None else str(error)
            yield Finding("problem", "rates", message, exit=Exit.CONFIGURATION)
            return
        yield Finding("good", "rates", f"{path.name} is read.")


def _references(workspace: Workspace, name: str) -> Iterator[Finding]:
    """Offline: whether each secret that the connection refers to is there."""
    settings = workspace.config.connections[name]
    for key in ("token", "secret", "key"):
        reference = getattr(settings, key, None)
        if not reference:
            continue
        try:
            workspace.secret(reference)
        except Exception as error:
            failure = explain(error)
            if failure is None:
                raise
            yield Finding("problem", name, f"{name}: {failure.message}", exit=failure.exit)
        else:
            yield Finding("good", name, f"{name}: {key} is there ({reference}).")


def _connection(workspace: Workspace, name: str) -> Iterator[Finding]:
    sources = tuple(source for source in workspace.sources() if source.connection == name)
    try:
        connector = workspace.connector(workspace.config.connections[name])
        try:
            report = connector.check(sources)
        finally:
            connector.close()
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        kept = "Nothing was changed." if isinstance(error, ConnectorError) else ""
        yield Finding("problem", name, f"{name}: {failure.message}", kept, failure.exit)
        return
    yield Finding("good", name, f"{name}: reached, signed in as {report.account}")
    yield from _rights(name, report)
    for field in report.fields:
        yield _field(name, field)
    for warning in report.warnings:
        yield Finding("warning", name, f"{name}: {warning}")


def _rights(name: str, report: CheckReport) -> Iterator[Finding]:
    granted = [right.name for right in report.permissions if right.granted]
    if granted:
        yield Finding("good", name, f"{name}: may {', '.join(granted)}")
    for right in report.permissions:
        if not right.granted:
            fact = f"{name}: lacks {right.name}, needed for {right.needed_for}"
            fix = "Grant it to the account: docs/how-to/tokens.md lists the least rights."
            yield Finding("problem", name, fact, fix, Exit.REFUSED_BY_TRACKER)


def _field(name: str, found: FieldFinding) -> Finding:
    candidates = ", ".join(found.candidates)
    if found.chosen and len(found.candidates) <= 1:
        return Finding("good", name, f"{name}: {found.field} is read from {found.chosen}")
    if found.chosen:
        return Finding(
            "good", name, f"{name}: {found.field} is read from {found.chosen}; also there: {candidates}"
        )
    if found.candidates:
        return Finding("warning", name, f"{name}: {found.field} is ambiguous: {candidates}", found.hint)
    return Finding("warning", name, f"{name}: no field for {found.field} was found", found.hint)
