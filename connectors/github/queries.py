"""Every GraphQL document this connector sends, composed from what the site and the token can do.

The public schema grows and Enterprise Servers lag behind it, so a probe asks which fields are there. Costs by
GitHub's formula stand beside each document; `first` of the bulk queries is a variable, so that it can shrink.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    "MOVED",
    "OPENING",
    "Features",
    "history",
    "issues",
    "issues_by_id",
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
    "IssueFieldAddedEvent": "value issueField { ...on IssueFieldCommon { name } }",
    "IssueFieldChangedEvent": "previousValue newValue issueField { ...on IssueFieldCommon { name } }",
    "IssueFieldRemovedEvent": "issueField { ...on IssueFieldCommon { name } }",
    "ProjectV2ItemStatusChangedEvent": "previousStatus status project { id }",
}
"""Timeline event -> what is read of it; only those the site knows are asked for."""

_BOARD_EVENTS = frozenset({"ProjectV2ItemStatusChangedEvent"})
_FIELD_EVENTS = frozenset({"IssueFieldAddedEvent", "IssueFieldChangedEvent", "IssueFieldRemovedEvent"})
_VALUES = {
    "IssueFieldNumberValue": "number: value",
    "IssueFieldDateValue": "date: value",
    "IssueFieldSingleSelectValue": "name",
    "IssueFieldTextValue": "text: value",
}
"""Type of an organisation's issue field's value -> what is read of it, under a name that fits its type."""


@dataclass(frozen=True, slots=True)
class Features:
    """What can be asked: newer fields of an issue, timeline events by type name, and the board's values.

    `issue_fields` are an issue's fields, `name` and `name(argument)`. `values` are the types of values of the
    organisation's issue fields, none if they are not wanted. `reasons`: closings say why. `boards`: the site
    has Projects boards. `fields` are those of the board to read with each issue, alias -> name; None: the
    source has no board, or the token may not read it.
    """

    issue_fields: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset(EVENTS)
    values: frozenset[str] = frozenset()
    reasons: bool = True
    boards: bool = True
    fields: Mapping[str, str] | None = None

    def has(self, name: str) -> bool:
        return name in self.issue_fields

    def with_board(self, fields: Mapping[str, str] | None) -> Features:
        return replace(self, fields=fields)


_MILESTONES = """
    milestones(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { id number title dueOn state createdAt closedAt }
    }
"""

OPENING = f"""
query Opening($owner: String!, $name: String!, $first: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    id nameWithOwner hasIssuesEnabled isPrivate
{_MILESTONES}  }}
  issue: __type(name: "Issue") {{ fields {{ name args {{ name }} }} }}
  timeline: __type(name: "IssueTimelineItems") {{ possibleTypes {{ name }} }}
  closing: __type(name: "ClosedEvent") {{ fields {{ name }} }}
  owner: __type(name: "Organization") {{ fields {{ name }} }}
  values: __type(name: "IssueFieldValue") {{ possibleTypes {{ name }} }}
}}
"""
"""Which repository this is, what the site knows, and the first milestones: one request opens a pull."""

MILESTONES = f"""
query Milestones($owner: String!, $name: String!, $first: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
{_MILESTONES}  }}
}}
"""

MOVED = f"""
query Moved($id: ID!) {{
  node(id: $id) {{
    ...on Issue {{
      id number
      repository {{ nameWithOwner }}
      history: timelineItems(last: 1, itemTypes: [TRANSFERRED_EVENT]) {{
        nodes {{ __typename ...on TransferredEvent {{ id createdAt actor {_PERSON} }} }}
      }}
    }}
  }}
}}
"""
"""Where a transferred issue is now, and the step that brought it there."""

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
    id
    issues(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { id number }
    }
  }
}
"""


