"""A reverse proxy that has signed somebody in, and names them in a header."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from nytta.authentication.addresses import is_loopback
from nytta.authentication.identity import Identity, NotAuthenticated


@dataclass(frozen=True, slots=True)
class Proxy:
    """Trusts one header, from the proxies' addresses alone. ValueError for an address that is none."""

    header: str
    addresses: tuple[str, ...]

    def __post_init__(self) -> None:
        for address in self.addresses:
            ipaddress.ip_network(address)

    @classmethod
    def of(cls, header: str, addresses: str) -> Proxy | None:
        """From the settings' texts; None where no header is named. ValueError where it is and no address is."""
        several = tuple(a.strip() for a in addresses.split(",") if a.strip())
        if header and not several:
            raise ValueError("NYTTA_PROXY_HEADER needs NYTTA_PROXIES: whose header is to be believed?")
        return cls(header, several) if header else None

    def identity(self, peer: str, headers: Iterable[tuple[str, str]]) -> Identity:
        """Whom the proxy names. NotAuthenticated where the peer is no trusted proxy, or names nobody or several."""
        if not any(ipaddress.ip_address(peer) in ipaddress.ip_network(a) for a in self.addresses):
            raise NotAuthenticated("sign in through the organisation's own address, not directly here")
        told = [value.strip() for name, value in headers if name.casefold() == self.header.casefold()]
        if len(told) != 1 or "@" not in told[0] or "," in told[0]:
            raise NotAuthenticated(f"the proxy must name exactly one e-mail address in the header {self.header}")
        return Identity(told[0].casefold())


def refuse_open_house(host: str, proxy: Proxy | None, *, oidc: bool = False) -> None:
    """ValueError where a service would listen to others than this machine and nobody signs them in, or two would."""
    if proxy is not None and oidc:
        raise ValueError("NYTTA_PROXY_HEADER and NYTTA_OIDC_ISSUER would both say who is signed in: keep one of them")
    if proxy is None and not oidc and not is_loopback("127.0.0.1" if host == "localhost" else host):
        raise ValueError(
            f"--host {host} would let everybody in: sign people in with NYTTA_OIDC_ISSUER, or put a reverse proxy "
            "before it and name its header with NYTTA_PROXY_HEADER and its address with NYTTA_PROXIES, or stay on "
            "127.0.0.1"
        )
