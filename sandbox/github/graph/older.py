"""The schema of an older server: what GitHub added since is not in it, so asking for it is an error."""

from __future__ import annotations

from collections.abc import Collection

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_ast_schema,
    get_named_type,
    parse,
    print_schema,
)

__all__ = ["without"]


def without(schema: GraphQLSchema, absent: Collection[str]) -> GraphQLSchema:
    """The schema less these types (`IssueType`), fields (`Issue.blockedBy`) and arguments
    (`Issue.stateReason.enableDuplicate`), and less everything that mentions a type which is not there.
    """
    older = build_ast_schema(parse(print_schema(schema)), assume_valid=True)
    types = {name for name in absent if "." not in name}
    for name, kind in list(older.type_map.items()):
        if name in types:
            del older.type_map[name]
        elif isinstance(kind, GraphQLUnionType):
            kind.types = tuple(one for one in kind.types if one.name not in types)
        elif isinstance(kind, GraphQLEnumType):
            gone = {_item(one) for one in types}
            kind.values = {word: value for word, value in kind.values.items() if word not in gone}
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            _strip(kind, name, types, absent)
    return build_ast_schema(parse(print_schema(older)), assume_valid=True)


def _strip(
    kind: GraphQLObjectType | GraphQLInterfaceType, name: str, types: set[str], absent: Collection[str]
) -> None:
    for word, field in list(kind.fields.items()):
        if f"{name}.{word}" in absent or get_named_type(field.type).name in types:
            del kind.fields[word]
            continue
        for argument in list(field.args):
            if f"{name}.{word}.{argument}" in absent:
                del field.args[argument]


def _item(event: str) -> str:
    """What a type of timeline entries is asked for by: IssueTypeAddedEvent -> ISSUE_TYPE_ADDED_EVENT."""
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in event).lstrip("_").upper()
