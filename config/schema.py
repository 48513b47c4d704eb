"""The JSON Schema of crosstie.toml, so that editors complete and check it while it is written.

It is kept to what the oldest of the common TOML language servers reads, draft 4: plain types, enums, patterns
and descriptions. TOML has no null, and dates count as text. `crosstie check` remains the judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from config.scalars import write_duration
from config.settings import Config, Kind

__all__ = ["DRAFT", "schema"]

DRAFT = "http://json-schema.org/draft-04/schema#"
_ONE = ("items", "additionalProperties")
_MANY = ("anyOf", "oneOf", "allOf")
_NAMED = ("properties", "patternProperties", "definitions")


def schema(kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """The schema of the whole file; connections are told apart by their `kind`."""
    models = [Config, *(model for kind in kinds.values() for model in (kind.connection, kind.source))]
    places, generated = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/definitions/{model}",
        schema_generator=_Generator,
    )
    definitions = {name: _plain(part) for name, part in generated["$defs"].items()}

    def definition(model: type[Any]) -> dict[str, Any]:
        name = str(places[model, "validation"]["$ref"]).rpartition("/")[2]
        found: dict[str, Any] = definitions[name]
        return found

    def reference(model: type[Any]) -> dict[str, Any]:
        return dict(places[model, "validation"])

    for name, kind in kinds.items():
        _tell_apart(definition(kind.connection), name)
    whole = definition(Config)
    connections = whole["properties"]["connections"]
    (names,) = connections["patternProperties"]
    connections["patternProperties"][names] = {
        "oneOf": [reference(kind.connection) for kind in kinds.values()]
    }
    sources = definitions["Project"]["properties"]["sources"]
    sources["items"] = {"anyOf": [reference(kind.source) for kind in kinds.values()]}
    del definitions[str(reference(Config)["$ref"]).rpartition("/")[2]]
    return {"$schema": DRAFT, "title": "crosstie.toml", **whole, "definitions": definitions}


def _tell_apart(connection: dict[str, Any], kind: str) -> None:
    """Let `kind` decide; a connection's name is its table's and no key of its own."""
    del connection["properties"]["name"]
    meaning = connection["properties"]["kind"].get("description", "The tracker.")
    connection["properties"]["kind"] = {"description": meaning, "enum": [kind]}
    connection["required"] = sorted({*connection.get("required", ()), "kind"})


class _Generator(GenerateJsonSchema):
    """Leaves out null, titles and numbers in quotes; writes defaults as they stand in the file."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        number: JsonSchemaValue = super().decimal_schema(schema)["anyOf"][0]
        return number

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return write_duration(dft)
        if isinstance(dft, Decimal):
            return int(dft) if dft == int(dft) else float(dft)
        if isinstance(dft, tuple):
            return [self.encode_default(part) for part in dft]
        return dft.value if isinstance(dft, Enum) else super().encode_default(dft)


def _plain(part: Any) -> Any:
    """A schema, and all that are inside it, in draft 4."""
    if not isinstance(part, dict):
        return part
    plain = _reworded(part)
    for key, value in plain.items():
        if key in _ONE:
            plain[key] = [_plain(entry) for entry in value] if isinstance(value, list) else _plain(value)
        elif key in _MANY:
            plain[key] = [_plain(entry) for entry in value]
        elif key in _NAMED:
            plain[key] = {name: _plain(entry) for name, entry in value.items()}
    return plain


def _reworded(part: dict[str, Any]) -> dict[str, Any]:
    """Draft 4 has no const and no prefixItems, excludes limits by a flag and reads nothing beside a $ref."""
    plain = {
        key: value for key, value in part.items() if key != "title" and (key, value) != ("default", None)
    }
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    if "prefixItems" in plain:
        plain["items"] = plain.pop("prefixItems")
    for limit, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if flag in plain:
            plain[limit], plain[flag] = plain[flag], True
    if "$ref" in plain and len(plain) > 1:
        plain["allOf"] = [{"$ref": plain.pop("$ref")}]
    if "patternProperties" in plain:
        plain["additionalProperties"] = False
    return plain
