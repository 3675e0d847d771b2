"""Requests to a source: waiting, trying again, and whom credentials are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from nytta.ingest.pull.ask import Ask, BusyError, Credentials, ForbiddenError, PullError

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


def test_a_web_page_in_the_place_of_data_is_told_as_one() -> None:
    page = httpx.Response(200, html="<html><title>Sign in</title></html>")
    ask, seen, _ = asking([page] * 8)
    with pytest.raises(PullError, match="a web page in the place of data"):
        ask.get("a")
    assert len(seen) == 8
    ask, _, _ = asking([page, httpx.Response(200, json={"fine": 1})])  # maintenance that ends
    assert ask.get("a").body == {"fine": 1}


def token_answers(answers: Iterable[httpx.Response]) -> tuple[Ask, list[float]]:
    """A source whose address of tokens answers so, then with a token."""
    left = iter(answers)
    pauses: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.example":
            return next(left, httpx.Response(200, json={"access_token": "t", "expires_in": None}))
        return httpx.Response(200, json={"fine": 1})

    client = httpx.Client(transport=httpx.MockTransport(handle))
    return Ask(HERE, CLIENT, client=client, pause=pauses.append), pauses


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(500), "no token: login.example answers 500"),
        (httpx.Response(200, html="<html>"), "login.example holds none, check token_address"),
        (httpx.Response(200, json=[1]), "holds none"),
        (httpx.Response(200, json={"access_token": None}), "holds none"),
        (httpx.Response(524), "login.example answers 524"),
    ],
)
def test_a_token_that_is_not_given_is_told(answer: httpx.Response, said: str) -> None:
    ask, pauses = token_answers([answer] * 8)
    with pytest.raises(PullError, match=said):
        ask.get("a")
    assert len(pauses) == 8
    ask, _ = token_answers([answer])
    assert ask.get("a").body == {"fine": 1}


def test_a_refused_client_is_told_at_once_and_nothing_that_was_sent() -> None:
    refusal = {"error": "invalid_client", "error_description": "secret 'secret' of Ann is wrong"}
    ask, pauses = token_answers([httpx.Response(401, json=refusal)])
    with pytest.raises(ForbiddenError) as told:
        ask.get("a")
    assert str(told.value) == "no token is given (invalid_client): check the client's id, its secret and its scope"
    assert not pauses
    for wrong in (404, 302):
        ask, _ = token_answers([httpx.Response(wrong, headers={"Location": "https://elsewhere.example"})])
        with pytest.raises(PullError, match=f"login.example answers {wrong}: check token_address"):
            ask.get("a")


def test_a_redirect_that_leads_on_is_not_followed_for_ever() -> None:
    again = httpx.Response(302, headers={"Location": f"{HERE}/a"})
    ask, seen, _ = asking([again] * 9)
    with pytest.raises(PullError, match="leads to an address that leads on"):
        ask.get("a")
    assert len(seen) == 2
    ask, _, _ = asking([httpx.Response(302, headers={"Location": "/login"}), httpx.Response(403)])
    with pytest.raises(PullError, match=r"leads does not answer \(status 403\)"):
        ask.get("a")


@pytest.mark.parametrize("patience", ["86400", "99999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_who_asks_for_a_long_rest_is_left_alone(patience: str) -> None:
    ask, seen, pauses = asking([httpx.Response(429, headers={"Retry-After": patience})])
    with pytest.raises(BusyError, match="to be left alone until") as told:
        ask.get("a")
    assert (len(seen), pauses) == (1, [])
    assert timedelta(hours=23) < told.value.until - datetime.now(UTC) <= timedelta(days=1)


@pytest.mark.parametrize("patience", ["-5", "soon", "1e9", "Mon, 01 Jan 2001 00:00:00 GMT", ""])
def test_a_rest_that_nobody_understands_is_a_short_one(patience: str) -> None:
    ask, seen, pauses = asking([httpx.Response(503, headers={"Retry-After": patience}), httpx.Response(200, json=1)])
    assert ask.get("a").body == 1
    assert pauses[0] < 1
    assert len(seen) == 2


def test_a_list_whose_pages_lead_in_a_circle_ends() -> None:
    pages = [httpx.Response(200, json={"value": [1], "@odata.nextLink": f"{HERE}/b"})] * 3
    ask, seen, _ = asking(pages)
    with pytest.raises(PullError, match="leads back to an earlier one"):
        list(ask.linked("a"))
    assert len(seen) == 2


def test_a_list_whose_pages_bring_nothing_new_ends() -> None:
    pages = (httpx.Response(200, json={"value": [], "@odata.nextLink": f"{HERE}/{n}"}) for n in range(2000))
    ask, seen, _ = asking(pages)
    with pytest.raises(PullError, match="1000 pages of the list bring nothing new"):
        list(ask.linked("a"))
    assert len(seen) == 1001


@pytest.mark.parametrize("link", ["https://source.example:443/b", "https://SOURCE.example/b"])
def test_a_link_that_writes_the_host_otherwise_is_followed(link: str) -> None:
    ask, _, _ = asking(
        [httpx.Response(200, json={"value": [1], "@odata.nextLink": link}), httpx.Response(200, json={"value": [2]})]
    )
    assert [page["value"] for page in ask.linked("a")] == [[1], [2]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_answers_are_read_in_the_encoding_that_they_have(encoding: str) -> None:
    ask, _, _ = asking([httpx.Response(200, content='{"department": "Blåsälven"}'.encode(encoding))])
    assert ask.get("a").body == {"department": "Blåsälven"}


def test_a_moment_to_wait_for_is_one_of_the_source_s_clock() -> None:
    behind = datetime.now(UTC) - timedelta(hours=3)
    form = "%a, %d %b %Y %H:%M:%S GMT"
    headers = {"Date": behind.strftime(form), "Retry-After": (behind + timedelta(seconds=90)).strftime(form)}
    ask, _, pauses = asking([httpx.Response(503, headers=headers), httpx.Response(200, json=1)])
    assert ask.get("a").body == 1
    assert pauses == [90]


def test_an_answer_that_comes_in_drops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(0, 10_000, 100))
    monkeypatch.setattr("nytta.ingest.pull.ask.time.monotonic", lambda: next(ticks))
    ask, seen, _ = asking([httpx.Response(200, content=(b" " for _ in range(100)))])
    with pytest.raises(PullError, match="takes more than 10 minutes"):
        ask.get("a")
    assert len(seen) == 1


def test_a_system_that_has_moved_is_named() -> None:
    ask, _, _ = asking([httpx.Response(301, headers={"Location": "https://new.example/a?sig=x"}), httpx.Response(401)])
    with pytest.raises(PullError, match=r"on new\.example .* \(status 401\).* write its address") as told:
        ask.get("a")
    assert "sig" not in str(told.value)


def test_the_clock_of_the_source_is_noted() -> None:
    date = (datetime.now(UTC) + timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    ask, _, _ = asking([httpx.Response(200, json=1, headers={"Date": date}), httpx.Response(200, json=1)])
    ask.get("a")
    assert ask.ahead == pytest.approx(7200, abs=5)
    ask.get("a")
    assert ask.ahead is None
