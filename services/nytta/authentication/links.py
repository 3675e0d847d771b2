"""Links that this machine prints: each signs the person at it in, once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from nytta.authentication.addresses import is_loopback
from nytta.authentication.identity import Identity, NotAuthenticated

LINK_LIFE: Final = timedelta(minutes=15)
"""How long a printed link waits to be opened."""

SESSION_LIFE: Final = timedelta(hours=12)
"""How long whoever opened it stays signed in."""


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


def _taken(links: dict[bytes, datetime], token: str) -> datetime | None:
    asked = _digest(token)
    for digest in list(links):
        if hmac.compare_digest(digest, asked):
            return links.pop(digest)
    return None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
