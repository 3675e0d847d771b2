"""What any source may do wrong, as a server on loopback: a fake source says what it has, this how it answers."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "/token"
"""Where a fake gives out tokens."""


@dataclass
class Given:
    """What a fake source answers: JSON, or a text as it is; its status, and headers."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Fake:
    """A source whose answers go wrong, each fault with this probability. `clock` seconds it is ahead of us.

    Faults are "429", "500", "truncated", "empty", "dropped", and "expired": no token that was given out is good any
    more, and what is shown in this request is refused. A new token is good for one request at least.
    """

    address = ""
    """Where it is served, where a fake needs to know that."""

    def __init__(self, seed: int = 1, faults: Mapping[str, float] | None = None, clock: int = 0) -> None:
        self.random = random.Random(seed)
        self.faults = dict(faults or {})
        self.clock = clock
        self.requests: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.away = False
        self.tokens = 0
        """How many tokens were given out; where none was, nobody is asked for one."""
        self._good: set[str] = set()
        self._shown: set[str] = set()
        self.before: Callable[[], None] = lambda: None
        """Called before each request: here a test kills who asks."""
        self._lock = threading.Lock()

    def answer(self, path: str, query: dict[str, str]) -> Given:
        """What the source has at `path`."""
        raise NotImplementedError

    def tick(self) -> None:
        """What happens in the source between two requests."""

    def emptied(self, given: Given) -> Given:
        """The answer with no rows, though there are some."""
        return given

    def given(self, path: str, query: dict[str, str], fault: str) -> Given:
        """The answer to a request: tokens, refusals, then what the source has."""
        if self.away:
            return Given({}, 503)
        if path == TOKEN:
            self.tokens += 1
            self._good.add(f"Bearer t{self.tokens}")
            return Given({"access_token": f"t{self.tokens}", "expires_in": 3600})
        shown = self.requests[-1][2].get("Authorization", "")
        is_new = shown in self._good and shown not in self._shown
        self._shown.add(shown)
        if fault == "expired" and not is_new:
            self._good.clear()
            return self.refused()
        if self.tokens and shown not in self._good:
            return self.refused()
        return self.answer(path, query)

    def refused(self) -> Given:
        """What is shown is not good."""
        return Given({"error": {"code": "InvalidAuthenticationToken"}}, 401)

    def faulty(self) -> str:
        """The fault of this request, '' for none."""
        drawn = self.random.random()
        for name, share in self.faults.items():
            drawn -= share
            if drawn < 0:
                return name
        return ""

    @contextmanager
    def served(self) -> Iterator[str]:
        """Its address, while it is served."""
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def date_time_string(self, timestamp: float | None = None) -> str:
                return format_datetime(datetime.now(UTC) + timedelta(seconds=fake.clock), usegmt=True)

            def do_GET(self) -> None:
                with fake._lock:
                    fake.before()
                    parts = urlsplit(self.path)
                    query = dict(parse_qsl(parts.query, keep_blank_values=True))
                    fake.requests.append((parts.path, query, dict(self.headers)))
                    fake.tick()
                    fault = fake.faulty()
                    given = fake.given(parts.path, query, fault)
                if fault == "429":
                    given = Given({}, 429, {"Retry-After": "0"})
                elif fault == "500":
                    given = Given({}, self._status())
                elif fault == "empty":
                    given = fake.emptied(given)
                body = given.body.encode() if isinstance(given.body, str) else json.dumps(given.body).encode()
                if fault == "dropped":
                    self.close_connection = True
                    return
                self.send_response(given.status)
                for name, value in given.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                if fault == "truncated":
                    body = body[: len(body) // 2]  # with the length of what was sent: only the JSON is cut off
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def _status(self) -> int:
                return fake.random.choice([500, 502, 503])

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
