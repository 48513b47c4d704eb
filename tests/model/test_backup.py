"""Backups: taken while others write, proven before they count, restored whole or not at all."""

from __future__ import annotations

import io
import stat
import tarfile
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from model.backup import back_up, prove, restore
from model.baselines import Baseline, BaselineItem
from model.errors import BackupInvalid, StoreError, StoreNewer, StoreRestored
from model.migrations import REVISIONS
from model.store import Store, open_store
from model.values import Ref
from tests.sync.told import at, batch, content, issue, tell
from tests.sync.told import event as changed

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
ONE = Ref("jira", "1")


@pytest.fixture
def lived(store: Store) -> Store:
    """A store with something of everything that is chained or sealed."""
    tell(store, at(10), batch(issue(1), events=(changed(1, "title", "A", "Title", at(5)),)), first=True)
    store.save_baseline(
        Baseline("first", "pay", at(11), at(11), "Ada", "go", items=(BaselineItem(ONE, "P", "T"),))
    )
    with store.transaction() as writer:
        writer.audit.append("ada", {"act": "test"}, at(12))
        writer.ties.agree(ONE, {"title": "Title"}, at(12))
    return store


@pytest.fixture
def backup(lived: Store, tmp_path: Path) -> Path:
    target = tmp_path / "out.tar"
    back_up(lived, target, at(20), "1.0", {"crosstie.toml": b"version = 1\n"})
    return target


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {each.name: tar.extractfile(each).read() for each in tar.getmembers()}


