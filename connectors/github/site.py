"""Finding one's way about the site: is the repository there, what can it be asked, which board is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.errors import ConnectorError, Misconfigured, SourceStopped
from connectors.github import queries
from connectors.github.answers import Answer, GraphError, Refusal, gone
from connectors.github.client import GitHubClient, QueryAnswer
from connectors.github.payloads import (
    BoardData,
    BoardNode,
    Connection,
    MilestoneNode,
    OpeningData,
    RestRepository,
)
from connectors.github.queries import Features
from connectors.github.settings import GitHubSource
from connectors.payload import decode

__all__ = [
    "FoundBoard",
    "Opening",
    "find_board",
    "find_repository",
    "missing_repository",
    "no_boards",
    "open_repository",
    "scopes_of",
]

_LONGEST_WORDS = 200
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
        raise _switched_off(repo)
    return found, answer


def _switched_off(repo: str) -> Misconfigured:
    return Misconfigured(
        f"The repository {repo} has its issues switched off. Switch them on in its settings on GitHub, "
        "or remove the source from the config."
    )


def missing_repository(repo: str, errors: Sequence[GraphError] = ()) -> ConnectorError:
    """The repository vanished between two requests, or GraphQL may not see what REST may, or broke off."""
    odd = [one for one in errors if one.type not in ("NOT_FOUND", "FORBIDDEN")]
    if odd:
        words = " ".join(odd[0].message.split())[:_LONGEST_WORDS]
        return SourceStopped(
            f"GitHub broke off reading {repo} ({words or odd[0].type}). What came before is stored; pull "
            "again, and if it lasts, read everything again with --full."
        )
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


@dataclass(frozen=True, slots=True)
class Opening:
    """What the first request of a pull said: the repository's id and present name, what can be asked, the
    scopes of a classic token (None: of another kind), and the first milestones. `public`: everybody sees it.
    """

    id: str
    place: str
    public: bool
    features: Features
    scopes: frozenset[str] | None
    milestones: Connection[MilestoneNode]
    answer: QueryAnswer

    def renamed(self, repo: str) -> str | None:
        """What to do about a repository that has another name now; None: it has the configured one."""
        if self.place.casefold() == repo.casefold():
            return None
        return (
            f"The repository {repo} is called {self.place} now and was read there. Write the new name as "
            "repo in the config; what was read so far keeps its identity."
        )


def open_repository(client: GitHubClient, source: GitHubSource, first: int, after: str | None) -> Opening:
    """Find the repository, wherever it is now. Misconfigured or AccessRefused: why it can't be read."""
    owner, _, name = source.repo.partition("/")
    variables = {"owner": owner, "name": name, "first": first, "after": after}
    answer = client.query(queries.OPENING, variables)
    data = decode(answer.data, OpeningData)
    found = data.repository
    if found is None or found.milestones is None:
        find_repository(client, source.repo)  # raises GitHub's own reason, where it gives one
        raise missing_repository(source.repo)
    if not found.has_issues_enabled:
        raise _switched_off(source.repo)
    return Opening(
        id=found.id,
        place=found.name_with_owner or source.repo,
        public=found.is_private is False,
        features=_features(data, source),
        scopes=scopes_of(answer.headers),
        milestones=found.milestones,
        answer=answer,
    )


def _features(data: OpeningData, source: GitHubSource) -> Features:
    """Which newer parts this site can be asked for; Enterprise Servers lag behind github.com."""
    issue = data.issue.fields if data.issue else []
    names = {one.name for one in issue}
    arguments = {f"{one.name}({argument.name})" for one in issue for argument in one.args}
    values = data.values.possible_types if data.values else []
    wanted = source.issue_fields.named and "issueFieldValues" in names
    return Features(
        issue_fields=frozenset(names | arguments),
        events=frozenset(one.name for one in data.timeline.possible_types) if data.timeline else frozenset(),
        values=frozenset(one.name for one in values if wanted),
        reasons=data.closing is not None and any(one.name == "stateReason" for one in data.closing.fields),
        boards=data.owner is not None and any(one.name == "projectV2" for one in data.owner.fields),
    )


def scopes_of(headers: Mapping[str, str]) -> frozenset[str] | None:
    """The OAuth scopes of a classic token; None for tokens of other kinds, which have permissions instead."""
    header = headers.get("x-oauth-scopes")
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


def no_boards(source: GitHubSource) -> str:
    """The note where the site is too old for boards."""
    return (
        f"This GitHub has no Projects boards yet, so the board {source.project} is left out. Remove project "
        "from the source in the config, or have the server brought up to date."
    )


def _reason(errors: tuple[GraphError, ...]) -> str:
    return next((" ".join(error.message.split()) for error in errors if error.type == "FORBIDDEN"), "")
