"""The JSON Schema tells an editor what the loader will say."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import jsonschema
import pytest

from config.schema import DRAFT, schema
from tests.config.samples import GOOD, KINDS

WHOLE = schema(KINDS)
PLAIN = {
    "$ref", "$schema", "additionalProperties", "allOf", "anyOf", "default", "definitions", "description",
    "enum", "examples", "exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maxLength",
    "maximum", "minItems", "minLength", "minimum", "oneOf", "pattern", "patternProperties", "properties",
    "required", "title", "type",
}  # fmt: skip


def accepts(text: str) -> bool:
    tree = json.loads(json.dumps(tomllib.loads(text), default=date.isoformat))
    return bool(jsonschema.Draft4Validator(WHOLE).is_valid(tree))


def parts(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    if isinstance(part, list):
        for entry in part:
            yield from parts(entry)
    elif isinstance(part, dict):
        yield part
        for key, value in part.items():
            if key in ("properties", "patternProperties", "definitions"):
                for inner in value.values():
                    yield from parts(inner)
            elif key in ("items", "additionalProperties", "anyOf", "oneOf", "allOf"):
                yield from parts(value)


def test_it_is_a_schema_of_draft_4_in_plain_words_only() -> None:
    jsonschema.Draft4Validator.check_schema(WHOLE)
    assert WHOLE["$schema"] == DRAFT
    assert {key for part in parts(WHOLE) for key in part} <= PLAIN
    assert "null" not in json.dumps(WHOLE)


def test_every_key_is_described() -> None:
    bare = [
        name
        for part in parts(WHOLE)
        for name, key in part.get("properties", {}).items()
        if len(key.get("description", "")) < 4
    ]
    assert not bare


def test_every_table_of_ours_refuses_unknown_keys() -> None:
    tables = [part for part in parts(WHOLE) if "properties" in part]
    assert len(tables) > 15
    assert all(part["additionalProperties"] is False for part in tables)


def test_defaults_stand_as_they_would_in_the_file() -> None:
    store = WHOLE["definitions"]["StoreSettings"]["properties"]
    assert store["keep_raw"]["default"] == "90d"
    assert WHOLE["definitions"]["Limits"]["properties"]["slip"]["default"] == [0.05, 0.1]
    assert WHOLE["definitions"]["Calendar"]["properties"]["hours_per_day"]["default"] == 8


def test_a_good_file_is_accepted() -> None:
    assert accepts(GOOD)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('kind = "board"', 'kind = "sheet"'),
        ('kind = "board"', 'kind = "trello"'),
        ('kind = "board", ', ""),
        ("number = 42", "nmber = 42"),
        ("number = 42", 'number = "42"'),
        ('"env:BOARD_TOKEN"', '"hunter2hunter2"'),
        ('kind = "sheet"', 'kind = "sheet", name = "x"'),
        ("acme = { kind", '"a b" = { kind'),
        ('unit = "hours"', 'unit = "hour"'),
        ('["Released"]', '"Released"'),
        ("version = 1", "version = 2"),
        ("[rates]", "[rate]"),
        ("2027-01-02", "next year"),
        ("rate = 95", "rate = -95"),
    ],
)
def test_what_the_loader_refuses_is_refused_in_the_editor(right: str, wrong: str) -> None:
    assert right in GOOD
    assert not accepts(GOOD.replace(right, wrong))
