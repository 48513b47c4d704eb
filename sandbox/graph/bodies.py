"""What Planner takes in the body of a write, property by property, and how it refuses the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from sandbox.graph.calls import GraphError

__all__ = ["between", "flag", "instant_of", "number", "opened", "place", "refuse_others", "text", "url_of"]

_LONGEST_TITLE = 255


def refuse_others(body: object, known: frozenset[str], kind: str) -> Mapping[str, Any]:
    """The body as a mapping of known properties; annotations are let through. GraphError 400: any other."""
    if not isinstance(body, dict):
        raise bad("The request body must be a JSON object.")
    for name in body:
        if name not in known and not name.startswith("@odata."):
            raise bad(f"The property '{name}' does not exist on type '{kind}' or cannot be changed.")
    return body


def bad(message: str) -> GraphError:
    return GraphError(400, "", message)


def text(body: Mapping[str, Any], name: str, longest: int = _LONGEST_TITLE, *, empty: bool = False) -> str:
    value = body[name]
    if value is None and empty:
        return ""
    if not isinstance(value, str) or (not empty and not value.strip()) or len(value) > longest:
        raise bad(f"The value of '{name}' is not valid.")
    return value


def number(body: Mapping[str, Any], name: str, highest: int) -> int:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
        raise bad(f"The value of '{name}' must be a number from 0 to {highest}.")
    return value


def flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise bad(f"The value of '{name}' must be true or false.")
    return value


def instant_of(value: object, name: str) -> datetime | None:
    """An instant with its zone; None takes it away."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise bad(f"The value of '{name}' is not an instant.") from None
    if at.tzinfo is None:
        raise bad(f"The value of '{name}' must name its offset.")
    return at.astimezone(UTC)


def opened(body: Mapping[str, Any], name: str, kind: str) -> dict[str, Mapping[str, Any] | None]:
    """An open type: each value an object that says its type, or null, which removes it."""
    values = body[name]
    if not isinstance(values, dict):
        raise bad(f"The value of '{name}' must be an object.")
    for key, value in values.items():
        if value is None:
            continue
        if (
            not isinstance(value, dict)
            or value.get("@odata.type", "").lstrip("#") != f"microsoft.graph.{kind}"
        ):
            raise bad(f"The value of '{name}/{key}' must be an object with @odata.type of '{kind}'.")
    return values


def url_of(key: str) -> str:
    """The address that stands percent-encoded as a property name."""
    if any(char in key for char in ".:@#"):
        raise bad(f"The property name '{key}' holds characters that must be percent-encoded.")
    return unquote(key)


def place(hint: object) -> str:
    """A value of ours for where a hint of the form "A B!" wants something; raw values are refused."""
    if not isinstance(hint, str) or not hint.endswith("!") or hint.count(" ") != 1:
        raise bad("The order hint is not valid.")
    before, _, after = hint[:-1].partition(" ")
    return between(before, after)


def between(before: str, after: str) -> str:
    """A text that sorts after `before` and ahead of `after`; an empty one is no bound."""
    if not before and not after:
        return "8587P\\"
    if not after or before + "P" < after:
        return before + "P"
    for at in range(len(after) - 1, -1, -1):
        lower = after[:at] + chr(ord(after[at]) - 1) + "P"
        if ord(after[at]) > ord("!") and lower > before:
            return lower
    raise bad("The order hint leaves no room between its neighbours.")
