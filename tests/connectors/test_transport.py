"""What a connection may send where, and how much it will listen to, over real sockets with each library."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import requests
import trustme

from connectors.errors import ConnectorError, Misconfigured, RetryLater, SourceStopped
from connectors.httpx_transport import GuardedTransport
from connectors.transport import Guard, origin
from tests.connectors.wire import Reply, answer, drop, raw, trickle, wire

Ask = Callable[[Guard, str], bytes]
TOKEN = {"Authorization": "Bearer canary"}


def by_requests(guard: Guard, url: str) -> bytes:
    with guard.session() as session:
        session.headers.update(TOKEN)
        return session.get(url).content


def by_httpx(guard: Guard, url: str) -> bytes:
    with httpx.Client(transport=GuardedTransport(guard), headers=TOKEN, trust_env=False) as client:
        return client.get(url).content


@pytest.fixture(params=[by_requests, by_httpx], ids=["requests", "httpx"])
def ask(request: pytest.FixtureRequest) -> Ask:
    return request.param


def always(reply: Reply) -> Callable[[int, bytes], Reply]:
    return lambda number, request: reply


def zeros(size: int) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    piece = bytes(1 << 20)
    for _ in range(size >> 20):
        yield packer.compress(piece)
    yield packer.flush()


def test_an_answer_arrives_decoded_and_is_counted(ask: Ask) -> None:
    body = b'{"a": 1}' * 100
    with wire(always(answer("200 OK", gzip.compress(body), "Content-Encoding: gzip"))) as server:
        guard = Guard(server.url)
        assert ask(guard, server.url) == body
        assert (guard.requests, guard.received) == (1, len(body))
        assert server.authorizations == 1


def test_an_answer_of_several_gzip_members_arrives_whole(ask: Ask) -> None:
    packed = gzip.compress(b"first ") + gzip.compress(b"second")
    with wire(always(answer("200 OK", packed, "Content-Encoding: gzip"))) as server:
        assert ask(Guard(server.url), server.url) == b"first second"


@pytest.mark.parametrize("path", ["/next", "//next", "/?page=2"])
def test_a_foreign_next_link_is_refused_before_a_byte_leaves(ask: Ask, path: str) -> None:
    with wire(always(answer("200 OK"))) as home, wire(always(answer("200 OK"))) as foreign:
        with pytest.raises(SourceStopped, match="not this connection's address"):
            ask(Guard(home.url), foreign.url + path)
        assert foreign.received == []


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_foreign_redirect_carries_no_credential_there(ask: Ask, status: str) -> None:
    with wire(always(answer("200 OK"))) as foreign:
        away = always(answer(status, b"", f"Location: {foreign.url}/login"))
        with wire(away) as home, pytest.raises(SourceStopped, match="points to"):
            ask(Guard(home.url), home.url)
        assert foreign.received == []


@pytest.mark.parametrize(
    "lookalike",
    [
        "http://127.0.0.1:1@{host}/",
        "https://{host}/",
        "http://{host}./",
        "http://localhost:{port}/",
        "http://127.0.0.1/",
        "http://[::1]:{port}/",
        "//{host}/",
        "http://127.0.0.1:{port}.evil.example/",
    ],
)
def test_a_look_alike_address_is_another_address(lookalike: str) -> None:
    mine = "http://127.0.0.1:8080"
    guard = Guard(mine)
    url = lookalike.format(host="jira.corp:8080", port=8080)
    with pytest.raises(SourceStopped):
        guard.admit(url)
    guard.admit("HTTP://127.0.0.1:8080/any/path?with=query")


def test_the_default_port_is_the_same_address() -> None:
    assert origin("https://Tracker.example/x") == origin("https://tracker.example:443/y?z")
    assert origin("https://tracker.example:444") != origin("https://tracker.example")


def test_a_bomb_of_zeros_is_refused_with_little_memory(ask: Ask) -> None:
    bomb = b"".join(zeros(512 << 20))
    with wire(always(answer("200 OK", bomb, "Content-Encoding: gzip"))) as server:
        guard = Guard(server.url)
        tracemalloc.start()
        try:
            with pytest.raises(SourceStopped, match="larger than 64 MB"):
                ask(guard, server.url)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 80 << 20


def test_a_body_without_end_is_refused(ask: Ask) -> None:
    def endless(client) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            client.sendall(b"10000\r\n" + bytes(0x10000) + b"\r\n")

    with wire(always(endless)) as server, pytest.raises(SourceStopped, match="larger than 3 MB"):
        ask(Guard(server.url, max_bytes=3 << 20), server.url)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"",
    ],
    ids=["body", "chunk", "header", "status line"],
)
def test_a_slow_sender_is_left_at_the_deadline(ask: Ask, head: bytes) -> None:
    stop = threading.Event()
    with wire(always(trickle(head, 0.05, stop))) as server:
        started = time.perf_counter()
        with pytest.raises(RetryLater, match=r"no complete answer within 0\.4 s"):
            ask(Guard(server.url, deadline=0.4), server.url)
        assert time.perf_counter() - started < 2
        stop.set()


def test_a_silent_server_is_left_at_the_deadline(ask: Ask) -> None:
    stop = threading.Event()
    with wire(always(lambda client: stop.wait(5) and None)) as server:
        try:
            with pytest.raises(RetryLater, match="no complete answer"):
                ask(Guard(server.url, deadline=0.3), server.url)
        finally:
            stop.set()


@pytest.mark.parametrize(
    "reply",
    [
        drop,
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        answer("200 OK", gzip.compress(bytes(9999))[:-12], "Content-Encoding: gzip"),
        answer("200 OK", b"not gzip at all", "Content-Encoding: gzip"),
        raw(b"nonsense\r\n\r\n"),
    ],
    ids=["no answer", "cut body", "cut chunk", "cut gzip", "damaged gzip", "no HTTP"],
)
def test_a_broken_answer_is_a_passing_fault_and_never_a_short_page(ask: Ask, reply: Reply) -> None:
    with wire(always(reply)) as server, pytest.raises(RetryLater) as caught:
        ask(Guard(server.url), server.url + "/path?secret=canary")
    assert "canary" not in str(caught.value)


def test_an_encoding_nobody_asked_for_is_refused(ask: Ask) -> None:
    with wire(always(answer("200 OK", b"?", "Content-Encoding: br"))) as server:
        with pytest.raises(SourceStopped, match="'br'"):
            ask(Guard(server.url), server.url)
        assert b"\r\naccept-encoding: gzip\r\n" in server.received[0].lower()


def test_a_closed_port_and_an_unknown_name_are_told_apart(ask: Ask) -> None:
    with wire(always(answer("200 OK"))) as server:
        pass
    with pytest.raises(RetryLater, match="refused the connection"):
        ask(Guard(server.url), server.url)
    with pytest.raises(RetryLater, match="cannot be resolved"):
        ask(Guard("http://tracker.invalid"), "http://tracker.invalid")


def test_only_a_request_that_never_left_is_called_unsent(ask: Ask) -> None:
    with wire(always(drop)) as server, pytest.raises(RetryLater) as broken:
        ask(Guard(server.url), server.url)
    assert not broken.value.unsent
    with pytest.raises(RetryLater) as refused:
        ask(Guard(server.url), server.url)
    assert refused.value.unsent


def test_a_certificate_is_verified_and_an_authority_can_be_added(ask: Ask, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    with wire(always(answer("200 OK", b"safe")), tls=context) as server:
        with pytest.raises(Misconfigured, match="ca_file"):
            ask(Guard(server.url), server.url)
        assert ask(Guard(server.url, ca_file=ca_file), server.url) == b"safe"


def test_a_session_cannot_switch_verification_off(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with wire(always(answer("200 OK")), tls=context) as server, Guard(server.url).session() as session:
        session.verify = False
        with pytest.raises(Misconfigured):
            session.get(server.url, verify=False)


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_an_unusable_ca_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"ca\.pem"):
        Guard("https://tracker.example", ca_file=ca_file)


def test_the_environment_sets_neither_proxy_nor_credential(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login x password canary\n")
    with wire(always(answer("200 OK"))) as proxy, wire(always(answer("200 OK", b"direct"))) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NETRC", str(netrc))
        assert ask(Guard(server.url), server.url) == b"direct"
        assert proxy.received == []
        assert server.authorizations == 1


def test_the_configured_proxy_is_used(ask: Ask) -> None:
    with wire(always(answer("200 OK", b"by proxy"))) as proxy:
        guard = Guard("http://tracker.invalid", proxy=proxy.url)
        assert ask(guard, "http://tracker.invalid/x") == b"by proxy"
        assert proxy.received[0].startswith(b"GET http://tracker.invalid/x HTTP/1.1")


def test_a_dead_proxy_is_named_without_its_password(ask: Ask) -> None:
    guard = Guard("http://tracker.invalid", proxy="http://user:canary@127.0.0.1:9")
    with pytest.raises(RetryLater, match=r"through the proxy http://127\.0\.0\.1:9") as caught:
        ask(guard, "http://tracker.invalid/x")
    assert "canary" not in str(caught.value)


def test_a_cookie_is_not_carried_on_by_a_session() -> None:
    with wire(always(answer("200 OK", b"", "Set-Cookie: JSESSIONID=lapsed; Path=/"))) as server:
        with Guard(server.url).session() as session:
            session.get(server.url)
            session.get(server.url)
        assert b"lapsed" not in server.received[1]


def test_a_redirect_at_home_is_followed_by_a_session() -> None:
    def moved(number: int, request: bytes) -> Reply:
        return answer("200 OK", b"here") if number else answer("301 Moved", b"", "Location: /new")

    with wire(moved) as server:
        assert by_requests(Guard(server.url), server.url) == b"here"


def test_an_error_text_holds_no_query_and_no_header(ask: Ask) -> None:
    with wire(always(drop)) as server:
        for url in (server.url + "/a?token=canary", "http://canary:canary@elsewhere.example/?canary"):
            with pytest.raises(ConnectorError) as caught:
                ask(Guard(server.url), url)
            assert "canary" not in str(caught.value)
            assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_status_of_failure_is_an_answer_like_any_other() -> None:
    with wire(always(answer("502 Bad Gateway", b"<html>"))) as server, Guard(server.url).session() as session:
        got = session.get(server.url)
        assert (got.status_code, got.content) == (502, b"<html>")
        assert isinstance(got, requests.Response)
