"""From GitHub's words to the project's: pure, and the same for GraphQL, REST and webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import msgspec

from connectors.github.board import LAST_SECOND, Board, Card, card_on, number_in
from connectors.github.payloads import (
    Actor,
    FieldValue,
    IssueNode,
    MilestoneNode,
    MovedNode,
    RestIssue,
    RestUser,
)
from connectors.github.prose import parted
from connectors.github.settings import GitHubSource
from model.values import (
    Account,
    Entity,
    Event,
    Issue,
    Meaning,
    Milestone,
    Origin,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    Unit,
)

__all__ = [
    "REST_FIELDS",
    "Reading",
    "account_of",
    "card_of",
    "day_in",
    "issue_from_graphql",
    "issue_from_rest",
    "milestone_of",
    "milestone_sprints",
    "moved_event",
    "own_values",
    "status_of",
]

REST_FIELDS = frozenset(
    {"assignees", "body", "created", "finished", "key", "labels", "milestone", "source", "title", "type"}
    | {"updated", "url", "version"}
)
"""What the REST shape of an issue speaks for: neither board values nor parents are in it."""

_CANCELLED = {"NOT_PLANNED": "closed as not planned", "DUPLICATE": "closed as duplicate"}
_USUAL_WORDS = {
    StatusCategory.TODO: ("todo", "to do", "backlog", "new", "ready", "open", "triage", "planned"),
    StatusCategory.DOING: ("in progress", "doing", "in review", "review", "testing", "blocked", "active"),
    StatusCategory.DONE: ("done", "closed", "completed", "complete", "released", "shipped"),
    StatusCategory.CANCELLED: ("cancelled", "canceled", "won't do", "wont do", *_CANCELLED.values()),
}
_USUAL = {word: category for category, words in _USUAL_WORDS.items() for word in words}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mapping needs to know besides the payload.

    `milestones` maps titles to ids, because timelines name a milestone by its title only.
    """

    connection: str
    site: str
    source: GitHubSource
    board: Board | None = None
    milestones: Mapping[str, str] = field(default_factory=dict)

    def ref(self, id: str) -> Ref:
        return Ref(self.connection, id)

    def with_milestones(self, nodes: Iterable[MilestoneNode]) -> Reading:
        """Know these by their titles too; former titles stay known, since timelines go on using them."""
        return replace(self, milestones={**self.milestones, **{one.title: one.id for one in nodes}})

    def key(self, number: int) -> str:
        return f"{self.source.repo}#{number}"

    def url(self, number: int) -> str:
        """The issue's page, built here: an address out of a payload could lead anywhere."""
        return f"{self.site}/{self.source.repo}/issues/{number}"


def status_of(
    state: str, reason: str | None, word: str | None, source: GitHubSource
) -> tuple[StatusCategory, str]:
    """The unified status and GitHub's own word: an open issue stands where the board says, if it does."""
    if state.upper() == "CLOSED":
        word = _CANCELLED.get((reason or "").upper(), "closed")
    elif not word:
        word = "open"
    configured = source.status.category(word)
    return configured or _USUAL.get(word.casefold(), StatusCategory.UNKNOWN), word


def issue_from_graphql(node: IssueNode, reading: Reading) -> Issue:
    """An issue of the bulk query, its board values included."""
    card, own = card_of(node, reading), own_values(node, reading.source)
    word_now = own["status"].words if "status" in own else card.word
    status, word = status_of(node.state, node.state_reason, word_now, reading.source)
    milestone = node.milestone.id if node.milestone else None
    said = parted(node.body)
    return Issue(
        ref=reading.ref(node.id),
        source=reading.source.key,
        key=reading.key(node.number),
        title=node.title,
        url=reading.url(node.number),
        status=status,
        status_original=word,
        type=node.issue_type.name if node.issue_type else "",
        created=node.created_at,
        updated=node.updated_at,
        finished=node.closed_at if node.state == "CLOSED" else None,
        start=_day(own, "start") or card.day("start"),
        due=_day(own, "due") or card.day("due"),
        estimate=number_in(own["estimate"].words) if "estimate" in own else card.estimate,
        unit=reading.source.unit or Unit.POINTS,
        assignees=frozenset(one.id for one in node.assignees.nodes if one.id),
        labels=frozenset(one.name for one in node.labels.nodes),
        sprints=_sprints(card, milestone, reading),
        milestone=milestone,
        parent=node.parent.id if node.parent else None,
        priority=own["priority"].words if "priority" in own else None,
        attributes=(*card.attributes, *_creator(node.author), *_visibility(node)),
        body=said.text,
        links=(*_pulls(node, reading), *filter(None, [said.link])),
        version=node.updated_at.isoformat(),
    )


def moved_event(node: MovedNode, reading: Reading, former: str) -> list[Event]:
    """What became of an issue's key when it was transferred, as a fact about the issue where it is now."""
    steps = [one for one in node.history.nodes if one.kind == "TransferredEvent"]
    now = f"{node.repository.name_with_owner}#{node.number}"
    return [
        Event(
            entity=Entity.ISSUE,
            ref=reading.ref(node.id),
            id=f"{step.id}:key",
            field="transferred",
            before=former,
            after=now,
            at=step.created_at,
            origin=Origin.RECORDED,
            actor=step.actor.id or step.actor.login or None if step.actor else None,
            meaning=Meaning("key", former, now),
        )
        for step in steps[-1:]
    ]


