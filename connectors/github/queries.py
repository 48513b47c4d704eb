"""Every GraphQL document this connector sends, composed from what the site and the token can do.

The public schema grows and Enterprise Servers lag behind it, so a probe asks which fields are there. Costs by
GitHub's formula stand beside each document; `first` of the bulk queries is a variable, so that it can shrink.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

__all__ = [
    "BOARD",
    "BOARDS",
    "CENSUS",
    "EVENTS",
    "HISTORY_PAGE",
    "ISSUE_PAGE",
    "ITEM_PAGE",
    "MILESTONES",
    "PROBE",
    "Features",
    "history",
    "issues",
    "issues_by_number",
    "items",
]

ISSUE_PAGE = 50
ITEM_PAGE = 100
HISTORY_PAGE = 50

_PERSON = "{ login ...on Node { id } ...on User { name } }"

EVENTS = {
    "LabeledEvent": "label { name }",
    "UnlabeledEvent": "label { name }",
    "MilestonedEvent": "milestoneTitle",
    "DemilestonedEvent": "milestoneTitle",
    "AssignedEvent": "assignee { ...on Node { id } ...on User { login name } }",
    "UnassignedEvent": "assignee { ...on Node { id } ...on User { login name } }",
    "ClosedEvent": "stateReason",
    "ReopenedEvent": "",
    "RenamedTitleEvent": "previousTitle currentTitle",
    "TransferredEvent": "fromRepository { nameWithOwner }",
    "ParentIssueAddedEvent": "parent { id }",
    "ParentIssueRemovedEvent": "parent { id }",
    "IssueTypeAddedEvent": "issueType { name }",
    "IssueTypeChangedEvent": "issueType { name } prevIssueType { name }",
    "IssueTypeRemovedEvent": "issueType { name }",
    "ProjectV2ItemStatusChangedEvent": "previousStatus status project { id }",
}
"""Timeline event -> what is read of it; only those the site knows are asked for."""

_BOARD_EVENTS = frozenset({"ProjectV2ItemStatusChangedEvent"})


@dataclass(frozen=True, slots=True)
class Features:
    """What can be asked: newer fields of an issue, timeline events by type name, and the board's values.

    `fields` are the names of board fields to read with each issue, in the order of their aliases; None: the
    source has no board, or the token may not read it.
    """

    issue_fields: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset(EVENTS)
    fields: tuple[str, ...] | None = None

    def has(self, name: str) -> bool:
        return name in self.issue_fields

    def without_board(self) -> Features:
        return replace(self, fields=None)


PROBE = """
query Probe {
  issue: __type(name: "Issue") { fields { name } }
  timeline: __type(name: "IssueTimelineItems") { possibleTypes { name } }
}
"""

MILESTONES = """
query Milestones($owner: String!, $name: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    milestones(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { id number title dueOn state createdAt closedAt }
    }
  }
}
"""

_FIELDS = """
      id title
      fields(first: 50) {
        nodes {
          ...on ProjectV2FieldCommon { __typename id name dataType }
          ...on ProjectV2SingleSelectField { options { id name } }
          ...on ProjectV2IterationField {
            configuration {
              duration
              iterations { id title startDate duration }
              completedIterations { id title startDate duration }
            }
          }
        }
      }
"""

BOARD = {
    owner: f"""
query Board($owner: String!, $number: Int!) {{
  owner: {owner}(login: $owner) {{
    board: projectV2(number: $number) {{{_FIELDS}    }}
  }}
}}
"""
    for owner in ("organization", "user")
}
"""The board with its fields, by kind of owner: GitHub gives no single way to name either. One point."""

BOARDS = {
    owner: f"""
query Boards($owner: String!, $first: Int!) {{
  owner: {owner}(login: $owner) {{
    projectsV2(first: $first) {{
      nodes {{
        number title closed
        items(first: 50) {{
          nodes {{ content {{ __typename ...on Issue {{ repository {{ nameWithOwner }} }} }} }}
        }}
      }}
    }}
  }}
}}
"""
    for owner in ("organization", "user")
}
"""The boards of an owner with the repositories their first cards come from. One point."""

CENSUS = """
query Census($owner: String!, $name: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    issues(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { id number }
    }
  }
}
"""


def issues(features: Features, by: str) -> str:
    """A page of whole issues, oldest `by` first: 50 a page cost two points, so 10,000 issues cost 400."""
    since = ", filterBy: {since: $since}" if by == "UPDATED_AT" else ""
    declared = ", $since: DateTime" if since else ""
    return f"""
