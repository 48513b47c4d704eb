"""Laws of the configuration that hold for every file, not only for the ones we thought of."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from config.document import read as read_document
from config.load import ConfigError
from config.problems import dotted
from config.schema import schema
from tests.config.samples import KINDS, TomlWriter, problems, read
from tests.config.trees import configurations

VALIDATOR = jsonschema.Draft4Validator(schema(KINDS))
few = settings(max_examples=15)
chances = st.randoms(use_true_random=False)
FREE = ("connections", "projects", "people", "dimensions", "deliverables", "accounts", "columns", "roles")
"""Tables whose keys are names that people choose."""


def plain(value: object) -> Any:
    """A configuration as the tree it could be written from."""
    dumped = value.model_dump(mode="json", by_alias=True, exclude_none=True)  # type: ignore[attr-defined]
    numbers = {
        "rate",
        "default",
        "hours_per_day",
        "capacity",
        "slip",
        "scope",
        "sprint_scope",
        "developer",
        "run",
    }
    return _numbers(dumped, numbers)


def _numbers(value: Any, names: set[str], here: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _numbers(inner, names, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner, names, here) for inner in value]
    return float(value) if isinstance(value, str) and here in names else value


def same(given: Any, kept: Any) -> bool:
    """Whether all that was written was kept; what was left out may have got a default."""
    if isinstance(given, Mapping):
        return all(name in kept and same(inner, kept[name]) for name, inner in given.items())
    if isinstance(given, list):
        return len(given) <= len(kept) and all(map(same, given, kept))
    if isinstance(given, date):
        return given.isoformat() == kept
    if isinstance(given, int | float) and not isinstance(given, bool):
        return Decimal(str(given)) == Decimal(str(kept))
    return given == kept


@few
@given(configurations(), chances, chances)
def test_every_valid_tree_is_read_as_it_was_meant_however_it_is_laid_out(
    tree: dict[str, Any], one: random.Random, other: random.Random
) -> None:
    config = read(TomlWriter(one).write(tree))
    assert same(tree, plain(config))
    assert read(TomlWriter(other).write(tree)) == config


@few
@given(configurations(), chances)
def test_a_configuration_written_out_and_read_again_is_the_same(
    tree: dict[str, Any], chance: random.Random
) -> None:
    config = read(TomlWriter(chance).write(tree))
    assert read(TomlWriter(chance).write(plain(config))) == config


@few
@given(configurations(), chances)
def test_every_key_and_entry_is_found_on_the_line_it_was_written_on(
    tree: dict[str, Any], chance: random.Random
) -> None:
    writer = TomlWriter(chance)
    text = writer.write(tree)
    document = read_document(text)
    assert document.tree == tree == tomllib.loads(text)
    assert document.lines == writer.lines


@few
@given(configurations(), chances)
def test_the_schema_accepts_every_valid_file(tree: dict[str, Any], chance: random.Random) -> None:
    read(TomlWriter(chance).write(tree))
    as_json = json.loads(json.dumps(tree, default=date.isoformat))
    assert [error.message for error in VALIDATOR.iter_errors(as_json)] == []


def _fixed_keys(path: tuple[str | int, ...], value: object) -> Iterator[tuple[str | int, ...]]:
    """Paths of the keys whose names are ours, not the writer's choice."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not (path and path[-1] in FREE):
                yield (*path, name)
            yield from _fixed_keys((*path, name), inner)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _fixed_keys((*path, position), inner)


def _misspelt(name: str, chance: random.Random) -> str:
    at = chance.randrange(len(name) - 1)
    return chance.choice(
        [
            name[:at] + name[at + 1 :],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            name[: at + 1] + name[at:],
            name[:at] + chance.choice("qxz") + name[at + 1 :],
        ]
    )


def _renamed(tree: Any, path: tuple[str | int, ...], name: str) -> Any:
    if isinstance(tree, list):
        return [_renamed(v, path[1:], name) if n == path[0] else v for n, v in enumerate(tree)]
    if len(path) == 1:
        return {name if key == path[0] else key: value for key, value in tree.items()}
    return {k: _renamed(v, path[1:], name) if k == path[0] else v for k, v in tree.items()}


@settings(max_examples=40)
@given(configurations(), chances)
def test_any_misspelt_key_is_reported_with_its_line_and_the_name_it_should_have(
    tree: dict[str, Any], chance: random.Random
) -> None:
    path = chance.choice(list(_fixed_keys((), tree)))
    right = str(path[-1])
    wrong = _misspelt(right, chance)
    changed = _renamed(tree, path, wrong)
    writer = TomlWriter(chance)
    text = writer.write(changed)
    assume(wrong != right)
    reported = {problem.key: problem for problem in problems(text)}
    problem = reported[dotted((*path[:-1], wrong))]
    assert problem.line == writer.lines[(*path[:-1], wrong)]
    assert problem.found == "no such key"
    if len(right) > 3:
        assert problem.nearest == right


@few
@given(configurations(), chances, st.from_regex(r"[A-Za-z0-9+/]{16,40}", fullmatch=True))
def test_a_literal_secret_is_refused_and_never_repeated(
    tree: dict[str, Any], chance: random.Random, secret: str
) -> None:
    name = chance.choice(list(tree["connections"]))
    key = chance.choice(["token", "webhook"])
    tree["connections"][name] |= {
        "kind": "board",
        "url": "https://board.example",
        "token": "env:A",
        key: secret,
    }
    tree["connections"][name].pop("root", None)
    writer = TomlWriter(chance)
    with pytest.raises(ConfigError) as raised:
        read(writer.write(tree))
    (problem,) = [p for p in raised.value.problems if p.key == dotted(("connections", name, key))]
    assert problem.line == writer.lines["connections", name, key]
    for said in (str(raised.value), repr(raised.value), repr(raised.value.problems), repr(raised.value.args)):
        assert secret not in said


@given(st.text(max_size=300))
def test_no_text_at_all_makes_the_reader_fail_in_another_way(text: str) -> None:
    assert problems(text)


@few
@given(configurations(), chances, st.text(max_size=4))
def test_a_broken_file_yields_problems_on_lines_it_has(
    tree: dict[str, Any], chance: random.Random, noise: str
) -> None:
    text = TomlWriter(chance).write(tree)
    at = chance.randrange(len(text))
    broken = text[:at] + noise + text[at + chance.randrange(20) :]
    for problem in problems(broken):
        assert 1 <= problem.line <= broken.count("\n") + 1
        assert "\n" not in str(problem)
