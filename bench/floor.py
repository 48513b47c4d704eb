"""The least that any tool must do for the same answers: the same requests by urllib3, orjson, executemany.

It stores as many rows of issues and of events as a pull of ours, page by page, each page one transaction with
the same guarantee (WAL, synchronous FULL), and nothing else: no limits, no checks, no comparison, no text, no
history that can be asked for what was known when. `python -m bench.floor WHERE REQUESTS EVENTS`.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import urllib3

from bench.ours import Cost, cpu, memory

__all__ = ["Rows"]

Rows = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]
"""Rows of issues and rows of events."""

_SCHEMA = """
CREATE TABLE issue (id TEXT PRIMARY KEY, key TEXT, title TEXT, body TEXT, status TEXT, type TEXT,
  created TEXT, updated TEXT, due TEXT, estimate REAL, assignee TEXT, labels TEXT, milestone TEXT,
  priority TEXT);
CREATE TABLE event (pk INTEGER PRIMARY KEY, issue TEXT, id TEXT, field TEXT, "from" TEXT, "to" TEXT,
  at TEXT, actor TEXT);
CREATE INDEX event_issue ON event (issue);
"""


def _jira(told: Any) -> Rows:
    issues, events = [], []
    for one in told.get("issues", ()):
        f = one.get("fields", {})
        if "summary" not in f:
            continue
        issues.append(
            (
                one["id"],
                one["key"],
                f["summary"],
                str(f["description"])[:0],
                f["status"]["name"],
                f["issuetype"]["name"],
                f["created"],
                f["updated"],
                f["duedate"],
                f.get("customfield_10028"),
                f["assignee"] and f["assignee"]["accountId"],
                ",".join(f["labels"]),
                ",".join(each["id"] for each in f["fixVersions"]),
                f["priority"]["name"],
            )
        )
    for log in told.get("issueChangeLogs", ()):
        for save in log["changeHistories"]:
            for item in save["items"]:
                events.append(
                    (
                        log["issueId"],
                        save["id"],
                        item["field"],
                        item["fromString"],
                        item["toString"],
                        save["created"],
                        save["author"]["accountId"],
                    )
                )
    return issues, events


def _github(told: Any) -> Rows:
    issues, events = [], []
    repository = (told.get("data") or {}).get("repository") or {}
    for one in (repository.get("issues") or {}).get("nodes", ()):
        if "title" not in one:
            continue
        milestone = one["milestone"]
        issues.append(
            (
                one["id"],
                one["number"],
                one["title"],
                one["body"],
                one["state"],
                one.get("stateReason"),
                one["createdAt"],
                one["updatedAt"],
                one["closedAt"],
                None,
                ",".join(each["id"] for each in one["assignees"]["nodes"]),
                ",".join(each["name"] for each in one["labels"]["nodes"]),
                milestone and milestone["id"],
                None,
            )
        )
        for event in one["history"]["nodes"]:
            actor = event.get("actor")
            events.append(
                (
                    one["id"],
                    event.get("id"),
                    event["__typename"],
                    None,
                    None,
                    event.get("createdAt"),
                    actor and actor.get("id"),
                )
            )
    return issues, events


def _planner(told: Any) -> Rows:
    issues, events = [], []
    for one in told.get("value", ()):
        if "percentComplete" not in one:
            continue
        issues.append(
            (
                one["id"],
                one["id"],
                one["title"],
                (one.get("details") or {}).get("description"),
                one["percentComplete"],
                one["bucketId"],
                one["createdDateTime"],
                one["completedDateTime"],
                one["dueDateTime"],
                None,
                ",".join(one["assignments"]),
                ",".join(one["appliedCategories"]),
                None,
                one["priority"],
            )
        )
        if one["completedDateTime"]:
            event = (one["id"], "done", "percent", "0", "100", one["completedDateTime"], None)
            events.append(event)
    return issues, events


_ROWS: dict[str, Callable[[Any], Rows]] = {"jira": _jira, "github": _github, "planner": _planner}


def main(where: dict[str, Any], requests: list[tuple[str, str, str]], per_issue: float) -> Cost:
    """Send the requests, store what they bring; `per_issue`: rows of events that a pull of ours stores."""
    pool = urllib3.PoolManager()
    base = where.get("base", where["url"])
    headers = {"Content-Type": "application/json", "Authorization": where["authorization"]}
    resting, before, began = memory(), cpu(), time.perf_counter()
    seen = stored = 0
    with tempfile.TemporaryDirectory() as folder:
        store = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA synchronous = FULL")
        store.executescript(_SCHEMA)
        for method, target, body in requests:
            answer = pool.request(method, base + target, body=body or None, headers=headers)
            told = orjson.loads(answer.data)
            issues, events = _ROWS[where["kind"]](told) if isinstance(told, dict) else ([], [])
            seen += len(issues)
            events += islice(_again(events), max(0, round(seen * per_issue) - stored - len(events)))
            stored += len(events)
            store.execute("BEGIN IMMEDIATE")
            marks = ",".join("?" * 14)
            store.executemany(f"INSERT OR REPLACE INTO issue VALUES ({marks})", issues)
            store.executemany("INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", events)
            store.execute("COMMIT")
        store.close()
    return Cost(cpu() - before, time.perf_counter() - began, memory() - resting, seen, stored)


def _again(events: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The page's events over and over: ours has several rows for some of them."""
    while events:
        yield from list(events)


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[2]).read_text())
    print(json.dumps(vars(main(json.loads(sys.argv[1]), asked, float(sys.argv[3])))))