def packed(path: Path, contents: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, held in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(held)
            tar.addfile(member, io.BytesIO(held))
    return path


def nothing_left(folder: Path, *allowed: str) -> bool:
    return {each.name for each in folder.iterdir()} <= set(allowed)


def test_a_restored_store_holds_what_was_backed_up(lived: Store, backup: Path, tmp_path: Path) -> None:
    new = f"sqlite:///{tmp_path / 'new.db'}"
    restore(backup, new, at(30), "ada")
    with open_store(new) as store:
        assert content(store, {"flag"}) == content(lived, {"flag"})
        assert store.examine() == ()
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600


def test_a_backup_is_private_and_says_what_it_holds(lived: Store, backup: Path) -> None:
    manifest, faults = prove(backup, at(30))
    assert faults == ()
    assert (manifest.made, manifest.version, manifest.revision) == (at(20), "1.0", REVISIONS[-1])
    assert (manifest.rows["issue"], manifest.rows["event"]) == (1, 1)
    assert (manifest.baseline_head, manifest.audit_head) == (lived.head(), lived.audit_head())
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert members(backup)["crosstie.toml"] == b"version = 1\n"


def test_a_restored_store_reads_at_once_and_writes_only_when_it_is_admitted(
    backup: Path, tmp_path: Path
) -> None:
    new = f"sqlite:///{tmp_path / 'new.db'}"
    restore(backup, new, at(30), "ada")
    with open_store(new) as store:
        assert store.restored() == "it was restored on 2026-03-02 09:30 UTC by ada"
        with pytest.raises(StoreRestored), store.transaction() as writer:
            writer.ties.agree(ONE, {"title": "Old"}, at(31))
        store.admit_restore(at(32), "ada")
        with store.reading() as books:
            assert not books.agreed()[ONE]["title"].proven
        with store.transaction() as writer:
            writer.ties.agree(ONE, {"title": "New"}, at(33))


def test_a_backup_while_others_write_is_one_state_of_the_store(lived: Store, tmp_path: Path) -> None:
    stop, written = threading.Event(), threading.Semaphore(0)

    def write() -> None:
        number = 100
        while not stop.is_set():
            tell(lived, at(number), batch(issue(number), issue(f"{number}b")))
            written.release()
            number += 1

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for turn in range(3):
            assert written.acquire(timeout=20)
            manifest = back_up(lived, tmp_path / f"{turn}.tar", at(20), "1.0", {})
            assert manifest.rows["issue"] % 2 == 1
    finally:
        stop.set()
        writing.join()
    sizes = [prove(tmp_path / f"{turn}.tar", at(30))[0].rows["issue"] for turn in range(3)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_a_newer_backup_takes_the_place_of_an_older_one_but_never_of_something_else(
    lived: Store, backup: Path, tmp_path: Path
) -> None:
    tell(lived, at(40), batch(issue(2)))
    back_up(lived, backup, at(41), "1.0", {})
    assert prove(backup, at(42))[0].rows["issue"] == 2
    notes = tmp_path / "notes.txt"
    notes.write_text("my notes")
    with pytest.raises(BackupInvalid, match=r"notes\.txt is no whole backup"):
        back_up(lived, notes, at(43), "1.0", {})
    assert notes.read_text() == "my notes"


def test_a_store_that_is_not_whole_is_not_backed_up_over_the_last_good_one(
    lived: Store, backup: Path
) -> None:
    before = backup.read_bytes()
    with lived.database.writing() as connection:
        connection.execute(text("DROP TRIGGER event_no_update"))
        connection.execute(text("UPDATE event SET actor = 'eve'"))
    with pytest.raises(BackupInvalid, match=r"event: this event was altered.*no backup was made"):
        back_up(lived, backup, at(30), "1.0", {})
    assert backup.read_bytes() == before
    assert nothing_left(backup.parent, backup.name)


def test_a_restore_never_writes_over_a_store(lived: Store, backup: Path) -> None:
    path = lived.database.where.path
    assert path is not None
    with pytest.raises(StoreError, match=r"is there already.*Move it away"):
        restore(backup, f"sqlite:///{path}", at(30), "ada")


def test_a_log_left_behind_by_another_store_is_not_taken_for_the_restored_ones(
    backup: Path, tmp_path: Path
) -> None:
    (tmp_path / "new.db-wal").write_bytes(b"left behind")
    with pytest.raises(StoreError, match=r"new\.db-wal is there already"):
        restore(backup, f"sqlite:///{tmp_path / 'new.db'}", at(30), "ada")


def test_a_backup_with_a_single_flipped_byte_is_refused_wherever_it_is(backup: Path, tmp_path: Path) -> None:
    whole = members(backup)
    for place in range(0, len(whole["store.db"]), len(whole["store.db"]) // 20):
        flipped = bytearray(whole["store.db"])
        flipped[place] ^= 1
        bad = packed(tmp_path / "bad.tar", whole | {"store.db": bytes(flipped)})
        with pytest.raises(BackupInvalid, match=r"checksum of store.db is wrong"):
            restore(bad, f"sqlite:///{tmp_path / 'new.db'}", at(30), "ada")
    assert nothing_left(tmp_path, "out.tar", "bad.tar")


def test_a_backup_whose_store_does_not_hold_what_its_manifest_says_is_refused(
    backup: Path, tmp_path: Path
) -> None:
    whole = members(backup)
    whole["manifest.json"] = whole["manifest.json"].replace(b'"issue": 1', b'"issue": 2')
    bad = packed(tmp_path / "bad.tar", whole)
    with pytest.raises(BackupInvalid, match=r"issue: 1 rows instead of 2.*nothing was restored"):
        restore(bad, f"sqlite:///{tmp_path / 'new.db'}", at(30), "ada")
    assert nothing_left(tmp_path, "out.tar", "bad.tar")


def test_a_backup_cut_short_or_of_another_kind_says_so(backup: Path, tmp_path: Path) -> None:
    whole, raw = members(backup), backup.read_bytes()
    cases = [raw[: len(raw) // 2], raw[:100], b"", b"PK\x03\x04 a zip"]
    for number, case in enumerate(cases):
        bad = tmp_path / f"{number}.tar"
        bad.write_bytes(case)
        with pytest.raises(BackupInvalid, match=f"{number}.tar is no whole backup of crosstie"):
            prove(bad, at(30))
    outside = {**whole, "manifest.json": whole["manifest.json"].replace(b"crosstie.toml", b"../../evil.toml")}
    with pytest.raises(BackupInvalid, match="names a file outside"):
        prove(packed(tmp_path / "outside.tar", outside), at(30))
    assert not (tmp_path.parent / "evil.toml").exists()


@pytest.mark.parametrize("newer", [b'"revision": "9999"', b'"format": "crosstie backup 7"'])
def test_a_backup_of_a_newer_crosstie_is_refused(backup: Path, tmp_path: Path, newer: bytes) -> None:
    whole = members(backup)
    name = newer.split(b":")[0]
    lines = [newer + b"," if name in line else line for line in whole["manifest.json"].splitlines()]
    with pytest.raises(StoreNewer, match="newer"):
        restore(
            packed(tmp_path / "newer.tar", whole | {"manifest.json": b"\n".join(lines)}),
            f"sqlite:///{tmp_path / 'new.db'}",
            at(30),
            "ada",
        )
    assert not (tmp_path / "new.db").exists()


def test_the_heads_in_a_backup_prove_that_a_log_was_cut_short_later(lived: Store, backup: Path) -> None:
    manifest, _ = prove(backup, at(30))
    assert lived.examine([manifest.audit_head, manifest.baseline_head]) == ()
    with lived.database.writing() as connection:
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text("DELETE FROM audit"))
    assert lived.examine() == ()
    assert len(lived.examine([manifest.audit_head])) == 1
