"""Signing in: a header that only the proxy may set, and a link that works once, here, for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nytta.surfaces.authentication.addresses import is_loopback
from nytta.surfaces.authentication.identity import Identity, NotAuthenticated
from nytta.surfaces.authentication.links import LINK_LIFE, Links
from nytta.surfaces.authentication.proxy import Proxy, refuse_open_house
from nytta.surfaces.authentication.sessions import SESSION_LIFE, Session

NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PROXY = Proxy("X-Email", ("10.0.0.5", "192.168.1.0/24"))


@pytest.mark.parametrize("peer", ["10.0.0.5", "192.168.1.77"])
def test_the_proxy_names_who_it_is(peer: str) -> None:
    headers = [("host", "x"), ("x-email", " Anna@Example.org ")]
    assert PROXY.identity(peer, headers) == Identity("anna@example.org")


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.6", [("X-Email", "anna@example.org")]),  # somebody who goes round the proxy
        ("127.0.0.1", [("X-Email", "anna@example.org")]),
        ("10.0.0.5", []),
        ("10.0.0.5", [("X-Email", "")]),
        ("10.0.0.5", [("X-Email", "anna")]),
        ("10.0.0.5", [("X-Email", "anna@example.org"), ("x-email", "boss@example.org")]),
        ("10.0.0.5", [("X-Email", "anna@example.org, boss@example.org")]),
    ],
)
def test_a_forged_or_doubtful_header_signs_nobody_in(peer: str, headers: list[tuple[str, str]]) -> None:
    with pytest.raises(NotAuthenticated):
        PROXY.identity(peer, headers)


def test_a_proxy_needs_an_address() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        Proxy("X-Email", ("nowhere",))


def test_a_proxy_comes_from_the_settings() -> None:
    assert Proxy.of("", "10.0.0.5") is None
    assert Proxy.of("X-Email", "10.0.0.5, 192.168.1.0/24") == PROXY
    with pytest.raises(ValueError, match="NYTTA_PROXIES"):
        Proxy.of("X-Email", " ")


def test_a_link_works_once() -> None:
    links = Links()
    token = links.issue(NOW)
    cookie = links.redeem(token, "127.0.0.1", NOW)
    assert links.sessions.identity(cookie, "::1", NOW) == Identity("", local=True)
    with pytest.raises(NotAuthenticated, match="was used"):
        links.redeem(token, "127.0.0.1", NOW)
    assert token not in repr(links)
    assert cookie not in repr(links)


def test_a_link_and_a_session_end() -> None:
    links = Links()
    token = links.issue(NOW)
    with pytest.raises(NotAuthenticated, match="too old"):
        links.redeem(token, "127.0.0.1", NOW + LINK_LIFE)
    cookie = links.redeem(links.issue(NOW), "127.0.0.1", NOW)
    assert links.sessions.identity(cookie, "127.0.0.1", NOW + SESSION_LIFE - SECOND).local
    with pytest.raises(NotAuthenticated):
        links.sessions.identity(cookie, "127.0.0.1", NOW + SESSION_LIFE)


def test_a_link_is_for_this_machine() -> None:
    links = Links()
    token = links.issue(NOW)
    with pytest.raises(NotAuthenticated, match="the machine that printed it"):
        links.redeem(token, "10.0.0.9", NOW)
    cookie = links.redeem(token, "::ffff:127.0.0.1", NOW)
    with pytest.raises(NotAuthenticated):
        links.sessions.identity(cookie, "10.0.0.9", NOW)
    with pytest.raises(NotAuthenticated):
        links.sessions.identity("guessed", "127.0.0.1", NOW)


@pytest.mark.parametrize(
    ("peer", "own"), [("127.3.2.1", True), ("::1", True), ("10.0.0.1", False), ("localhost", False)]
)
def test_loopback(peer: str, own: bool) -> None:
    assert is_loopback(peer) is own


def test_nobody_listens_to_the_world_without_a_proxy() -> None:
    refuse_open_house("127.0.0.1", None)
    refuse_open_house("localhost", None)
    refuse_open_house("0.0.0.0", PROXY)
    refuse_open_house("0.0.0.0", None, oidc=True)
    with pytest.raises(ValueError, match=r"NYTTA_OIDC_ISSUER.*NYTTA_PROXY_HEADER"):
        refuse_open_house("0.0.0.0", None)


def test_one_way_alone_says_who_is_signed_in() -> None:
    with pytest.raises(ValueError, match="keep one of them"):
        refuse_open_house("127.0.0.1", PROXY, oidc=True)


def test_a_session_of_somebody_counts_from_anywhere_until_it_ends() -> None:
    sessions = Links().sessions
    anna = Identity("anna@example.org", groups=frozenset({"leads"}))
    cookie = sessions.begin(Session(anna, NOW + SECOND, "token"), NOW)
    assert sessions.identity(cookie, "10.0.0.9", NOW) == anna
    with pytest.raises(NotAuthenticated):
        sessions.identity(cookie, "10.0.0.9", NOW + SECOND)
    ended = sessions.end(cookie)
    assert ended is not None
    assert ended.proof == "token"
    assert "token" not in repr(ended)
    assert sessions.end(cookie) is None
    with pytest.raises(NotAuthenticated):
        sessions.identity(cookie, "10.0.0.9", NOW)
