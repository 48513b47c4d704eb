"""Access tokens as Entra writes them, and its word for a refusal."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import jwt

from sandbox.graph.records import App, User
from sandbox.graph.state import GraphTenant

__all__ = ["LIFETIME_S", "Refused", "Tokens"]

LIFETIME_S = 3599


class Tokens:
    """Writes and reads the tenant's access tokens; `wall` is real time in seconds since 1970."""

    def __init__(self, tenant: GraphTenant, wall: Callable[[], float] = time.time) -> None:
        self._tenant = tenant
        self._wall = wall
        self._key = hashlib.sha256(f"tokens of {tenant.id}".encode()).digest()

    def issue(self, app: App, resource: str) -> str:
        """A token for one resource (its origin, such as https://graph.microsoft.com)."""
        now = int(self._wall())
        claims = {
            "aud": resource,
            "iss": f"https://sts.windows.net/{self._tenant.id}/",
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_S,
            "appid": app.id,
            "idtyp": "app",
            "roles": list(app.roles),
            "tid": self._tenant.id,
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def issue_to(self, app: App, user: User, resource: str, scopes: str) -> str:
        """A token for a person who signed in through an application."""
        own = jwt.decode(self.issue(app, resource), options={"verify_signature": False})
        names = {"name": user.name, "upn": user.principal, "oid": user.id, "scp": scopes, "idtyp": "user"}
        claims = {key: value for key, value in own.items() if key != "roles"} | names
        return jwt.encode(claims, self._key, algorithm="HS256")

    def person(self, token: str, audiences: tuple[str, ...]) -> str | None:
        """The person behind a good token; None: it is an application's. ValueError: as for roles."""
        self.roles(token, audiences)
        claims = jwt.decode(token, options={"verify_signature": False})
        return str(claims["oid"]) if "scp" in claims else None

    def application(self, token: str) -> str:
        """The application that a good token was issued to."""
        return str(jwt.decode(token, options={"verify_signature": False})["appid"])

    def roles(self, token: str, audiences: tuple[str, ...]) -> tuple[str, ...]:
        """The application roles, or a person's scopes, in a good token. ValueError: why it is not taken."""
        try:
            unchecked: Any = {"verify_aud": False, "verify_exp": False}
            claims = jwt.decode(token, self._key, ["HS256"], options=unchecked)
        except jwt.InvalidTokenError as broken:
            raise ValueError("IDX14100: JWT is not well formed or its signature is invalid.") from broken
        if claims["aud"] not in audiences:
            raise ValueError("Access token validation failure. Invalid audience.")
        if claims["exp"] <= self._wall():
            raise ValueError("Lifetime validation failed, the token is expired.")
        return tuple(claims["scp"].split() if "scp" in claims else claims["roles"])


class Refused(Exception):
    """A sign-in answer that is an error, with Entra's own number."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text
