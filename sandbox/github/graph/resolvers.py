"""Attaches the resolver tables to the schema, once and completely."""

from __future__ import annotations

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType

from sandbox.github.graph.boards import BOARD_FIELDS
from sandbox.github.graph.events import EVENT_FIELDS
from sandbox.github.graph.issues import ISSUE_FIELDS
from sandbox.github.graph.kinds import kind_of
from sandbox.github.graph.mutations import MUTATION_FIELDS
from sandbox.github.graph.roots import ROOT_FIELDS

__all__ = ["attach"]


def attach(schema: GraphQLSchema, whole: bool = True) -> GraphQLSchema:
    """Give every field of every object type its resolver. ValueError: a table and its type don't agree.

    An older schema is not `whole`: it has fewer fields than there are resolvers.
    """
    tables = ROOT_FIELDS | ISSUE_FIELDS | EVENT_FIELDS | BOARD_FIELDS | MUTATION_FIELDS
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = lambda value, _info, _kind: kind_of(value)
        elif isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            table = tables[name]
            if whole and table.keys() != kind.fields.keys():
                raise ValueError(f"{name} is not resolved as declared: {table.keys() ^ kind.fields.keys()}")
            for name_of_field, field in kind.fields.items():
                field.resolve = table[name_of_field]
    return schema
