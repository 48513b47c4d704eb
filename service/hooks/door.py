"""One connection's way in: who may send there, and who judges what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from connectors.hooks import Receiver

__all__ = ["Door", "Sender", "networks", "sender_of"]

Networks = tuple[IPv4Network | IPv6Network, ...]
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Door:
    """`allowed`: the only networks that may send; empty: all may."""

    connection: str
    receiver: Receiver
    allowed: Networks = ()

    def admits(self, sender: Sender) -> bool:
        return not self.allowed or _within(sender.address, self.allowed)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a request, as far as proxies that the config names can tell; `secure`: over TLS."""

    address: str
    secure: bool


def networks(texts: Sequence[str]) -> Networks:
    return tuple(ip_network(text) for text in texts)


def sender_of(peer: str, scheme: str, headers: Headers, proxies: Networks) -> Sender:
    """The sender behind a request. What a header says of it counts only where a named proxy wrote it.

    Each proxy appends the address it was called from, so the last address that is no proxy's is the sender's.
    """
    if not proxies or not _within(peer, proxies):
        return Sender(peer, scheme == "https")
    hops = [
        hop.strip().decode("ascii", "replace")
        for name, value in headers
        if name == b"x-forwarded-for"
        for hop in value.split(b",")
    ]
    address = next((hop for hop in reversed(hops) if not _within(hop, proxies)), peer)
    schemes = [value for name, value in headers if name == b"x-forwarded-proto"]
    return Sender(address, schemes == [b"https"] or scheme == "https")


def _within(text: str, several: Networks) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in several)
