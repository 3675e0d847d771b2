"""Signing in with the provider, from the first redirect to the session, and out again at both ends."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple

from nytta.surfaces.authentication.identity import Identity
from nytta.surfaces.authentication.oidc.accounts import Accounts, AccountsError
from nytta.surfaces.authentication.oidc.claims import person_of
from nytta.surfaces.authentication.oidc.client import Client
from nytta.surfaces.authentication.oidc.flow import Attempts, request, with_query
from nytta.surfaces.authentication.oidc.provider import Description, Provider
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal
from nytta.surfaces.authentication.sessions import Session, Sessions

_DENIED: Final = frozenset(
    {
        "access_denied",
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
    }
)
_AWAY: Final = frozenset({"temporarily_unavailable", "server_error"})
_HINT: Final = 4000
"""Characters of an ID token that an address may bear; beyond, servers refuse it."""

TOGETHER: Final = 32
"""Sign-ins that wait for the provider at a time: one that is slow keeps no page from whoever is signed in."""

Query = Sequence[tuple[str, str]]
"""The fields of a query as they came."""


class Redirect(NamedTuple):
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
        self._attempts = Attempts()
        self._waiting = 0

    async def begin(self, browser: str, return_path: str, current_time: datetime) -> Redirect:
        """To the provider; the cookie binds the sign-in to the browser, which may hold one already as `browser`.

        Refusal where the provider does not answer. `return_path` is the page to go on to, a path of this console.
        """
        with self._turn():
            description = await self.provider.description()
        browser = browser or secrets.token_urlsafe(32)
        state, attempt = self._attempts.begin(browser, return_path, current_time)
        return Redirect(request(self.client, description.authorization, state, attempt), browser)

    async def finish(self, query: Query, browser: str, current_time: datetime) -> Redirect:
        """Back from the provider with `query`: to the page, with the cookie of a new session.

        Refusal where the answer is not one to a sign-in of this browser, is not the provider's, or says no.
        """
        fields = dict(query)
        # whoever made the address would choose which of the two counts
        if len(fields) != len(query):
            raise Refusal(Reason.STALE, "the answer names a field twice")
        with self._turn():
            attempt = self._attempts.take(fields.get("state", ""), browser, current_time)
            _check_answer(fields, self.client, await self.provider.description())
            token = await self.provider.id_token(fields.get("code", ""), attempt.verifier)
            person = person_of(
                await self.provider.claims(token), self.client, attempt.nonce, current_time
            )
        try:
            # in a thread: the file is locked, and may be by another process
            await asyncio.to_thread(
                self._accounts.admit,
                self.client.issuer,
                person.subject,
                person.email,
                current_time.date(),
            )
        except AccountsError as error:
            raise Refusal(Reason.UNKEPT, str(error)) from error
        session = Session(
            Identity(person.email, groups=person.groups), current_time + self.client.life, token
        )
        return Redirect(attempt.to, self._sessions.begin(session, current_time))

    async def farewell(self, session: Session | None) -> str:
        """Where the browser of an ended session signs out at the provider too; '' where that is not offered.

        OpenID Connect RP-Initiated Logout 1.0.
        """
        if session is None or session.identity.local:
            return ""
        try:
            with self._turn():
                description = await self.provider.description()
        except Refusal:
            return ""
        if not description.end_session:
            return ""
        parameters = {
            "client_id": self.client.id,
            "post_logout_redirect_uri": self.client.signed_out,
        }
        # without the hint a provider may ask once more whether to sign out
        if len(session.proof) <= _HINT:
            parameters["id_token_hint"] = session.proof
        return with_query(description.end_session, parameters)

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


def _check_answer(fields: dict[str, str], client: Client, description: Description) -> None:
    """Refusal where the answer to the browser is another provider's (RFC 9207), an error, or bears no code."""
    if ("iss" in fields or description.names_issuer) and fields.get("iss") != client.issuer:
        raise Refusal(
            Reason.BROKEN, "the answer is another provider's than the one that was asked (`iss`)"
        )
    error = fields.get("error", "")
    if error in _DENIED:
        raise Refusal(Reason.DENIED, f"the provider answers {error}")
    if error in _AWAY:
        raise Refusal(Reason.AWAY, f"the provider answers {error}")
    if error:
        raise Refusal(
            Reason.BROKEN,
            "the provider refuses the request: look at what is registered there for this client",
        )
    if not fields.get("code"):
        raise Refusal(Reason.STALE, "the answer bears no code")
