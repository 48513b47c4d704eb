"""What a GraphQL document costs by GitHub's published formula, and which scopes it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

__all__ = ["Price", "appraise"]

_PROJECT_EVENTS = ("ADDED_TO_PROJECT_V2", "REMOVED_FROM_PROJECT_V2", "PROJECT_V2")


@dataclass(slots=True)
class Price:
    """`requests`: how often connections are fetched if all are full; `nodes`: how many records those hold.

    `projects` names the fields that only a token with a projects scope may ask for, `writes` says that they
    are changed.
    """

    requests: int = 0
    nodes: int = 0
    projects: tuple[str, ...] = ()
    writes: bool = False

    @property
    def points(self) -> int:
        """Requests by the hundred, rounded to the nearest, and at least one."""
        return max(1, (self.requests + 50) // 100)


def appraise(schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> Price:
    """The price of a valid document's operation with these variables."""
    appraiser = _Appraiser(schema, document, variables)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            writes = definition.operation is OperationType.MUTATION
            appraiser.price.writes |= writes
            appraiser.walk(definition.selection_set, schema.mutation_type if writes else schema.query_type, 1)
    return appraiser.price


class _Appraiser:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self.price = Price()
        self._schema = schema
        self._variables = variables
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def walk(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None, times: int) -> None:
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                self._field(selection, parent, times)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                kind = self._schema.get_type(condition.name.value) if condition else parent
                self.walk(selection.selection_set, kind, times)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                kind = self._schema.get_type(fragment.type_condition.name.value)
                self.walk(fragment.selection_set, kind, times)

    def _field(self, field: FieldNode, parent: GraphQLNamedType | None, times: int) -> None:
        name = field.name.value
        fields = getattr(parent, "fields", {})
        if name not in fields:
            return  # __typename and the like
        kind = get_named_type(fields[name].type)
        arguments = {argument.name.value: self._value(argument.value) for argument in field.arguments or ()}
        if "ProjectV2" in kind.name or _asks_for_project_events(arguments.get("itemTypes")):
            self.price.projects = (*self.price.projects, name)
        if kind.name.endswith("Connection"):
            size = arguments.get("first") or arguments.get("last") or 0
            self.price.requests += times
            times *= size if isinstance(size, int) else 0
            self.price.nodes += times
        self.walk(field.selection_set, kind, times)

    def _value(self, node: Node) -> Any:
        if isinstance(node, VariableNode):
            return self._variables.get(node.name.value)
        if isinstance(node, ListValueNode):
            return [self._value(one) for one in node.values]
        if isinstance(node, IntValueNode):
            return int(node.value)
        return node.value if isinstance(node, EnumValueNode) else None


def _asks_for_project_events(types: object) -> bool:
    return isinstance(types, list) and any(str(one).startswith(_PROJECT_EVENTS) for one in types)
