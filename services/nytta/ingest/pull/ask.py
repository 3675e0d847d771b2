"""Requests to a source: one client that waits, tries again, and never shows its credentials to another host."""

from __future__ import annotations

import json
import random
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal, NamedTuple
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
_AGAIN: Final = frozenset({408, 425, 429, *range(500, 600)} - {501, 505})
"""Statuses that may pass. Hosts that stand before a system have more of 5xx than the standard does."""
_LONGEST_ANSWER: Final = 600.0
"""Seconds that one answer may take as a whole, however little of it comes at a time."""
_BARREN_PAGES: Final = 1000
"""Pages without a new row that may follow each other in a list: Graph has such, and so has a list without an end."""
_PORTS: Final = {"https": 443, "http": 80}
# seconds before its end at which a token is taken for expired
_EARLY: Final = 30.0


class PullError(Mendable):
    """A source could not be read: what to change, or that it is tried again at the next round."""


class ForbiddenError(PullError):
    """The source refuses this to the account."""


class InvalidRequestError(PullError):
    """The source does not understand what was asked for, such as a place of changes that it has forgotten."""


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
        return _clock(self.headers.get("date", ""))


class _NoTokenError(Exception):
    """No token was given, and may be at the next try."""


Read = Callable[[bytes], Any]
"""Reads the body of an answer. ValueError where it is cut off, or is something else."""


def decoded(body: bytes) -> str:
    """The text of a body in UTF-8, UTF-16 or UTF-32, with a byte order mark or without. ValueError where it is none."""
    return body.decode(json.detect_encoding(body))


def read_json(body: bytes) -> Any:
    """The document of a body in JSON. ValueError where it is none."""
    return orjson.loads(body if json.detect_encoding(body) == "utf-8" else decoded(body))


class ListPage(NamedTuple):
    """What `linked` looks at in a page of a list: the link to the next one, '' at the end, and its rows."""

    next_link: str
    rows: Any


