"""Addresses: which are this machine's own, and whose a request is that came through proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class MalformedAddress(ValueError):
    """An address that is none, or a forwarded one that stands there in a way that leaves doubt."""


def parsed(text: str) -> Address:
    """An address; IPv4 in the clothes of IPv6 is IPv4. Raises MalformedAddress."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise MalformedAddress("an address is no IP address") from None
    # a socket that listens for both names IPv4 so, and it would lie in no IPv4 network
    return (
        (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
    )


def within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    return any(address in network for network in networks)


def is_loopback(peer: str) -> bool:
    """Whether the peer's address is this machine's own."""
    try:
        return parsed(peer).is_loopback
    except MalformedAddress:
        return False


def client(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> Address:
    """The address that a request comes from.

    `forwarded` are the values of the headers X-Forwarded-For. They are believed only where the socket's peer is one of
    the `proxies`: then it is the rightmost address that is no proxy's.

    Raises MalformedAddress, also where there are several headers.
    """
    address = parsed(peer)
    # whoever comes past the proxies writes the header as he likes
    if not forwarded or not within(address, proxies):
        return address
    # proxies that add a header of their own and ones that go on with it read several differently
    if len(forwarded) > 1:
        raise MalformedAddress("the header X-Forwarded-For came more than once")
    # from the right, where our own proxies write: what stands before them is the client's own word
    for hop_address in reversed(forwarded[0].split(",")):
        address = parsed(hop_address.strip())
        if not within(address, proxies):
            break
    return address
