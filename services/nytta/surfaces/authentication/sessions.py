"""Sessions of whoever is signed in, however they signed in. They end with the process."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from nytta.surfaces.authentication.addresses import is_loopback
from nytta.surfaces.authentication.identity import Identity, NotAuthenticated

SESSION_LIFE: Final = timedelta(hours=12)
"""How long a session lasts at most."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, until when; `proof` is the ID token that said so, '' where none did."""

    identity: Identity
    until: datetime
    proof: str = field(default="", repr=False)


@dataclass(slots=True)
class Sessions:
    """Sessions by the digests of their cookies. Times are arguments, aware."""

    _held: dict[bytes, Session] = field(default_factory=dict)

    def begin(self, session: Session, current_time: datetime) -> str:
        """The cookie of a new session; sessions that are over are forgotten."""
        cookie = secrets.token_urlsafe(32)
        # here, where another comes, so that no clock has to run for it
        self._held = {
            digest: session
            for digest, session in self._held.items()
            if session.until > current_time
        }
        self._held[digest_of(cookie)] = session
        return cookie

    def identity(self, cookie: str, peer: str, current_time: datetime) -> Identity:
        """Who holds this cookie. NotAuthenticated where nobody does.

        The person at the machine is there, so their cookie counts from the machine's own addresses alone.
        """
        session = self._held.get(digest_of(cookie))
        if (
            session is None
            or session.until <= current_time
            or (session.identity.local and not is_loopback(peer))
        ):
            raise NotAuthenticated("sign in, or open the link that `nytta up` printed")
        return session.identity

    def end(self, cookie: str) -> Session | None:
        """Sign out: the cookie is worth nothing any more. The session that it held, where there was one."""
        return self._held.pop(digest_of(cookie), None)


def digest_of(token: str) -> bytes:
    """What is kept of a random token: it cannot be guessed, so one SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
