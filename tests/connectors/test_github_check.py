"""What `check` and `init` learn from GitHub: whose token, which rights and fields, what there is to read."""

from __future__ import annotations

import json

import pytest

from connectors.base import CheckReport, FieldFinding
from connectors.errors import AccessRefused
from tests.connectors.github_desk import MONDAY, OTHER, REPO, TOKEN, Desk
from tests.connectors.wire import answer, wire


def checked(desk: Desk, token: str | None = None, **source: object) -> CheckReport:
    with desk.served():
        connector = desk.connect(token) if token else desk.connect()
        try:
            return connector.check((desk.source(**source),))
        finally:
            connector.close()


def reading(report: CheckReport) -> list[bool]:
    return [one.granted for one in report.permissions if ": read in" in one.name]


def finding(report: CheckReport, role: str) -> FieldFinding:
    return next(one for one in report.fields if one.field == f"{REPO}: {role}")


def test_a_good_token_is_named_with_its_rights_and_fields() -> None:
    report = checked(Desk())
    assert report.account == "ada (classic token)"
    assert [(one.name, one.granted) for one in report.permissions] == [
        (f"Issues: read in {REPO}", True),
        ("Projects: read in acme", True),
        (f"Issues: write in {REPO}", True),
    ]
    assert {one.field.split(": ")[1]: one.chosen for one in report.fields} == {
        "sprint": "Sprint",
        "estimate": "Estimate",
        "start": "Start date",
        "due": "Target date",
        "status": "Status",
    }


def test_a_field_with_another_name_is_offered_and_several_must_be_chosen_from() -> None:
    desk = Desk()
    desk.site.add_field("acme", desk.board, "Story points", "number")
    fields = {"estimate": "Points", "start": "Begin", "due": "Title", "sprint": "Cycle"}
    report = checked(desk, fields=fields, attributes=("Wave",))
    estimate = finding(report, "estimate")
    assert (estimate.candidates, estimate.chosen) == (("Estimate", "Story points"), None)
    assert estimate.hint == '"Points" is not on the board. Choose one of them as fields.estimate.'
    assert finding(report, "sprint").hint.endswith('Write fields.sprint = "Sprint" if that is meant.')
    assert '"Title" is not a date field.' in finding(report, "due").hint
    assert finding(report, "attribute Wave").chosen is None


def test_a_board_without_a_kind_of_field_says_how_to_go_on() -> None:
    desk = Desk()
    bare = desk.site.add_project("acme", "Bare")
    report = checked(desk, project=bare)
    assert finding(report, "sprint").candidates == ()
    assert "Add an iteration field to the board" in finding(report, "sprint").hint
    assert "reports then go without" in finding(report, "sprint").hint


def test_columns_that_nothing_explains_are_named() -> None:
    desk = Desk()
    options = ("Todo", "Awaiting vendor", "Parked", "Done")
    desk.site.add_field("acme", desk.board, "Status", "single_select", options=options)
    warnings = " ".join(checked(desk).warnings)
    assert '"Awaiting vendor", "Parked"' in warnings
    assert "[mapping.status]" in warnings
    explained = checked(desk, status={"doing": ["Awaiting vendor", "Parked"]})
    assert "Awaiting vendor" not in " ".join(explained.warnings)


def test_missing_rights_are_named_without_hiding_the_rest() -> None:
    desk = Desk(scopes=("repo",))
    report = checked(desk)
    assert reading(report) == [True, False]
    assert any("read:project" in warning for warning in report.warnings)


def test_a_repository_or_board_that_is_not_there_is_a_warning_of_the_check() -> None:
    nowhere = checked(Desk(), repo="acme/nope")
    assert not nowhere.permissions[0].granted
    assert any("knows no repository acme/nope" in warning for warning in nowhere.warnings)
    wrong = checked(Desk(), project=77)
    assert reading(wrong) == [True, False]
    assert any("The board 77 of acme is not there" in warning for warning in wrong.warnings)


def test_rights_beyond_reading_are_named() -> None:
    desk = Desk(scopes=("repo", "project", "admin:org", "read:org"))
    warnings = " ".join(checked(desk).warnings)
    assert "admin:org, project" in warnings
    assert "read:org" not in warnings
    assert "may write to every repository" in warnings


def test_a_fine_grained_token_is_told_from_a_classic_one() -> None:
    desk = Desk()
    fine = "github_pat_canary_of_ben"
    desk.site.add_token("ben", fine, ("issues:read", "metadata:read", "organization_projects:read"))
    report = checked(desk, fine)
    assert report.account == "ben (fine-grained token)"
    assert all(one.granted for one in report.permissions)
    assert report.warnings == ()