def odata_page(page_body: Any) -> ListPage:
    """A page as OData writes it. KeyError where it has no rows."""
    return ListPage(page_body.get("@odata.nextLink") or "", page_body["value"])


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
        # a proxy and authorities of the environment for https alone: on an open line a proxy would see the credentials
        is_encrypted = all(
            urlsplit(url).scheme == "https"
            for url in (self.address, credentials.token_address or self.address)
        )
        self._client = client or httpx.Client(
            timeout=httpx.Timeout(60, connect=10), trust_env=is_encrypted
        )
        self._pause = pause
        self._token = ""
        self._token_ends = 0.0

    def close(self) -> None:
        """Release the connections."""
        self._client.close()

    def get(
        self, path: str, params: Mapping[str, str] | None = None, read_body: Read = read_json
    ) -> Answer:
        """The answer at `path` below the address, read as JSON or by `read_body`.

        ForbiddenError, GoneError, or PullError where all tries failed.
        """
        return self._tried("GET", self.below(path), params, read_body)

    def linked(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        read_body: Read = read_json,
        page_of: Callable[[Any], ListPage] = odata_page,
    ) -> Iterator[Any]:
        """The answers of a list whose pages name the next one, as OData does. As `get`; PullError where it has no end.

        A list without an end would hold a round for ever.
        """
        seen_links: set[int] = set()
        earlier_rows: Any = None
        barren_pages = 0
        while path:
            # by their hashes, for links are long and lists may be
            if hash(path) in seen_links:
                raise PullError(
                    "a page of the list leads back to an earlier one: it is tried again next round"
                )
            seen_links.add(hash(path))
            page_body = self.get(path, params, read_body).body
            (path, rows), params = page_of(page_body), None
            # a change may come twice, and a page may be empty; so many in a row are no list
            barren_pages = 0 if rows and rows != earlier_rows else barren_pages + 1
            if barren_pages > _BARREN_PAGES:
                raise PullError(
                    f"{_BARREN_PAGES} pages of the list bring nothing new: it is tried again next round"
                )
            earlier_rows = rows
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
        if _origin(url) != _origin(self.address):
            raise PullError(
                f"the source leads to another host than {self.address}: it is not followed. If the address in "
                "sources.yaml is new, say nytta pull --reset"
            )
        return url

    def _tried(
        self, method: str, url: str, params: Mapping[str, str] | None, read_body: Read
    ) -> Answer:
        """The answer of one of several tries. ForbiddenError, GoneError or PullError where another would not help."""
        reason = ""
        renewed = False
        for attempt in range(_TRIES):
            patience = 0.0
            try:
                status, headers, body = self._sent(method, url, params, self._authorisation())
            except (_NoTokenError, httpx.TransportError, httpx.DecodingError) as error:
                _refuse_certificate(error, url)
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
        raise PullError(
            f"{urlsplit(url).path} failed {_TRIES} times, last with {reason}; it is tried again next round"
        )

    def _redirected(self, url: str, location: str, read_body: Read) -> Answer:
        """What lies where the source sends us: a signed address knows us by itself, so it is shown no credentials."""
        target = urljoin(url, location)
        if urlsplit(target).scheme != urlsplit(self.address).scheme:
            raise PullError("the source leads to another scheme than its own: it is not followed")
        # by scheme, host and port: another port may be another's
        same_origin = _origin(target) == _origin(self.address)
        reason = ""
        for attempt in range(_TRIES):
            patience = 0.0
            headers: Mapping[str, str] = {}
            try:
                status, headers, body = self._sent(
                    "GET", target, None, self._authorisation() if same_origin else {}
                )
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
                _refuse_certificate(error, target)
                reason = _failure(error)
            self._wait(attempt, patience)
        moved = "" if same_origin else f" on {urlsplit(target).hostname}"
        raise PullError(
            f"the address{moved} to which {urlsplit(url).path} leads does not answer ({reason}); it is tried again "
            "next round. If the system has moved, write its address in sources.yaml"
        )

    def _answer(self, body: Any, headers: Mapping[str, str]) -> Answer:
        """What was read, and with it how far the source's clock is ahead."""
        answer = Answer(body, headers)
        self.ahead = (answer.clock - datetime.now(UTC)).total_seconds() if answer.clock else None
        return answer

    def _patience(self, headers: Mapping[str, str]) -> float:
        """The seconds that the source asks us to wait. BusyError where a round cannot wait for so long."""
        seconds = _seconds(headers.get("retry-after", ""), headers.get("date", ""))
        if seconds > _LONGEST_WAIT:
            until = datetime.now(UTC) + timedelta(seconds=min(seconds, _LONGEST_REST))
            raise BusyError(
                f"the source asks to be left alone until {until:%Y-%m-%d %H:%M} UTC", until
            )
        return seconds

    def _sent(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        all_headers = {"Accept": "application/json", **headers}
        begun = time.monotonic()
        with self._client.stream(
            method,
            url,
            # with none, httpx would take away those that the address has
            params=params or None,
            headers=all_headers,
            data=form,
            follow_redirects=False,
        ) as response:
            body = bytearray()
            # counted as it unpacks, so that a small answer cannot fill the memory
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise PullError(
                        f"an answer has more than {MOST_BYTES >> 20} MiB: ask for smaller pages"
                    )
                if time.monotonic() - begun > _LONGEST_ANSWER:
                    raise PullError(
                        f"an answer takes more than {_LONGEST_ANSWER / 60:.0f} minutes: ask for smaller pages, or look "
                        "what slows the source down"
                    )
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
                return {
                    "Authorization": httpx.BasicAuth(
                        credentials.user, credentials.secret
                    )._auth_header
                }
            case "token":
                return {"Authorization": credentials.scheme + credentials.secret}
        if not self._token or time.monotonic() > self._token_ends:
            self._token, lifetime = self._fetched()
            self._token_ends = time.monotonic() + lifetime - _EARLY
        return {"Authorization": f"Bearer {self._token}"}

    def _fetched(self) -> tuple[str, float]:
        credentials = self.credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.user,
            "client_secret": credentials.secret,
        }
        if credentials.scope:
            form["scope"] = credentials.scope
        host = urlsplit(credentials.token_address).netloc
        status, _, body = self._sent("POST", credentials.token_address, None, {}, form)
        # who gives tokens may be away for a moment, while a refusal stays one
        if status in _AGAIN:
            raise _NoTokenError(f"no token: {host} answers {status}")
        if 300 <= status < 400 or status in (404, 405, 410):
            raise PullError(f"no token: {host} answers {status}: check token_address")
        try:
            token_answer = read_json(body)
        except ValueError:
            token_answer = None
        if not 200 <= status < 300:
            raise ForbiddenError(
                f"no token is given ({_refusal(token_answer) or status}): check the client's id, its secret and its "
                "scope"
            )
        try:
            token, lifetime = (
                token_answer["access_token"],
                float(token_answer.get("expires_in") or _LASTS),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            token, lifetime = None, _LASTS
        if not isinstance(token, str) or not token:
            raise _NoTokenError(f"no token: the answer of {host} holds none, check token_address")
        return token, lifetime


def _refusal(token_answer: Any) -> str:
    """The code with which a refusal of a token says its reason, such as invalid_client (RFC 6749); '' without one."""
    code = token_answer.get("error") if isinstance(token_answer, dict) else None
    # nothing else of it: a description may quote what was sent
    return code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of an address, the port that a scheme has by itself being none."""
    parts = urlsplit(url)
    return (
        parts.scheme,
        parts.hostname,
        None if parts.port == _PORTS.get(parts.scheme) else parts.port,
    )


def _refuse(status: int, url: str) -> None:
    """Raise the error of a status that says no, whoever asks again; nothing for others."""
    path = urlsplit(url).path
    if status in (401, 403):
        raise ForbiddenError(f"{path} is refused ({status}): check the account and its rights")
    if status >= 400 and status not in _AGAIN:
        reason = f"{path} answers {status}: check the address and the settings"
        kinds = {400: InvalidRequestError, 404: GoneError, 410: GoneError}
        raise kinds.get(status, PullError)(reason)


def _refuse_certificate(error: BaseException, url: str) -> None:
    """Raise PullError where a certificate is not trusted, which another try would not change."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise PullError(
                f"the certificate of {urlsplit(url).hostname} is not trusted ({cause.verify_message}): let it be "
                "renewed, or name the authority that signed it in SSL_CERT_FILE"
            ) from error
        cause = cause.__cause__ or cause.__context__


def _failure(error: Exception) -> str:
    """What kept a request from being answered; of an error of the network its name alone, for it may quote an address
    with secrets in it."""
    if isinstance(error, httpx.ProxyError):
        return "ProxyError: look at HTTPS_PROXY, and whether the proxy lets this host through"
    return str(error) if isinstance(error, _NoTokenError) else type(error).__name__


def _unreadable(headers: Mapping[str, str]) -> str:
    """Why a body could not be read, as far as its headers tell."""
    if "html" in headers.get("content-type", "").lower():
        return "a web page in the place of data: check the address, and whether a sign-in or maintenance is before it"
    return "an answer that is cut off or cannot be read"


def _seconds(retry_after: str, date: str) -> float:
    """What a header Retry-After asks for, in seconds; a moment is one of the clock that the header Date tells."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return max(0.0, (moment - (_clock(date) or datetime.now(UTC))).total_seconds())


def _clock(date: str) -> datetime | None:
    """The moment of a header Date; None without one."""
    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