def issues(features: Features, by: str, direction: str = "ASC") -> str:
    """A page of whole issues in the order of `by`: 50 a page cost three points, so 10,000 issues cost 600.

    With the organisation's issue fields, four and 800.
    """
    since = ", filterBy: {since: $since}" if by == "UPDATED_AT" else ""
    declared = ", $since: DateTime" if since else ""
    return f"""
query Issues($owner: String!, $name: String!, $first: Int!, $after: String{declared}{_declared(features)}) {{
  repository(owner: $owner, name: $name) {{
    id
    all: issues(first: 1) {{ totalCount }}
    issues(first: $first, after: $after, orderBy: {{field: {by}, direction: {direction}}}{since}) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...Whole }}
    }}
  }}
}}
{_whole(features)}"""


def issues_by_number(features: Features, numbers: Sequence[int]) -> str:
    """These issues of the repository, whole, under aliases made of their numbers; two points for 25."""
    asked = "\n".join(f"    n{number}: issue(number: {number}) {{ ...Whole }}" for number in numbers)
    return f"""
query Some($owner: String!, $name: String!{_declared(features)}) {{
  repository(owner: $owner, name: $name) {{
    id
{asked}
  }}
}}
{_whole(features)}"""


def issues_by_id(features: Features) -> str:
    """These issues, whole, wherever they are now."""
    return f"""
query Fetched($ids: [ID!]!{_declared(features)}) {{
  nodes(ids: $ids) {{ ...on Issue {{ ...Whole place: repository {{ id nameWithOwner }} }} }}
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
  id number title body state {_reason(features)} createdAt updatedAt closedAt
  author {_PERSON}
  repository {{ isPrivate }}
  milestone {{ id title }}
  labels(first: 100) {{ nodes {{ name }} }}
  assignees(first: 20) {{ nodes {{ id login name }} }}
  {_optional(features)}
  history: timelineItems(first: {HISTORY_PAGE}, itemTypes: [{_types(features)}]) {{
    {_events(features)}
  }}
}}
{_value(features)}"""


def _reason(features: Features) -> str:
    """Older sites tell no duplicates from what is not planned, and the oldest give no reason."""
    if features.has("stateReason(enableDuplicate)"):
        return "stateReason(enableDuplicate: true)"
    return "stateReason" if features.has("stateReason") else ""


def _types(features: Features) -> str:
    return ", ".join(_enum(name) for name in _asked(features))


def _events(features: Features) -> str:
    parts = "\n      ".join(
        f"...on {name} {{ id createdAt actor {_PERSON} {_told(name, features)} }}"
        for name in _asked(features)
    )
    return f"""pageInfo {{ hasNextPage endCursor }}
    nodes {{
      __typename
      {parts}
    }}"""


def _told(name: str, features: Features) -> str:
    return "" if name == "ClosedEvent" and not features.reasons else EVENTS[name]


def _asked(features: Features) -> list[str]:
    """The known events, without those of boards where the token may not read boards: one would fail all."""
    hidden = _BOARD_EVENTS if features.fields is None else frozenset()
    hidden |= frozenset() if features.values else _FIELD_EVENTS
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
    if features.has("closedByPullRequestsReferences(includeClosedPrs)"):
        pulls = "nodes { number repository { nameWithOwner } }"
        asked = "closedByPullRequestsReferences(first: 10, includeClosedPrs: true)"
        parts.append(f"pulls: {asked} {{ {pulls} }}")
    if features.values:
        kinds = " ".join(
            f"...on {kind} {{ {_VALUES[kind]} field {{ ...on IssueFieldCommon {{ name }} }} }}"
            for kind in _VALUES
            if kind in features.values
        )
        parts.append(f"values: issueFieldValues(first: 25) {{ nodes {{ __typename {kinds} }} }}")
    if features.fields is not None:
        parts.append(
            f"cards: projectItems(first: 20) {{ nodes {{ id project {{ id }} {_aliases(features)} }} }}"
        )
    return "\n  ".join(parts)


def _aliases(features: Features) -> str:
    return " ".join(
        f"{alias}: fieldValueByName(name: ${alias}) {{ ...V }}" for alias in features.fields or ()
    )


def _declared(features: Features) -> str:
    return "".join(f", ${alias}: String!" for alias in features.fields or ())


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