query Issues($owner: String!, $name: String!, $first: Int!, $after: String{declared}{_declared(features)}) {{
  repository(owner: $owner, name: $name) {{
    issues(first: $first, after: $after, orderBy: {{field: {by}, direction: ASC}}{since}) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...Whole }}
    }}
  }}
}}
{_whole(features)}"""


def issues_by_number(features: Features, numbers: Sequence[int]) -> str:
    """These issues of the repository, whole, each under an alias made of its number; at most a point."""
    asked = "\n".join(f"    n{number}: issue(number: {number}) {{ ...Whole }}" for number in numbers)
    return f"""
query Some($owner: String!, $name: String!{_declared(features)}) {{
  repository(owner: $owner, name: $name) {{
{asked}
  }}
}}
{_whole(features)}"""


def history(features: Features) -> str:
    """The next hundred events of one issue whose history is longer than a page."""
    return f"""
query History($id: ID!, $after: String) {{
  node(id: $id) {{
    ...on Issue {{
      history: timelineItems(first: 100, after: $after, itemTypes: [{_types(features)}]) {{
        {_events(features)}
      }}
    }}
  }}
}}
"""


def items(features: Features, owner: str) -> str:
    """A page of the board's items with the mapped values: one point for a hundred."""
    return f"""
query Items($owner: String!, $number: Int!, $first: Int!, $after: String{_declared(features)}) {{
  owner: {owner}(login: $owner) {{
    board: projectV2(number: $number) {{
      id title
      items(first: $first, after: $after, orderBy: {{field: POSITION, direction: ASC}}) {{
        totalCount
        pageInfo {{ hasNextPage endCursor }}
        nodes {{
          content {{ __typename ...on Issue {{ number repository {{ nameWithOwner }} }} }}
          {_aliases(features)}
        }}
      }}
    }}
  }}
}}
{_value(features)}"""


def _whole(features: Features) -> str:
    """Everything that is read of an issue."""
    return f"""
fragment Whole on Issue {{
  id number title body state stateReason(enableDuplicate: true) createdAt updatedAt closedAt
  author {_PERSON}
  milestone {{ id title }}
  labels(first: 100) {{ nodes {{ name }} }}
  assignees(first: 20) {{ nodes {{ id login name }} }}
  {_optional(features)}
  history: timelineItems(first: {HISTORY_PAGE}, itemTypes: [{_types(features)}]) {{
    {_events(features)}
  }}
}}
{_value(features)}"""


def _types(features: Features) -> str:
    return ", ".join(_enum(name) for name in _asked(features))


def _events(features: Features) -> str:
    parts = "\n      ".join(
        f"...on {name} {{ id createdAt actor {_PERSON} {EVENTS[name]} }}" for name in _asked(features)
    )
    return f"""pageInfo {{ hasNextPage endCursor }}
    nodes {{
      __typename
      {parts}
    }}"""


def _asked(features: Features) -> list[str]:
    """The known events, without those of boards where the token may not read boards: one would fail all."""
    hidden = _BOARD_EVENTS if features.fields is None else frozenset()
    return [name for name in EVENTS if name in features.events and name not in hidden]


def _enum(name: str) -> str:
    """The item type of an event's type: LabeledEvent -> LABELED_EVENT."""
    spelled = "".join(f"_{letter}" if letter.isupper() else letter for letter in name)
    return spelled.lstrip("_").upper()


def _optional(features: Features) -> str:
    parts = []
    if features.has("issueType"):
        parts.append("issueType { name }")
    if features.has("parent"):
        parts.append("parent { id }")
    if features.has("blockedBy"):
        parts.append("blockedBy(first: 50) { pageInfo { hasNextPage } nodes { id } }")
    if features.fields is not None:
        parts.append(
            f"cards: projectItems(first: 20) {{ nodes {{ project {{ id }} {_aliases(features)} }} }}"
        )
    return "\n  ".join(parts)


def _aliases(features: Features) -> str:
    return " ".join(
        f"f{position}: fieldValueByName(name: $f{position}) {{ ...V }}"
        for position, _ in enumerate(features.fields or ())
    )


def _declared(features: Features) -> str:
    return "".join(f", $f{position}: String!" for position, _ in enumerate(features.fields or ()))


def _value(features: Features) -> str:
    if not features.fields:
        return ""
    return f"""
fragment V on ProjectV2ItemFieldValue {{
  ...on ProjectV2ItemFieldValueCommon {{ id createdAt updatedAt creator {_PERSON} }}
  ...on ProjectV2ItemFieldIterationValue {{ iterationId title }}
  ...on ProjectV2ItemFieldNumberValue {{ number }}
  ...on ProjectV2ItemFieldDateValue {{ date }}
  ...on ProjectV2ItemFieldSingleSelectValue {{ name }}
  ...on ProjectV2ItemFieldTextValue {{ text }}
}}
"""
