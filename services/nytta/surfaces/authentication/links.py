"""Links that this machine prints: each signs the person at it in, once."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from nytta.surfaces.authentication.addresses import is_loopback
from nytta.surfaces.authentication.identity import Identity, NotAuthenticated
from nytta.surfaces.authentication.sessions import SESSION_LIFE, Session, Sessions, digest_of

LINK_LIFE: Final = timedelta(minutes=15)
"""How long a printed link waits to be opened."""


@dataclass(slots=True)
class Links:
    """Links that work once, from this machine, and begin one of the `sessions`.

    Tokens are kept as digests; they end with the process. Times are arguments, aware.
    """

    sessions: Sessions = field(default_factory=Sessions)
    _links: dict[bytes, datetime] = field(default_factory=dict)

    def issue(self, current_time: datetime) -> str:
        """The token of a new link; links that nobody opened in time are forgotten."""
        token = secrets.token_urlsafe(32)
        self._links = {digest: end for digest, end in self._links.items() if end > current_time} | {
            digest_of(token): current_time + LINK_LIFE
        }
        return token

    def redeem(self, token: str, peer: str, current_time: datetime) -> str:
        """Open a link: the session's cookie. NotAuthenticated from elsewhere, too late, or a second time."""
        # before it is looked up: an attempt from elsewhere must not use the link up
        if not is_loopback(peer):
            raise NotAuthenticated("the link works on the machine that printed it")
        end = _taken(self._links, token)
        if end is None or end <= current_time:
            raise NotAuthenticated(
                "the link was used or is too old: start `nytta up` anew for another"
            )
        return self.sessions.begin(
            Session(Identity("", local=True), current_time + SESSION_LIFE), current_time
        )


def _taken(links: dict[bytes, datetime], token: str) -> datetime | None:
    digest_shown = digest_of(token)
    # each in turn, in a time that does not tell how much of the token was right
    for digest in list(links):
        if hmac.compare_digest(digest, digest_shown):
            return links.pop(digest)
    return None
