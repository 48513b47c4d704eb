"""What `check` says of writing: which rights the credential that writes has, as far as GitHub tells."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Permission
from connectors.errors import ConnectorError
from connectors.github import mutations
from connectors.github.client import GitHubClient
from connectors.github.payloads import BoardNode
from connectors.github.settings import GitHubSource
from connectors.github.site import scopes_of
from connectors.github.slips import BoardRightData, ViewerData
from connectors.payload import decode

__all__ = ["UNTOLD", "write_rights"]

UNTOLD = (
    "GitHub does not tell what a fine-grained token may write. It needs Issues: read and write, and for "
    "boards Projects: read and write of the organisation."
)
_ISSUES = "writing titles, texts, labels, people, milestones and states"
_BOARDS = "writing dates, estimates, iterations and columns of the board"
_WRITING = frozenset({"write", "admin"})


def write_rights(
    writer: GitHubClient, source: GitHubSource, board: BoardNode | None
) -> Iterator[Permission | str]:
    """The rights to write to a source; a text where GitHub does not tell."""
    owner = source.repo.partition("/")[0]
    writer.enter(owner)
    issues, boards = f"Issues: write in {source.repo}", f"Projects: write in {source.board_owner}"
    if writer.app is not None:
        installed = writer.installation()
        granted = installed.permissions if installed else {}
        yield Permission(issues, granted.get("issues") in _WRITING, _ISSUES)
        if board is not None:
            yield Permission(boards, granted.get("organization_projects") in _WRITING, _BOARDS)
        return
    _, _, name = source.repo.partition("/")
    answer = writer.query(mutations.VIEWER, {"owner": owner, "name": name})
    found, scopes = decode(answer.data, ViewerData).repository, scopes_of(answer.headers)
    role = found.viewer_permission if found else None
    plans = role not in (None, "READ")
    if scopes is None and plans:
        yield UNTOLD
        return
    yield Permission(issues, plans and bool((scopes or frozenset()) & {"repo", "public_repo"}), _ISSUES)
    if board is not None:
        may = scopes is not None and "project" in scopes and _may_edit(writer, board.id)
        yield Permission(boards, may, _BOARDS)


def _may_edit(writer: GitHubClient, board: str) -> bool:
    try:
        answer = writer.query(mutations.BOARD_RIGHT, {"id": board})
    except ConnectorError:
        return False
    node = decode(answer.data, BoardRightData).node
    return node is not None and node.viewer_can_update
