"""Signing in as an application at Microsoft Entra, by msal; the one module that imports it.

msal answers a repeated request from its own memory for a minute after an error, so every attempt of ours
gets a new msal application; a good one is kept, and its token with it, in memory only.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from connectors.errors import AccessRefused, ConnectorError, Misconfigured, RetryLater
from connectors.planner.settings import PlannerConnection
from connectors.retry import PASSING, Retry, retry_after
from connectors.transport import Guard

__all__ = ["Claims", "SignIn", "read_claims"]

_WELL_KNOWN = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
    }
)
_CLIPPED = 300
Credential = str | Mapping[str, str]


class Claims(msgspec.Struct, frozen=True):
    """What a token says of itself; only to be shown, since nobody here checks its signature."""

    roles: tuple[str, ...] | None = None
    app_displayname: str = ""


def read_claims(token: str) -> Claims:
    """The claims of a JWT. A token that is none, as Microsoft reserves the right to send, says nothing."""
    parts = token.split(".")
    if len(parts) != 3:
        return Claims()
    try:
        return msgspec.json.decode(
            base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=Claims
        )
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return Claims()


class SignIn:
    """Tokens for one application. `credential` is the client secret or msal's mapping of a certificate."""

    def __init__(
        self,
        settings: PlannerConnection,
        credential: Credential,
        retry: Retry,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._credential = credential
        self._retry = retry
        self._clock = clock
        self._app: Any = None
        self._last: requests.Response | None = None
        guard = Guard(
            settings.authority,
            deadline=settings.timeout.total_seconds(),
            ca_file=settings.ca_file,
            proxy=settings.proxy,
        )
        self._session = guard.session()
        self._session.hooks["response"] = [self._remember]

    def close(self) -> None:
        self._session.close()

    def token(self) -> str:
        """A token good for five minutes at least. AccessRefused: Entra does not take the credential."""
        return self._retry.read(self._acquire)

    def forget(self) -> None:
        """Make the next token a new one: the last was refused."""
        self._app = None

    def _acquire(self) -> str:
        app, self._app = self._app or self._register(), None
        try:
            result = app.acquire_token_for_client([f"{self._settings.graph}/.default"])
        except ConnectorError:
            raise
        except Exception as error:  # msal and requests have no common base for what goes wrong
            raise self._trouble() from error
        if "access_token" not in result:
            raise self._meaning(result)
        self._app = app
        return str(result["access_token"])

    def _register(self) -> Any:
        import msal

        host = urlsplit(self._settings.authority).hostname
        try:
            return msal.ConfidentialClientApplication(
                self._settings.client,
                client_credential=self._credential,
                authority=f"{self._settings.authority}/{self._settings.tenant}",
                instance_discovery=None if host in _WELL_KNOWN else False,
                azure_region=msal.ConfidentialClientApplication.DISABLE_MSAL_FORCE_REGION,
                http_client=self._session,
            )
        except ConnectorError:
            raise
        except Exception as error:  # as above; a bad private key is among it
            raise self._trouble() from error

    def _remember(self, response: requests.Response, **_: object) -> None:
        self._last = response

    @property
    def _who(self) -> str:
        return f'Planner "{self._settings.name}"'

    def _trouble(self) -> ConnectorError:
        """What an exception of msal means: by the last answer, since msal's own texts vary."""
        status = self._last.status_code if self._last is not None else None
        if status is None or status == 200:
            return Misconfigured(
                f"{self._who} cannot use its certificate or key. Both must be PEM files, the key without a "
                "passphrase and of that certificate; correct certificate and key in the connection."
            )
        if status in PASSING:
            return self._later(status)
        return Misconfigured(
            f'{self._who}: Microsoft Entra knows no tenant "{self._settings.tenant}" (status {status}). '
            "Correct tenant in the connection: it is a domain such as contoso.onmicrosoft.com, or an id."
        )

    def _meaning(self, result: Mapping[str, Any]) -> ConnectorError:
        if self._last is not None and self._last.status_code in PASSING:
            return self._later(self._last.status_code)
        said = str(result.get("error_description") or result.get("error") or "").partition(" Trace ID")[0]
        return AccessRefused(
            f"{self._who}: Microsoft Entra refused the application {self._settings.client} "
            f"({said[:_CLIPPED]}). Check client and its secret or certificate in the app registration; "
            "secrets expire. Then: crosstie check"
        )

    def _later(self, status: int) -> RetryLater:
        assert self._last is not None
        wish = retry_after(self._last.headers, self._clock())
        return RetryLater(f"{self._who}: Microsoft Entra answered with status {status}", wish)
