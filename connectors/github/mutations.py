"""The GraphQL documents around writes: cards and their values on boards, and parts of issues.

What one write sets on a board goes in one request, whose mutations have aliases and stand each for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ADD_CARD", "BOARD_RIGHT", "PARENT", "PEOPLE", "VIEWER", "settings"]

PEOPLE = """
query People($ids: [ID!]!) { nodes(ids: $ids) { ...on Node { id } ...on User { login name } } }
"""
"""The logins behind accounts' ids, which the REST API wants. One point."""

VIEWER = """
query Viewer($owner: String!, $name: String!) {
  viewer { login id }
  repository(owner: $owner, name: $name) { viewerPermission }
}
"""
"""Whose credential it is, and what it may do in the repository. One point."""

BOARD_RIGHT = """
query BoardRight($id: ID!) { node(id: $id) { ...on ProjectV2 { viewerCanUpdate } } }
"""
"""Whether the credential may write to a board."""

ADD_CARD = """
mutation AddCard($project: ID!, $issue: ID!) {
  card: addProjectV2ItemById(input: {projectId: $project, contentId: $issue}) { item { id } }
}
"""
"""Put an issue on the board; one that is there already is given back as it is."""

PARENT = "parent"
"""The alias under which an issue gets another parent, or none."""


def settings(
    cells: Mapping[str, tuple[str, Mapping[str, Any] | None]],
    card: tuple[str, str] | None,
    parent: tuple[str, str, bool] | None,
) -> tuple[str, dict[str, Any]]:
    """The document that sets these cells, by alias: (field id, value; None clears it), and its variables.

    `card` is (board, item), `parent` (the parent's id, the issue's, whether it is to be its part).
    """
    declared: dict[str, str] = {}
    variables: dict[str, Any] = {}
    acts: list[str] = []

    def told(name: str, kind: str, value: Any) -> str:
        declared[name], variables[name] = kind, value
        return f"${name}"

    if cells and card is not None:
        place = f"projectId: {told('project', 'ID!', card[0])}, itemId: {told('item', 'ID!', card[1])}"
    for alias, (field, value) in cells.items():
        held = f"{place}, fieldId: {told(f'field_{alias}', 'ID!', field)}"
        if value is None:
            acts.append(f"{alias}: clearProjectV2ItemFieldValue(input: {{{held}}}) {{ clientMutationId }}")
        else:
            given = told(f"value_{alias}", "ProjectV2FieldValue!", value)
            act = f"updateProjectV2ItemFieldValue(input: {{{held}, value: {given}}})"
            acts.append(f"{alias}: {act} {{ clientMutationId }}")
    if parent is not None:
        above, part, joins = parent
        ids = f"issueId: {told('above', 'ID!', above)}, subIssueId: {told('part', 'ID!', part)}"
        act = (
            f"addSubIssue(input: {{{ids}, replaceParent: true}})"
            if joins
            else f"removeSubIssue(input: {{{ids}}})"
        )
        acts.append(f"{PARENT}: {act} {{ clientMutationId }}")
    heads = ", ".join(f"${name}: {kind}" for name, kind in declared.items())
    body = "\n  ".join(acts)
    return f"mutation Set({heads}) {{\n  {body}\n}}\n", variables
