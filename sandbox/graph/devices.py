"""People who sign in by a code that they enter in their own browser, and the tokens they then have."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.graph.records import App, User
from sandbox.graph.state import GraphTenant
from sandbox.graph.tokens import LIFETIME_S, Refused, Tokens

__all__ = ["Devices"]

_CODE_LIVES_S = 900
_INTERVAL_S = 5
_RESERVED = frozenset({"openid", "profile", "offline_access"})


@dataclass(slots=True)
class _Flow:
    """A code that was shown; `user` once somebody has entered it."""

    app: str
    scope: str
    ends: float
    user: str | None = None
    declined: bool = False


class Devices:
    """The device-code flow of one tenant; `wall` is real time in seconds since 1970."""

    def __init__(self, tenant: GraphTenant, tokens: Tokens, wall: Callable[[], float]) -> None:
        self._tenant = tenant
        self._tokens = tokens
        self._wall = wall
        self._flows: dict[str, _Flow] = {}
        self._refreshers: dict[str, _Flow] = {}

    def begin(self, app: App, scope: str) -> dict[str, Any]:
        """A new code to be entered."""
        device = self._word("device", len(self._flows))
        self._flows[device] = _Flow(app.id, scope, self._wall() + _CODE_LIVES_S)
        place, code = "https://microsoft.com/devicelogin", self._user_code(device)
        return {
            "user_code": code,
            "device_code": device,
            "verification_uri": place,
            "expires_in": _CODE_LIVES_S,
            "interval": _INTERVAL_S,
            "message": f"To sign in, use a web browser to open the page {place} and enter the code {code}.",
        }

    def enter(self, user_code: str, user: str | None) -> None:
        flow = next(one for device, one in self._flows.items() if self._user_code(device) == user_code)
        flow.user, flow.declined = user, user is None

    def redeem(self, app: App, device: str) -> dict[str, Any]:
        """The tokens behind a device's code. Refused: nobody entered it yet, or never will."""
        flow = self._flows.get(device)
        if flow is None or flow.app != app.id:
            raise Refused(400, "bad_verification_code", 70018, "The verification code is invalid.")
        if flow.declined:
            raise Refused(400, "authorization_declined", 70016, "The user declined the request.")
        if flow.ends <= self._wall():
            raise Refused(400, "expired_token", 70020, "The device code has expired.")
        if flow.user is None:
            raise Refused(400, "authorization_pending", 70016, "The user has not entered the code yet.")
        return self._tokens_for(app, flow)

    def refresh(self, app: App, refresher: str) -> dict[str, Any]:
        flow = self._refreshers.get(refresher)
        if flow is None or flow.user not in self._tenant.users or not self._tenant.users[flow.user].enabled:
            raise Refused(400, "invalid_grant", 700082, "The refresh token is no longer valid.")
        return self._tokens_for(app, flow)

    def _tokens_for(self, app: App, flow: _Flow) -> dict[str, Any]:
        """What msal keeps: the answer names the scopes granted, since the request for it names none."""
        user = self._tenant.users[flow.user or ""]
        scopes = [scope for scope in flow.scope.split() if scope not in _RESERVED]
        resource = "://".join(urlsplit(scopes[0])[:2])
        refresher = self._word("refresh", len(self._refreshers))
        self._refreshers[refresher] = flow
        names = " ".join(scope.rpartition("/")[2] for scope in scopes)
        return {
            "token_type": "Bearer",
            "scope": flow.scope,
            "expires_in": LIFETIME_S,
            "ext_expires_in": LIFETIME_S,
            "access_token": self._tokens.issue_to(app, user, resource, names),
            "refresh_token": refresher,
            "id_token": self._id_token(app, user),
            "client_info": _encoded({"uid": user.id, "utid": self._tenant.id}),
        }

    def _id_token(self, app: App, user: User) -> str:
        now = int(self._wall())
        claims = {
            "iss": f"https://login.microsoftonline.com/{self._tenant.id}/v2.0",
            "aud": app.id,
            "iat": now,
            "exp": now + LIFETIME_S,
            "sub": user.id,
            "oid": user.id,
            "tid": self._tenant.id,
            "preferred_username": user.principal,
        }
        return ".".join((_encoded({"alg": "none", "typ": "JWT"}), _encoded(claims), "unsigned"))

    def _word(self, kind: str, number: int) -> str:
        return hashlib.sha256(f"{self._tenant.id}/{kind}/{number}".encode()).hexdigest()

    def _user_code(self, device: str) -> str:
        return f"{device[:4]}-{device[4:8]}".upper()


def _encoded(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
