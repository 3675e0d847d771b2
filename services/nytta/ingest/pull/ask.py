"""Requests to a source: one client that waits, tries again, and never shows its credentials to another host."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal
from urllib.parse import urljoin, urlsplit

import httpx
import orjson

from nytta import Mendable

MOST_BYTES: Final = 64 << 20
"""Bytes that one answer may have."""
_TRIES: Final = 8
_LONGEST_WAIT: Final = 120.0  # seconds
_LONGEST_REST: Final = 24 * 3600.0
"""Seconds for which a source is left alone at most, whatever it asks for."""
# seconds that a token lasts which does not say it
_LASTS: Final = 300.0
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
# seconds before its end at which a token is taken for expired
_EARLY: Final = 30.0


class PullError(Mendable):
    """A source could not be read: what to change, or that it is tried again at the next round."""


class ForbiddenError(PullError):
    """The source refuses this to the account."""


class GoneError(PullError):
    """What was asked for is there no more, such as a place from which a source told changes."""


class BusyError(PullError):
    """The source asks to be left alone for longer than a round waits. It is not asked before `until` (aware)."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class ConcealedError(PullError):
    """The source tells nothing of single persons, on purpose: there is nothing to count by units."""


@dataclass(frozen=True)
class Credentials:
    """How a source knows us. `client-credentials` asks `token_address` for a token with `user` and `secret`."""

    way: Literal["none", "basic", "token", "client-credentials"] = "none"
    user: str = ""
    secret: str = field(default="", repr=False)
    token_address: str = ""
    scope: str = ""
    scheme: str = "Bearer "
    """What stands before a token in the header Authorization."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read."""

    body: Any
    headers: Mapping[str, str]

    @property
    def clock(self) -> datetime | None:
        """The source's clock, where the answer tells it."""
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).astimezone(UTC)
        except (TypeError, ValueError):
            return None


class _NoTokenError(Exception):
    """No token was given, and may be at the next try."""


Read = Callable[[bytes], Any]
"""Reads the body of an answer. ValueError where it is cut off, or is something else."""


