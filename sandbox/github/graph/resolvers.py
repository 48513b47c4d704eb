"""Attaches the resolver tables to the schema, once and completely."""

from __future__ import annotations

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType

from sandbox.github.graph.boards import BOARD_FIELDS
from sandbox.github.graph.events import EVENT_FIELDS
from sandbox.github.graph.issues import ISSUE_FIELDS
from sandbox.github.graph.kinds import kind_of
from sandbox.github.graph.roots import ROOT_FIELDS

__all__ = ["attach"]


def attach(schema: GraphQLSchema) -> GraphQLSchema:
    """Give every field of every object type its resolver. ValueError: a table and its type don't agree."""
    tables = ROOT_FIELDS | ISSUE_FIELDS | EVENT_FIELDS | BOARD_FIELDS
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = lambda value, _info, _kind: kind_of(value)
        elif isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            table = tables[name]
            if table.keys() != kind.fields.keys():
                raise ValueError(f"{name} is not resolved as declared: {table.keys() ^ kind.fields.keys()}")
            for field, resolver in table.items():
                kind.fields[field].resolve = resolver
    return schema
