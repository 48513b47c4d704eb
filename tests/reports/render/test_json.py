"""What a machine reads of a report: every figure with its items, and each recorded act once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from model.baselines import Baseline, BaselineItem
from model.values import Change, Entity, Origin, Ref
from reports.figures import Quantity
from reports.render.json import envelope
from reports.scope import Bucket, ScopeLine

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
REF = Ref("jira", "10012")


def _change(field: str, before: object, after: object) -> Change:
    return Change(Entity.ISSUE, REF, field, before, after, NOON, NOON, Origin.RECORDED, "ana")


def _written(data: object) -> dict[str, Any]:
    text = envelope("scope", data, as_of=NOON, generated_at=NOON, complete=True, warnings=())
    written: dict[str, Any] = json.loads(text)
    return written


def _line(*changes: Change) -> ScopeLine:
    return ScopeLine("jira:10012", Quantity(Decimal("0.1"), 1), NOON, changes)


def test_an_act_that_several_figures_rest_on_is_written_once() -> None:
    done, finished = _change("status", "todo", "done"), _change("finished", None, NOON)
    written = _written({"up": Bucket((_line(done),)), "down": Bucket((_line(done, finished),))})
    assert [line["changes"] for key in ("up", "down") for line in written["data"][key]["lines"]] == [[0], [0]]
    (act,) = written["changes"]
    assert (act["ref"], act["actor"]) == ("jira:10012", "ana")
    assert act["fields"] == {"status": ["todo", "done"], "finished": [None, "2026-03-03T12:00:00Z"]}


def test_a_field_that_changed_twice_at_one_instant_loses_neither_value() -> None:
    line = _line(_change("estimate", Decimal(1), Decimal(2)), _change("estimate", Decimal(2), Decimal(3)))
    written = _written(line)
    assert [written["changes"][n]["fields"]["estimate"] for n in written["data"]["changes"]] == [
        [1, 2],
        [2, 3],
    ]


def test_a_line_leaves_out_only_what_is_usual() -> None:
    written = _written([ScopeLine("a", Quantity()), ScopeLine("b", Quantity(), first_estimate=True, chain=2)])
    assert written["data"] == [
        {"item": "a", "quantity": {"effort": 0, "count": 0}},
        {"item": "b", "quantity": {"effort": 0, "count": 0}, "first_estimate": True, "chain": 2},
    ]


def test_efforts_keep_every_digit() -> None:
    exact = Decimal("1234567890.123456789")
    text = envelope("scope", Quantity(exact), as_of=NOON, generated_at=NOON, complete=True, warnings=())
    assert json.loads(text, parse_float=Decimal)["data"]["effort"] == exact


def test_a_baseline_is_named_without_its_items() -> None:
    plan = Baseline(
        "B1", "erp", NOON, NOON + timedelta(1), "Ana", "kick-off", items=(BaselineItem(REF, "ERP-1", "x"),)
    )
    (written,) = _written([plan])["data"]
    assert (written["name"], written["approved_by"], "items" in written) == ("B1", "Ana", False)
