"""Signing in as a GitHub App: a signed assertion buys a token for one installation, good for an hour.

PyGithub signs; its own way of buying tokens opens a connection of its own, so the requests are made by our
client, under its guard and its retries, and by the clock that we are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from config.secrets import Secret
from connectors.errors import AccessRefused, Misconfigured, RetryLater
from connectors.github.answers import Answer, judge
from connectors.github.settings import AppKey
from connectors.payload import decode

__all__ = ["AppSignIn", "Installation", "app_auth"]

_READING = ("metadata", "issues", "pull_requests", "organization_projects", "members")
_WRITING = frozenset({"issues", "organization_projects"})
_BEHIND = timedelta(seconds=60)
_LIFE = timedelta(minutes=9)
_SPARE = timedelta(minutes=5)
_SKEW = timedelta(seconds=20)

Ask = Callable[[str, str, Any, object], Answer]
"""(verb, path, PyGithub's auth, body) -> the answer, whatever its status."""


class _Login(msgspec.Struct, frozen=True):
    login: str = ""
    slug: str = ""

    @property
    def name(self) -> str:
        return self.login or self.slug


class Installation(msgspec.Struct, frozen=True):
    """The App as one account installed it; `permissions` are what it granted, such as issues: read."""

    id: int
    account: _Login | None = None
    app_slug: str = ""
    permissions: dict[str, str] = {}
    repository_selection: str = "selected"
    suspended_at: datetime | None = None

    @property
    def owner(self) -> str:
        return self.account.name if self.account else ""


class _Bought(msgspec.Struct, frozen=True):
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Held:
    auth: Any
    expires: datetime


def app_auth(app: AppKey, key: Secret, now: Callable[[], datetime]) -> Any:
    """PyGithub's authentication of the App itself, its assertion dated by `now` in place of its own clock.

    AccessRefused: what the reference holds is no private key.
    """
    import github

    sign = github.Auth.AppAuth.create_jwt_sign(key.reveal(), "RS256")

    def signed(claims: dict[str, Any]) -> Any:
        at = now()
        dated = {"iat": int((at - _BEHIND).timestamp()), "exp": int((at + _LIFE).timestamp())}
        try:
            return sign({**claims, **dated})
        except Exception:  # jwt and cryptography raise a dozen kinds, whose texts may quote the key
            raise AccessRefused(
                f"{app.key} does not hold the private key of a GitHub App. Download a new key on the App's "
                "page on GitHub (General, Private keys) and put the whole PEM file there."
            ) from None

    return github.Auth.AppAuth(app.id, sign_func=signed)


class AppSignIn:
    """The tokens of an App's installations: made when first needed, anew before their hour is over."""

    def __init__(
        self, app: AppKey, key: Secret, clock: Callable[[], datetime], ask: Ask, writes: bool = False
    ) -> None:
        self._app = app
        self._writes = writes
        self._clock = clock
        self._ask = ask
        self._ahead = timedelta()
        self._auth = app_auth(app, key, lambda: clock() + self._ahead)
        self._bought: dict[int, _Held] = {}
        self._installations: tuple[Installation, ...] | None = None
        self._owner = ""

    def enter(self, owner: str) -> None:
        """From now on, speak as the installation on this account."""
        self._owner = owner

    def auth(self) -> Any:
        """PyGithub's authentication with a token that has some minutes left."""
        installed = self.installation()
        held = self._bought.get(installed.id)
        if held is None or held.expires - self._now() < _SPARE:
            held = self._bought[installed.id] = self._buy(installed)
        return held.auth

    def forget(self) -> None:
        """The tokens were refused before their time: buy new ones."""
        self._bought.clear()

    def installations(self) -> tuple[Installation, ...]:
        """Every installation of the App that the config lets it use."""
        if self._installations is None:
            found = self._pinned() if self._app.installation else self._listed()
            self._installations = tuple(one for one in found if one.suspended_at is None)
        return self._installations

    def installation(self) -> Installation:
        """The installation on the account entered. Misconfigured: there is none, or it must be chosen."""
        there = self.installations()
        mine = [one for one in there if one.owner.casefold() == self._owner.casefold()]
        if self._app.installation or (len(there) == 1 and not self._owner):
            mine = list(there)
        if len(mine) == 1:
            return mine[0]
        known = ", ".join(sorted(one.owner for one in there)) or "no account"
        raise Misconfigured(
            f"The App {self._app.id} is not installed on {self._owner or 'one account'}, but on {known}. "
            "Install it there (the App's page on GitHub, Install App), or name the installation in the "
            "connection's app."
        )

    def _now(self) -> datetime:
        return self._clock() + self._ahead

    def _pinned(self) -> Iterator[Installation]:
        answer = self._as_app("GET", f"/app/installations/{self._app.installation}")
        yield decode(self._there(answer).body, Installation)

    def _listed(self) -> Iterator[Installation]:
        page = 1
        while True:
            answer = self._as_app("GET", f"/app/installations?per_page=100&page={page}")
            rows = decode(self._there(answer).body, list[Installation])
            yield from rows
            if len(rows) < 100:
                return
            page += 1

    def _buy(self, installed: Installation) -> _Held:
        """A token that may do no more than it is for, of what the App was granted."""
        import github

        granted, wide = installed.permissions, _WRITING if self._writes else frozenset()
        narrow = {name: granted[name] if name in wide else "read" for name in _READING if name in granted}
        asked = {"permissions": narrow} if narrow else {}
        path = f"/app/installations/{installed.id}/access_tokens"
        answer = self._there(self._as_app("POST", path, asked))
        bought = decode(answer.body, _Bought)
        return _Held(github.Auth.Token(bought.token), bought.expires_at)

    def _there(self, answer: Answer) -> Answer:
        if answer.status == 404:
            raise Misconfigured(
                f"GitHub knows no installation {self._app.installation or ''} of the App {self._app.id}. "
                "Correct app in the connection, or leave out installation to have it looked up."
            )
        problem = judge(answer, self._now())
        if isinstance(problem, RetryLater) or (problem is not None and answer.status not in (401, 403)):
            raise problem
        if answer.status in (401, 403):
            words = answer.message or "no reason given"
            raise AccessRefused(
                f"GitHub refuses the App {self._app.id} ({words}). Check the App's id in the connection, "
                f"that {self._app.key} holds its newest private key, and that nobody suspended it."
            )
        return answer

    def _as_app(self, verb: str, path: str, body: object = None) -> Answer:
        """An answer to the App itself; where our clock is off, once more by GitHub's own."""
        answer = self._ask(verb, path, self._auth, body)
        if answer.status == 401 and answer.at is not None:
            ahead = answer.at - self._clock()
            if abs(ahead - self._ahead) > _SKEW:
                self._ahead = ahead
                answer = self._ask(verb, path, self._auth, body)
        return answer
