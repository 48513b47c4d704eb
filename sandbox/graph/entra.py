"""The tenant's sign-in service: discovery, tokens for applications that prove themselves, and for people.

msal lives on real time, so tokens are stamped with the wall clock and not with the world's.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.x509 import load_pem_x509_certificate
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import Faults
from sandbox.graph.devices import Devices
from sandbox.graph.records import App
from sandbox.graph.state import GraphTenant
from sandbox.graph.tokens import LIFETIME_S, Refused, Tokens
from sandbox.server import bad_gateway

__all__ = ["EntraApp", "Tokens"]

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_DEFAULT_SCOPE = "/.default"


class EntraApp:
    """The HTTP view: discovery documents and the v2.0 token endpoint of one tenant."""

    def __init__(self, tenant: GraphTenant, wall: Callable[[], float] = time.time) -> None:
        self.clock = tenant.clock
        self.faults = Faults()
        self._tenant = tenant
        self._wall = wall
        self._tokens = Tokens(tenant, wall)
        self._devices = Devices(tenant, self._tokens, wall)
        self.asgi = Starlette(
            routes=[
                Route("/common/discovery/instance", self._instance),
                Route("/{tenant}/v2.0/.well-known/openid-configuration", self._discover),
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
                Route("/{tenant}/oauth2/v2.0/devicecode", self._device_code, methods=["POST"]),
            ]
        )

    def rate_limited(self, path: str) -> Response:
        problem = Refused(429, "temporarily_unavailable", 90055, "Too many requests; try again later.")
        return self._refusal(problem, {"Retry-After": "5"})

    def server_error(self, path: str) -> Response:
        return bad_gateway()

    async def _discover(self, request: Request) -> Response:
        try:
            self._known(request)
        except Refused as refused:
            return self._refusal(refused)
        base = f"{_origin(request)}/{self._tenant.id}"
        return JSONResponse(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _instance(self, request: Request) -> Response:
        """What msal asks after a token error, to learn other names of the same cloud."""
        document = f"{_origin(request)}/{self._tenant.id}/v2.0/.well-known/openid-configuration"
        return JSONResponse({"tenant_discovery_endpoint": document, "metadata": []})

    def enter(self, user_code: str, user: str | None) -> None:
        """A person enters the code that a device shows and agrees; with None, somebody declines."""
        self._devices.enter(user_code, user)

    async def _device_code(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            self._known(request)
            return JSONResponse(self._devices.begin(self._app(form), form.get("scope", "")))
        except Refused as refused:
            return self._refusal(refused)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            self._known(request)
            return JSONResponse(self._granted(form, f"{_origin(request)}{request.url.path}"))
        except Refused as refused:
            return self._refusal(refused)

    def _granted(self, form: Mapping[str, str], endpoint: str) -> dict[str, Any]:
        grant = form.get("grant_type", "")
        if grant.endswith(":device_code"):
            return self._devices.redeem(self._app(form), form.get("device_code", ""))
        if grant == "refresh_token":
            return self._devices.refresh(self._app(form), form.get("refresh_token", ""))
        if grant != "client_credentials":
            raise Refused(400, "unsupported_grant_type", 70003, "Unsupported grant type.")
        app = self._proven(form, endpoint)
        return {
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "ext_expires_in": LIFETIME_S,
            "access_token": self._tokens.issue(app, _resource(form.get("scope", ""))),
        }

    def _known(self, request: Request) -> None:
        asked = request.path_params["tenant"]
        if asked != self._tenant.id:
            raise Refused(400, "invalid_tenant", 90002, f"Tenant '{asked}' not found.")

    def _app(self, form: Mapping[str, str]) -> App:
        app = self._tenant.apps.get(form.get("client_id", ""))
        if app is None:
            text = f"Application with identifier '{form.get('client_id')}' was not found in the directory."
            raise Refused(400, "unauthorized_client", 700016, text)
        return app

    def _proven(self, form: Mapping[str, str], endpoint: str) -> App:
        """The application behind the credentials in the form."""
        app = self._app(form)
        if form.get("client_assertion_type") == _ASSERTION_TYPE:
            self._check_assertion(app, form.get("client_assertion", ""), endpoint)
        elif form.get("client_secret") != app.secret:
            raise Refused(401, "invalid_client", 7000215, "Invalid client secret provided.")
        return app

    def _check_assertion(self, app: App, assertion: str, endpoint: str) -> None:
        """The assertion must be signed by the registered certificate, for this endpoint, and be fresh."""
        if app.certificate is None:
            raise Refused(401, "invalid_client", 700027, "The certificate is not registered on application.")
        key = load_pem_x509_certificate(app.certificate.encode()).public_key()
        try:
            claims = jwt.decode(
                assertion,
                key,  # type: ignore[arg-type]  # a certificate's key is one of the types PyJWT takes
                algorithms=["PS256", "RS256"],
                audience=endpoint,
                issuer=app.id,
                options={"require": ["aud", "iss", "sub", "exp"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError as broken:
            raise Refused(
                401, "invalid_client", 700027, f"The client assertion is invalid: {broken}."
            ) from broken
        if claims["sub"] != app.id or claims["exp"] <= self._wall():
            text = "Client assertion is not within its valid time range or names another application."
            raise Refused(401, "invalid_client", 700024, text)

    def _refusal(self, refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
        at = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        trace = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._tenant.id}/{refused.number}"))
        described = f"AADSTS{refused.number}: {refused.text} Trace ID: {trace} Timestamp: {at}"
        body: dict[str, Any] = {
            "error": refused.error,
            "error_description": described,
            "error_codes": [refused.number],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": trace,
        }
        return Response(json.dumps(body), refused.status, headers, "application/json")


def _resource(scope: str) -> str:
    if not scope.endswith(_DEFAULT_SCOPE):
        text = f"The provided value for scope {scope} is not valid: it must end in {_DEFAULT_SCOPE}."
        raise Refused(400, "invalid_scope", 1002012, text)
    return scope.removesuffix(_DEFAULT_SCOPE)


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
