"""A restored older copy of a store writes nothing until it is admitted, and then trusts nothing agreed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, make_url, text

from model.errors import StoreFull, StoreRestored
from model.mark import Mark, MarkFile
from model.store import Store, open_store
from model.ties import AgreedValue
from model.values import Ref
from tests.sync.told import at, batch, issue, tell

ONE = Ref("jira", "1")
sqlite_only = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def agree(store: Store, minute: float, value: str = "Title") -> None:
    with store.transaction() as writer:
        writer.ties.agree_all({ONE: {"title": value}}, at(minute))


def agreed(store: Store) -> dict[Ref, dict[str, AgreedValue]]:
    with store.reading() as books:
        return books.agreed()


def set_back(store: Store, steps: int) -> None:
    """What restoring an older copy does to the store's own count."""
    with store.database.writing() as connection:
        connection.execute(text("UPDATE flag SET value = :v WHERE name = 'mark'"), {"v": str(steps)})


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "crosstie-mark"


@pytest.fixture
def marked(new_store_url: Callable[[], str], mark: Path) -> Store:
    with open_store(new_store_url(), mark=mark) as store:
        tell(store, at(0), batch(issue(1)), first=True)
        for minute in range(5):
            agree(store, minute)
        yield store


def test_a_store_that_only_went_on_is_no_older_copy(marked: Store, mark: Path) -> None:
    assert marked.restored() is None
    kept = MarkFile(mark).read()
    assert kept is not None
    assert kept.count == 5


def test_a_store_behind_its_mark_refuses_to_write_and_still_reads_and_pulls(marked: Store) -> None:
    set_back(marked, 3)
    assert "has come to step 3, and crosstie-mark says 5" in str(marked.restored())
    with pytest.raises(StoreRestored, match=r"older copy of itself.*Nothing was written.*crosstie db admit"):
        agree(marked, 9, "Trampled")
    assert agreed(marked)[ONE]["title"] == AgreedValue("Title", True)
    tell(marked, at(10), batch(issue(2)))
    assert len(marked.view(at(11)).issues()) == 2


def test_a_mark_that_is_gone_is_no_proof(marked: Store, mark: Path) -> None:
    mark.unlink()
    assert "crosstie-mark, the mark beside it, is missing" in str(marked.restored())
    with pytest.raises(StoreRestored):
        agree(marked, 9)


def test_once_admitted_it_writes_on_and_old_agreed_values_are_unproven(marked: Store, mark: Path) -> None:
    set_back(marked, 3)
    marked.admit_restore(at(20), "ada")
    assert marked.restored() is None
    assert agreed(marked)[ONE]["title"] == AgreedValue("Title", False)
    agree(marked, 21, "New")
    assert agreed(marked)[ONE]["title"] == AgreedValue("New", True)
    kept = MarkFile(mark).read()
    assert kept is not None
    assert kept.count == 7
    with marked.reading() as books:
        assert [(e.who, e.what) for e in books.audit.entries()] == [
            ("ada", '{"act": "admit restore", "step": 6}')
        ]


def test_a_crash_between_the_commit_and_its_mark_is_no_restore(marked: Store, mark: Path) -> None:
    set_back(marked, 6)
    assert marked.restored() is None
    agree(marked, 9)
    kept = MarkFile(mark).read()
    assert kept is not None
    assert kept.count == 7


@sqlite_only
def test_a_real_older_file_put_back_is_recognised(new_store_url: Callable[[], str], tmp_path: Path) -> None:
    url = new_store_url()
    path = Path(str(make_url(url).database))
    with open_store(url) as store:
        agree(store, 1)
    shutil.copyfile(path, tmp_path / "old")
    with open_store(url) as store:
        agree(store, 2)
    shutil.copyfile(tmp_path / "old", path)
    with open_store(url) as store:
        assert store.restored() is not None


@pytest.mark.parametrize("dialect", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_server_of_another_history_is_recognised(marked: Store, mark: Path) -> None:
    mark.unlink()
    MarkFile(mark).keep(Mark(5, "1234567890/2"))
    assert "database server was restored or replaced" in str(marked.restored())


def test_whatever_power_loss_does_to_one_place_of_the_mark_the_one_before_is_told(mark: Path) -> None:
    file = MarkFile(mark)
    for count in range(1, 8):
        file.keep(Mark(count, "server/1"))
        whole, before = mark.read_bytes(), Mark(count - 1, "server/1") if count > 1 else None
        place = 512 * (count % 2)
        mark.write_bytes(whole[:place] + whole[place : place + 100] + b"\0" * 412 + whole[place + 512 :])
        assert file.read() in (Mark(count, "server/1"), before)
        mark.write_bytes(whole[:place] + b"\xff" * 512 + whole[place + 512 :])
        assert file.read() == before
        mark.write_bytes(whole)
    assert file.read() == Mark(7, "server/1")


def test_a_lower_mark_never_takes_the_place_of_a_higher_one(mark: Path) -> None:
    file = MarkFile(mark)
    for count in (9, 4, 3):
        file.keep(Mark(count))
    assert file.read() == Mark(9)


def test_the_mark_is_there_before_the_first_step_is_stored(
    new_store_url: Callable[[], str], mark: Path
) -> None:
    with open_store(new_store_url(), mark=mark) as store:
        seen = []
        event.listen(store.database.writer, "commit", lambda _: seen.append(MarkFile(mark).read()))
        agree(store, 1)
        assert [kept and kept.count for kept in seen] == [0]
        assert store.restored() is None


def test_a_mark_that_cannot_be_kept_is_said_so(new_store_url: Callable[[], str], tmp_path: Path) -> None:
    with (
        open_store(new_store_url(), mark=tmp_path / "nowhere" / "mark") as store,
        pytest.raises(StoreFull, match="cannot be written"),
    ):
        agree(store, 1)


def test_looking_while_others_write_never_takes_the_store_for_an_older_copy(marked: Store) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            agree(marked, 9)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        assert {marked.restored() for _ in range(120)} == {None}
    finally:
        stop.set()
        writing.join()
