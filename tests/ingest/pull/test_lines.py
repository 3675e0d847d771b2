"""The line to a source: certificates that are not trusted, and authorities and proxies that the environment names."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_connection, socket
from typing import Any, ClassVar

import pytest

from nytta.ingest.pull.ask import Ask, Credentials, PullError
from tests.ingest.stream.certificates import self_signed


class Source(BaseHTTPRequestHandler):
    """A system that answers everything with an empty list."""

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")


class Proxy(BaseHTTPRequestHandler):
    """A proxy that lets through what it is asked to connect, and notes all that it can read."""

    read: ClassVar[list[str]] = []
    lets_through: ClassVar[bool] = True

    def log_message(self, *_: Any) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.read.append(f"{self.requestline} {self.headers}")
        if not self.lets_through:
            self.send_error(403)
            return
        host, _, port = self.path.partition(":")
        with create_connection((host, int(port))) as upstream:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=passed_on, args=(upstream, self.connection))
            back.start()
            passed_on(self.connection, upstream)
            back.join()


def passed_on(start: socket, end: socket) -> None:
    while True:
        try:
            body = start.recv(65536)
            end.sendall(body)
        except OSError:
            return
        if not body:
            return


@contextmanager
def served(handler: type[BaseHTTPRequestHandler], certificate: Path | None = None) -> Iterator[str]:
    """Its address, while it is served."""
    server: socketserver.BaseServer = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    assert isinstance(server, ThreadingHTTPServer)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A source over https, whose certificate an authority of its own has signed."""
    for name in ("SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with served(Source, self_signed(tmp_path)) as url:
        yield url


def asking(address: str, pauses: list[float]) -> Ask:
    return Ask(address, Credentials("token", secret="s3cret"), pause=pauses.append)


def test_a_certificate_that_is_not_trusted_is_told_at_once(address: str) -> None:
    pauses: list[float] = []
    with (
        closing(asking(address, pauses)) as ask,
        pytest.raises(PullError, match=r"127.0.0.1 is not trusted \(self.signed certificate\).* SSL_CERT_FILE"),
    ):
        ask.get("a")
    assert not pauses


def test_an_authority_of_the_environment_is_heeded(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with closing(asking(address, [])) as ask:
        assert ask.get("a").body == []


def test_a_proxy_of_the_environment_is_heeded_and_sees_no_credentials(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setattr(Proxy, "read", [])
    with ExitStack() as stack:
        monkeypatch.setenv("HTTPS_PROXY", stack.enter_context(served(Proxy)))
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        assert stack.enter_context(closing(asking(address, []))).get("a").body == []
        assert len(Proxy.read) == 1
        assert "s3cret" not in Proxy.read[0]
        # an open line, as to a system on this machine, goes past every proxy
        open_address = stack.enter_context(served(Source))
        assert stack.enter_context(closing(asking(open_address, []))).get("a").body == []
        monkeypatch.setattr(Proxy, "lets_through", False)
        with pytest.raises(PullError, match="ProxyError: look at HTTPS_PROXY"):
            stack.enter_context(closing(asking(address, []))).get("a")
