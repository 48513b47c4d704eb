"""Finding one's way about the site: is the repository there, what can it be asked, which board is meant."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.errors import ConnectorError, Misconfigured
from connectors.github import queries
from connectors.github.answers import Answer, GraphError, Refusal, gone
from connectors.github.client import GitHubClient
from connectors.github.payloads import BoardData, BoardNode, ProbeData, RestRepository
from connectors.github.queries import Features
from connectors.github.settings import GitHubSource
from connectors.payload import decode

__all__ = ["FoundBoard", "find_board", "find_features", "find_repository", "missing_repository", "scopes_of"]

_BOARD_SCOPES = frozenset({"project", "read:project"})


@dataclass(frozen=True, slots=True)
class FoundBoard:
    """A board, how its owner is named in queries, and the page it came on."""

    node: BoardNode
    owner_kind: str
    body: bytes
    notes: tuple[str, ...]


def find_repository(client: GitHubClient, repo: str) -> tuple[RestRepository, Answer]:
    """The repository where the config says it is. Misconfigured or AccessRefused: why it can't be read."""
    answer = client.get(f"/repos/{repo}")
    problem = gone(answer, repo, _new_name(client, answer))
    if problem is not None:
        raise problem
    found = decode(answer.body, RestRepository)
    if not found.has_issues:
        raise Misconfigured(
            f"The repository {repo} has its issues switched off. Switch them on in its settings on GitHub, "
            "or remove the source from the config."
        )
    return found, answer


def missing_repository(repo: str) -> ConnectorError:
    """The repository vanished between two requests, or GraphQL may not see what REST may."""
    return Misconfigured(
        f"GitHub's GraphQL knows no repository {repo}, or the token may not see it. Check repo in the config "
        "and the token's access to that repository."
    )


def _new_name(client: GitHubClient, answer: Answer) -> str | None:
    """Where a moved repository is now, if the token may see it there."""
    location = answer.headers.get("location")
    if answer.status not in (301, 302, 307, 308) or location is None:
        return None
    client.guard.admit(location)
    there = client.get(location)
    return decode(there.body, RestRepository).full_name if there.status == 200 else None


def find_features(client: GitHubClient) -> Features:
    """Which newer parts of an issue this site can be asked for; Enterprise Servers lag behind github.com."""
    data = decode(client.query(queries.PROBE, {}).data, ProbeData)
    issue = data.issue.fields if data.issue else []
    timeline = data.timeline.possible_types if data.timeline else []
    return Features(
        issue_fields=frozenset(one.name for one in issue),
        events=frozenset(one.name for one in timeline),
    )


def scopes_of(answer: Answer) -> frozenset[str] | None:
    """The OAuth scopes of a classic token; None for tokens of other kinds, which have permissions instead."""
    header = answer.headers.get("x-oauth-scopes")
    return None if header is None else frozenset(one.strip() for one in header.split(",") if one.strip())


def find_board(client: GitHubClient, source: GitHubSource, scopes: frozenset[str] | None) -> FoundBoard | str:
    """The source's board, or why it can't be read, as a note with the next step.

    Misconfigured: the token may read boards, so the number or the owner is wrong.
    """
    named = f"The board {source.project} of {source.board_owner}"
    variables = {"owner": source.board_owner, "number": source.project}
    refused = ""
    for owner_kind, document in queries.BOARD.items():
        try:
            answer = client.query(document, variables)
        except Refusal as refusal:
            refused = str(refusal)
            break
        owner = decode(answer.data, BoardData).owner
        if owner is not None and owner.board is not None:
            return FoundBoard(owner.board, owner_kind, answer.body, answer.notes)
        refused = refused or _reason(answer.errors)
    if scopes is not None and scopes & _BOARD_SCOPES:
        raise Misconfigured(f"{named} is not there. Check project and owner of the source in the config.")
    return (
        f"{named} cannot be read ({refused or 'it is not visible to the token'}): sprints, estimates, dates "
        "and columns stay as they were last known. Give the token the right to read organisation projects, "
        "or correct project in the config."
    )


def _reason(errors: tuple[GraphError, ...]) -> str:
    return next((" ".join(error.message.split()) for error in errors if error.type == "FORBIDDEN"), "")
