"""The fields that an organization gives its issues, and their values, as REST writes and takes them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from sandbox.github.errors import invalid
from sandbox.github.records import Given, Issue, IssueField, stamp
from sandbox.github.registry import Registry

__all__ = ["field_value", "field_values", "issue_field", "values_of"]

_MOST = 25


def _option_id(field: IssueField, name: str) -> int:
    return zlib.crc32(f"{field.id}/{name}".encode())


def issue_field(field: IssueField, created: Any) -> dict[str, Any]:
    """A field; those without options have none, not an empty list."""
    body: dict[str, Any] = {
        "id": field.id,
        "node_id": field.node_id,
        "name": field.name,
        "description": None,
        "data_type": field.type,
        "visibility": "organization_members_only",
        "created_at": stamp(created),
        "updated_at": stamp(created),
    }
    if field.type == "single_select":
        body["options"] = [
            {
                "id": _option_id(field, name),
                "name": name,
                "description": None,
                "color": "gray",
                "priority": place,
                "created_at": stamp(created),
                "updated_at": stamp(created),
            }
            for place, name in enumerate(field.options, 1)
        ]
    return body


def field_value(given: Given) -> dict[str, Any]:
    """What an issue has in a field; of a single select the option's id, with the option beside it."""
    field, value = given.field, given.value
    body = {
        "issue_field_id": field.id,
        "issue_field_name": field.name,
        "node_id": f"IFV_{field.node_id}",
        "data_type": field.type,
        "value": value,
    }
    if field.type == "single_select":
        id = _option_id(field, str(value))
        body |= {"value": id, "single_select_option": {"id": id, "name": str(value), "color": "gray"}}
    return body


def field_values(given: Any, site: Registry) -> dict[IssueField, str | float]:
    """The values of a request's body, by field. Refusal: one that doesn't fit."""
    if not isinstance(given, list) or len(given) > _MOST:
        raise invalid("Issue", "issue_field_values", "invalid")
    known = {field.id: field for field in site.fields.values()}
    return dict(_one(each, known) for each in given)


def _one(given: Any, known: Mapping[int, IssueField]) -> tuple[IssueField, str | float]:
    field = known.get(given.get("field_id", 0)) if isinstance(given, dict) else None
    if field is None or "value" not in given:
        raise invalid("Issue", "issue_field_values", "invalid", value=given)
    if not _fits(field, given["value"]):
        raise invalid("Issue", "issue_field_values", "invalid", value=given["value"])
    return field, given["value"]


def _fits(field: IssueField, value: Any) -> bool:
    if field.type == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if field.type == "single_select":
        return value in field.options
    return field.type != "date" or _is_day(value)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def values_of(issue: Issue) -> list[dict[str, Any]]:
    return [field_value(given) for given in issue.fields.values()]
