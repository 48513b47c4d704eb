"""GitHub's webhooks, of repositories, organisations and Apps: the hook's secret signs the raw body.

The event's name stands in a header, which nothing signs, so what changed is read from the body alone: every
issue named anywhere in it is a hint, whatever the event is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs

import msgspec

from connectors.github.settings import GitHubConnection, GitHubSource
from connectors.hooks import (
    NOT_FOUND,
    UNPROVEN,
    Accepted,
    Delivery,
    Hint,
    Keys,
    Refused,
    Verdict,
    delivery_id,
    is_one_of,
    proven,
    sole,
)

__all__ = ["Hooks"]

_SIGNATURE = b"x-hub-signature-256"
_DELIVERY = b"x-github-delivery"
_EVENT = b"x-github-event"
_FORM = b"application/x-www-form-urlencoded"


class _Owner(msgspec.Struct):
    login: str = ""


class _Repository(msgspec.Struct):
    full_name: str


class _Installation(msgspec.Struct):
    id: int


class _There(msgspec.Struct):
    """Something of which only matters that it is there."""


class _Issue(msgspec.Struct):
    node_id: str = ""
    number: int = 0
    pull_request: _There | None = None


class _Card(msgspec.Struct):
    content_node_id: str = ""
    content_type: str = ""


class _Changes(msgspec.Struct):
    new_issue: _Issue | None = None
    new_repository: _Repository | None = None
    old_issue: _Issue | None = None
    old_repository: _Repository | None = None


class _Body(msgspec.Struct):
    """Those keys of every event that say which issues it is about."""

    action: str = ""
    repository: _Repository | None = None
    organization: _Owner | None = None
    installation: _Installation | None = None
    issue: _Issue | None = None
    sub_issue: _Issue | None = None
    sub_issue_repo: _Repository | None = None
    parent_issue: _Issue | None = None
    parent_issue_repo: _Repository | None = None
    blocked_issue: _Issue | None = None
    blocked_issue_repo: _Repository | None = None
    blocking_issue: _Issue | None = None
    blocking_issue_repo: _Repository | None = None
    projects_v2_item: _Card | None = None
    projects_v2: _There | None = None
    milestone: _There | None = None
    label: _There | None = None
    changes: _Changes | None = None


_BODY = msgspec.json.Decoder(_Body)
_RELATED = (
    ("sub_issue", "sub_issue_repo"),
    ("parent_issue", "parent_issue_repo"),
    ("blocked_issue", "blocked_issue_repo"),
    ("blocking_issue", "blocking_issue_repo"),
)


class Hooks:
    """Judges what comes to one GitHub connection."""

    def __init__(self, settings: GitHubConnection, sources: Sequence[GitHubSource], keys: Keys) -> None:
        self._keys = keys
        self._installation = settings.app.installation if settings.app else None
        self._repos = {source.repo.casefold(): source.key for source in sources}
        owners = [(source.repo.partition("/")[0], source.board_owner) for source in sources]
        self._owners = {owner.casefold() for pair in owners for owner in pair}
        self._boards = [source.key for source in sources if source.project is not None]

    def judge(self, delivery: Delivery) -> Verdict:
        if not _is_addressed(delivery, self._keys):
            return NOT_FOUND
        mac = proven(delivery, _SIGNATURE, self._keys)
        if not mac:
            return UNPROVEN
        given = delivery_id(delivery, _DELIVERY)
        event = (sole(delivery, _EVENT) or b"").decode("ascii")[:60]
        body = _read(delivery)
        if body is None:
            return Accepted(given, event, readable=False)
        if not self._is_ours(body):
            return Refused(403, "foreign")
        word = f"{event}.{body.action}" if body.action else event
        return Accepted(given, word[:100], tuple(dict.fromkeys(self._hints(body))), digest=mac)

    def _is_ours(self, body: _Body) -> bool:
        """Whether the repository, or else the organisation, and the App's installation are configured."""
        found, installed = self._installation, body.installation
        if found is not None and installed is not None and installed.id != found:
            return False
        if body.repository is not None:
            return body.repository.full_name.casefold() in self._repos
        if body.organization is not None:
            return body.organization.login.casefold() in self._owners
        return installed is not None

    def _hints(self, body: _Body) -> Iterator[Hint]:
        yield from self._issue(body.issue, body.repository)
        for issue, repo in _RELATED:
            yield from self._issue(getattr(body, issue), getattr(body, repo) or body.repository)
        changes = body.changes
        if changes is not None:
            yield from self._issue(changes.new_issue, changes.new_repository)
            yield from self._issue(changes.old_issue, changes.old_repository)
        card = body.projects_v2_item
        if card is not None and card.content_type == "Issue" and card.content_node_id:
            yield Hint(None, card.content_node_id)
        if body.projects_v2 is not None and card is None:
            yield from map(Hint, self._boards)
        if body.issue is None and (body.milestone is not None or body.label is not None):
            yield from self._whole(body.repository)

    def _issue(self, issue: _Issue | None, repository: _Repository | None) -> Iterator[Hint]:
        """An issue of a configured repository; pull requests share their numbers and are none."""
        if issue is None or issue.pull_request is not None or repository is None:
            return
        source = self._repos.get(repository.full_name.casefold())
        if source is not None and issue.node_id:
            yield Hint(source, issue.node_id, f"{source}#{issue.number}")

    def _whole(self, repository: _Repository | None) -> Iterator[Hint]:
        source = self._repos.get(repository.full_name.casefold()) if repository else None
        if source is not None:
            yield Hint(source)


def _is_addressed(delivery: Delivery, keys: Keys) -> bool:
    if keys.path is None:
        return not delivery.rest
    return len(delivery.rest) == 1 and is_one_of(delivery.rest[0].encode(), (keys.path,))


def _read(delivery: Delivery) -> _Body | None:
    """The body, which may come as a form with one field; None where it cannot be understood."""
    content = delivery.body
    kind = (sole(delivery, b"content-type") or b"").partition(b";")[0].strip().lower()
    try:
        if kind == _FORM:
            fields = parse_qs(content.decode("ascii"), strict_parsing=True, max_num_fields=10)
            if len(fields.get("payload", ())) != 1:
                return None
            content = fields["payload"][0].encode("utf-8", "surrogatepass")
        return _BODY.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
