"""Which addresses are this machine's own."""

from __future__ import annotations

import ipaddress


def is_loopback(peer: str) -> bool:
    """Whether the peer's address is this machine's own."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
