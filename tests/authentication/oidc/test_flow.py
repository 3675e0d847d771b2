"""Sign-ins under way: once, in time, in the same browser, and never more than fit."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from nytta.authentication.oidc import flow
from nytta.authentication.oidc.client import Client
from nytta.authentication.oidc.flow import LIFE, UnderWay, request
from nytta.authentication.oidc.refusal import Reason, Refusal

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
CLIENT = Client("https://i.example", "nytta", "s", "https://n.example", frozenset({"town.example"}))


def test_a_sign_in_is_finished_once() -> None:
    under_way = UnderWay()
    state, begun = under_way.begin("browser", "/units/u1", NOW)
    assert under_way.take(state, "browser", NOW) == begun
    with pytest.raises(Refusal, match="no such sign-in") as refused:
        under_way.take(state, "browser", NOW)
    assert refused.value.reason is Reason.STALE


def test_two_tabs_of_a_browser_sign_in_beside_each_other() -> None:
    under_way = UnderWay()
    first, second = under_way.begin("browser", "/a", NOW), under_way.begin("browser", "/b", NOW)
    assert under_way.take(second[0], "browser", NOW).to == "/b"
    assert under_way.take(first[0], "browser", NOW).to == "/a"


@pytest.mark.parametrize(("browser", "seconds"), [("other", 0), ("", 0), ("browser", LIFE.total_seconds())])
def test_another_browser_or_too_late_and_it_cannot_be_tried_again(browser: str, seconds: float) -> None:
    under_way = UnderWay()
    state, _ = under_way.begin("browser", "/", NOW)
    for cookie in (browser, "browser"):
        with pytest.raises(Refusal):
            under_way.take(state, cookie, NOW + timedelta(seconds=seconds))


def test_the_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MOST", 3)
    under_way = UnderWay()
    states = [under_way.begin("browser", "/", NOW)[0] for _ in range(5)]
    assert len(under_way._begun) == 3
    assert under_way.take(states[-1], "browser", NOW)
    with pytest.raises(Refusal):
        under_way.take(states[0], "browser", NOW)
    under_way.begin("browser", "/", NOW + LIFE)
    assert len(under_way._begun) == 1


def test_what_is_asked_of_the_provider() -> None:
    state, begun = UnderWay().begin("browser", "/", NOW)
    address = request(CLIENT, "https://i.example/authorize?tenant=1", state, begun)
    asked = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
    digest = hashlib.sha256(begun.verifier.encode()).digest()
    assert asked == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "nytta",
        "redirect_uri": "https://n.example/sign-in/callback",
        "scope": "openid email",
        "state": state,
        "nonce": begun.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    assert 43 <= len(begun.verifier) <= 128  # RFC 7636, 4.1
    assert begun.verifier not in address
    assert begun.verifier not in repr(begun)
    assert begun.nonce not in repr(begun)
