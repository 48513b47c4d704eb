"""What `crosstie check` says of the rights in a project: those that reading needs, and those of writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.base import Permission
from connectors.jira.client import JiraClient, Missing
from connectors.jira.settings import JiraConnection, JiraSource

__all__ = ["rights"]

_BROWSE = "BROWSE_PROJECTS"
_EDIT = "EDIT_ISSUES"
_ADMINISTER = "ADMINISTER"
_WRITING: Mapping[str, tuple[str, str]] = {
    _EDIT: ("Edit Issues", "writing titles, dates, estimates, labels"),
    "TRANSITION_ISSUES": ("Transition Issues", "writing statuses"),
    "ASSIGN_ISSUES": ("Assign Issues", "writing assignees"),
    "SCHEDULE_ISSUES": ("Schedule Issues", "writing due dates"),
    "CREATE_ISSUES": ("Create Issues", "creating twins"),
    "LINK_ISSUES": ("Link Issues", "linking twins to their origin"),
}


def rights(
    settings: JiraConnection, client: JiraClient, writer: JiraClient, source: JiraSource
) -> tuple[tuple[Permission, ...], tuple[str, ...]]:
    """Whether the project can be read, what may be written there, and warnings of rights too many or too few.

    A token for writing needs all rights to write; one for both is told only what it has, since most read.
    """
    held = _held(client, source)
    browse = Permission(
        f"Browse Projects in {source.project}", _BROWSE in held, "reading issues and their history"
    )
    if writer is client:
        return (browse, *_written(source, held, "")), tuple(_warnings(settings, source, held))
    written = _held(writer, source)
    return (browse, *_written(source, written, " (write_token)")), tuple(_surplus(source, held, written))


def _written(source: JiraSource, held: frozenset[str], whose: str) -> Iterator[Permission]:
    for key, (name, needed_for) in _WRITING.items():
        if whose or (key in held and _EDIT in held):
            yield Permission(f"{name} in {source.project}{whose}", key in held, needed_for)


def _surplus(source: JiraSource, held: frozenset[str], written: frozenset[str]) -> Iterator[str]:
    if _EDIT in held:
        yield (
            f"The token for reading may edit issues in {source.project} although there is a write_token; "
            "take Edit Issues from its account."
        )
    if _ADMINISTER in written:
        yield "The account of write_token administers Jira, far more than writing needs."


def _warnings(settings: JiraConnection, source: JiraSource, held: frozenset[str]) -> Iterator[str]:
    missing = [name for key, (name, _) in _WRITING.items() if key not in held]
    if _EDIT not in held:
        return
    if settings.read_only:
        yield f"The connection is read_only, and its account may edit issues in {source.project}."
    elif missing:
        yield (
            f"Where {source.project} is written to, the account lacks {', '.join(missing)}: such writes will "
            "be refused."
        )


def _held(client: JiraClient, source: JiraSource) -> frozenset[str]:
    """The rights of an account in the project; none where it cannot see it."""
    try:
        found = client.permissions((_BROWSE, _ADMINISTER, *_WRITING), source.project)
    except Missing:
        return frozenset()
    return frozenset(key for key, granted in found.items() if granted)
