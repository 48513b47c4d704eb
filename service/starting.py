"""What `crosstie init` does: connect, look around, guess, show three real issues, then write the file.

Nothing is stored and no file is written before the person (or the flags) said yes; an existing file is
never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.load import load
from config.settings import Config, ConnectionSettings
from connectors.base import Connector, FieldFinding, SourceOffer
from model.values import Issue, Ref
from service.draft import Draft, Setting
from service.failures import Exit, Failure
from service.wiring import kinds, names
from service.workspace import Workspace

__all__ = ["QUESTIONS", "Trial", "connect", "parse_pairs", "preview", "questions", "read_draft", "write_new"]

PREVIEWED = 3
_PAGES = 12

QUESTIONS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "jira": (
        ("url", "Address of the site", "https://your-site.atlassian.net"),
        ("user", "E-mail address of the account", ""),
        ("token", "Where is its API token?", "env:JIRA_TOKEN"),
    ),
    "github": (
        ("url", "Address of the API", "https://api.github.com"),
        ("token", "Where is the token?", "env:GITHUB_TOKEN"),
    ),
    "planner": (
        ("tenant", "Tenant (its domain or id)", ""),
        ("client", "Application (client) id", ""),
        ("secret", "Where is the client secret?", "env:PLANNER_SECRET"),
    ),
    "planner-premium": (
        ("url", "Address of the Dataverse environment", "https://your-org.crm.dynamics.com"),
        ("tenant", "Tenant (its domain or id)", ""),
        ("client", "Application (client) id", ""),
        ("secret", "Where is the client secret?", "env:PLANNER_SECRET"),
    ),
    "file": (("root", "Folder that holds the files", "exports"),),
}
"""Kind -> the settings to ask for: key, question, default."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A connection that answered: what it showed of itself."""

    account: str
    offers: tuple[SourceOffer, ...]
    fields: tuple[FieldFinding, ...]
    warnings: tuple[str, ...]


def parse_pairs(text: str, what: str) -> dict[str, str]:
    """ "a=1,b=2" as a mapping. Raises Failure when a part has no `=`."""
    pairs = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, sign, value = part.partition("=")
        if not sign:
            raise Failure(Exit.USAGE, f'{what}: "{part}" is not key=value. Nothing was written.')
        pairs[key.strip()] = value.strip()
    return pairs


def connect(workspace: Workspace, name: str) -> Trial:
    """Sign in to one drafted connection and look around."""
    settings = workspace.config.connections[name]
    mine = tuple(source for source in workspace.sources() if source.connection == name)
    connector = workspace.connector(settings)
    try:
        report = connector.check(mine)
        return Trial(report.account, tuple(connector.offers()), report.fields, report.warnings)
    finally:
        connector.close()


def read_draft(draft: Draft, at: Path, workspace: Workspace) -> Workspace:
    """The draft as a workspace of its own, validated as a file would be. Raises ConfigError."""
    config: Config = load(draft.text(), kinds(), at.name, at.resolve().parent)
    trial = Workspace(
        at, workspace.environ, workspace.clock, workspace.on_wait, workspace.sleep, workspace.redactor
    )
    trial.__dict__["config"] = config
    return trial


def preview(workspace: Workspace) -> Iterator[tuple[str, tuple[Issue, ...]]]:
    """For each source up to three of its issues as they would be mapped; nothing is stored."""
    for source in workspace.sources():
        connector = workspace.connector(workspace.config.connections[source.connection])
        try:
            yield source.key, _first_issues(connector, source, workspace)
        finally:
            connector.close()


def _first_issues(connector: Connector, source: Any, workspace: Workspace) -> tuple[Issue, ...]:
    whole: dict[Ref, Issue] = {}
    parts: dict[Ref, dict[str, object]] = {}
    for count, batch in enumerate(connector.pull(source, {}, workspace.clock())):
        for issue in batch.issues:
            if batch.speaks_for is None:
                whole.setdefault(issue.ref, issue)
            else:
                said = {name: getattr(issue, name) for name in batch.speaks_for}
                parts.setdefault(issue.ref, {}).update(said)
        if len(whole) >= PREVIEWED or count >= _PAGES:
            break
    return tuple(replace(issue, **parts.get(ref, {})) for ref, issue in list(whole.items())[:PREVIEWED])  # type: ignore[arg-type]


def questions(kind: str) -> tuple[tuple[str, str, str], ...]:
    """What to ask of a connection of this kind: key, question, default; if foreign, what it requires."""
    if kind in QUESTIONS:
        return QUESTIONS[kind]
    fields = kinds()[kind].connection.model_fields
    return tuple(
        (name, (field.description or name).rstrip("."), str(next(iter(field.examples or ()), "")))
        for name, field in fields.items()
        if field.is_required() and name not in ConnectionSettings.model_fields
    )


def typed(value: str) -> Setting:
    """A flag's text as the setting it most plainly is."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else value


def known_kind(kind: str) -> str:
    """The kind, or a failure that lists those there are."""
    known = names()
    if kind not in known:
        raise Failure(Exit.USAGE, f'"{kind}" is not a tracker Crosstie knows. Known: {", ".join(known)}.')
    return kind


def write_new(path: Path, text: str) -> None:
    """Write the file whole, or not at all when there is one already."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise already_there(path) from None


def already_there(path: Path) -> Failure:
    return Failure(
        Exit.CONFIGURATION,
        f"{path} exists and was not touched. Edit it, or write another: crosstie init -o OTHER.toml",
    )
