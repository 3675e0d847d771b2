"""Sign-ins that are under way: each is finished once, within ten minutes, in the browser in which it was begun."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from nytta.surfaces.authentication.oidc.client import Client
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal
from nytta.surfaces.authentication.sessions import digest_of

LIFE: Final = timedelta(minutes=10)
"""How long a person may take at the provider."""

MOST: Final = 10_000
"""Sign-ins under way at a time; beyond, the oldest are forgotten, so that nobody can fill the memory."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way: secrets that go out with it and must come back, and the page to go on to."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    to: str
    browser: bytes = field(repr=False)
    until: datetime


@dataclass(slots=True)
class Attempts:
    """Sign-ins by the digests of their states. Times are arguments, aware."""

    _attempts: dict[bytes, Attempt] = field(default_factory=dict)

    def begin(self, browser: str, return_path: str, current_time: datetime) -> tuple[str, Attempt]:
        """A new sign-in of the browser that holds this cookie: its state, and what goes with it."""
        # they stand in the order in which they began, so the oldest is first
        while self._attempts:
            oldest = next(iter(self._attempts))
            if self._attempts[oldest].until > current_time and len(self._attempts) < MOST:
                break
            del self._attempts[oldest]
        state = secrets.token_urlsafe(32)
        attempt = Attempt(
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(48),
            return_path,
            digest_of(browser),
            current_time + LIFE,
        )
        self._attempts[digest_of(state)] = attempt
        return state, attempt

    def take(self, state: str, browser: str, current_time: datetime) -> Attempt:
        """The sign-in of a state, which cannot be had again. Refusal where there is none for this browser."""
        # taken out before it is looked at: a state that was tried once is worth nothing any more
        attempt = self._attempts.pop(digest_of(state), None)
        if attempt is None:
            raise Refusal(
                Reason.STALE,
                "no such sign-in is under way: it was finished, or began before a restart",
            )
        if attempt.until <= current_time:
            raise Refusal(
                Reason.STALE,
                f"the sign-in took longer than {LIFE.total_seconds() / 60:.0f} minutes",
            )
        if not hmac.compare_digest(attempt.browser, digest_of(browser)):
            raise Refusal(
                Reason.STALE, "the sign-in was begun in another browser, or its cookie was not sent"
            )
        return attempt


def request(client: Client, endpoint: str, state: str, attempt: Attempt) -> str:
    """The address at the provider that asks the person to sign in."""
    # the digest goes through the browser, what it was made of only to the provider (RFC 7636)
    challenge = (
        base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest())
        .rstrip(b"=")
        .decode()
    )
    parameters = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.redirect,
        "scope": client.scope,
        "state": state,
        "nonce": attempt.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return with_query(endpoint, parameters)


def with_query(address: str, more: dict[str, str]) -> str:
    """An address with more in its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(more)}"
