"""Who asks is the socket's peer, whatever a request says of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from nytta.ingest.http.server import bind, server


async def _peer_and_scheme(headers: Mapping[str, str]) -> list[str]:
    """What a request over a real socket of this machine is told to come from."""

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        request = Request(scope)
        assert request.client is not None
        await JSONResponse([request.client.host, request.url.scheme])(scope, receive, send)

    serving, bound = server(app), bind("127.0.0.1", 0)
    running = asyncio.create_task(serving.listen(bound))
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{bound.getsockname()[1]}/", headers=dict(headers))
        return [str(part) for part in answer.json()]
    finally:
        serving.should_exit = True
        await running


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "10.1.2.3"},
        {"X-Forwarded-For": "foo"},
        {"X-Forwarded-For": "10.1.2.3, 192.0.2.7", "X-Forwarded-Proto": "https"},
        {"Forwarded": "for=10.1.2.3;proto=https"},
        {"X-Real-IP": "10.1.2.3"},
    ],
)
def test_a_forwarded_address_does_not_replace_the_peer(headers: dict[str, str]) -> None:
    assert asyncio.run(_peer_and_scheme(headers)) == ["127.0.0.1", "http"]


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: %d\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: %d",
        b"Content-Length: %d\r\nContent-Length: 0",
        b"X-Length: %d\r\nTransfer-Encoding: chunked, identity",
    ],
)
def test_a_body_whose_end_is_told_in_two_ways_is_refused_and_nothing_behind_it_is_read(framing: bytes) -> None:
    """One of the two is what a proxy before this server believed; the other would smuggle the second request."""
    smuggled = b"0\r\n\r\nGET /second HTTP/1.1\r\nHost: nytta\r\n\r\n"
    head = b"POST /first HTTP/1.1\r\nHost: nytta\r\n" + framing % len(smuggled) + b"\r\n\r\n"
    answers, paths = asyncio.run(_answers_and_paths(head + smuggled))
    assert answers.count(b"HTTP/1.1 ") == 1
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert "/second" not in paths


@pytest.mark.parametrize(
    "line",
    [b"GET /" + b"a" * 100_000, b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 100_000],
    ids=["address", "header"],
)
def test_a_head_without_end_is_refused_before_it_is_all_there(line: bytes) -> None:
    answers, paths = asyncio.run(_answers_and_paths(line))
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert answers.endswith(b"The head of the request is too long.")
    assert not paths


@pytest.mark.parametrize("hosts", [b"", b"Host: nytta\r\nhost: other\r\n"], ids=["none", "two"])
def test_which_host_is_asked_for_is_told_once(hosts: bytes) -> None:
    answers, paths = asyncio.run(_answers_and_paths(b"GET /first HTTP/1.1\r\n" + hosts + b"\r\n"))
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert not paths


def test_a_line_that_names_no_version_is_refused() -> None:
    answers, paths = asyncio.run(_answers_and_paths(b"GET /first%20HTTP/1.1\r\nHost: nytta\r\n\r\n"))
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert not paths


def test_what_follows_a_body_in_pieces_is_no_header_of_it_and_has_an_end() -> None:
    head = b"POST /first HTTP/1.1\r\nHost: nytta\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = b"1\r\na\r\n" * 40_000
    trailers = b"0\r\nAuthorization: Bearer late\r\n\r\n"
    answers, paths = asyncio.run(_answers_and_paths(head + pieces + trailers, reads=True))
    assert answers.startswith(b"HTTP/1.1 200 ")
    assert answers.endswith(b"[40000,false]")
    assert paths == ["/first"]
    answers, _ = asyncio.run(_answers_and_paths(head + b"0\r\nX-Long: " + b"a" * 100_000, reads=True))
    assert answers.startswith(b"HTTP/1.1 400 ")


def test_an_offer_of_another_protocol_is_passed_over() -> None:
    """Some clients offer HTTP/2 with every request and send its body all the same."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
    head = b"POST /first HTTP/1.1\r\nHost: nytta\r\n" + offer + b"Content-Length: 5\r\n\r\n"
    answers, _ = asyncio.run(_answers_and_paths(head + b"hello", reads=True))
    assert answers.startswith(b"HTTP/1.1 200 ")
    assert answers.endswith(b"[5,false]")
    answers, paths = asyncio.run(_answers_and_paths((head + b"hello") * 1_200, reads=True))
    assert answers.count(b"[5,false]") == len(paths) == 1_200


async def _answers_and_paths(sent: bytes, *, reads: bool = False) -> tuple[bytes, list[str]]:
    """All that comes back until the server closes the connection, and the paths that the application was asked for.

    The application that reads answers with the length of the body, and whether it was shown a token.
    """
    paths: list[str] = []

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        paths.append(scope["path"])
        request = Request(scope, receive)
        answer = [len(await request.body()), "authorization" in request.headers] if reads else []
        await JSONResponse(answer)(scope, receive, send)

    serving, bound = server(app, seconds=0.5), bind("127.0.0.1", 0)
    running = asyncio.create_task(serving.listen(bound))
    try:
        reader, writer = await asyncio.open_connection(*bound.getsockname())
        writer.write(sent)
        answers = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answers, paths
    finally:
        serving.should_exit = True
        await running
