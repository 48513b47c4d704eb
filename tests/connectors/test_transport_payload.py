"""One odd character, number or depth costs its own record at most, never the page."""

from __future__ import annotations

import json
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SkipIssue, SourceStopped
from connectors.payload import DEPTH, decode, decode_record, repair


class Page(msgspec.Struct):
    issues: list[msgspec.Raw]


class Record(msgspec.Struct):
    id: str
    title: str = ""
    points: float | None = None


GOOD = b'{"id": "7", "title": "plain", "points": 3.5}'


def page_with(odd: bytes) -> bytes:
    return b'{"issues": [' + GOOD + b", " + odd + b", " + GOOD + b"]}"


@pytest.mark.parametrize(
    ("odd", "title"),
    [
        (rb'{"id": "8", "title": "a\ud800b"}', "a\ufffdb"),
        (rb'{"id": "8", "title": "a\udc00\ud800b"}', "a\ufffd\ufffdb"),
        (rb'{"id": "8", "title": "a\u0000b"}', "a\ufffdb"),
        (b'{"id": "8", "title": "a\x00b"}', "a\ufffdb"),
        (b'{"id": "8", "title": "a\nb"}', "a\ufffdb"),
        (b'{"id": "8", "title": "a\xffb"}', "a\ufffdb"),
        (rb'{"id": "8", "title": "\ud83d\ude80 \u00e9 \\u0000 \" \/"}', '\U0001f680 é \\u0000 " /'),
        (rb'{"id": "8", "title": "a\qb"}', "a\ufffdb"),
    ],
)
def test_a_character_no_store_can_hold_is_replaced_and_the_record_kept(odd: bytes, title: str) -> None:
    records = [decode_record(raw, Record) for raw in decode(page_with(odd), Page).issues]
    assert [record.id for record in records] == ["7", "8", "7"]
    assert records[1].title == title


@pytest.mark.parametrize(
    "points",
    [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b'"three"', b"[" * 5000 + b"]" * 5000],
    ids=["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "text", "depth"],
)
def test_a_number_without_a_value_costs_only_its_own_record(points: bytes) -> None:
    page = decode(page_with(b'{"id": "8", "points": ' + points + b"}"), Page)
    first, odd, last = page.issues
    assert decode_record(first, Record) == decode_record(last, Record)
    with pytest.raises(SkipIssue, match="points"):
        decode_record(odd, Record)


def test_an_odd_number_in_a_field_nobody_reads_costs_nothing() -> None:
    page = decode(page_with(b'{"id": "8", "rank": NaN, "deep": ' + b"[" * 9000 + b"]" * 9000 + b"}"), Page)
    assert [decode_record(raw, Record).id for raw in page.issues] == ["7", "8", "7"]


def test_a_replacement_is_noted() -> None:
    notes: list[str] = []
    decode(page_with(GOOD), Page, notes)
    assert notes == []
    decode(page_with(rb'{"id": "8\u0000"}'), Page, notes)
    assert len(notes) == 1


def test_an_integer_beyond_the_stores_is_parked_and_one_within_is_exact() -> None:
    class Numbered(msgspec.Struct):
        n: int

    page = b'{"issues": [{"n": 9223372036854775807}, {"n": 9223372036854775808, "t": "\\u0000"}]}'
    kept, odd = decode(page, Page).issues
    assert decode_record(kept, Numbered).n == 2**63 - 1
    with pytest.raises(SkipIssue):
        decode_record(odd, Numbered)


@pytest.mark.parametrize(
    "text", [b"<html>", b'{"issues": [', b"", b'{"issues": 3}', b"[]", b'{"issues": ["\\']
)
def test_what_is_no_such_document_stops_the_source(text: bytes) -> None:
    with pytest.raises(SourceStopped):
        decode(text, Page)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_a_good_document_means_the_same_after_the_repair(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert json.loads(repair(text)) == value


@given(
    st.recursive(
        st.none() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_json_writes_is_readable_after_the_repair(value: object) -> None:
    repaired = msgspec.json.decode(repair(json.dumps(value).encode()))
    json.dumps(repaired, ensure_ascii=False, allow_nan=False).encode()
    assert "\\u0000" not in json.dumps(repaired)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_repair(data: bytes) -> None:
    repair(data)


def test_the_repair_takes_time_in_proportion_to_the_length() -> None:
    hostile = b'{"a": "' + b"\\u0000" * 300_000 + b'", "b": ' + b"[" * 300_000 + b'"' + b"\\" * 300_000
    started = time.perf_counter()
    repair(hostile)
    assert time.perf_counter() - started < 5


def test_nesting_is_cut_just_below_the_limit() -> None:
    kept = b"[" * DEPTH + b"]" * DEPTH
    assert repair(kept) == kept
    assert b"nested deeper" in repair(b"[" + kept + b"]")
