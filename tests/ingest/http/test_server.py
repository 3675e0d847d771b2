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


def test_a_body_whose_end_is_told_in_two_ways_is_refused_and_nothing_behind_it_is_read() -> None:
    """One of the two is what a proxy before this server believed; the other would smuggle the second request."""
    smuggled = b"0\r\n\r\nGET /second HTTP/1.1\r\nHost: nytta\r\n\r\n"
    head = b"POST /first HTTP/1.1\r\nHost: nytta\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n"
    answers, paths = asyncio.run(_answers_and_paths(head % len(smuggled) + smuggled))
    assert answers.count(b"HTTP/1.1 ") == 1
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert not paths


async def _answers_and_paths(sent: bytes) -> tuple[bytes, list[str]]:
    """All that comes back until the server closes the connection, and the paths that the application was asked for."""
    paths: list[str] = []

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        paths.append(scope["path"])
        await JSONResponse([])(scope, receive, send)

    serving, bound = server(app), bind("127.0.0.1", 0)
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
