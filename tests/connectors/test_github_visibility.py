"""Who sees a repository: told with each of its issues, and looked at before anything is written there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from connectors.base import RawPage
from connectors.conformance import fold, stored_pages
from connectors.errors import Refused
from connectors.writing import Draft, Edit
from model.values import Ref
from sandbox.github.records import Visibility
from sandbox.github.server import BEFORE_BOARDS, Server
from tests.connectors.github_desk import REPO, Desk
from tests.connectors.test_github_writing import WRITER, WritingDesk

MARKER = "ct1.k7q2m4x9w3e8.0c5d7be21f9a4463"
CANARY = "Numbat"


def shown(issue: object) -> str | None:
    return dict(issue.attributes).get("visibility")  # type: ignore[attr-defined]


@pytest.mark.parametrize("server", [None, Server("3.3.0", BEFORE_BOARDS)])
def test_a_pull_tells_who_sees_the_repository_and_its_pages_tell_it_again(server: Server | None) -> None:
    desk = Desk()
    desk.server = server
    desk.issue("One")
    with desk.served():
        batches = desk.pull()
        again = list(desk.connect().replay(desk.source(), stored_pages(batches), desk.clock.now()))
    for told in (batches, again):
        assert [shown(issue) for issue in fold(told).issues.values()] == ["private"]


@pytest.mark.parametrize(
    ("turned", "said"), [("public", "public"), ("internal", "private"), ("private", "private")]
)
def test_the_next_fetch_tells_that_a_repository_was_turned(turned: Visibility, said: str) -> None:
    desk = Desk()
    id = desk.id(desk.issue("One"))
    with desk.served() as stand:
        connector, source = desk.connect(), desk.source()
        connector.fetch(source, [id], desk.clock.now())
        desk.site.set_visibility(REPO, turned)
        stand.requests.clear()
        seen = fold(list(connector.fetch(source, [id], desk.clock.now())))
        assert len(stand.requests) == 1, "the one that reads the issue"
    assert shown(seen.issues[Ref("gh", id)]) == said
    assert [event for event in seen.events.values() if "visib" in event.field] == []


def test_pages_that_were_kept_before_it_was_asked_for_are_replayed_as_ever() -> None:
    def unasked(page: RawPage) -> RawPage:
        body = page.body.replace(b'"repository":{"isPrivate":true},', b"")
        return replace(page, body=body.replace(b'"isPrivate":true,', b"").replace(b',"isPrivate":true', b""))

    desk = Desk()
    desk.issue("One", Estimate=2)
    with desk.served():
        pages = [unasked(page) for page in stored_pages(desk.pull())]
        assert not [page for page in pages if b"isPrivate" in page.body]
        again = list(desk.connect().replay(desk.source(), pages, desk.clock.now()))
    assert [(issue.title, shown(issue)) for issue in fold(again).issues.values()] == [("One", None)]
    assert [batch.parked for batch in again if batch.parked] == []


def test_nothing_is_created_or_edited_in_a_repository_that_everybody_sees_against_the_config() -> None:
    desk = WritingDesk()
    with desk.served() as stand:
        now = desk.clock.now()
        base = fold(list(desk.write_as(WRITER).fetch(desk.ours, [desk.id(desk.number)], now)))
        edit = Edit(next(iter(base.issues.values())), {"title": CANARY})
        desk.site.set_visibility(REPO, "public")
        connector = desk.write_as(WRITER)
        with pytest.raises(Refused, match=r'acme/erp is public on GitHub.*visibility = "internal"'):
            connector.create(desk.ours, Draft(MARKER, {"title": CANARY}), now)
        with pytest.raises(Refused, match="acme/erp is public on GitHub"):
            connector.write(desk.ours, edit, now)
        assert not [one for one in stand.requests if CANARY in one.body.decode()]
        desk.site.set_visibility(REPO, "private")
        assert connector.write(desk.ours, edit, now).dropped == {}


def test_what_the_config_has_for_public_may_be_written_to() -> None:
    desk = WritingDesk()
    desk.site.set_visibility(REPO, "public")
    with desk.served() as stand:
        source = desk.source(visibility="public")
        desk.write_as(WRITER).create(source, Draft(MARKER, {"title": CANARY}), desk.clock.now())
        assert [json.loads(one.body)["title"] for one in stand.requests if one.path.endswith("/issues")] == [
            CANARY
        ]
