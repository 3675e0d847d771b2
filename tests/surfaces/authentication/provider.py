"""A small provider of OpenID Connect for tests: real sockets, real keys, and every fault that a test asks for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

CLIENT: Final = "nytta"
SECRET: Final = "s:e/c&r+e t"
"""Every sign that somebody could forget to encode."""


@cache
def key(algorithm: str, number: int = 0) -> Key:
    """A private key for an algorithm; keys of other numbers are other keys. RSA keys take long to make."""
    parameters: Any = {"kid": f"{algorithm}-{number}", "use": "sig"}
    match algorithm[:2]:
        case "ES":
            curve: Any = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm]
            return ECKey.generate_key(curve, parameters)
        case "Ed":
            return OKPKey.generate_key("Ed25519", parameters)
        case _:
            return RSAKey.generate_key(2048, parameters)


def signed(claims: dict[str, Any] | bytes, signer: Key, algorithm: str, **head: Any) -> str:
    """A token with a signature of ours; what `head` says stands in its head, None takes a field out."""
    fields = {"typ": "JWT", "kid": signer.kid, "alg": algorithm} | head
    header = json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signing = f"{encoded(header)}.{encoded(payload)}"
    return f"{signing}.{encoded(jws.JWSRegistry.algorithms[algorithm].sign(signing.encode(), signer))}"


def unsigned(claims: dict[str, Any]) -> str:
    """A token that says of itself that nobody signed it."""
    return f"{encoded(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{encoded(json.dumps(claims).encode())}."


def with_public_key_as_secret(claims: dict[str, Any], signer: Key) -> str:
    """A token whose HMAC is made with what everybody knows: the public key's text."""
    assert isinstance(signer, RSAKey)
    head = json.dumps({"alg": "HS256", "typ": "JWT", "kid": signer.kid}).encode()
    signing = f"{encoded(head)}.{encoded(json.dumps(claims).encode())}"
    return f"{signing}.{encoded(hmac.digest(signer.as_pem(private=False), signing.encode(), 'sha256'))}"


def encoded(part: bytes) -> str:
    """A part of a token, as text."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@dataclass
class Answer:
    """What an endpoint answers instead of what it should."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """How long it waits before each hundredth of the body."""


@dataclass
class Provider:
    """One issuer with one client. What is set on it changes its next answers."""

    issuer: str = ""
    client: str = CLIENT
    secret: str = SECRET
    redirects: tuple[str, ...] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    person: dict[str, Any] = field(default_factory=dict)
    """Claims of whoever signs in next; a claim that is None is left out."""
    algorithm: str = "RS256"
    signer: Key = field(default_factory=lambda: key("RS256"))
    published: list[Key] = field(default_factory=lambda: [key("RS256")])
    description: dict[str, Any] = field(default_factory=dict)
    """What its description says beside, or instead; None takes a field out."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """By path, what it answers instead."""
    token: Callable[[dict[str, Any]], str] | None = None
    """Makes the ID token of the claims, instead of a sound signature."""
    callback: dict[str, str] = field(default_factory=dict)
    """What it sends back to the browser beside code and state, or instead."""
    asked: list[str] = field(default_factory=list)
    """Paths that were asked for."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    ended: list[dict[str, str]] = field(default_factory=list)
    """Queries with which somebody signed out."""

    def describe(self) -> dict[str, Any]:
        """The discovery document."""
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            "code_challenge_methods_supported": ["plain", "S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        } | self.description
        return {name: value for name, value in document.items() if value is not None}

    def claims(self, asked: dict[str, str]) -> dict[str, Any]:
        """What the ID token says of whoever signs in."""
        moment = self.now()
        held = {
            "iss": self.issuer,
            "sub": "subject-1",
            "aud": self.client,
            "exp": int((moment + timedelta(minutes=5)).timestamp()),
            "iat": int(moment.timestamp()),
            "nonce": asked.get("nonce"),
        } | self.person
        return {name: value for name, value in held.items() if value is not None}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes once the person has signed in. ValueError where the request is wrong."""
        wanted = {"response_type": "code", "client_id": self.client, "code_challenge_method": "S256", "tenant": "1"}
        wrong = [name for name, value in wanted.items() if asked.get(name) != value]
        if wrong or asked["redirect_uri"] not in self.redirects or "openid" not in asked["scope"].split():
            raise ValueError(f"the request is wrong: {wrong}, {asked}")
        code = secrets.token_urlsafe(12)
        self.codes[code] = asked
        fields = {"code": code, "state": asked["state"]} | self.callback
        return f"{asked['redirect_uri']}?{urlencode({n: v for n, v in fields.items() if v})}"

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint: each code once, for its client, its address and its verifier."""
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        if authorization.startswith("Basic "):
            name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            given = (unquote_plus(name), unquote_plus(secret))
        if given != (self.client, self.secret):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if encoded(digest) != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        make = self.token or (lambda claims: signed(claims, self.signer, self.algorithm))
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": make(self.claims(asked))}


@contextmanager
def provided(provider: Provider) -> Iterator[Provider]:
    """The provider on a socket of its own, in threads; its issuer is the socket's address where none is set."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            if self._instead(parts.path):
                return
            match parts.path:
                case "/.well-known/openid-configuration":
                    self._json(200, provider.describe())
                case "/keys":
                    self._json(200, {"keys": [each.as_dict(private=False) for each in provider.published]})
                case "/authorize":
                    try:
                        self._send(Answer(302, headers={"Location": provider.authorize(query)}))
                    except (ValueError, KeyError) as error:
                        self._json(400, {"error": "invalid_request", "error_description": str(error)})
                case "/logout":
                    provider.ended.append(query)
                    self._send(Answer(302, headers={"Location": query["post_logout_redirect_uri"]}))
                case _:
                    self._json(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            if not self._instead(urlsplit(self.path).path):
                self._json(*provider.exchange(dict(parse_qsl(body)), self.headers.get("Authorization", "")))

        def _instead(self, path: str) -> bool:
            provider.asked.append(path)
            answer = provider.answers.get(path)
            if answer is not None:
                self._send(answer)
            return answer is not None

        def _json(self, status: int, value: dict[str, Any]) -> None:
            self._send(Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"}))

        def _send(self, answer: Answer) -> None:
            try:
                self.send_response_only(answer.status)
                if "Date" not in answer.headers:
                    self.send_header("Date", self.date_time_string())
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                step = max(1, len(answer.body) // 100)
                for start in range(0, len(answer.body), step):
                    time.sleep(answer.seconds)
                    self.wfile.write(answer.body[start : start + step])
            except OSError:
                pass  # whoever asked has heard enough

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    provider.issuer = provider.issuer or f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        running.shutdown()
        running.server_close()
        thread.join(10)
