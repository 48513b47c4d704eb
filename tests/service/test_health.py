"""What `crosstie health` says of each source, and when it calls for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.base import Allowance, Batch, Parked
from model.progress import Counts, Outcome
from model.values import Issue, Ref, StatusCategory
from service.health import SourceHealth, common_lines, examine_sources, lines
from service.workspace import Workspace
from sync.record import Place, record
from tests.service.commandline import CommandLine

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
AT = ("files", "plan.csv")
CONFIG = """
version = 1
[general]
store = { url = "sqlite:///crosstie.db" }
[connections]
files = { kind = "file", root = "." }
[projects.erp]
name = "ERP rollout"
sources = [{ connection = "files", path = "plan.csv" }]
"""


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def card(number: int, **fields: object) -> Issue:
    plain = Issue(
        ref=Ref("files", f"{number}"),
        source="plan.csv",
        key=f"P-{number}",
        title="Title",
        url="",
        status=StatusCategory.TODO,
        status_original="Open",
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


class House:
    """A config with one source, whose runs are told."""

    def __init__(self, folder: Path) -> None:
        (folder / "crosstie.toml").write_text(CONFIG)
        self.workspace = Workspace(folder / "crosstie.toml", {}, lambda: NOW)

    def run(
        self,
        began: datetime,
        took: timedelta,
        counts: Counts,
        outcome: Outcome | None,
        error: str | None = None,
    ) -> None:
        """A pull of the source; `outcome` None: it was killed after its last page."""
        with self.workspace.store.transaction() as writer:
            run = writer.progress.begin_run(*AT, "none", began)
            writer.progress.note_run(run, counts, began + took)
            if outcome is not None:
                writer.progress.end_run(run, outcome, counts, began + took, error)

    def say(self, *issues: Issue, **fields: object) -> None:
        batch = Batch("issues", "c", True, issues=issues)
        with self.workspace.store.transaction() as writer:
            record(writer, Place(*AT, NOW - minutes(60), False), replace(batch, **fields))  # type: ignore[arg-type]

    def health(self) -> SourceHealth:
        (found,) = examine_sources(self.workspace, self.workspace.sources())
        return found

    def told(self) -> str:
        return "\n".join(lines(self.health(), NOW, width=200))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.workspace.close()


def test_a_source_that_was_never_read_says_so_and_what_to_do(house: House) -> None:
    found = house.health()
    assert (found.last_complete, found.lag, found.outcome) == (None, None, "never read")
    assert found.needs == ("It was never read. Read it: crosstie pull",)


def test_a_source_in_order_needs_nobody(house: House) -> None:
    left = '[{"name":"core","limit":5000,"remaining":4200,"resets":"2026-03-02T09:30:00Z"}]'
    house.say(card(1), card(2))
    counts = Counts(seen=2, expected=2, requests=7, waited=90, allowance=left)
    house.run(NOW - minutes(61), minutes(1), counts, Outcome.COMPLETE)
    found = house.health()
    assert (found.lag, found.seen, found.expected, found.mapped) == (3600, 2, 2, 2)
    assert found.allowances == (Allowance("core", 5000, 4200, datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),)
    assert (found.needs, found.backfill) == ((), None)
    told = house.told()
    assert "02 Mar 2026 08:00 UTC, 1 h ago" in told
    assert "7 in the last pull, 1 min 30 s waited, 7 in 24 hours" in told
    assert "core: 4,200 of 5,000 left, full again at 09:30 UTC" in told


def test_what_holds_for_all_sources_of_a_kind_is_said_once(house: House) -> None:
    told = "\n".join(common_lines((house.health(), house.health())))
    assert told.count("a cost whose row leaves no") == 1
    assert told.endswith("Next run: by hand: crosstie pull")


def test_requests_of_a_day_leave_out_older_ones(house: House) -> None:
    for hours, requests in ((30, 100), (23, 20), (1, 3)):
        house.run(NOW - timedelta(hours=hours), minutes(1), Counts(requests=requests), Outcome.COMPLETE)
    assert (house.health().requests, house.health().requests_in_24_hours) == (3, 23)


def test_what_is_parked_is_named_with_its_reason(house: House) -> None:
    house.say(card(1), parked=(Parked("7", "P-7", "its date is no date"),))
    house.run(NOW - minutes(5), minutes(1), Counts(seen=2, parked=1), Outcome.COMPLETE)
    (odd,) = house.health().parked
    assert (odd.key, odd.reason) == ("P-7", "its date is no date")
    assert "P-7, since 02 Mar 2026: its date is no date" in house.told()
    assert "1 record was not understood" in house.health().needs[0]


def test_issues_out_of_sight_and_words_without_meaning_are_counted(house: House) -> None:
    house.say(card(1), card(2, status=StatusCategory.UNKNOWN), card(3))
    house.say(hidden=frozenset({"3"}))
    house.run(NOW - minutes(5), minutes(1), Counts(seen=3), Outcome.COMPLETE)
    found = house.health()
    assert (found.hidden, found.seen - found.mapped) == (1, 1)
    assert ["no map explains" in need for need in found.needs] == [True]


def test_a_failed_pull_shows_its_error_and_the_last_good_one(house: House) -> None:
    house.run(NOW - minutes(120), minutes(1), Counts(seen=1), Outcome.COMPLETE)
    house.run(NOW - minutes(10), minutes(1), Counts(), Outcome.FAILED, "the token expired; make a new one")
    found = house.health()
    assert found.needs == ("The last pull failed: the token expired; make a new one",)
    assert found.lag == 119 * 60
    assert found.backfill is None


def test_a_back_fill_tells_its_pace_and_what_is_left(house: House) -> None:
    house.run(NOW - minutes(60), minutes(10), Counts(seen=600, expected=2400), Outcome.FAILED, "busy")
    house.run(NOW - minutes(20), minutes(10), Counts(seen=600), None)
    found = house.health().backfill
    assert found is not None
    assert (found.seen, found.expected, found.issues_per_minute) == (1200, 2400, 60.0)
    assert found.seconds_left == 20 * 60
    assert "1,200 of about 2,400 issues, 60 a minute; about 20 min left" in house.told()
    assert house.health().needs == ("The last pull was interrupted. Go on: crosstie pull",)


def test_a_back_fill_without_a_count_says_that_its_end_is_not_known(house: House) -> None:
    house.run(NOW - minutes(60), minutes(10), Counts(seen=600), None)
    assert "how long the rest takes is not known yet" in house.told()


def test_an_unfinished_full_reading_is_not_forgotten_after_an_ordinary_pull(house: House) -> None:
    house.run(NOW - minutes(60), minutes(10), Counts(seen=600), Outcome.COMPLETE)
    with house.workspace.store.transaction() as writer:
        writer.progress.move_cursor(*AT, "issues", "7", NOW - minutes(50), again=True)
    house.run(NOW - minutes(20), minutes(1), Counts(), Outcome.COMPLETE)
    assert house.health().needs == (
        "Reading everything once more has not come to its end. Go on: crosstie pull --full",
    )
    with house.workspace.store.transaction() as writer:
        writer.progress.adopt_cursors(*AT)
    assert (house.health().needs, house.health().backfill) == ((), None)


def test_lines_keep_to_their_width_and_a_folder_is_not_said_to_be_asked(house: House) -> None:
    house.run(NOW - minutes(60), minutes(1), Counts(), Outcome.COMPLETE)
    shown = list(lines(house.health(), NOW, width=60))
    assert max(map(len, shown)) <= 60
    assert not any("requests" in line for line in shown)


def test_the_command_speaks_json_and_fails_strictly(tmp_path: Path) -> None:
    line = CommandLine(tmp_path, {"CROSSTIE_NOW": NOW.isoformat()})
    line.config.write_text(CONFIG)
    (tmp_path / "plan.csv").write_text("id,title,status\n1,One,done\n2,Two,whatever\n")
    assert line.run("health").returncode == 0
    assert line.run("health", "--strict").returncode == 6
    assert line.run("pull").returncode == 0
    told = json.loads(line.run("health", "--json").stdout)
    assert told["schema"] == "crosstie/health/1"
    (source,) = told["sources"]
    assert (source["connection"], source["seen"], source["outcome"]) == ("files", 2, "complete")
