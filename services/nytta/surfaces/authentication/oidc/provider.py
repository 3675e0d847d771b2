"""The provider as it is asked over HTTP: its description, its keys, and the ID token for a code.

Every answer has an end in bytes and in time, no redirect is followed, and what was read is kept for a while.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote_plus, urlsplit

import httpx
import orjson
from joserfc.jwk import KeySet

from nytta.surfaces.authentication.oidc.client import Client, is_safe
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal
from nytta.surfaces.authentication.oidc.signatures import UnknownKey, claims_of, keys_of

SECONDS: Final = 10.0
"""How long an answer of the provider may take."""
BYTES: Final = 256 << 10
"""How large an answer may be."""
DESCRIBED_SECONDS: Final = 3600.0
"""How long the provider's description is kept."""
KEYS_SECONDS: Final = 600.0
"""How long its keys are kept, so that one which it takes back is not believed for longer."""
AGAIN_SECONDS: Final = 10.0
"""How long after keys were read, or something could not be, the provider is not asked for it again."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Description:
    """What the provider says of itself (OpenID Connect Discovery 1.0; RFC 8414).

    `names_issuer`: its answers to the browser name it (RFC 9207). `date` is its clock, seconds since 1970, None where
    it named none.
    """

    authorization: str
    token: str
    keys: str
    end_session: str
    names_issuer: bool
    takes_post: bool
    pkce: bool
    date: float | None = None


def description_of(document: object, client: Client) -> Description:
    """The description in a discovery document. Refusal where it is another issuer's, or an address is not safe."""
    if not isinstance(document, dict):
        raise Refusal(Reason.BROKEN, "the provider's description is no JSON object")
    if document.get("issuer") != client.issuer:
        raise Refusal(
            Reason.BROKEN,
            "the provider's description is of another issuer than NYTTA_OIDC_ISSUER; write it as the description does, "
            "to the last slash",
        )

    def address(field_name: str, *, needed: bool = True) -> str:
        field_value = document.get(field_name, "")
        if not field_value and not needed:
            return ""
        local = not client.issuer.startswith("https://")
        if (
            not isinstance(field_value, str)
            or not is_safe(field_value)
            or (field_value.startswith("http://") and not local)
        ):
            raise Refusal(
                Reason.BROKEN,
                f"the provider's description has no `{field_name}` that begins with https://",
            )
        return field_value

    methods = document.get("token_endpoint_auth_methods_supported")
    challenges = document.get("code_challenge_methods_supported")
    return Description(
        authorization=address("authorization_endpoint"),
        token=address("token_endpoint"),
        keys=address("jwks_uri"),
        end_session=address("end_session_endpoint", needed=False),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        takes_post=isinstance(methods, list) and "client_secret_post" in methods,
        pkce=not isinstance(challenges, list) or "S256" in challenges,
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Provider:
    """Asks one provider; what it reads is kept. `clock` counts seconds."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._description = _Kept[Description](self._read_description, DESCRIBED_SECONDS, clock)
        self._keys = _Kept[KeySet](self._read_keys, KEYS_SECONDS, clock)

    async def description(self) -> Description:
        """What the provider says of itself. Refusal where that cannot be had, or is not sound."""
        return await self._description.get()

    async def keys(self) -> KeySet:
        """The keys with which it signs. Refusal as before."""
        return await self._keys.get()

    async def id_token(self, code: str, verifier: str) -> str:
        """The ID token that the provider gives for a code. Refusal where it gives none."""
        description = await self.description()
        client = self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect,
            "code_verifier": verifier,
            "client_id": client.id,
        }
        headers: dict[str, str] = {}
        # where both are offered: the other way encodes twice, and providers read that differently
        if description.takes_post:
            form["client_secret"] = client.secret
        else:  # RFC 6749, 2.3.1: both parts are encoded as in a form first
            pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        answer = await self._ask(
            "the token endpoint", "POST", description.token, form=form, headers=headers
        )
        reply = _object(answer, "the token endpoint")
        if answer.status == 200:
            token = reply.get("id_token")
            if not isinstance(token, str):
                raise Refusal(
                    Reason.BROKEN,
                    "the token endpoint gives no ID token: is `openid` allowed to this client?",
                )
            return token
        match reply.get("error"):
            case "invalid_grant":
                raise Refusal(
                    Reason.STALE,
                    "the provider refuses the code: it was used, is too old, or not for us",
                )
            case "invalid_client" | "unauthorized_client":
                reason = "the provider refuses this client: look at NYTTA_OIDC_CLIENT and NYTTA_OIDC_SECRET"
            case _:
                reason = f"the token endpoint answers {answer.status}"
        raise Refusal(Reason.BROKEN, reason)

    async def claims(self, token: str) -> dict[str, Any]:
        """What a token says that the provider signed; for a key that is not known yet, its keys are read again.

        Refusal where it did not sign the token.
        """
        try:
            return claims_of(token, await self._keys.get())
        except UnknownKey:
            keys = await self._keys.get(older=AGAIN_SECONDS)
        try:
            return claims_of(token, keys)
        except UnknownKey as error:
            raise Refusal(
                Reason.BROKEN, "the ID token names a key that the provider does not publish"
            ) from error

    async def _read_description(self) -> Description:
        answer = await self._ask("the provider's description", "GET", self._client.discovery)
        description = description_of(_document(answer, "the provider's description"), self._client)
        try:
            # its clock is only for `nytta doctor`: a sign-in does not need it
            return replace(
                description, date=parsedate_to_datetime(answer.headers["date"]).timestamp()
            )
        except (KeyError, ValueError):
            return description

    async def _read_keys(self) -> KeySet:
        address = (await self.description()).keys
        return keys_of(
            _document(await self._ask("the provider's keys", "GET", address), "the provider's keys")
        )

    async def _ask(
        self,
        asked_for: str,
        method: str,
        address: str,
        *,
        form: dict[str, str] | None = None,
        **more: Any,
    ) -> _Answer:
        # on this machine: no proxy lies between
        local = urlsplit(address).scheme == "http"
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"} | more.pop(
            "headers", {}
        )
        try:
            async with (
                asyncio.timeout(SECONDS),
                httpx.AsyncClient(
                    verify=_authorities(), timeout=SECONDS, trust_env=not local
                ) as http,
                http.stream(method, address, data=form, headers=headers) as response,
            ):
                answer_body = bytearray()
                # as it comes, not unpacked: a small answer could unpack to any size
                async for part in response.aiter_raw():
                    answer_body += part
                    if len(answer_body) > BYTES:
                        raise Refusal(
                            Reason.BROKEN, f"{asked_for} sends more than {BYTES >> 10} KiB"
                        )
        except TimeoutError as error:
            raise Refusal(
                Reason.AWAY, f"{asked_for} does not answer within {SECONDS:.0f} seconds"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Refusal(
                Reason.AWAY,
                f"{asked_for} cannot be had: {type(error).__name__}, {str(error)[:200]}",
            ) from error
        if response.status_code >= 500 or response.status_code == 429:
            raise Refusal(Reason.AWAY, f"{asked_for} answers {response.status_code}")
        if 300 <= response.status_code < 400:
            raise Refusal(Reason.BROKEN, f"{asked_for} is a redirect, and none is followed")
        return _Answer(response.status_code, response.headers, bytes(answer_body))


class _Kept(Generic[T]):
    """Something that is read once for all who ask, kept for `seconds`; so is, for a moment, that it cannot be had."""

    def __init__(
        self, read: Callable[[], Awaitable[T]], seconds: float, clock: Callable[[], float]
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._value: tuple[float, T] | None = None
        self._refusal: tuple[float, Refusal] | None = None

    async def get(self, older: float | None = None) -> T:
        """What is kept, read again where it is `older`. Refusal where it cannot be had."""
        # one reads for all who wait
        async with self._lock:
            current = self._clock()
            if self._value and current - self._value[0] < (
                self._seconds if older is None else older
            ):
                return self._value[1]
            if self._refusal and current - self._refusal[0] < AGAIN_SECONDS:
                raise Refusal(self._refusal[1].reason, self._refusal[1].why)
            try:
                read_value = await self._read()
            # kept too: while the provider is away, each who signs in would wait for it anew
            except Refusal as refusal:
                self._refusal = self._clock(), refusal
                raise
            self._value, self._refusal = (self._clock(), read_value), None
            return read_value


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates are believed: the usual authorities, or those that SSL_CERT_FILE names."""
    return httpx.create_ssl_context()


def _document(answer: _Answer, asked_for: str) -> dict[str, Any]:
    if answer.status != 200:
        raise Refusal(
            Reason.BROKEN, f"{asked_for} is not there ({answer.status}): look at NYTTA_OIDC_ISSUER"
        )
    return _object(answer, asked_for)


def _object(answer: _Answer, asked_for: str) -> dict[str, Any]:
    try:
        reply = orjson.loads(answer.body)
    except ValueError as error:
        raise Refusal(
            Reason.BROKEN, f"{asked_for} answers {answer.status} with something that is no JSON"
        ) from error
    if not isinstance(reply, dict):
        raise Refusal(
            Reason.BROKEN,
            f"{asked_for} answers {answer.status} with something that is no JSON object",
        )
    return reply
