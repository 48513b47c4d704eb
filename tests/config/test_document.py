"""TOML is read with the line of every key, and as far as possible when it is broken."""

from __future__ import annotations

import time

import pytest

from config.document import read


def test_a_list_entry_is_on_its_own_line_in_every_notation() -> None:
    text = "a = [\n  1, # one\n  2,\n]\n[[b]]\nc = { d = 1 }\n[[b]]\nc.d = 2\n"
    text += "[b.e]\nf = [{ g = 1 },\n{ g = 2 }]\n"
    lines = read(text).lines
    assert (lines["a", 0], lines["a", 1]) == (2, 3)
    assert (lines["b", 0], lines["b", 0, "c", "d"]) == (5, 6)
    assert (lines["b", 1], lines["b", 1, "c"], lines["b", 1, "c", "d"]) == (7, 8, 8)
    assert (lines["b", 1, "e", "f", 0, "g"], lines["b", 1, "e", "f", 1, "g"]) == (10, 11)


def test_quoted_keys_are_known_by_what_they_say() -> None:
    lines = read('[a."b.c"]\n\'d"e\' = 1\n"\\u00e9" = 2\n').lines
    assert lines["a", "b.c", 'd"e'] == 2
    assert lines["a", "b.c", "é"] == 3


def test_what_is_missing_is_on_the_line_of_the_table_around_it() -> None:
    document = read("[a]\n[a.b]\nc = 1\n")
    assert document.line(("a", "b", "x", "y")) == 2
    assert document.line(("z",)) == 1


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm() -> None:
    document = read("\ufeffa = 1\r\nb = 2\r\n")
    assert document.tree == {"a": 1, "b": 2}
    assert document.lines["b",] == 2
    assert not document.faults


@pytest.mark.parametrize(
    ("text", "places", "rest"),
    [
        ("a = 1\nb =\nc = 3", [(2, 4)], {"a": 1, "c": 3}),
        ("a = 1\nb = x\nc = y\nd = 4", [(2, 5), (3, 5)], {"a": 1, "d": 4}),
        ("a = 1\n[b\nc = 1\n[d]\ne = 1", [(2, 3)], {"a": 1, "d": {"e": 1}}),
        ("a = 1\na = 2\nb = 3", [(2, 6)], {"a": 1, "b": 3}),
        ("[a]\nb = 1\n[a]\nb = 2\n[c]\nd = 1", [(3, 3)], {"a": {"b": 1}, "c": {"d": 1}}),
        ("a = [1,\n 2 3,\n 4]\nb = 1\n[c]\nd = 1", [(2, 4)], {"c": {"d": 1}}),
        ("a = 1\nb = [1,\n[c]\nd = 1", [(3, 2)], {"a": 1, "c": {"d": 1}}),
        ('a = 1\n  b = """\nx\n[c]\nd = 1', [(2, 3)], {"a": 1, "c": {"d": 1}}),
        ('a = "x\nb = 1', [(1, 7)], {"b": 1}),
        ("a = 2026-02-30\nb = 1", [(1, 5)], {"b": 1}),
        ('a = "\x00"\nb = 1', [(1, 6)], {"b": 1}),
        ('a = "\udc80"\nb = 1', [(1, 6)], {"b": 1}),
        (f"a = {'9' * 5000}\nb = 1", [(1, 5)], {"b": 1}),
        (f"a = {'[' * 3000}{']' * 3000}\nb = 1", [(1, 1)], {"b": 1}),
        (f"b = 1\n{'a.' * 60}a = 1\n", [(2, 1)], {"b": 1}),
    ],
    ids=range(15),
)
def test_a_fault_is_placed_and_the_rest_is_read(
    text: str, places: list[tuple[int, int]], rest: dict[str, object]
) -> None:
    document = read(text)
    assert [(fault.line, fault.column) for fault in document.faults] == places
    assert document.tree == rest
    assert all(fault.reason and "\n" not in fault.reason for fault in document.faults)


def test_a_file_of_nothing_but_faults_ends_soon() -> None:
    start = time.perf_counter()
    document = read("= = =\n" * 20_000)
    assert len(document.faults) == 20
    assert document.tree == {}
    assert time.perf_counter() - start < 5


def test_an_enormous_file_is_refused() -> None:
    (fault,) = read("#" * 1_000_001).faults
    assert "1,000,000" in fault.reason
