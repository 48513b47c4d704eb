"""What issues refer to: people, tokens, projects, boards, sprints, versions, and one another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from sandbox.clock import WorldClock
from sandbox.jira.catalog import FIELDS, POINTS, TEAM_POINTS, Field, Named, scoped_fields
from sandbox.jira.happenings import Happening, Listener
from sandbox.jira.records import Board, Issue, Level, Project, Sprint, User, Version
from sandbox.jira.rules import Rules

__all__ = ["KEEP", "Keep", "Places"]


class Keep:
    """Says "leave it as it is" where None means "clear it"."""


KEEP: Final = Keep()


class Places:
    """The tables of a site, and the acts that make or change everything but issues.

    `revision` counts whatever may change the outcome of a search. `unindexed` are ids of issues that the
    search has lost for a while, as it does in real life; they are there when asked for by id. `onlookers` are
    accounts that may browse and nothing else. `apps` maps accounts that are OAuth apps to their client
    secrets. `listeners` are told of everything that happens; `notices` are the messages that people got:
    what for, about which issue, and who was called.
    """

    def __init__(self, clock: WorldClock, url: str, zone: str = "America/Los_Angeles") -> None:
        self.clock = clock
        self.url = url.rstrip("/")
        self.zone = zone
        self.users: dict[str, User] = {}
        self.tokens: dict[tuple[str, str], str] = {}
        self.administrators: set[str] = set()
        self.onlookers: set[str] = set()
        self.apps: dict[str, str] = {}
        self.rules = Rules()
        self.listeners: list[Listener] = []
        self.notices: list[tuple[str, str, str | None]] = []
        self.projects: dict[str, Project] = {}
        self.boards: dict[int, Board] = {}
        self.sprints: dict[int, Sprint] = {}
        self.versions: dict[str, Version] = {}
        self.issues: dict[str, Issue] = {}
        self.levels: dict[str, Level] = {}
        self.unindexed: set[str] = set()
        self.fields: list[Field] = list(FIELDS)
        self.revision = 0
        self._components = 0

    def add_user(self, account_id: str, name: str, email: str | None, zone: str = "Etc/UTC") -> None:
        self.users[account_id] = User(account_id, name, email, zone)

    def add_token(self, account_id: str, email: str, token: str) -> None:
        """Let `account_id` sign in with email and token (basic) or the token alone (bearer)."""
        self.tokens[email, token] = account_id

    def add_app(self, account_id: str, token: str, client_secret: str) -> None:
        """Let an OAuth 2.0 app sign in as this account; its webhooks are proven by its client secret."""
        self.tokens["", token] = account_id
        self.apps[account_id] = client_secret

    def add_project(self, key: str, name: str, team_managed: bool = False) -> None:
        """A software project; a team-managed one keeps its points in a field of another kind.

        ValueError: the key is taken.
        """
        if key in self.projects:
            raise ValueError(f"the project key {key} is taken")
        project = Project(str(10000 + len(self.projects)), key, name, team_managed)
        self.projects[key] = project
        if team_managed:
            self.fields.extend(scoped_fields(project.id, 10050 + 2 * len(self.projects)))

    def restrict(self, project: str, readers: Iterable[str] | None) -> None:
        """Let only these accounts browse the project; None: everybody who has signed in."""
        self.projects[project].readers = None if readers is None else frozenset(readers)
        self.revision += 1

    def may_read(self, account: str | None, project: str) -> bool:
        """Whether the account may browse the project; somebody who has not signed in may browse none."""
        readers = self.projects[project].readers
        return account is not None and (readers is None or account in readers)

    def may(self, account: str | None, project: str, permission: str) -> bool:
        """Whether the account has a permission in a project it may browse."""
        if account is None or not self.may_read(account, project):
            return False
        if permission == "ADMINISTER_PROJECTS":
            return account in self.administrators
        return account not in self.onlookers and not self.rules.denies(account, permission)

    def happen(self, event: str, **told: Any) -> None:
        for listener in self.listeners:
            listener(Happening(event, **told))

    def may_see(self, account: str | None, issue: Issue) -> bool:
        """Whether the account may browse the issue's project and is in its security level, if it has one."""
        level = issue.level
        return self.may_read(account, issue.project) and (level is None or account in level.readers)

    def add_level(self, name: str, readers: Iterable[str]) -> str:
        """An issue security level that lets only these accounts see an issue."""
        level = Level(str(10100 + len(self.levels)), name, frozenset(readers))
        self.levels[level.id] = level
        return level.id

    def flicker(self, *ids: str) -> None:
        """Let the search lose exactly these issues for now; without any, it knows all again."""
        self.unindexed = set(ids)
        self.revision += 1

    def points_field(self, project: str) -> str:
        """The id of the field in which this project keeps its story points."""
        return TEAM_POINTS if self.projects[project].team_managed else POINTS

    def add_board(self, project: str, name: str, type: str = "scrum") -> int:
        if type not in ("scrum", "kanban", "simple"):
            raise ValueError(f"a board is scrum, kanban or simple, not {type}")
        board = Board(len(self.boards) + 1, self.projects[project].key, name, type)
        self.boards[board.id] = board
        return board.id

    def create_sprint(
        self,
        board: int,
        name: str,
        start: datetime | None = None,
        end: datetime | None = None,
        goal: str = "",
    ) -> int:
        """A future sprint. ValueError: the board has none."""
        if self.boards[board].type == "kanban":
            raise ValueError(f"board {board} is a kanban board, which has no sprints")
        sprint = Sprint(len(self.sprints) + 1, board, name, "future", self.clock.now(), start, end, goal=goal)
        self.sprints[sprint.id] = sprint
        self.happen("sprint_created", sprint=sprint)
        return sprint.id

    def edit_sprint(
        self, id: int, start: datetime | Keep = KEEP, end: datetime | Keep = KEEP, name: str | Keep = KEEP
    ) -> None:
        """Move a sprint's dates or rename it; Jira keeps no history of either. ValueError: it is closed."""
        sprint = self.sprints[id]
        before = replace(sprint)
        if sprint.state == "closed":
            raise ValueError(f"sprint {id} is closed and cannot be changed")
        if not isinstance(start, Keep):
            sprint.start = start
        if not isinstance(end, Keep):
            sprint.end = end
        if not isinstance(name, Keep):
            sprint.name = name
        self.revision += 1
        self.happen("sprint_updated", sprint=sprint, before=before)

    def start_sprint(self, id: int) -> None:
        """ValueError: it is not a future sprint, or has no dates."""
        sprint = self.sprints[id]
        if sprint.state != "future" or sprint.start is None or sprint.end is None:
            raise ValueError(f"sprint {id} is {sprint.state}; only a future sprint with dates can be started")
        sprint.state = "active"
        self.happen("sprint_started", sprint=sprint)

    def create_version(self, project: str, name: str, release_date: date | None = None) -> str:
        version = Version(str(10000 + len(self.versions)), project, name, release_date)
        self.versions[version.id] = version
        self.projects[project].versions.append(version.id)
        self.happen("jira:version_created", version=version)
        return version.id

    def set_version(
        self, id: str, release_date: date | Keep | None = KEEP, released: bool | None = None
    ) -> None:
        """Move or clear the release date, release or unrelease; Jira keeps no history of either."""
        version = self.versions[id]
        was = version.released
        if not isinstance(release_date, Keep):
            version.release = release_date
        if released is not None:
            version.released = released
        if version.released == was:
            self.happen("jira:version_updated", version=version)
        else:
            self.happen(f"jira:version_{'released' if version.released else 'unreleased'}", version=version)

    def component(self, project: str, name: str) -> Named:
        """The project's component of this name, made when it is new."""
        known = self.projects[project].components
        for component in known:
            if component.name == name:
                return component
        self._components += 1
        known.append(Named(str(9999 + self._components), name))
        return known[-1]
