"""A wait at a tracker's wish is shown, counted down and ended by an interruption."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event

import pytest
from rich.progress import Progress

from connectors.errors import RetryLater
from connectors.retry import Retry
from service.progress import Bars, Lines
from service.waiting import Interrupted, Pauses, duration

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_wait_counts_down_second_by_second_with_its_reason() -> None:
    shown: list[str | None] = []
    slept: list[float] = []
    pauses = Pauses(slept.append, shown.append, Event())
    pauses.announce("waiting 3 s, GitHub asked for it")
    pauses.sleep(2.5)
    assert shown == [
        "waiting 3 s, GitHub asked for it",
        "waiting 2 s, GitHub asked for it",
        "waiting 1 s, GitHub asked for it",
        None,
    ]
    assert slept == [1.0, 1.0, 0.5]
    assert pauses.waited == 2.5


def test_a_log_gets_one_line_for_each_wait() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    pauses = Pauses(lambda _: None, lambda words: lines.waiting("acme", words), Event())
    for reason in ("waiting 120 s, Jira asked for it", "waiting 1 s, the line is down"):
        pauses.announce(reason)
        pauses.sleep(float(reason.split()[1]))
    assert said == ["acme: waiting 2 min, Jira asked for it", "acme: waiting 1 s, the line is down"]


def test_a_terminal_gets_a_line_of_its_own_for_as_long_as_the_wait_lasts() -> None:
    progress = Progress(disable=True)
    bars = Bars(progress)
    bars.source("acme", "PAY", 40, 100)
    read: list[list[str]] = []

    def show(words: str | None) -> None:
        bars.waiting("acme", words)
        read.append([task.fields["read"] for task in progress.tasks])

    pauses = Pauses(lambda _: None, show, Event())
    pauses.announce("waiting 2 s, Jira asked for it")
    pauses.sleep(2)
    source = "40 of about 100 issues"
    assert read == [
        [source, "waiting 2 s, Jira asked for it"],
        [source, "waiting 1 s, Jira asked for it"],
        [source],
    ]


def test_a_stopped_program_does_not_wait_to_the_end() -> None:
    stop = Event()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        stop.set()

    pauses = Pauses(sleep, lambda _: None, stop)
    retry = Retry("Jira", pauses.sleep, lambda: NOON, pauses.announce)

    def busy() -> None:
        raise RetryLater("busy", 200)

    with pytest.raises(Interrupted):
        retry.read(busy)
    assert slept == [1.0]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59, "59 s"), (60, "1 min"), (250, "4 min 10 s"), (3600, "1 h"), (3900, "1 h 5 min")],
)
def test_a_duration_reads_as_people_say_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words
