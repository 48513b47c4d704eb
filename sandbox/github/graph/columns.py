"""What the resolver tables share: common columns and short ways to write a field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.github.graph.context import Connection, Info
from sandbox.github.records import stamp

__all__ = ["CONNECTION", "DATED", "STAMPED", "Resolver", "Table", "always", "connected", "read"]

Resolver = Callable[..., Any]
Table = dict[str, Resolver]


def read(name: str) -> Resolver:
    """The record's attribute as it is."""
    return lambda held, _info: getattr(held, name)


def always(value: object) -> Resolver:
    return lambda _held, _info: value


def connected(name: str) -> Resolver:
    """A connection over a list that the record holds under `name`, in that list's order."""

    def resolve(held: object, info: Info, **arguments: Any) -> Connection:
        return info.context.connect(info.field_name, getattr(held, name), None, arguments)

    return resolve


CONNECTION: Table = {
    "nodes": lambda held, _: held.page.rows,
    "pageInfo": read("page"),
    "totalCount": lambda held, _: held.page.total,
}
STAMPED: Table = {"id": read("node_id"), "createdAt": lambda held, _: stamp(held.created)}
DATED: Table = {**STAMPED, "updatedAt": lambda held, _: stamp(held.updated)}
