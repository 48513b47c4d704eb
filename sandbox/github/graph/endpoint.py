"""POST /graphql: a real executor over our part of GitHub's schema, with GitHub's own errors around it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    build_ast_schema,
    execute_sync,
    extend_schema,
    parse,
    validate,
)

from sandbox.faults import Faults
from sandbox.github.budgets import Budgets
from sandbox.github.errors import GraphError, Refusal
from sandbox.github.gate import Answer, Call, Viewer
from sandbox.github.graph.context import Context
from sandbox.github.graph.older import without
from sandbox.github.graph.pricing import Price, appraise
from sandbox.github.graph.resolvers import attach
from sandbox.github.listing import CursorKind, IssueLists
from sandbox.github.records import stamp
from sandbox.github.state import GitHubSite

__all__ = ["Graph", "sdl"]

_HERE = Path(__file__).parent
_MOST_NODES = 500_000


def sdl() -> tuple[str, str]:
    """Our part of the schema as GitHub publishes it, and what GitHub added since."""
    return (_HERE / "schema.graphql").read_text(), (_HERE / "additions.graphql").read_text()


@cache
def _schema(absent: frozenset[str] = frozenset()) -> GraphQLSchema:
    published, additions = sdl()
    schema = extend_schema(build_ast_schema(parse(published), assume_valid=True), parse(additions))
    return attach(without(schema, absent), whole=False) if absent else attach(schema)


@dataclass(frozen=True, slots=True)
class _Document:
    parsed: DocumentNode
    faults: tuple[GraphQLError, ...]


class Graph:
    """Answers queries from the state. `node_budget` is how many records an answer may hold before the rest is
    cut off with RESOURCE_LIMITS_EXCEEDED, a number that GitHub doesn't publish; None: any. `absent` is what
    an older server's schema lacks.
    """

    def __init__(
        self,
        site: GitHubSite,
        lists: IssueLists,
        budgets: Budgets,
        faults: Faults,
        cursors: CursorKind,
        node_budget: int | None,
        absent: frozenset[str] = frozenset(),
    ) -> None:
        self._site = site
        self._schema = _schema(absent)
        self._lists = lists
        self._budgets = budgets
        self._faults = faults
        self._cursors: CursorKind = cursors
        self._node_budget = node_budget
        self._documents: dict[str, _Document] = {}

    def answer(self, call: Call) -> Answer:
        if call.viewer.token is None:
            raise Refusal(401, "This endpoint requires you to be authenticated.")
        query, variables = _read(call.body)
        document = self._document(query)
        if document.faults:
            return _failed(*(_invalid(fault) for fault in document.faults), cost=0)
        variables = _defaults(document.parsed) | variables
        price = appraise(self._schema, document.parsed, variables)
        refusal = self._refuse(price, call.viewer)
        if refusal is not None:
            return refusal
        return Answer(
            self._run(call, document.parsed, variables, price), resource="graphql", cost=price.points
        )

    def _create(self, call: Call) -> None:
        refusal = self._budgets.create(call.viewer.login)
        if refusal is not None:
            raise refusal

    def _document(self, query: str) -> _Document:
        if query not in self._documents:
            try:
                parsed = parse(query)
                self._documents[query] = _Document(parsed, tuple(validate(self._schema, parsed)))
            except GraphQLError as error:
                self._documents[query] = _Document(DocumentNode(definitions=()), (error,))
        return self._documents[query]

    def _refuse(self, price: Price, viewer: Viewer) -> Answer | None:
        """What is refused before a query is run; each kind answers 200 with errors and no data."""
        token, window = viewer.token, self._budgets.window(viewer.login, "graphql")
        if window.remaining < price.points:
            return rate_limit_error(viewer.login or "0")
        if price.nodes > _MOST_NODES:
            message = (
                f"This query requests up to {price.nodes:,} possible nodes which exceeds the maximum limit"
            )
            return _failed({"type": "MAX_NODE_LIMIT_EXCEEDED", "message": f"{message} of {_MOST_NODES:,}."})
        wanted = "project" if price.writes else "read:project"
        may = token is not None and (token.plans if price.writes and token.classic else token.reads_projects)
        if price.projects and token is not None and not token.of_app and not may:
            message = (
                "Your token has not been granted the required scopes to execute this query. "
                f"The '{price.projects[0]}' field requires one of the following scopes: ['{wanted}'], "
                f"but your token has only been granted the: {list(token.scopes)} scopes."
            )
            return _failed({"type": "INSUFFICIENT_SCOPES", "message": message})
        return None

    def _run(
        self, call: Call, document: DocumentNode, variables: Mapping[str, Any], price: Price
    ) -> dict[str, Any]:
        window = self._budgets.window(call.viewer.login, "graphql")
        context = Context(
            site=self._site,
            viewer=call.viewer,
            base=call.base,
            lists=self._lists,
            cursors=self._cursors,
            shorten=self._faults.take("short_page", "/graphql"),
            nodes_left=self._node_budget,
            rate={
                "cost": price.points,
                "limit": window.limit,
                "nodeCount": price.nodes,
                "remaining": max(0, window.remaining - price.points),
                "resetAt": stamp(window.reset),
                "used": window.used + price.points,
            },
            create=lambda: self._create(call),
        )
        result = execute_sync(self._schema, document, context_value=context, variable_values=dict(variables))
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [_shown(error) for error in result.errors]
        return body


def rate_limit_error(who: str) -> Answer:
    """GraphQL's primary rate limit: 200 with an error and no data."""
    message = f"API rate limit already exceeded for user ID {who}."
    return _failed({"type": "RATE_LIMIT", "code": "graphql_rate_limit", "message": message}, cost=0)


def _failed(*errors: dict[str, Any], cost: int = 1) -> Answer:
    return Answer({"errors": list(errors)}, resource="graphql", cost=cost)


def _read(body: bytes) -> tuple[str, dict[str, Any]]:
    try:
        given = json.loads(body)
    except ValueError:
        raise Refusal(400, "Problems parsing JSON") from None
    query = given.get("query") if isinstance(given, dict) else None
    if not isinstance(query, str):
        raise Refusal(400, "A query attribute must be specified and must be a string.")
    return query, given.get("variables") or {}


def _defaults(document: DocumentNode) -> dict[str, Any]:
    """The numbers that an operation's variables have by default, so that a price can be put on them."""
    return {
        variable.variable.name.value: int(variable.default_value.value)
        for operation in document.definitions
        if isinstance(operation, OperationDefinitionNode)
        for variable in operation.variable_definitions or ()
        if isinstance(variable.default_value, IntValueNode)
    }


def _where(error: GraphQLError) -> list[dict[str, int]]:
    return [{"line": one.line, "column": one.column} for one in error.locations or ()]


def _shown(error: GraphQLError) -> dict[str, Any]:
    """An error of the execution: typed if the site raised it; a defect of ours must not pass for GitHub's."""
    cause = error.original_error
    if cause is not None and not isinstance(cause, GraphError):
        raise cause
    body: dict[str, Any] = {"type": cause.type} if cause else {}
    return body | {"path": error.path, "locations": _where(error), "message": error.message}


def _invalid(error: GraphQLError) -> dict[str, Any]:
    """An error of the document itself, in the words GitHub finds for an unknown field."""
    start, message = "Cannot query field '", error.message
    if message.startswith(start):
        field, kind = message.split("'")[1], message.split("'")[3]
        return {
            "extensions": {"code": "undefinedField", "typeName": kind, "fieldName": field},
            "locations": _where(error),
            "message": f"Field '{field}' doesn't exist on type '{kind}'",
        }
    return {"locations": _where(error), "message": message}
