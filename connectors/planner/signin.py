"""Signing in at Microsoft Entra by msal, as an application or as a person; the one module that imports it.

msal answers a repeated request from its own memory for a minute after an error, so every attempt of ours
gets a new msal application; a good one is kept, and an application's token with it, in memory only.
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

from config.secrets import Secret
from connectors.errors import AccessRefused, ConnectorError, Misconfigured, RetryLater
from connectors.planner.settings import EntraConnection
from connectors.planner.token_file import TokenFile
from connectors.retry import PASSING, Retry, retry_after
from connectors.transport import Guard

__all__ = ["Claims", "Credential", "PersonSignIn", "SignIn", "credential_of", "read_claims"]

_WELL_KNOWN = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
    }
)
_CLIPPED = 300
_SCOPES = ("Tasks.Read", "User.ReadBasic.All")
_INTERVAL = 5
_EXPIRES = 900
Credential = str | Mapping[str, str]


class Claims(msgspec.Struct, frozen=True):
    """What a token says of itself; only to be shown, since nobody here checks its signature.

    An application has `roles`, a person the scopes in `scp`, separated by blanks.
    """

    roles: tuple[str, ...] | None = None
    app_displayname: str = ""
    scp: str | None = None
    upn: str = ""


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


def credential_of(settings: EntraConnection, secret: Callable[[str], Secret]) -> Credential:
    """What proves that we are the application, in msal's form."""
    if settings.secret is not None:
        return secret(settings.secret).reveal()
    assert settings.certificate is not None
    assert settings.key is not None
    try:
        certificate = settings.certificate.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a PEM file"
        raise Misconfigured(
            f"{settings.who}: the certificate {settings.certificate} cannot be read ({reason}). "
            "Name a readable PEM file."
        ) from None
    return {"private_key": secret(settings.key).reveal(), "public_certificate": certificate}


class SignIn:
    """Tokens for one application. `credential` is the client secret or msal's mapping of a certificate."""

    def __init__(
        self,
        settings: EntraConnection,
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
        guard = Guard.of(settings, settings.authority)
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
            result = self._ask(app)
        except ConnectorError:
            raise
        except Exception as error:  # msal and requests have no common base for what goes wrong
            raise self._trouble() from error
        if "access_token" not in result:
            raise self._meaning(result)
        self._app = app
        return str(result["access_token"])

    def _ask(self, app: Any) -> Any:
        """What msal answers: a mapping that holds an access token, or says why there is none."""
        return app.acquire_token_for_client([f"{self._settings.resource}/.default"])

    def _make(self) -> Any:
        import msal

        return msal.ConfidentialClientApplication(
            self._settings.client,
            client_credential=self._credential,
            azure_region=msal.ConfidentialClientApplication.DISABLE_MSAL_FORCE_REGION,
            **self._place(),
        )

    def _place(self) -> dict[str, Any]:
        """Where to sign in, and through what."""
        host = urlsplit(self._settings.authority).hostname
        return {
            "authority": f"{self._settings.authority}/{self._settings.tenant}",
            "instance_discovery": None if host in _WELL_KNOWN else False,
            "http_client": self._session,
        }

    def _register(self) -> Any:
        try:
            return self._make()
        except ConnectorError:
            raise
        except Exception as error:  # as above; a bad private key is among it
            raise self._trouble() from error

    def _remember(self, response: requests.Response, **_: object) -> None:
        self._last = response

    @property
    def _who(self) -> str:
        return self._settings.who

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


class PersonSignIn(SignIn):
    """A person who signed in once by a code; what msal remembers of it is kept in a file.

    `show` is given the sentence that says where the code is to be entered.
    """

    def __init__(
        self,
        settings: EntraConnection,
        kept: TokenFile,
        retry: Retry,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        show: Callable[[str], None],
    ) -> None:
        super().__init__(settings, "", retry, clock)
        self._kept = kept
        self._sleep = sleep
        self._show = show
        self._stale = False
        self._cache: Any = None

    def forget(self) -> None:
        super().forget()
        self._stale = True

    def ensure(self) -> None:
        """Let a person sign in, if nobody has or it no longer holds. AccessRefused: nobody did in time."""
        try:
            self.token()
        except AccessRefused:
            self._by_code()

    def _make(self) -> Any:
        import msal

        self._cache = msal.SerializableTokenCache()
        text = self._kept.load()
        if text is not None:
            try:
                self._cache.deserialize(text)
            except ValueError:
                self._cache = msal.SerializableTokenCache()
        return msal.PublicClientApplication(self._settings.client, token_cache=self._cache, **self._place())

    @property
    def _scopes(self) -> list[str]:
        return [f"{self._settings.resource}/{scope}" for scope in _SCOPES]

    def _ask(self, app: Any) -> Any:
        accounts = app.get_accounts()
        if not accounts:
            raise self._nobody("nobody has signed in yet")
        stale, self._stale = self._stale, False
        result = app.acquire_token_silent_with_error(self._scopes, accounts[0], force_refresh=stale)
        self._keep()
        if not result or (result.get("error") and not self._passing):
            raise self._nobody("the sign-in no longer holds")
        return result

    def _by_code(self) -> None:
        """Show a code and wait until somebody has entered it, as long as Entra lets it live."""
        app = self._register()
        try:
            flow = app.initiate_device_flow(scopes=self._scopes)
            if "user_code" not in flow:
                raise self._meaning(flow)
            self._show(f"To sign in, open {flow['verification_uri']} and enter the code {flow['user_code']}")
            result = self._poll(app, flow)
        except ConnectorError:
            raise
        except Exception as error:  # as in _acquire
            raise self._trouble() from error
        self._keep()
        if "access_token" not in result:
            raise self._nobody("the code was not entered in time, or its entry was refused")
        self._app = app

    def _poll(self, app: Any, flow: Mapping[str, Any]) -> Any:
        """Ask once an interval; a flow that counts as expired lets msal ask once only, and not sleep."""
        interval = max(int(flow.get("interval", _INTERVAL)), 1)
        result: Any = {}
        for _ in range(int(flow.get("expires_in", _EXPIRES)) // interval):
            result = app.acquire_token_by_device_flow({**flow, "expires_at": 0})
            if result.get("error") == "slow_down":
                interval += _INTERVAL
            elif result.get("error") != "authorization_pending":
                break
            self._sleep(interval)
        return result

    def _keep(self) -> None:
        if self._cache.has_state_changed:
            self._kept.save(self._cache.serialize())

    @property
    def _passing(self) -> bool:
        return self._last is not None and self._last.status_code in PASSING

    def _nobody(self, why: str) -> AccessRefused:
        name = self._settings.name
        return AccessRefused(f"{self._who}: {why}. Sign in on a terminal: crosstie check {name}")
