"""Care for the store from the command line: backup, restore, verify, admit."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.base import Batch
from model.values import Issue, Ref, StatusCategory
from service.failures import Exit, Failure
from service.workspace import Workspace
from sync.record import Place, record
from tests.service.commandline import CommandLine

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIG = """
version = 1
[connections]
files = { kind = "file", root = "." }
[projects.erp]
name = "ERP rollout"
sources = [{ connection = "files", path = "plan.csv" }]
"""
ONE = Ref("files", "1")


@pytest.fixture
def desk(tmp_path: Path) -> CommandLine:
    """A folder whose store holds one issue, an audit entry and an agreed value."""
    made = CommandLine(tmp_path, {"CROSSTIE_NOW": NOW.isoformat(), "CROSSTIE_USER": "ada"})
    made.config.write_text(CONFIG)
    issue = Issue(ONE, "plan.csv", "1", "Crane", "", StatusCategory.TODO, "Open")
    batch = Batch(stream="issues", cursor="c", complete=True, issues=(issue,))
    with made.store() as store, store.transaction() as writer:
        record(writer, Place("files", "plan.csv", NOW, True), batch)
        writer.audit.append("cli:ada", {"act": "test"}, NOW)
        writer.ties.agree(ONE, {"title": "Crane"}, NOW)
    return made


def test_a_store_is_backed_up_lost_restored_and_admitted(desk: CommandLine) -> None:
    made = desk.run("db", "backup", "out.tar")
    assert made.returncode == Exit.DONE, made.stderr
    assert "out.tar holds 1 issues and 0 events" in made.stdout
    with desk.store() as store:
        assert store.audit_head() in made.stdout
    assert desk.run("db", "restore", "out.tar").returncode == Exit.STORE
    for left in desk.folder.glob("crosstie.db*"):
        left.unlink()
    done = desk.run("db", "restore", "out.tar")
    assert done.returncode == Exit.DONE, done.stderr
    assert "Restored the store of 2026-03-02 09:00 UTC" in done.stdout
    assert "crosstie db admit" in done.stderr
    with desk.store() as store:
        assert store.restored() is not None
    admitted = desk.run("db", "admit")
    assert "may write again; it was restored on 2026-03-02 09:00 UTC by cli:ada" in admitted.stdout
    assert "nothing to admit" in desk.run("db", "admit").stderr
    with desk.store() as store, store.reading() as books:
        assert not books.agreed()[ONE]["title"].proven
        assert [each.who for each in books.audit.entries()] == ["cli:ada", "cli:ada"]


def test_a_store_and_a_backup_are_looked_through(desk: CommandLine) -> None:
    desk.run("db", "backup", "out.tar")
    assert desk.run("db", "verify").stdout == "The store is whole.\n"
    assert desk.run("db", "verify", "out.tar").stdout == "out.tar is whole.\n"
    with closing(sqlite3.connect(desk.database)) as behind:
        behind.execute("DROP TRIGGER audit_no_update")
        behind.execute("UPDATE audit SET who = 'eve'")
        behind.commit()
    done = desk.run("db", "verify", "--json")
    assert done.returncode == Exit.STORE
    assert [fault["reason"] for fault in json.loads(done.stdout)["data"]["faults"]] == [
        "this entry was altered"
    ]
    assert "Restore a good backup" in done.stderr
    assert "■ audit entry 1: this entry was altered" in desk.run("db", "verify").stdout
    assert desk.run("db", "backup", "out.tar").returncode == Exit.STORE
    assert desk.run("db", "verify", "out.tar").stdout == "out.tar is whole.\n"


def test_an_anchor_that_was_printed_shows_that_entries_were_cut_off(desk: CommandLine) -> None:
    with desk.store() as store:
        head = store.audit_head()
    assert desk.run("db", "verify", "--anchor", head).returncode == Exit.DONE
    with closing(sqlite3.connect(desk.database)) as behind:
        behind.execute("DROP TRIGGER audit_no_delete")
        behind.execute("DELETE FROM audit")
        behind.commit()
    assert desk.run("db", "verify").returncode == Exit.DONE
    assert f"names the head {head[:12]}" in desk.run("db", "verify", "--anchor", head).stdout


def test_a_postgresql_store_is_left_to_its_own_means(desk: CommandLine) -> None:
    url = "postgresql://crosstie@127.0.0.1:1/books"
    desk.config.write_text(f'{CONFIG}[general]\nstore = {{ url = "{url}" }}\n')
    done = desk.run("db", "backup", "out.tar")
    assert done.returncode == Exit.USAGE
    assert "pg_dump --format=custom --file=out.tar" in done.stderr


@pytest.mark.postgres
def test_a_database_that_was_told_not_to_flush_is_refused_unless_the_config_says_so(
    tmp_path: Path, postgres_store_url: Callable[[], str]
) -> None:
    path, url = tmp_path / "crosstie.toml", postgres_store_url().replace(":@", "@")
    path.write_text(f'{CONFIG}[general]\nstore = {{ url = "{url}" }}\n')
    with pytest.raises(Failure, match=r"runs with fsync = off; .*allow_unsafe = true in \[general\.store\]"):
        _ = Workspace(path, {}, lambda: NOW).store
    path.write_text(f'{CONFIG}[general]\nstore = {{ url = "{url}", allow_unsafe = true }}\n')
    workspace = Workspace(path, {}, lambda: NOW)
    assert workspace.store.weaknesses()
    workspace.close()
