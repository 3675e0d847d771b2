"""A reverse proxy that has signed somebody in, and names them in a header."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from nytta.surfaces.authentication.addresses import (
    Address,
    MalformedAddress,
    Network,
    client,
    is_loopback,
    parsed,
    within,
)
from nytta.surfaces.authentication.identity import Identity, NotAuthenticated

SECRET_HEADER: Final = "X-Nytta-Proxy-Secret"
"""The header in which a proxy shows that it is the one."""
SECRET_LENGTH: Final = 32
"""Characters that its secret has at least: it must not be guessed."""
_FORWARDED: Final = "X-Forwarded-For"
_LOOPBACK: Final = {4: ipaddress.ip_network("127.0.0.0/8"), 6: ipaddress.ip_network("::1/128")}

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Proxy:
    """Trusts one header, from the proxies' addresses alone, and only beside their `secret` where there is one.

    ValueError for an address that is none, and for a proxy on this machine without a secret: every process here has its
    address.
    """

    header: str
    addresses: tuple[str, ...]
    secret: str = field(default="", repr=False)
    networks: tuple[Network, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "networks", tuple(ipaddress.ip_network(address) for address in self.addresses)
        )
        if self.secret and len(self.secret) < SECRET_LENGTH:
            raise ValueError(
                f"NYTTA_PROXY_SECRET has fewer than {SECRET_LENGTH} characters: openssl rand -hex 32 makes one"
            )
        if not self.secret and any(
            network.overlaps(_LOOPBACK[network.version]) for network in self.networks
        ):
            raise ValueError(
                "NYTTA_PROXIES names this machine, where every process has one address: set NYTTA_PROXY_SECRET, and "
                f"have the proxy send it in the header {SECRET_HEADER}"
            )

    @classmethod
    def of(cls, header: str, addresses: str, secret: str = "") -> Proxy | None:
        """From the settings' texts; None where no header is named. ValueError where it is and no address is."""
        several = tuple(address.strip() for address in addresses.split(",") if address.strip())
        if header and not several:
            raise ValueError(
                "NYTTA_PROXY_HEADER needs NYTTA_PROXIES: whose header is to be believed?"
            )
        return cls(header, several, secret) if header else None

    def identity(self, peer: str, headers: Headers) -> Identity:
        """Whom the proxy names. NotAuthenticated where the peer is no trusted proxy, or names nobody or several."""
        header_pairs = list(headers)
        if not self._trusts(peer):
            raise NotAuthenticated(
                "sign in through the organisation's own address, not directly here"
            )
        if self.secret and not hmac.compare_digest(
            _only(header_pairs, SECRET_HEADER).encode(), self.secret.encode()
        ):
            raise NotAuthenticated(f"the proxy must send its secret in the header {SECRET_HEADER}")
        # for its refusal alone: a request whose origin is in doubt signs nobody in
        self.client(peer, header_pairs)
        user_name = _only(header_pairs, self.header)
        # a comma joins several headers of one name: a client's own may be among them
        if "@" not in user_name or "," in user_name or not user_name.isprintable():
            raise NotAuthenticated(
                f"the proxy must name exactly one e-mail address in the header {self.header}"
            )
        # in small letters, as roles are looked up
        return Identity(user_name.casefold())

    def client(self, peer: str, headers: Headers) -> Address:
        """The address that a request comes from. NotAuthenticated where what the proxy says of it leaves doubt."""
        try:
            return client(
                peer,
                [value for name, value in headers if name.casefold() == _FORWARDED.casefold()],
                self.networks,
            )
        except MalformedAddress as error:
            raise NotAuthenticated(
                f"{error}: the proxy must send {_FORWARDED} once, with addresses"
            ) from None

    def _trusts(self, peer: str) -> bool:
        try:
            return within(parsed(peer), self.networks)
        except MalformedAddress:
            return False


def _only(headers: Headers, wanted: str) -> str:
    """The value of a header that stands there once; '' where it does not, or more than once."""
    values = [value.strip() for name, value in headers if name.casefold() == wanted.casefold()]
    return values[0] if len(values) == 1 else ""


def refuse_open_house(host: str, proxy: Proxy | None, *, oidc: bool = False) -> None:
    """ValueError where a service would listen to others than this machine and nobody signs them in, or two would."""
    if proxy is not None and oidc:
        raise ValueError(
            "NYTTA_PROXY_HEADER and NYTTA_OIDC_ISSUER would both say who is signed in: keep one of them"
        )
    if proxy is None and not oidc and not is_loopback("127.0.0.1" if host == "localhost" else host):
        raise ValueError(
            f"--host {host} would let everybody in: sign people in with NYTTA_OIDC_ISSUER, or put a reverse proxy "
            "before it and name its header with NYTTA_PROXY_HEADER and its address with NYTTA_PROXIES, or stay on "
            "127.0.0.1"
        )
