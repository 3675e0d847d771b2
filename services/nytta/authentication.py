"""Who is at the other end: a reverse proxy says it, or a link that this machine printed.

Nothing here knows a web framework: a surface hands over the peer's address, the headers and a token or cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

LINK_LIFE: Final = timedelta(minutes=15)
"""How long a printed link waits to be opened."""

SESSION_LIFE: Final = timedelta(hours=12)
"""How long whoever opened it stays signed in."""


class NotAuthenticated(Exception):
    """Nobody is signed in: what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who is signed in: by e-mail address, or (`local`) as the person at the machine."""

    email: str
    local: bool = False


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


@dataclass(slots=True)
class Links:
    """Links that work once, from this machine, and the sessions that they begin.

    Tokens are kept as digests; they end with the process. Times are arguments, aware.
    """

    _links: dict[bytes, datetime] = field(default_factory=dict)
    _sessions: dict[bytes, datetime] = field(default_factory=dict)

    def issue(self, now: datetime) -> str:
        """The token of a new link; links that nobody opened in time are forgotten."""
        token = secrets.token_urlsafe(32)
        self._links = {digest: end for digest, end in self._links.items() if end > now} | {
            _digest(token): now + LINK_LIFE
        }
        return token

    def redeem(self, token: str, peer: str, now: datetime) -> str:
        """Open a link: the session's cookie. NotAuthenticated from elsewhere, too late, or a second time."""
        if not is_loopback(peer):
            raise NotAuthenticated("the link works on the machine that printed it")
        end = _taken(self._links, token)
        if end is None or end <= now:
            raise NotAuthenticated("the link was used or is too old: start `nytta up` anew for another")
        cookie = secrets.token_urlsafe(32)
        self._sessions = {digest: until for digest, until in self._sessions.items() if until > now}
        self._sessions[_digest(cookie)] = now + SESSION_LIFE
        return cookie

    def identity(self, cookie: str, peer: str, now: datetime) -> Identity:
        """Who holds this cookie. NotAuthenticated where nobody does, and from elsewhere."""
        end = self._sessions.get(_digest(cookie))
        if end is None or end <= now or not is_loopback(peer):
            raise NotAuthenticated("open the link that `nytta up` printed")
        return Identity("", local=True)

    def end(self, cookie: str) -> None:
        """Sign out: the cookie is worth nothing any more."""
        self._sessions.pop(_digest(cookie), None)


def is_loopback(peer: str) -> bool:
    """Whether the peer's address is this machine's own."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def refuse_open_house(host: str, proxy: Proxy | None) -> None:
    """ValueError where a service would listen to others than this machine and nobody signs them in."""
    if proxy is None and not is_loopback("127.0.0.1" if host == "localhost" else host):
        raise ValueError(
            f"--host {host} would let everybody in: put a reverse proxy before it and name its header with "
            "NYTTA_PROXY_HEADER and its address with NYTTA_PROXIES, or stay on 127.0.0.1"
        )


def _taken(links: dict[bytes, datetime], token: str) -> datetime | None:
    asked = _digest(token)
    for digest in list(links):
        if hmac.compare_digest(digest, asked):
            return links.pop(digest)
    return None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
