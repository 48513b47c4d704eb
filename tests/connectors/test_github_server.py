"""Enterprise Servers: their addresses, and what an older one cannot be asked is found out and left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest

from connectors.conformance import ConnectorContract, Seen, Trial, fold
from connectors.errors import SourceStopped
from connectors.writing import Edit
from model.values import StatusCategory
from sandbox.github.server import BEFORE_BOARDS, BEFORE_TYPES, Server
from tests.connectors.github_desk import REPO, Desk
from tests.connectors.test_github import furnish, put_on_trial

OLD = Server("3.9.1", BEFORE_TYPES)
OLDEST = Server("3.3.0", BEFORE_BOARDS)
NEW = Server("3.19.2", frozenset())


def desk_on(server: Server) -> Desk:
    desk = Desk()
    desk.server = server
    return desk


@pytest.mark.parametrize("server", [OLD])
class TestAServer(ConnectorContract):
    @pytest.fixture
    def trial(self, server: Server) -> Iterator[Trial]:
        desk = desk_on(server)
        with desk.served():
            yield put_on_trial(desk)


def pulled(server: Server) -> tuple[Desk, Seen, list[str], str]:
    """(the desk, what was read, the notes, everything that was asked)."""
    desk = desk_on(server)
    furnish(desk)
    with desk.served() as stand:
        batches = desk.pull()
        asked = " ".join(json.loads(one.body)["query"] for one in stand.requests if one.method == "POST")
        assert {one.path for one in stand.requests} <= {"/api/graphql"}
    return desk, fold(batches), [note for batch in batches for note in batch.notes], asked


def test_a_present_server_tells_what_github_com_tells() -> None:
    _, seen, notes, _ = pulled(NEW)
    assert any(seen.links.values())
    assert any(issue.type == "Task" for issue in seen.issues.values())
    assert notes == []


def test_an_old_server_is_asked_only_for_what_it_knows() -> None:
    desk, seen, notes, asked = pulled(OLD)
    assert notes == []
    assert not any(seen.links.values())
    assert {issue.type for issue in seen.issues.values()} == {""}
    assert any(issue.estimate for issue in seen.issues.values())
    assert len(seen.sprints) == 2
    for word in ("blockedBy", "issueType {", "enableDuplicate", "ProjectV2ItemStatusChangedEvent"):
        assert word not in asked
    first = next(issue for issue in seen.issues.values() if issue.title == "Issue zero")
    assert first.url == f"{desk.url.removesuffix('/api/v3')}/{REPO}/issues/1"


def test_a_server_before_boards_leaves_the_board_out_and_says_so() -> None:
    _, seen, notes, asked = pulled(OLDEST)
    assert ["This GitHub has no Projects boards yet" in note for note in notes] == [True]
    assert "projectItems" not in asked
    assert "stateReason" not in asked
    closed = [one for one in seen.issues.values() if one.status is StatusCategory.DONE]
    assert [one.status_original for one in closed] == ["closed"]


def test_a_field_the_server_does_not_know_is_refused_by_the_stand_in() -> None:
    desk = desk_on(OLD)
    with desk.served():
        connector = desk.connect()
        with pytest.raises(SourceStopped, match="'blockedBy' doesn't exist on type 'Issue'"):
            connector._client.query(
                'query Q { repository(owner: "acme", name: "erp") { issues(first: 1) '
                "{ nodes { blockedBy(first: 1) { totalCount } } } } }",
                {},
            )
        connector.close()


def test_an_update_of_the_server_brings_what_it_has_learned() -> None:
    desk = desk_on(OLD)
    furnish(desk)
    with desk.served():
        seen = fold(desk.pull())
    desk.server = NEW
    desk.wait(hours=1)
    desk.site.edit_issue(REPO, 1, "ben", title="Touched")
    with desk.served():
        seen = fold(desk.pull(dict(seen.cursors)), seen)
    touched = next(issue for issue in seen.issues.values() if issue.title == "Touched")
    assert touched.type == "Task"


@pytest.mark.parametrize("server", [OLD, NEW])
def test_check_says_which_version_the_server_has(server: Server) -> None:
    desk = desk_on(server)
    desk.issue("An issue", Target_date=date(2026, 4, 1))
    with desk.served():
        connector = desk.connect()
        report = connector.check((desk.source(),))
        connector.close()
    assert report.account == f"ada (classic token) on Enterprise Server {server.version}"
    assert all(one.granted for one in report.permissions)


def test_check_on_a_server_before_boards_says_that_there_are_none() -> None:
    desk = desk_on(OLDEST)
    with desk.served():
        connector = desk.connect()
        report = connector.check((desk.source(),))
        connector.close()
    assert [(one.name, one.granted) for one in report.permissions] == [
        (f"Issues: read in {REPO}", True),
        ("Projects: read in acme", False),
        (f"Issues: write in {REPO}", True),
    ]
    assert any("This GitHub has no Projects boards yet" in one for one in report.warnings)


@pytest.mark.parametrize("server", [OLD, OLDEST])
def test_an_older_server_is_written_to_as_far_as_it_goes(server: Server) -> None:
    desk = desk_on(server)
    parent, number = desk.issue("Parent"), desk.issue("Write me")
    with desk.served():
        connector = desk.connect()
        (batch,) = connector.fetch(desk.source(), [desk.id(number)], desk.clock.now())
        fields = {"title": "New", "status": StatusCategory.DONE, "parent": desk.id(parent)}
        receipt = connector.write(desk.source(), Edit(batch.issues[0], fields), desk.clock.now())
        connector.close()
    assert desk.site.issue(REPO, number).title == "New"
    assert desk.site.issue(REPO, number).closed
    assert receipt.dropped.keys() == {"parent"}
    assert "no sub-issues yet" in receipt.dropped["parent"]
