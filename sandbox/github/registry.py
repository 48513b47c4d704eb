"""Who and what exists on the site, and how it is found: the ground on which the acts stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, Final

from sandbox.clock import WorldClock
from sandbox.github.apps import App, Apps, Installation
from sandbox.github.news import News, Notice
from sandbox.github.records import (
    Account,
    Comment,
    Draft,
    Issue,
    IssueField,
    IssueType,
    Item,
    Label,
    Milestone,
    Project,
    ProjectField,
    Repo,
    Visibility,
)
from sandbox.github.tokens import Role, Token

__all__ = ["KEEP", "Keep", "Node", "Registry", "UnknownRecord"]

Node = (Account | Comment | Draft | Issue | IssueType | Item) | (
    Label | Milestone | Project | ProjectField | Repo
)
_LABEL_COLORS = ("1d76db", "0e8a16", "d93f0b", "fbca04", "5319e7", "bfd4f2")
_TYPE_COLORS = ("yellow", "red", "blue", "green", "purple")
_FIRST_ISSUE_ID = 2_900_000_000  # ids of issues have long outgrown 32 bits


class Keep(Enum):
    """The value that leaves a field as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


class UnknownRecord(KeyError):
    """An act or a read names a record that the site doesn't have."""


class Registry:
    """Accounts, tokens and repositories by name; every record by its global node id."""

    def __init__(self, clock: WorldClock) -> None:
        self.clock = clock
        self.tokens: dict[str, Token] = {}
        self.apps = Apps()
        self.accounts: dict[str, Account] = {}
        self.repos: dict[int, Repo] = {}
        self.projects: dict[int, Project] = {}
        self.types: dict[str, IssueType] = {}
        self.fields: dict[str, IssueField] = {}
        self.nodes: dict[str, Node] = {}
        self.notices: list[Notice] = []
        self.listeners: list[Callable[[News], None]] = []
        self._kept: list[News] | None = None
        self._roles: dict[tuple[int, int], Role] = {}
        self._names: dict[str, Repo] = {}
        self._old_names: dict[str, Repo] = {}
        self._last_id = 0

    # Accounts

    def add_user(self, login: str, name: str, email: str | None = None) -> Account:
        return self._add_account(Account(self._new_id(), login, name, email, self.clock.now()))

    def add_org(self, login: str, name: str | None = None) -> Account:
        """Add an organization; every user of the site is a member of it."""
        organization = Account(self._new_id(), login, name or login, None, self.clock.now(), True)
        return self._add_account(organization)

    def add_token(self, login: str, token: str, scopes: Iterable[str]) -> None:
        """Give a user a token; one that starts with `github_pat_` is fine-grained."""
        self.tokens[token] = Token(token, self.account(login), tuple(scopes))

    def add_app(self, slug: str, public_key: str) -> App:
        """Register a GitHub App by the public half of its key, a PEM text; it acts as `slug[bot]`."""
        robot = self._add_account(Account(self._new_id(), f"{slug}[bot]", slug, None, self.clock.now()))
        app = App(self._new_id(), slug, robot, [public_key])
        self.apps.apps[app.id] = app
        return app

    def install_app(
        self, app: App, owner: str, permissions: dict[str, str], repos: Iterable[str] | None = None
    ) -> Installation:
        """Install an App on an account with these permissions; `repos` None: on all its repositories."""
        chosen = None if repos is None else {self.repo(name).id for name in repos}
        made = Installation(
            self._new_id(), app, self.account(owner), permissions, self.clock.now(), repos=chosen
        )
        self.apps.installations[made.id] = made
        return made

    def set_role(self, place: str, login: str, role: Role) -> None:
        """Say what a user is in a repository, or in an organization; everybody may write unless told."""
        held = self.repo(place) if "/" in place else self.account(place)
        self._roles[held.id, self.account(login).id] = role

    def role(self, place: Repo | Account, account: Account) -> Role:
        """What an account is there; the robot of an App is what its permissions make it."""
        return self._roles.get((place.id, account.id), "write")

    def account(self, login: str) -> Account:
        """The user or organization of this login, whatever its case. UnknownRecord: there is none."""
        try:
            return self.accounts[login.casefold()]
        except KeyError:
            raise UnknownRecord(f"no account {login}") from None

    # Repositories

    def add_repo(self, full_name: str, private: bool = False) -> Repo:
        """Create `owner/name`; a private one is read by every user whose token may."""
        owner, _, name = full_name.partition("/")
        visibility: Visibility = "private" if private else "public"
        repo = Repo(self._new_id(), self.account(owner), name, visibility, self.clock.now())
        self.repos[repo.id] = repo
        self._names[full_name.casefold()] = repo
        self.nodes[repo.node_id] = repo
        return repo

    def set_visibility(self, full_name: str, visibility: Visibility) -> None:
        """Show a repository to everybody, to the enterprise, or to its members alone."""
        repo = self.repo(full_name)
        repo.visibility = visibility
        repo.version += 1

    def rename_repo(self, full_name: str, new_name: str) -> None:
        """Rename or move a repository to `owner/name`; its old name answers with a redirect from now on."""
        repo = self.repo(full_name)
        owner, _, name = new_name.partition("/")
        self._old_names[full_name.casefold()] = self._names.pop(full_name.casefold())
        repo.owner, repo.name = self.account(owner), name
        self._names[new_name.casefold()] = repo
        repo.version += 1

    def repo(self, full_name: str) -> Repo:
        """The repository of this name, whatever its case. UnknownRecord: none has it now."""
        try:
            return self._names[full_name.casefold()]
        except KeyError:
            raise UnknownRecord(f"no repository {full_name}") from None

    def renamed(self, full_name: str) -> Repo | None:
        """The repository that had this name once."""
        return self._old_names.get(full_name.casefold())

    def issue(self, repo: str, number: int) -> Issue:
        """An issue or pull request by its present place. UnknownRecord: deleted, moved or never there."""
        try:
            return self.repo(repo).issues[number]
        except KeyError:
            raise UnknownRecord(f"no issue {repo}#{number}") from None

    def node_of(self, repo: str, number: int) -> str:
        return self.issue(repo, number).node_id

    # Parts of acts

    def _announce(
        self,
        event: str,
        action: str,
        subject: Any,
        actor: Account | None,
        repo: Repo | None = None,
        org: Account | None = None,
        **detail: Any,
    ) -> None:
        """Let webhooks know, if there are any."""
        if not self.listeners:
            return
        news = News(event, action, subject, actor, self.clock.now(), repo, org, detail)
        if self._kept is not None:
            self._kept.append(news)
            return
        for listen in self.listeners:
            listen(news)

    @contextmanager
    def _after(self) -> Iterator[None]:
        """Announce what happens inside when it is over, so that a birth shows what came with it."""
        kept: list[News] = []
        self._kept = kept
        try:
            yield
        finally:
            self._kept = None
        for news in kept:
            for listen in self.listeners:
                listen(news)

    def _add_account(self, account: Account) -> Account:
        self.accounts[account.login.casefold()] = account
        self.nodes[account.node_id] = account
        return account

    def _label(self, repo: Repo, name: str) -> Label:
        """The label of this name; a new one is made on first use, as GitHub does."""
        label = repo.labels.get(name.casefold())
        if label is None:
            color = _LABEL_COLORS[len(repo.labels) % len(_LABEL_COLORS)]
            label = Label(self._new_id(), name, color, self.clock.now())
            repo.labels[name.casefold()] = label
            self.nodes[label.node_id] = label
        return label

    def _type(self, name: str) -> IssueType:
        kind = self.types.get(name.casefold())
        if kind is None:
            kind = IssueType(self._new_id(), name, _TYPE_COLORS[len(self.types) % len(_TYPE_COLORS)])
            self.types[name.casefold()] = kind
            self.nodes[kind.node_id] = kind
        return kind

    def add_issue_field(self, name: str, type: str, options: Iterable[str] = ()) -> IssueField:
        """Give the issues of every organization a field: of type number, date, single_select or text."""
        made = self.fields[name.casefold()] = IssueField(self._new_id(), name, type, tuple(options))
        return made

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _new_issue_id(self) -> int:
        return _FIRST_ISSUE_ID + self._new_id()
