"""The daemon as a whole, in this process: it reads, reports, tells how it is, reloads, hands over, stops."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from model.room import Room
from service.failures import Failure
from tests.service.daemon_run import Run, config_of, eventually, running, write_plan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "crosstie.toml").write_text(config_of())
    write_plan(tmp_path, "A-1", "A-2")
    return tmp_path


def test_it_reads_at_once_and_goes_on_reading(folder: Path) -> None:
    with running(Run(folder)) as run:
        eventually(lambda: run.held() == {"A-1", "A-2"})
        write_plan(folder, "A-1", "A-2", "A-3")
        eventually(lambda: run.held() == {"A-1", "A-2", "A-3"})
    assert run.lines()[-1]["event"].startswith("stopped")


def test_on_a_disk_nearly_full_nothing_is_read_until_there_is_room(folder: Path) -> None:
    run = Run(folder)
    store = run.daemon.workspace.store
    plenty, store.room = store.room, Room(folder / "crosstie.db", low=1 << 62)
    run.daemon.stand_by = 0.05
    with running(run):
        eventually(lambda: run.says("is nearly full: nothing is read until there is room again"))
        assert run.held() == set()
        store.room = plenty
        eventually(lambda: run.held() == {"A-1", "A-2"})


def test_the_reserve_is_there_while_it_runs(folder: Path) -> None:
    reserve = folder / "crosstie.db-reserve"
    with running(Run(folder)):
        assert reserve.stat().st_blocks * 512 >= 30_000_000
    assert not reserve.exists()


def test_it_goes_on_after_a_stop_and_stops_within_ten_seconds(folder: Path) -> None:
    with running(Run(folder)) as first:
        eventually(lambda: first.held() == {"A-1", "A-2"})
        begun = time.monotonic()
    assert time.monotonic() - begun < 10
    write_plan(folder, "A-1", "A-2", "A-4")
    with running(Run(folder)) as second:
        eventually(lambda: "A-4" in second.held())


def test_it_says_that_it_is_alive_and_ready_and_how_it_goes(folder: Path) -> None:
    with running(Run(folder)) as run:
        eventually(lambda: run.held() != set())
        assert run.ask("/healthz") == (200, b'{"ok": true, "reasons": []}')
        assert run.ask("/readyz")[0] == 200
        assert run.ask("/hooks/files")[0] == 404
        eventually(lambda: b"pull_duration_seconds_count" in run.ask("/metrics")[1])
        status, text = run.ask("/metrics")
        families = {family.name: family for family in text_string_to_metric_families(text.decode())}
    assert status == 200
    wanted = {
        "crosstie_build_info",
        "crosstie_source_last_complete_timestamp_seconds",
        "crosstie_pull_duration_seconds",
        "crosstie_tracker_requests",
        "crosstie_inbox_waiting",
        "crosstie_inbox_oldest_timestamp_seconds",
        "crosstie_outbox_unsettled",
        "crosstie_conflicts_open",
        "crosstie_store_size_bytes",
        "crosstie_job_last_success_timestamp_seconds",
    }
    assert wanted <= set(families)
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    assert labels <= {
        "connection",
        "source",
        "kind",
        "result",
        "outcome",
        "state",
        "project",
        "job",
        "le",
        "version",
    }


def test_a_changed_config_takes_effect_and_its_keys_are_logged_without_values(folder: Path) -> None:
    config = folder / "crosstie.toml"
    with running(Run(folder)) as run:
        eventually(lambda: run.held() == {"A-1", "A-2"})
        (folder / "more.csv").write_text("Key,Title,Status\nB-1,Other work,Open\n")
        text = config.read_text().replace(
            'path = "plan.csv" }', 'path = "plan.csv" }, { connection = "files", path = "more.csv" }'
        )
        config.write_text(text)
        run.daemon.reload()
        eventually(lambda: run.daemon.workspace.store.held("files", "more.csv") != {})
        assert run.says("config reloaded: projects.erp.sources")
        assert not run.says("more.csv, ")


def test_a_config_with_a_mistake_is_refused_and_the_one_before_holds(folder: Path) -> None:
    config = folder / "crosstie.toml"
    good = config.read_text()
    with running(Run(folder)) as run:
        config.write_text(good.replace("poll =", "pol ="))
        run.daemon.reload()
        assert run.says("the config was not reloaded, the one before holds")
        assert run.says('Did you mean "poll"?')
        write_plan(folder, "A-9")
        eventually(lambda: "A-9" in run.held())


def test_a_change_of_the_file_is_noticed(folder: Path) -> None:
    from service.reloading import Watched

    config = folder / "crosstie.toml"
    watched = Watched(config)
    assert not watched.moved()
    draft = folder / "draft"
    draft.write_text(config.read_text() + "\n")
    draft.replace(config)
    assert watched.moved()
    assert not watched.moved()


def test_of_two_daemons_one_works_and_the_other_takes_over_when_it_stops(
    folder: Path, tmp_path: Path
) -> None:
    first = Run(folder)
    with running(first):
        eventually(lambda: first.held() == {"A-1", "A-2"})
        (folder / "crosstie.toml").write_text(config_of())
        second = Run(folder)
        second.daemon.stand_by = 0.2
        second.daemon.start()
        try:
            eventually(lambda: second.daemon._status().endswith("standing by for files"))
            first.daemon.stop()
            write_plan(folder, "A-1", "A-2", "A-5")
            eventually(lambda: "A-5" in second.held())
            assert not second.daemon._status().endswith("standing by for files")
        finally:
            second.daemon.stop()


def test_a_taken_address_is_named_and_nothing_is_started(folder: Path) -> None:
    with (
        running(Run(folder)),
        pytest.raises(Failure, match=r"\[web\] hooks = '127.0.0.1:\d+' cannot be listened on"),
    ):
        Run(folder).daemon.start()


def test_reports_are_written_again_when_something_changed(folder: Path) -> None:
    (folder / "crosstie.toml").write_text(config_of('reports = "out"\nformats = ["md"]\n'))
    page = folder / "out" / "erp-status.md"
    with running(Run(folder)) as run:
        eventually(lambda: page.exists() and "ERP rollout" in page.read_text(), 60)
        first = page.stat().st_ino
        write_plan(folder, "A-1", "A-2", "A-3")
        eventually(lambda: page.stat().st_ino != first, 60)
        assert not [line for line in run.lines() if line["level"] == "error"]
