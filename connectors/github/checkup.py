"""What `check` and `init` ask of GitHub: whose token it is, what it may read, and which fields there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from connectors.base import CheckReport, FieldFinding, Permission, SourceOffer
from connectors.errors import Misconfigured, SourceStopped
from connectors.github import queries
from connectors.github.answers import Answer, Refusal
from connectors.github.board import ROLES, wanted_fields
from connectors.github.client import GitHubClient
from connectors.github.mapping import status_of
from connectors.github.payloads import (
    BoardData,
    BoardNode,
    FieldNode,
    ItemNode,
    RestMeta,
    RestRepositories,
    RestRepository,
    RestUser,
)
from connectors.github.rights import write_rights
from connectors.github.settings import GitHubSource
from connectors.github.signin import Installation
from connectors.github.site import (
    FoundBoard,
    Opening,
    find_board,
    no_boards,
    open_repository,
    scopes_of,
)
from connectors.payload import decode, decode_record
from model.values import StatusCategory

__all__ = ["check_sources", "find_offers"]

_ISSUES = "reading issues, milestones and their history"
_BOARDS = "reading sprints, estimates, dates and columns of the board"
_ENOUGH = frozenset({"repo", "public_repo", "read:project", "read:org", "read:user", "user:email"})
_SOON = timedelta(days=14)
_EXPIRY = "github-authentication-token-expiration"
_ALSO_NUMBERS = frozenset({"SINGLE_SELECT", "TEXT"})
_KINDS = {
    "ITERATION": "an iteration field",
    "NUMBER": "a number field",
    "DATE": "a date field",
    "SINGLE_SELECT": "a single select field",
}


def check_sources(
    client: GitHubClient,
    sources: tuple[GitHubSource, ...],
    now: datetime,
    writer: GitHubClient | None = None,
    asked: bool = False,
) -> CheckReport:
    """Who the token is, and per source whether it can be read; a refused source does not hide the others.

    `writer` is what would write (None: nothing is ever written); what it lacks is told only where it was
    `asked` for by a credential of its own.
    """
    account, warnings = _who(client, sources, now)
    permissions: list[Permission] = []
    fields: list[FieldFinding] = []
    for source in sources:
        client.enter(source.repo.partition("/")[0])
        opening = _open(client, source, warnings)
        permissions.append(Permission(f"Issues: read in {source.repo}", opening is not None, _ISSUES))
        board = _board(client, source, opening, warnings)
        if source.project is not None:
            name = f"Projects: read in {source.board_owner}"
            permissions.append(Permission(name, isinstance(board, FoundBoard), _BOARDS))
        if isinstance(board, FoundBoard):
            fields += [_finding(source, role, name, board.node) for role, name in wanted_fields(source)]
            warnings += _unknown_columns(source, board.node)
        if writer is not None and opening is not None:
            node = board.node if isinstance(board, FoundBoard) else None
            for right in write_rights(writer, source, node):
                if isinstance(right, Permission) and (right.granted or asked):
                    permissions.append(right)
                elif isinstance(right, str) and asked:
                    warnings.append(right)
    return CheckReport(account, tuple(permissions), tuple(fields), tuple(dict.fromkeys(warnings)))


def _who(client: GitHubClient, sources: tuple[GitHubSource, ...], now: datetime) -> tuple[str, list[str]]:
    """(whose credential it is, warnings)."""
    if client.app is not None:
        return _which_app(client, sources)
    answer = client.get("/user")
    user, scopes = decode(answer.body, RestUser), scopes_of(answer.headers)
    kind = "fine-grained token" if scopes is None else "classic token"
    name = f"{user.login} ({kind}){_server(client, answer)}"
    return name, [*_about_token(answer, scopes, now)]


def _server(client: GitHubClient, answer: Answer) -> str:
    """Which Enterprise Server it is: said with every answer, or where it is asked about itself."""
    version = answer.headers.get("x-github-enterprise-version", "").rpartition("@")[2]
    if not version and urlsplit(client.url).path.strip("/"):
        meta = client.get("/meta")
        version = decode(meta.body, RestMeta).installed_version if meta.status == 200 else ""
    return f" on Enterprise Server {version}" if version else ""


def _which_app(client: GitHubClient, sources: tuple[GitHubSource, ...]) -> tuple[str, list[str]]:
    """The App on every account that the sources need it on, and what it was not granted there."""
    names: list[str] = []
    warnings: list[str] = []
    for owner in dict.fromkeys(source.repo.partition("/")[0] for source in sources):
        client.enter(owner)
        try:
            found = client.installation()
        except Misconfigured as problem:
            warnings.append(str(problem))
            continue
        if found is not None:
            names.append(f"app {found.app_slug} on {found.owner}")
            boards = any(one.project for one in sources if one.repo.partition("/")[0] == owner)
            warnings += _ungranted(found, boards)
    if not sources:
        names = [f"app {one.app_slug} on {one.owner}" for one in client.installations()]
    return ", ".join(names) or "app (not installed where it is needed)", warnings


def _ungranted(found: Installation, boards: bool) -> Iterator[str]:
    wanted = {"metadata": "everything", "issues": _ISSUES}
    if boards:
        wanted["organization_projects"] = _BOARDS
    for name, purpose in wanted.items():
        if found.permissions.get(name) not in ("read", "write", "admin"):
            yield (
                f"The app {found.app_slug} on {found.owner} lacks the permission {name}: read, "
                f"for {purpose}. "
                f"Add it on the App's page on GitHub; an owner of {found.owner} then accepts it."
            )
    wide = sorted(name for name, level in found.permissions.items() if level in ("write", "admin"))
    if wide:
        yield (
            f"The app {found.app_slug} may do more than reading needs: {', '.join(wide)}. Lower these to "
            "read on the App's page on GitHub, unless Crosstie writes there."
        )


def _open(client: GitHubClient, source: GitHubSource, warnings: list[str]) -> Opening | None:
    """The repository, if its issues may be read; why not and what else is of note goes to the warnings."""
    try:
        opening = open_repository(client, source, 1, None)
        if client.get(f"/repos/{opening.place}/issues", per_page=1).status != 200:
            return None
    except (Misconfigured, Refusal) as problem:
        warnings.append(str(problem))
        return None
    renamed = opening.renamed(source.repo)
    warnings += [renamed] if renamed else []
    if source.issue_fields.named and not opening.features.values:
        warnings.append(
            f"{source.repo}: this GitHub has no issue fields of organisations, so issue_fields says nothing "
            "here. Remove it from the source, or name the board's fields in fields."
        )
    return opening


def _board(
    client: GitHubClient, source: GitHubSource, opening: Opening | None, warnings: list[str]
) -> FoundBoard | None:
    if source.project is None:
        return None
    scopes, there = (opening.scopes, opening.features.boards) if opening else (None, True)
    try:
        board = find_board(client, source, scopes) if there else no_boards(source)
    except (Misconfigured, SourceStopped) as problem:
        board = str(problem)
    if isinstance(board, FoundBoard):
        return board
    warnings.append(board)
    return None


def _about_token(answer: Answer, scopes: frozenset[str] | None, now: datetime) -> Iterator[str]:
    """Rights beyond reading, and an end that is near."""
    wide = sorted((scopes or frozenset()) - _ENOUGH)
    if wide:
        yield (
            f"The token may do more than reading needs: {', '.join(wide)}. Make one without these "
            "scopes; for boards read:project is enough, unless Crosstie writes there."
        )
    if scopes is not None and "repo" in scopes:
        yield (
            "A classic token with the scope repo may write to every repository of its owner. Use a "
            "fine-grained token with Issues: read, unless the board belongs to a user."
        )
    ends = _expiry(answer.headers.get(_EXPIRY, ""))
    if ends is not None and ends - (answer.at or now) < _SOON:
        yield f"The token expires on {ends:%Y-%m-%d}. Make a new one and put it in the old one's place."


def _expiry(text: str) -> datetime | None:
    """GitHub writes `2026-12-01 09:30:00 UTC`, or an offset such as +0200 in place of UTC."""
    try:
        return datetime.strptime(text.replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None


def _finding(source: GitHubSource, role: str, name: str, board: BoardNode) -> FieldFinding:
    """Whether the board has the configured field with a fitting type; if not, which fields could be meant."""
    label = f"{source.repo}: {role}" if role != "attribute" else f"{source.repo}: attribute {name}"
    there = [one for one in board.fields.nodes if one.name]
    named = next((one for one in there if one.name.casefold() == name.casefold()), None)
    if named is not None and _fits(role, named):
        return FieldFinding(label, (named.name,), named.name)
    wanted = ROLES.get(role)
    candidates = tuple(one.name for one in there if wanted is None or one.data_type == wanted)
    if wanted is None:
        return FieldFinding(label, candidates, None, "Name one of the board's fields in attributes.")
    kind = _KINDS[wanted]
    found = f"is not {kind}" if named is not None else "is not on the board"
    key = f"fields.{role}"
    if not candidates:
        step = f"Add {kind} to the board, or leave it: reports then go without."
    elif len(candidates) == 1:
        step = f'Write {key} = "{candidates[0]}" if that is meant.'
    else:
        step = f"Choose one of them as {key}."
    return FieldFinding(label, candidates, None, f'"{name}" {found}. {step}')


def _fits(role: str, field: FieldNode) -> bool:
    wanted = ROLES.get(role)
    return wanted in (None, field.data_type) or (role == "estimate" and field.data_type in _ALSO_NUMBERS)


def _unknown_columns(source: GitHubSource, board: BoardNode) -> Iterator[str]:
    """Columns of the status field that no mapping understands; issues in them count as unknown."""
    wanted = (source.fields.status or "").casefold()
    options = [o.name for one in board.fields.nodes if one.name.casefold() == wanted for o in one.options]
    unknown = [word for word in options if status_of("OPEN", None, word, source)[0] is StatusCategory.UNKNOWN]
    if unknown:
        words = ", ".join(f'"{word}"' for word in unknown)
        yield (
            f"{source.repo}: nothing says what the columns {words} mean; issues there are of unknown status. "
            "Add them to todo, doing, done or cancelled in [mapping.status]."
        )


def find_offers(client: GitHubClient) -> Iterator[SourceOffer]:
    """The repositories the token may read, then the boards with the repositories that are on them."""
    owners: dict[str, None] = {}
    repos: set[str] = set()
    for repo in _readable(client):
        owners.setdefault(repo.full_name.partition("/")[0])
        repos.add(repo.full_name.casefold())
        if repo.has_issues and not repo.archived:
            yield SourceOffer(repo.full_name, {"repo": repo.full_name}, _detail(repo))
    for owner in owners:
        client.enter(owner)
        try:
            yield from _boards(client, owner, repos)
        except Refusal:  # a token without the right to read boards still has its repositories
            return


def _readable(client: GitHubClient) -> Iterator[RestRepository]:
    """Every repository that the token may read; of an App those of all its installations."""
    if client.app is None:
        for answer in client.pages("/user/repos", sort="full_name"):
            yield from decode(answer.body, list[RestRepository])
    for installation in client.installations():
        client.enter(installation.owner)
        for answer in client.pages("/installation/repositories"):
            yield from decode(answer.body, RestRepositories).repositories


def _detail(repo: RestRepository) -> str:
    return (
        f"{'private' if repo.private else 'public'}, {repo.open_issues_count} open issues and pull requests"
    )


def _boards(client: GitHubClient, owner: str, repos: set[str]) -> Iterator[SourceOffer]:
    for document in queries.BOARDS.values():
        answer = client.query(document, {"owner": owner, "first": 50})
        held = decode(answer.data, BoardData).owner
        for board in held.projects_v2.nodes if held else ():
            for repo in () if board.closed else sorted(_repositories(board)):
                if repo.casefold() in repos:
                    settings = {"repo": repo, "project": str(board.number), "owner": owner}
                    yield SourceOffer(
                        f"{repo} with the board {board.title}", settings, f"board {board.number}"
                    )
        if held is not None:
            return


def _repositories(board: BoardNode) -> set[str]:
    items: Iterable[ItemNode] = (decode_record(raw, ItemNode) for raw in board.items.nodes)
    contents = (item.content for item in items)
    return {one.repository.name_with_owner for one in contents if one and one.repository}