@pytest.mark.parametrize(
    ("expiry", "warned"),
    [
        ("2026-03-09 12:00:00 UTC", True),
        ("2026-03-09 12:00:00 +0200", True),
        ("2026-09-09 12:00:00 UTC", False),
        ("never", False),
    ],
)
def test_a_token_that_ends_soon_is_said_a_fortnight_before(expiry: str, warned: bool) -> None:
    desk = Desk()
    header = f"GitHub-Authentication-Token-Expiration: {expiry}"
    user = json.dumps({"login": "ada", "node_id": "U_1"}).encode()
    with wire(
        lambda n, request: answer("200 OK", user, header, f"Date: {MONDAY:%a, %d %b %Y %T} GMT")
    ) as seen:
        connector = desk.connect(url=seen.url)
        report = connector.check(())
        connector.close()
    assert any("expires on 2026-03-09" in one for one in report.warnings) == warned


def test_a_refused_token_ends_the_check() -> None:
    with pytest.raises(AccessRefused, match="Bad credentials"):
        checked(Desk(), "ghp_canary0wrong")


def test_the_secret_is_not_read_before_it_is_needed() -> None:
    desk = Desk()
    with desk.served() as stand:
        desk.connect(token="x").close()
        assert stand.requests == []


def test_offers_are_the_repositories_and_the_boards_with_what_is_on_them() -> None:
    desk = Desk()
    desk.issue("An issue")
    theirs = desk.site.create_issue(OTHER, "Theirs", "ben")
    desk.site.add_item("acme", desk.board, OTHER, theirs)
    with desk.served():
        connector = desk.connect()
        offers = [(one.title, dict(one.settings)) for one in connector.offers()]
        connector.close()
    board = {"project": str(desk.board), "owner": "acme"}
    assert offers == [
        (REPO, {"repo": REPO}),
        (OTHER, {"repo": OTHER}),
        (f"{REPO} with the board Rollout", {"repo": REPO, **board}),
        (f"{OTHER} with the board Rollout", {"repo": OTHER, **board}),
    ]


def test_without_the_right_to_boards_the_repositories_are_still_offered() -> None:
    desk = Desk(scopes=("repo",))
    with desk.served():
        connector = desk.connect()
        assert [one.title for one in connector.offers()] == [REPO, OTHER]
        connector.close()


def test_more_repositories_than_a_page_holds_are_all_offered() -> None:
    desk = Desk()
    for n in range(120):
        desk.site.add_repo(f"acme/repo-{n}")
    with desk.served():
        connector = desk.connect()
        assert len(list(connector.offers())) == 122
        connector.close()


# Writing


def written(desk: Desk, write_token: str | None, token: str = TOKEN) -> tuple[CheckReport, dict[str, bool]]:
    """The report and what it says of writing."""
    with desk.served():
        connector = desk.connect(token, write_token=write_token)
        try:
            report = connector.check((desk.source(),))
        finally:
            connector.close()
    return report, {one.name: one.granted for one in report.permissions if ": write in" in one.name}


def test_what_a_token_of_its_own_for_writing_lacks_is_named() -> None:
    desk = Desk()
    desk.site.add_user("bot", "Crosstie")
    desk.site.add_token("bot", "ghp_canary_writes", ("repo", "project"))
    everything = {f"Issues: write in {REPO}": True, "Projects: write in acme": True}
    assert written(desk, "ghp_canary_writes")[1] == everything
    desk.site.set_role(REPO, "bot", "read")
    desk.site.set_board_role("acme", desk.board, "bot", "read")
    assert written(desk, "ghp_canary_writes")[1] == dict.fromkeys(everything, False)


def test_a_token_that_need_not_write_lacks_nothing() -> None:
    desk = Desk(scopes=("repo", "read:project"))
    desk.site.set_role(REPO, "ada", "read")
    assert written(desk, None)[1] == {}


def test_what_github_does_not_tell_of_a_token_for_writing_is_said() -> None:
    desk = Desk()
    fine = "github_pat_canary_writes"
    desk.site.add_token("ben", fine, ("issues:write", "metadata:read", "organization_projects:write"))
    report, rights = written(desk, fine)
    assert rights == {}
    assert any("does not tell what a fine-grained token may write" in one for one in report.warnings)
