"""msal, the real library, signs in at the Entra stand-in over TLS with a throw-away authority."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sandbox.graph.app import GraphApp
from sandbox.graph.entra import EntraApp
from sandbox.server import Stand
from tests.sandbox.graph_world import CLIENT, SECRET, START, TENANT, Office


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def entra(office: Office) -> Iterator[Stand]:
    with Stand(EntraApp(office.tenant), tls=True) as stand:
        yield stand


@pytest.fixture
def session(entra: Stand, tmp_path: Path) -> Iterator[requests.Session]:
    authority = tmp_path / "ca.pem"
    authority.write_bytes(entra.ca_pem)
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(authority)
        yield session


def sign_in(
    entra: Stand, session: requests.Session, credential: Any = SECRET, client: str = CLIENT, scope: str = ""
) -> dict[str, Any]:
    app = msal.ConfidentialClientApplication(
        client,
        client_credential=credential,
        authority=f"{entra.url}/{TENANT}",
        instance_discovery=False,
        http_client=session,
    )
    result: dict[str, Any] = app.acquire_token_for_client([scope or "https://graph.microsoft.com/.default"])
    return result


def key_pair() -> tuple[str, str]:
    """A private key and a self-signed certificate for it, both as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crosstie")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def test_a_secret_signs_in_and_the_token_opens_graph(
    office: Office, entra: Stand, session: requests.Session
) -> None:
    with Stand(GraphApp(office.tenant)) as graph:
        result = sign_in(entra, session, scope=f"{graph.url}/.default")
        assert (result["token_type"], result["token_source"]) == ("Bearer", "identity_provider")
        assert 3000 < result["expires_in"] <= 3600
        headers = {"Authorization": f"Bearer {result['access_token']}"}
        plan = httpx.get(
            f"{graph.url}/v1.0/planner/plans/{office.plan}", headers=headers, trust_env=False
        ).json()
        assert plan["title"] == "Launch"


def test_the_token_is_a_jwt_that_carries_the_granted_roles(entra: Stand, session: requests.Session) -> None:
    claims = jwt.decode(sign_in(entra, session)["access_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["tid"], claims["appid"]) == ("https://graph.microsoft.com", TENANT, CLIENT)
    assert "Tasks.Read.All" in claims["roles"]
    assert claims["exp"] - claims["iat"] == 3599


def test_a_certificate_signs_in_once_it_is_registered(
    office: Office, entra: Stand, session: requests.Session
) -> None:
    private, public = key_pair()
    credential = {"private_key": private, "public_certificate": public}
    assert sign_in(entra, session, credential)["error_codes"] == [700027]
    office.tenant.add_app(CLIENT, SECRET, ("Tasks.Read.All",), certificate=public)
    assert "access_token" in sign_in(entra, session, credential)
    other_key, _ = key_pair()
    refused = sign_in(entra, session, {"private_key": other_key, "public_certificate": public})
    assert refused["error_codes"] == [700027]


def test_an_assertion_out_of_its_time_is_refused(office: Office, tmp_path: Path) -> None:
    private, public = key_pair()
    office.tenant.add_app(CLIENT, SECRET, (), certificate=public)
    with Stand(EntraApp(office.tenant, wall=lambda: 4e9), tls=True) as entra, requests.Session() as session:
        authority = tmp_path / "ca.pem"
        authority.write_bytes(entra.ca_pem)
        session.trust_env, session.verify = False, str(authority)
        refused = sign_in(entra, session, {"private_key": private, "public_certificate": public})
        assert refused["error_codes"] == [700024]


@pytest.mark.parametrize(
    ("wrong", "error", "number"),
    [
        ({"credential": "wrong"}, "invalid_client", 7000215),
        ({"client": "unknown-app"}, "unauthorized_client", 700016),
        ({"scope": "https://graph.microsoft.com/Tasks.Read"}, "invalid_scope", 1002012),
    ],
)
def test_a_refused_sign_in_carries_entras_number(
    entra: Stand, session: requests.Session, wrong: dict[str, str], error: str, number: int
) -> None:
    result = sign_in(entra, session, **wrong)
    assert (result["error"], result["error_codes"]) == (error, [number])
    assert result["error_description"].startswith(f"AADSTS{number}: ")
    assert SECRET not in result["error_description"]


def test_an_unknown_tenant_has_no_discovery_document(entra: Stand, session: requests.Session) -> None:
    answer = session.get(f"{entra.url}/nowhere/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_other_grants_are_refused(entra: Stand, session: requests.Session) -> None:
    answer = session.post(f"{entra.url}/{TENANT}/oauth2/v2.0/token", data={"grant_type": "password"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_throttled_sign_in_and_a_broken_gateway_look_like_themselves(
    entra: Stand, session: requests.Session
) -> None:
    entra.faults.once("rate_limit", match="/token")
    assert sign_in(entra, session)["error"] == "temporarily_unavailable"
    entra.faults.once("server_error", match="/token")
    with pytest.raises(msal.exceptions.MsalServiceError):
        sign_in(entra, session)


def test_plain_trust_refuses_the_throw_away_authority(entra: Stand) -> None:
    with requests.Session() as stranger:
        stranger.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            stranger.get(f"{entra.url}/{TENANT}/v2.0/.well-known/openid-configuration")
