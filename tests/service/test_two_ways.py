"""The story of two ways, lived over HTTP by the real command line: what the trackers hold is what is told."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.service.two_ways import PAGE, Scene, live, page


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Scene]:
    return {scene.title: scene for scene in live(tmp_path_factory.mktemp("story"))}


def dues(scene: Scene) -> dict[str, str]:
    return {name: due for name, (due, _) in scene.after.items()}


def test_where_all_agree_nothing_is_written(scenes):
    scene = scenes["All agree"]
    assert scene.before == scene.after
    assert set(dues(scene).values()) == {"2026-03-20"}


def test_a_date_that_moves_in_jira_moves_in_the_others(scenes):
    scene = scenes["A date moves in Jira, and the others follow"]
    assert scene.before["GitHub"][0] == scene.before["Planner"][0] == "2026-03-20"
    assert set(dues(scene).values()) == {"2026-04-09"}


def test_edits_of_different_fields_both_survive_everywhere(scenes):
    scene = scenes["Two people edit different fields at once"]
    assert scene.after == {
        "Jira": ("2026-04-16", "In Progress"),
        "GitHub": ("2026-04-16", "In Progress"),
        "Planner": ("2026-04-16", "in progress"),
    }


def test_edits_of_the_same_field_are_a_conflict_and_nothing_of_it_is_written(scenes):
    scene = scenes["Two people edit the same field"]
    assert scene.before == scene.after
    assert dues(scene) == {"Jira": "2026-04-20", "GitHub": "2026-04-16", "Planner": "2026-04-24"}
    assert "crosstie conflicts resolve ED-1 due" in scene.screens[0][2]


def test_a_decision_settles_the_conflict_for_good(scenes):
    scene = scenes["The conflict is decided"]
    assert set(dues(scene).values()) == {"2026-04-20"}
    assert "Nothing to write" in scene.screens[-1][2]


def test_an_undo_puts_back_what_stood_there_and_the_question_is_open_again(scenes):
    scene = scenes["The run is taken back"]
    assert scene.after == scenes["Two people edit the same field"].after
    assert "0 to change" in scene.screens[-1][2]
    assert "1 conflict" in scene.screens[-1][2]


def test_every_command_did_what_it_said(scenes):
    assert {code for scene in scenes.values() for _, code, _ in scene.screens} == {0}


def test_the_page_tells_the_story_as_it_is_lived(scenes):
    assert page(list(scenes.values())) == PAGE.read_text(encoding="utf-8"), (
        "The story goes otherwise by now. Read it, then: python -m tests.service.two_ways"
    )
