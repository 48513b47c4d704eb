"""Room on the store's disk: a reserve that is really there, and goes when it is needed."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from model.room import Room

_ROOT = Path(__file__).parents[2]


def test_the_reserve_takes_its_room_and_gives_it_back(tmp_path: Path) -> None:
    room = Room(tmp_path / "crosstie.db", reserve=1_000_000)
    assert room.hold()
    assert room.hold()
    reserve = tmp_path / "crosstie.db-reserve"
    assert reserve.stat().st_size == 1_000_000
    assert reserve.stat().st_blocks * 512 >= 1_000_000
    room.give_back()
    room.give_back()
    assert list(tmp_path.iterdir()) == []


def test_room_is_low_when_less_is_left_than_asked_for(tmp_path: Path) -> None:
    store = tmp_path / "crosstie.db"
    left = Room(store).left()
    assert left is not None
    assert not Room(store, low=1).is_low()
    assert Room(store, low=1).is_low(more=left * 2)
    assert Room(store, low=left * 2).is_low()
    assert not Room(store, low=left * 2).hold()


def test_of_a_database_server_nothing_is_known() -> None:
    room = Room(None)
    assert room.left() is None
    assert not room.is_low(more=1 << 60)
    assert not room.hold()
    room.give_back()


def test_a_reserve_that_does_not_fit_is_not_left_behind_by_halves(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from model.room import Room\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "print(Room(Path(sys.argv[1]) / 'crosstie.db', 1_000_000).hold())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "False\n", done.stderr
    assert list(tmp_path.iterdir()) == []