def own_values(node: IssueNode, source: GitHubSource) -> dict[str, FieldValue]:
    """Role -> what the issue itself has in the organisation's field of that role, of those that are set."""
    there = {one.field.name.casefold(): one for one in node.values.nodes if one.field and one.words}
    named = {role: there.get(name.casefold()) for role, name in source.issue_fields.named.items()}
    return {role: value for role, value in named.items() if value is not None}


def day_in(text: str | None) -> date | None:
    """The day that a text begins with, if it does."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _day(own: Mapping[str, FieldValue], role: str) -> date | None:
    return day_in(own[role].words) if role in own else None


def _pulls(node: IssueNode, reading: Reading) -> tuple[str, ...]:
    """The pull requests that close the issue: evidence of work on it, never work of their own."""
    places = ((one.repository.name_with_owner, one.number) for one in node.pulls.nodes)
    return tuple(sorted(f"{reading.site}/{repo}/pull/{number}" for repo, number in places))


def _creator(author: Actor | None) -> tuple[tuple[str, str], ...]:
    """Who opened it, as the attribute that reports look for."""
    return (("creator", author.id),) if author is not None and author.id else ()


def _visibility(node: IssueNode) -> tuple[tuple[str, str], ...]:
    """Who sees the issue's repository, which may be turned public at any time."""
    shown = node.repository
    if shown is None or shown.is_private is None:
        return ()
    return (("visibility", "private" if shown.is_private else "public"),)


def card_of(node: IssueNode, reading: Reading) -> Card:
    """The issue's card on the source's board; an empty one without a board."""
    return card_on(reading.board, node.cards.nodes) if reading.board and node.cards else Card()


def issue_from_rest(raw: RestIssue, reading: Reading) -> Issue | None:
    """An issue as REST and webhooks write it, good for REST_FIELDS; None for a pull request."""
    if raw.pull_request is not msgspec.UNSET:
        return None
    status, word = status_of(raw.state, raw.state_reason, None, reading.source)
    return Issue(
        ref=reading.ref(raw.node_id),
        source=reading.source.key,
        key=reading.key(raw.number),
        title=raw.title,
        url=reading.url(raw.number),
        status=status,
        status_original=word,
        type=raw.type.name if raw.type else "",
        created=raw.created_at,
        updated=raw.updated_at,
        finished=raw.closed_at if raw.state == "closed" else None,
        unit=reading.source.unit or Unit.POINTS,
        assignees=frozenset(one.node_id for one in raw.assignees if one.node_id),
        labels=frozenset(one.name for one in raw.labels),
        milestone=raw.milestone.node_id if raw.milestone else None,
        body=parted(raw.body).text,
        version=raw.updated_at.isoformat(),
    )


def account_of(actor: Actor | RestUser, reading: Reading) -> Account | None:
    """The account behind a login; None where GitHub gives no id, as for deleted users."""
    id = actor.id if isinstance(actor, Actor) else actor.node_id
    return Account(reading.ref(id), actor.name or actor.login) if id else None


def milestone_of(node: MilestoneNode, reading: Reading) -> Milestone:
    """A milestone; GitHub keeps its date as midnight in US Pacific time, whose UTC date is the one meant."""
    return Milestone(
        ref=reading.ref(node.id),
        source=reading.source.key,
        name=node.title,
        due=_due(node),
        done=node.state == "CLOSED",
        finished=node.closed_at.date() if node.closed_at else None,
    )


def milestone_sprints(nodes: list[MilestoneNode], reading: Reading, now: datetime) -> tuple[Sprint, ...]:
    """Milestones read as sprints: each begins on the day after the one due before it, or when it was made."""
    made: list[Sprint] = []
    begin: datetime | None = None
    for node in sorted(nodes, key=lambda one: (_due(one) or date.max, one.number)):
        due = _due(node)
        start = begin or node.created_at
        end = datetime.combine(due, LAST_SECOND) if due else None
        state = SprintState.FUTURE if start > now else SprintState.ACTIVE
        made.append(
            Sprint(
                ref=reading.ref(node.id),
                source=reading.source.key,
                name=node.title,
                state=SprintState.CLOSED if node.state == "CLOSED" else state,
                start=start,
                end=end,
                completed=node.closed_at,
            )
        )
        begin = end + timedelta(seconds=1) if end else begin
    return tuple(made)


def _due(node: MilestoneNode) -> date | None:
    return node.due_on.astimezone(UTC).date() if node.due_on else None


def _sprints(card: Card, milestone: str | None, reading: Reading) -> frozenset[str]:
    if reading.source.sprints == "milestone":
        return frozenset({milestone} if milestone else ())
    if reading.board is None or card.iteration is None:
        return frozenset()
    return frozenset({reading.board.sprint_id(card.iteration)})
