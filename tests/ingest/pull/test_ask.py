"""Requests to a source: waiting, trying again, and whom credentials are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import httpx
import pytest

from nytta.ingest.pull.ask import Ask, Credentials, ForbiddenError, PullError

HERE = "https://source.example"
CLIENT = Credentials("client-credentials", "id", "secret", "https://login.example/token")


def asking(
    answers: Iterable[httpx.Response | Exception], credentials: Credentials | None = None
) -> tuple[Ask, list[httpx.Request], list[float]]:
    left = iter(answers)
    seen: list[httpx.Request] = []
    pauses: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.host == "login.example":
            return httpx.Response(200, json={"access_token": f"t{len(seen)}", "expires_in": 3600})
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = httpx.Client(transport=httpx.MockTransport(handle))
    return Ask(HERE, credentials or Credentials("token", secret="s"), client=client, pause=pauses.append), seen, pauses


def test_what_passes_is_tried_again_and_what_is_told_is_waited_for() -> None:
    ask, seen, pauses = asking(
        [
            httpx.Response(429, headers={"Retry-After": "7"}),
            httpx.Response(503),
            httpx.ConnectError("away"),
            httpx.Response(200, content=b'{"cut": '),
            httpx.Response(200, json={"fine": 1}),
        ]
    )
    assert ask.get("a").body == {"fine": 1}
    assert (len(seen), ask.throttled) == (5, 1)
    assert pauses[0] == 7
    assert all(0 < pause <= 180 for pause in pauses)


def test_what_does_not_pass_is_told() -> None:
    ask, seen, _ = asking([httpx.Response(500)] * 8)
    with pytest.raises(PullError, match="failed 8 times, last with status 500"):
        ask.get("a")
    ask, seen, _ = asking([httpx.Response(403)])
    with pytest.raises(ForbiddenError, match="/a is refused"):
        ask.get("a")
    assert len(seen) == 1
    ask, _, _ = asking([httpx.Response(404)])
    with pytest.raises(PullError, match="answers 404"):
        ask.get("a")


def test_a_token_that_expired_is_fetched_anew_once() -> None:
    ask, seen, _ = asking([httpx.Response(200, json={}), httpx.Response(401), httpx.Response(200, json={})], CLIENT)
    ask.get("a")
    ask.get("a")
    shown = [request.headers["authorization"] for request in seen if request.url.host == "source.example"]
    assert shown == ["Bearer t1", "Bearer t1", "Bearer t4"]
    ask, _, _ = asking([httpx.Response(401)] * 2, CLIENT)
    with pytest.raises(ForbiddenError):
        ask.get("a")


@pytest.mark.parametrize("own", [True, False])
def test_a_signed_address_of_another_host_is_shown_no_credentials(own: bool) -> None:
    place = f"{HERE}/file" if own else "https://files.example/signed"
    ask, seen, _ = asking([httpx.Response(302, headers={"Location": place}), httpx.Response(200, json=[1])])
    assert ask.get("report").body == [1]
    assert ("authorization" in seen[1].headers) is own


@pytest.mark.parametrize(
    "follow",
    [
        lambda ask: ask.get("https://other.example/next"),
        lambda ask: ask.get("//other.example/next"),
        lambda ask: ask.get("http://source.example/next"),
    ],
)
def test_another_host_is_not_asked(follow: Callable[[Ask], object]) -> None:
    ask, seen, _ = asking([])
    with pytest.raises(PullError, match="another host"):
        follow(ask)
    assert seen == []


def test_a_redirect_to_an_open_address_is_not_followed() -> None:
    ask, seen, _ = asking([httpx.Response(302, headers={"Location": "http://files.example/x"})])
    with pytest.raises(PullError, match="another scheme"):
        ask.get("a")
    assert len(seen) == 1