class Ask:
    """Asks one host. `throttled` counts the answers that told us to wait; `pause` waits so many seconds.

    `clock` tells what time it is, to sources that ask for days.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        *,
        client: httpx.Client | None = None,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.clock = clock
        self.address = address.rstrip("/") + "/"
        self.throttled = 0
        self.ahead: float | None = None
        """Seconds by which the source's clock was ahead of ours at the last answer, where it tells."""
        self.credentials = credentials
        # no proxy of the environment: what is asked bears credentials, which it would see
        self._client = client or httpx.Client(timeout=httpx.Timeout(60, connect=10), trust_env=False)
        self._pause = pause
        self._token = ""
        self._token_ends = 0.0

    def close(self) -> None:
        """Release the connections."""
        self._client.close()

    def get(self, path: str, params: Mapping[str, str] | None = None, read_body: Read = orjson.loads) -> Answer:
        """The answer at `path` below the address, read as JSON or by `read_body`.

        ForbiddenError, GoneError, or PullError where all tries failed.
        """
        return self._tried("GET", self.below(path), params, read_body)

    def linked(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        read_body: Read = orjson.loads,
        following: Callable[[Any], str] = lambda page_body: page_body.get("@odata.nextLink") or "",
    ) -> Iterator[Any]:
        """The answers of a list whose pages name the next one, as OData does. As `get`; PullError where one repeats."""
        seen_links: set[str] = set()
        while path:
            # a list without an end would hold a round for ever
            if path in seen_links:
                raise PullError("a page of the list leads back to an earlier one: it is tried again next round")
            seen_links.add(path)
            page_body = self.get(path, params, read_body).body
            path, params = following(page_body), None
            # a page that leads elsewhere is not taken, for the next round would begin there
            if path:
                self.below(path)
            yield page_body

    @property
    def source_time(self) -> datetime:
        """What time it is at the source, as far as it is known to be ahead of us."""
        return self.clock() + timedelta(seconds=max(0.0, self.ahead or 0.0))

    def below(self, path: str) -> str:
        """The address of a path or link of the source. PullError where it leads to another host."""
        url = urljoin(self.address, path)
        if urlsplit(url)[:2] != urlsplit(self.address)[:2]:
            raise PullError(f"the source leads to another host than {self.address}: it is not followed")
        return url

    def _tried(self, method: str, url: str, params: Mapping[str, str] | None, read_body: Read) -> Answer:
        """The answer of one of several tries. ForbiddenError, GoneError or PullError where another would not help."""
        reason = ""
        renewed = False
        for attempt in range(_TRIES):
            patience = 0.0
            try:
                status, headers, body = self._sent(method, url, params, self._authorisation())
            except (_NoTokenError, httpx.TransportError, httpx.DecodingError) as error:
                reason = _failure(error)
            else:
                # once: a token that is refused anew is no matter of its age
                if status == 401 and self.credentials.way == "client-credentials" and not renewed:
                    # it may have expired in the middle of a page
                    self._token, renewed = "", True
                    continue
                if 300 <= status < 400:
                    return self._redirected(url, headers.get("location", ""), read_body)
                _refuse(status, url)
                if status in _AGAIN:
                    self.throttled += status == 429
                    reason, patience = f"status {status}", self._patience(headers)
                else:
                    try:
                        return self._answer(read_body(body), headers)
                    except ValueError:
                        reason = _unreadable(headers)
            self._wait(attempt, patience)
        raise PullError(f"{urlsplit(url).path} failed {_TRIES} times, last with {reason}; it is tried again next round")

    def _redirected(self, url: str, location: str, read_body: Read) -> Answer:
        """What lies where the source sends us: a signed address knows us by itself, so it is shown no credentials."""
        target = urljoin(url, location)
        if urlsplit(target).scheme != urlsplit(self.address).scheme:
            raise PullError("the source leads to another scheme than its own: it is not followed")
        # by scheme, host and port: another port may be another's
        same_origin = urlsplit(target)[:2] == urlsplit(self.address)[:2]
        reason = ""
        for attempt in range(_TRIES):
            patience = 0.0
            headers: Mapping[str, str] = {}
            try:
                status, headers, body = self._sent("GET", target, None, self._authorisation() if same_origin else {})
                if status == 200:
                    return self._answer(read_body(body), headers)
                if 300 <= status < 400:
                    raise PullError(
                        f"{urlsplit(url).path} leads to an address that leads on: check the address in sources.yaml, "
                        "and whether a sign-in stands before it"
                    )
                reason = f"status {status}"
                if status not in _AGAIN:
                    break
                self.throttled += status == 429
                patience = self._patience(headers)
            except ValueError:
                reason = _unreadable(headers)
            except (httpx.TransportError, httpx.DecodingError, _NoTokenError) as error:
                reason = _failure(error)
            self._wait(attempt, patience)
        raise PullError(
            f"the address to which {urlsplit(url).path} leads does not answer ({reason}); it is tried again next round"
        )

    def _answer(self, body: Any, headers: Mapping[str, str]) -> Answer:
        """What was read, and with it how far the source's clock is ahead."""
        answer = Answer(body, headers)
        self.ahead = (answer.clock - datetime.now(UTC)).total_seconds() if answer.clock else None
        return answer

    def _patience(self, headers: Mapping[str, str]) -> float:
        """The seconds that the source asks us to wait. BusyError where a round cannot wait for so long."""
        seconds = _seconds(headers.get("retry-after", ""))
        if seconds > _LONGEST_WAIT:
            until = datetime.now(UTC) + timedelta(seconds=min(seconds, _LONGEST_REST))
            raise BusyError(f"the source asks to be left alone until {until:%Y-%m-%d %H:%M} UTC", until)
        return seconds

    def _sent(
        self, method: str, url: str, params: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        all_headers = {"Accept": "application/json", **headers}
        with self._client.stream(method, url, params=params, headers=all_headers, follow_redirects=False) as response:
            body = bytearray()
            # counted as it unpacks, so that a small answer cannot fill the memory
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise PullError(f"an answer has more than {MOST_BYTES >> 20} MiB: ask for smaller pages")
            return response.status_code, response.headers, bytes(body)

    def _wait(self, attempt: int, patience: float = 0.0) -> None:
        # with chance in it: several that were refused at once must not come again at once
        seconds = min(_LONGEST_WAIT, 0.25 * 2**attempt) * (0.5 + random.random())
        self._pause(max(seconds, patience))

    def _authorisation(self) -> dict[str, str]:
        credentials = self.credentials
        match credentials.way:
            case "none":
                return {}
            case "basic":
                return {"Authorization": httpx.BasicAuth(credentials.user, credentials.secret)._auth_header}
            case "token":
                return {"Authorization": credentials.scheme + credentials.secret}
        if not self._token or time.monotonic() > self._token_ends:
            self._token, lifetime = self._fetched()
            self._token_ends = time.monotonic() + lifetime - _EARLY
        return {"Authorization": f"Bearer {self._token}"}

    def _fetched(self) -> tuple[str, float]:
        credentials = self.credentials
        form = {"grant_type": "client_credentials", "client_id": credentials.user, "client_secret": credentials.secret}
        if credentials.scope:
            form["scope"] = credentials.scope
        response = self._client.post(credentials.token_address, data=form)
        # who gives tokens may be away for a moment, while a refusal stays one
        if response.status_code >= 500 or response.status_code == 429:
            raise _NoTokenError(
                f"no token: {urlsplit(credentials.token_address).netloc} answers {response.status_code}"
            )
        try:
            token_answer = response.json()
            token, lifetime = token_answer["access_token"], float(token_answer.get("expires_in") or _LASTS)
            if not isinstance(token, str) or not token:
                raise ValueError
            return token, lifetime
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if response.is_success:
                host = urlsplit(credentials.token_address).netloc
                raise _NoTokenError(f"no token: the answer of {host} holds none, check token_address") from error
            raise ForbiddenError(
                f"no token is given ({response.status_code}): check the client's id, its secret and its scope"
            ) from error


def _refuse(status: int, url: str) -> None:
    """Raise the error of a status that says no, whoever asks again; nothing for others."""
    path = urlsplit(url).path
    if status in (401, 403):
        raise ForbiddenError(f"{path} is refused ({status}): check the account and its rights")
    if status >= 400 and status not in _AGAIN:
        reason = f"{path} answers {status}: check the address and the settings"
        raise GoneError(reason) if status in (404, 410) else PullError(reason)


def _failure(error: Exception) -> str:
    """What kept a request from being answered; of an error of the network its name alone, for it may quote an address
    with secrets in it."""
    return str(error) if isinstance(error, _NoTokenError) else type(error).__name__


def _unreadable(headers: Mapping[str, str]) -> str:
    """Why a body could not be read, as far as its headers tell."""
    if "html" in headers.get("content-type", "").lower():
        return "a web page in the place of data: check the address, and whether a sign-in or maintenance is before it"
    return "an answer that is cut off or cannot be read"


def _seconds(retry_after: str) -> float:
    """What a header Retry-After asks for, in seconds."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
        return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return 0.0
