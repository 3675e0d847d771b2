"""Signing in with the provider, from the first redirect to the session, and out again at both ends."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple

from nytta.authentication.identity import Identity
from nytta.authentication.oidc.accounts import Accounts, AccountsError
from nytta.authentication.oidc.claims import claimed
from nytta.authentication.oidc.client import Client
from nytta.authentication.oidc.flow import UnderWay, request, with_query
from nytta.authentication.oidc.provider import Description, Provider
from nytta.authentication.oidc.refusal import Reason, Refusal
from nytta.authentication.sessions import Session, Sessions

_DENIED: Final = frozenset(
    {"access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required"}
)
_AWAY: Final = frozenset({"temporarily_unavailable", "server_error"})
_HINT: Final = 4000
"""Characters of an ID token that an address may bear; beyond, servers refuse it."""

TOGETHER: Final = 32
"""Sign-ins that wait for the provider at a time: one that is slow keeps no page from whoever is signed in."""

Query = Sequence[tuple[str, str]]
"""The fields of a query as they came."""


class Onward(NamedTuple):
    """Where to send the browser, and the cookie to give it."""

    to: str
    cookie: str


class SignIn:
    """Signs people in with one provider. Times are arguments, aware."""

    def __init__(self, client: Client, accounts: Accounts, sessions: Sessions) -> None:
        self.client = client
        self.provider = Provider(client)
        self._accounts = accounts
        self._sessions = sessions
        self._under_way = UnderWay()
        self._waiting = 0

    async def begin(self, browser: str, to: str, now: datetime) -> Onward:
        """To the provider; the cookie binds the sign-in to the browser, which may hold one already as `browser`.

        Refusal where the provider does not answer. `to` is the page to go on to, a path of this console.
        """
        with self._turn():
            about = await self.provider.description()
        browser = browser or secrets.token_urlsafe(32)
        state, begun = self._under_way.begin(browser, to, now)
        return Onward(request(self.client, about.authorization, state, begun), browser)

    async def finish(self, query: Query, browser: str, now: datetime) -> Onward:
        """Back from the provider with `query`: to the page, with the cookie of a new session.

        Refusal where the answer is not one to a sign-in of this browser, is not the provider's, or says no.
        """
        said = dict(query)
        if len(said) != len(query):
            raise Refusal(Reason.STALE, "the answer names a field twice")
        with self._turn():
            begun = self._under_way.take(said.get("state", ""), browser, now)
            _check_answer(said, self.client, await self.provider.description())
            token = await self.provider.id_token(said.get("code", ""), begun.verifier)
            who = claimed(await self.provider.claims(token), self.client, begun.nonce, now)
        try:
            await asyncio.to_thread(self._accounts.admit, self.client.issuer, who.subject, who.email, now.date())
        except AccountsError as error:
            raise Refusal(Reason.UNKEPT, str(error)) from error
        session = Session(Identity(who.email, groups=who.groups), now + self.client.life, token)
        return Onward(begun.to, self._sessions.begin(session, now))

    async def farewell(self, session: Session | None) -> str:
        """Where the browser of an ended session signs out at the provider too; '' where that is not offered.

        OpenID Connect RP-Initiated Logout 1.0.
        """
        if session is None or session.identity.local:
            return ""
        try:
            with self._turn():
                about = await self.provider.description()
        except Refusal:
            return ""
        if not about.end_session:
            return ""
        asked = {"client_id": self.client.id, "post_logout_redirect_uri": self.client.signed_out}
        if len(session.proof) <= _HINT:
            asked["id_token_hint"] = session.proof
        return with_query(about.end_session, asked)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One of those that may wait for the provider now. Refusal where they are enough already."""
        if self._waiting >= TOGETHER:
            raise Refusal(Reason.AWAY, f"{TOGETHER} sign-ins wait for the provider already")
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1


def _check_answer(said: dict[str, str], client: Client, about: Description) -> None:
    """Refusal where the answer to the browser is another provider's (RFC 9207), an error, or bears no code."""
    if ("iss" in said or about.names_issuer) and said.get("iss") != client.issuer:
        raise Refusal(Reason.BROKEN, "the answer is another provider's than the one that was asked (`iss`)")
    error = said.get("error", "")
    if error in _DENIED:
        raise Refusal(Reason.DENIED, f"the provider answers {error}")
    if error in _AWAY:
        raise Refusal(Reason.AWAY, f"the provider answers {error}")
    if error:
        raise Refusal(
            Reason.BROKEN, "the provider refuses the request: look at what is registered there for this client"
        )
    if not said.get("code"):
        raise Refusal(Reason.STALE, "the answer bears no code")
