"""GitHub Apps: who signs in with a private key, where it is installed, and the tokens that buys.

An assertion is checked as the site does: signed by a key of the App, not from the future, over within ten
minutes. It is no token: with it an App sees its installations and asks for their tokens, nothing else.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt

from sandbox.github.errors import Refusal
from sandbox.github.records import Account, stamp
from sandbox.github.tokens import Token

__all__ = ["App", "Apps", "Installation", "written"]

_LEVELS = ("none", "read", "write", "admin")
_LONGEST = timedelta(minutes=10)
_TOLERANCE = timedelta(seconds=5)


@dataclass(slots=True, eq=False)
class App:
    """`keys` are the public halves of its private keys, as PEM texts; any of them may have signed."""

    id: int
    slug: str
    account: Account
    keys: list[str]


@dataclass(slots=True, eq=False)
class Installation:
    """An App on one account, with what it was granted there; `repos` None: all of the account's."""

    id: int
    app: App
    account: Account
    permissions: dict[str, str]
    created: datetime
    repos: set[int] | None = None
    suspended: datetime | None = None
    lives: timedelta = timedelta(hours=1)


@dataclass(slots=True)
class Apps:
    """The site's Apps, their installations and the tokens given out."""

    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)

    def recognise(self, assertion: str, now: datetime) -> App:
        """The App that signed. Refusal: 401 with GitHub's reason, 404 for an App that isn't there."""
        try:
            claims: Mapping[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise Refusal(401, "A JSON web token could not be decoded") from None
        _check_times(claims, now)
        issuer = str(claims.get("iss", ""))
        app = self.apps.get(int(issuer)) if issuer.isdecimal() else None
        if app is None:
            raise Refusal(404, "Integration not found")
        if not any(_signed(assertion, key) for key in app.keys):
            raise Refusal(401, "A JSON web token could not be decoded")
        return app

    def sell(
        self, installation: Installation, now: datetime, permissions: Mapping[str, str] | None = None
    ) -> Token:
        """A new token of the installation, of the long form that holds a signed text.

        `permissions` narrow it. Refusal: the installation was not granted them.
        """
        granted = permissions or installation.permissions
        for name, level in granted.items():
            if _LEVELS.index(level) > _LEVELS.index(installation.permissions.get(name, "none")):
                raise Refusal(422, "The permissions requested are not granted to this installation.")
        count = len(self.tokens) + 1
        parts = ("header", f"installation {installation.id}", f"signature {count}")
        text = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
        scopes = tuple(f"{name}:{level}" for name, level in granted.items())
        token = Token(
            f"ghs_{installation.app.id}_{text}",
            installation.app.account,
            scopes,
            ends=now + installation.lives,
            repos=installation.repos,
            owner=installation.account,
        )
        self.tokens[token.value] = token
        return token

    def revoke(self) -> None:
        """End every token that was given out, before its time."""
        self.tokens.clear()


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    issued, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > (now + _TOLERANCE).timestamp():
        raise Refusal(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that "
            "the assertion was issued",
        )
    if not isinstance(ends, int) or ends <= now.timestamp():
        raise Refusal(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which "
            "the assertion expires",
        )
    if ends > (now + _LONGEST + _TOLERANCE).timestamp():
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")


def _signed(assertion: str, key: str) -> bool:
    try:
        jwt.decode(
            assertion, key, ["RS256"], options={"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        )
    except jwt.InvalidTokenError:
        return False
    return True


def written(installation: Installation, base: str, account: Mapping[str, Any]) -> dict[str, Any]:
    """An installation as the REST API writes it."""
    kind = "Organization" if installation.account.organization else "User"
    page = f"{base}/organizations/{installation.account.login}/settings/installations/{installation.id}"
    return {
        "id": installation.id,
        "account": account,
        "repository_selection": "all" if installation.repos is None else "selected",
        "access_tokens_url": f"{base}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{base}/installation/repositories",
        "html_url": page,
        "app_id": installation.app.id,
        "app_slug": installation.app.slug,
        "target_id": installation.account.id,
        "target_type": kind,
        "permissions": installation.permissions,
        "events": [],
        "created_at": stamp(installation.created),
        "updated_at": stamp(installation.created),
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": stamp(installation.suspended),
    }
