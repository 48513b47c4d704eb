"""What writing stands on: a key that is made once and kept, one writer at a time, names that tell apart."""

from __future__ import annotations

import pytest

from connectors.errors import Misconfigured
from model.progress import Counts, Outcome
from model.values import StatusCategory
from service.bearings import bearings, tracker_names
from service.failures import Exit, Failure
from service.writing import charter_for, marker_key, writing_desk
from tests.service.offices import CONFIG, NOW, issue, office, read

GITHUB = """
version = 1
[connections]
gh = { kind = "github", token = "env:NONE" }
[projects.erp]
name = "ERP rollout"
sources = [{ here }]
"""


def test_the_key_of_markers_is_made_when_first_needed_and_never_again(tmp_path):
    workspace = office(tmp_path)
    key = marker_key(workspace)
    file = tmp_path / "crosstie.key"
    assert len(key) >= 32
    assert file.stat().st_mode & 0o077 == 0
    assert marker_key(workspace) == marker_key(office(tmp_path)) == key


@pytest.mark.parametrize("content", ["", "short", "\xff" * 4])
def test_a_key_file_that_was_damaged_is_named_and_left_as_it_is(tmp_path, content):
    file = tmp_path / "crosstie.key"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(Failure, match=r"crosstie\.key holds no key.*Put it back from a backup"):
        marker_key(office(tmp_path))
    assert file.read_text(encoding="latin-1") == content


def test_a_key_that_the_config_names_is_taken_and_no_file_is_made(tmp_path):
    workspace = office(tmp_path, CONFIG.replace("[general]", '[general]\nkey = "env:SEAL"'))
    workspace.environ = {**workspace.environ, "SEAL": "canary-of-the-seal-0123456789abcdef"}
    assert marker_key(workspace) == b"canary-of-the-seal-0123456789abcdef"
    assert "canary" not in workspace.redact("a canary-of-the-seal-0123456789abcdef b")
    assert not (tmp_path / "crosstie.key").exists()


def test_one_desk_at_a_time_writes_for_a_project(tmp_path):
    workspace = office(tmp_path)
    with writing_desk(workspace, "erp", "cli:one"):
        with pytest.raises(Failure) as busy, writing_desk(workspace, "erp", "cli:two"):
            pass
        assert busy.value.exit is Exit.BUSY
    with writing_desk(workspace, "erp", "cli:two") as desk:
        assert desk.means.by == "cli:two"


def test_a_desk_is_given_back_even_when_the_work_at_it_fails(tmp_path):
    workspace = office(tmp_path)
    with pytest.raises(ValueError, match="of the work"), writing_desk(workspace, "erp", "cli:one"):
        raise ValueError("of the work")
    with writing_desk(workspace, "erp", "cli:two"):
        pass


@pytest.mark.parametrize(
    ("board", "held"), [("", StatusCategory.TODO), (", project = 1", StatusCategory.DOING)]
)
def test_what_a_tracker_can_hold_is_asked_of_the_source_as_it_is_set_up(tmp_path, board, held):
    repository = f'{{ connection = "gh", repo = "acme/erp"{board} }}'
    workspace = office(tmp_path, GITHUB.replace("{ here }", repository))
    terms = charter_for(workspace, "erp").terms
    assert terms.rounded["gh", "acme/erp"]("status", StatusCategory.DOING) is held
    assert ("due" in terms.holds["gh", "acme/erp"]) is bool(board)


def test_each_of_several_sources_of_one_tracker_holds_what_its_own_settings_leave_a_place_for(tmp_path):
    several = (
        '{ connection = "gh", repo = "acme/erp", project = 1 }, { connection = "gh", repo = "acme/bare" }'
    )
    terms = charter_for(office(tmp_path, GITHUB.replace("{ here }", several)), "erp").terms
    status = {source: made("status", StatusCategory.DOING) for (_, source), made in terms.rounded.items()}
    assert status == {"acme/erp": StatusCategory.DOING, "acme/bare": StatusCategory.TODO}
    title = {made("title", "Pay\nthem") for made in terms.rounded.values()}
    assert title == {"Pay them"}


def test_a_tracker_without_its_secret_stops_only_what_leads_to_it_or_comes_from_it(tmp_path):
    text = CONFIG.replace("[projects.erp]", 'gh = { kind = "github", token = "env:NONE" }\n[projects.erp]')
    text = text.replace("sources = [", 'sources = [\n    { connection = "gh", repo = "acme/erp" },')
    workspace = office(tmp_path, text)
    unread = charter_for(workspace, "erp")
    with writing_desk(workspace, "erp", "cli:one") as desk:
        reason = desk.charter.terms.lost["gh"]
        assert reason.startswith("gh cannot be used now: ")
        assert "NONE" in reason
        assert desk.charter.terms.locked["gh"] == reason
        assert sorted(desk.means.connectors) == ["one", "three", "two"]
        assert (desk.charter.rules, desk.charter.terms.holds) == (unread.rules, unread.terms.holds)


def test_a_project_none_of_whose_trackers_can_be_used_says_why(tmp_path):
    workspace = office(tmp_path, GITHUB.replace("{ here }", '{ connection = "gh", repo = "acme/erp" }'))
    with pytest.raises(Misconfigured, match="NONE"), writing_desk(workspace, "erp", "cli:one"):
        pass


def test_several_trackers_of_one_kind_are_called_by_their_connections(tmp_path):
    workspace = office(tmp_path)
    assert tracker_names(workspace, charter_for(workspace, "erp")) == {
        "one": "one",
        "two": "two",
        "three": "three",
    }


def test_ages_are_those_of_the_oldest_source_and_none_for_one_that_was_never_read(tmp_path):
    workspace = office(tmp_path)
    read(workspace, issue("one", 1, "PAY-1"))
    with workspace.store.transaction() as writer:
        run = writer.progress.begin_run("one", "plan.csv", "none", NOW)
        writer.progress.end_run(run, Outcome.COMPLETE, Counts(), NOW)
    ages = dict(bearings(workspace, charter_for(workspace, "erp")).ages)
    assert ages["one"] is not None
    assert ages["one"].total_seconds() == 0
    assert ages["two"] is None
