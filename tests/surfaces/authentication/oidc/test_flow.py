"""Sign-ins under way: once, in time, in the same browser, and never more than fit."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from nytta.surfaces.authentication.oidc import flow
from nytta.surfaces.authentication.oidc.client import Client
from nytta.surfaces.authentication.oidc.flow import LIFE, Attempts, request
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
CLIENT = Client("https://i.example", "nytta", "s", "https://n.example", frozenset({"town.example"}))


def test_a_sign_in_is_finished_once() -> None:
    attempts = Attempts()
    state, attempt = attempts.begin("browser", "/units/u1", NOW)
    assert attempts.take(state, "browser", NOW) == attempt
    with pytest.raises(Refusal, match="no such sign-in") as refused:
        attempts.take(state, "browser", NOW)
    assert refused.value.reason is Reason.STALE


def test_two_tabs_of_a_browser_sign_in_beside_each_other() -> None:
    attempts = Attempts()
    first, second = attempts.begin("browser", "/a", NOW), attempts.begin("browser", "/b", NOW)
    assert attempts.take(second[0], "browser", NOW).to == "/b"
    assert attempts.take(first[0], "browser", NOW).to == "/a"


@pytest.mark.parametrize(("browser", "seconds"), [("other", 0), ("", 0), ("browser", LIFE.total_seconds())])
def test_another_browser_or_too_late_and_it_cannot_be_tried_again(browser: str, seconds: float) -> None:
    attempts = Attempts()
    state, _ = attempts.begin("browser", "/", NOW)
    for cookie in (browser, "browser"):
        with pytest.raises(Refusal):
            attempts.take(state, cookie, NOW + timedelta(seconds=seconds))


def test_the_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MOST", 3)
    attempts = Attempts()
    states = [attempts.begin("browser", "/", NOW)[0] for _ in range(5)]
    assert len(attempts._attempts) == 3
    assert attempts.take(states[-1], "browser", NOW)
    with pytest.raises(Refusal):
        attempts.take(states[0], "browser", NOW)
    attempts.begin("browser", "/", NOW + LIFE)
    assert len(attempts._attempts) == 1


def test_what_is_asked_of_the_provider() -> None:
    state, attempt = Attempts().begin("browser", "/", NOW)
    address = request(CLIENT, "https://i.example/authorize?tenant=1", state, attempt)
    asked = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    assert asked == {
        "tenant": "1",
        "response_type": "code",
        "client_id": "nytta",
        "redirect_uri": "https://n.example/sign-in/callback",
        "scope": "openid email",
        "state": state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    assert 43 <= len(attempt.verifier) <= 128  # RFC 7636, 4.1
    assert attempt.verifier not in address
    assert attempt.verifier not in repr(attempt)
    assert attempt.nonce not in repr(attempt)
