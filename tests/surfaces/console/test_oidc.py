"""Signing in with a provider, through the console on a socket: who comes in, and everybody who must not."""

from __future__ import annotations

import logging
import random
import re
import string
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import Key

from nytta.surfaces.authentication.oidc import provider as asking
from nytta.surfaces.authentication.oidc.flow import LIFE
from nytta.surfaces.authentication.oidc.provider import description_of
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal
from nytta.surfaces.authentication.oidc.sign_in import TOGETHER
from nytta.surfaces.console.words import LANGUAGES, words
from tests.surfaces.authentication.provider import Answer, key, signed, unsigned, with_public_key_as_secret
from tests.surfaces.console.oidc import Site, opened
from tests.surfaces.console.world import NOW, ROLES, World


@pytest.fixture(scope="module")
def shared_site(seen: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A console and its provider, on their sockets."""
    with opened(seen, tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def site(shared_site: Site, caplog: pytest.LogCaptureFixture) -> Iterator[Site]:
    """A console to which nobody signed in yet; afterwards no log names anybody, and no page failed."""
    caplog.set_level(logging.DEBUG)
    shared_site.reset()
    yield shared_site
    log = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("nytta"))
    assert not re.search(r"@|eyJ|sub-|subject-|a page failed", log), log


def refused(answer: httpx.Response, status: int, reason: Reason) -> None:
    """Hold an answer to a page that says what to do, and to nobody signed in."""
    assert answer.status_code == status, answer.text
    for end in ("", "_do"):
        assert words()[f"error_sign_in_{reason.value}{end}"]["en"] in unescape(answer.text)
    assert not any("session" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert "/sign-in?to=" in answer.text


def test_a_person_signs_in_and_sees_what_the_role_opens(site: Site) -> None:
    browser = site.browser()
    answer = site.sign_in(browser, "manager", "/units/u00?weeks=26")
    assert (answer.status_code, answer.headers["location"]) == (303, "/units/u00?weeks=26")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("nytta_session="))
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "Max-Age=43200" in cookie
    assert browser.get("/units/u00").status_code == 200
    assert browser.get("/units/u05").status_code == 403
    assert browser.get("/api/v1/units/u00").status_code == 200
    assert 'action="/sign-out"' in browser.get("/help").text


def test_whoever_is_not_signed_in_is_shown_where(site: Site) -> None:
    answer = site.browser().get("/units/u00?weeks=26")
    assert answer.status_code == 401
    assert "Sign in with your organisation" in answer.text
    way = re.search(r'href="([^"]*/sign-in\?to=[^"]*)"', answer.text)
    assert way
    assert way[1] == f"{site.address}/sign-in?to=%2Funits%2Fu00%3Fweeks%3D26"
    problem = site.browser().get("/api/v1/overview")
    assert (problem.status_code, problem.headers["content-type"]) == (401, "application/problem+json")
    assert "sign-in?to=%2F&" not in site.browser().get("/signed-out").text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_has_words(reason: Reason, language: str) -> None:
    for end in ("", "_do"):
        assert words()[f"error_sign_in_{reason.value}{end}"][language]


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "//[",
        "/\t/evil.example",
        "/\r\nSet-Cookie: x=1",
        "javascript:alert(1)",
        "evil.example",
        "/sign-in",
        "/sign-out",
        "/" + "u" * 3000,
        "",
    ],
)
def test_nobody_is_led_elsewhere(site: Site, to: str) -> None:
    browser = site.browser()
    assert site.sign_in(browser, to=to).headers["location"] == "/"
    assert browser.get("/language/sv", params={"to": to}).headers["location"] in ("/", to)


def test_a_role_by_group(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser, "stranger", groups=["/others"])
    assert browser.get("/access-log").status_code == 403
    site.sign_in(browser, "stranger", groups=["/others", "/nytta-administrators"])
    assert browser.get("/access-log").status_code == 200
    site.connect(replace(site.client(), groups=""))
    site.sign_in(browser, "stranger", groups=["/nytta-administrators"])
    assert browser.get("/access-log").status_code == 403


def test_the_session_changes_when_somebody_signs_in_and_ends_with_time(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser, "manager")
    first = browser.cookies["nytta_session"]
    site.sign_in(browser, "lead")
    second = browser.cookies["nytta_session"]
    assert first != second
    stranger = site.browser()
    stranger.cookies.set("nytta_session", first)
    assert stranger.get("/help").status_code == 401
    site.console.now = lambda: NOW + timedelta(hours=12)
    assert browser.get("/help").status_code == 401


def test_the_person_at_the_machine_still_has_a_link(site: Site) -> None:
    browser = site.browser()
    site.provider.answers["/.well-known/openid-configuration"] = Answer(500)
    assert browser.get(f"/sign-in/{site.console.links.issue(NOW)}").status_code == 303
    assert browser.get("/seats").status_code == 200
    token = re.search(r'name="form" value="([^"]+)"', browser.get("/help").text)
    assert token
    assert browser.post("/sign-out", data={"form": token[1]}).headers["location"] == "/signed-out"
    assert browser.get("/help").status_code == 401


# tokens that the provider would never give


def another(algorithm: str = "RS256") -> Key:
    return key(algorithm, 1)


FORGED: dict[str, Callable[[dict[str, Any]], str]] = {
    "a forged signature": lambda claims: signed(claims, another(), "RS256", kid=key("RS256").kid),
    "an unknown key": lambda claims: signed(claims, another(), "RS256"),
    "a key of its own": lambda claims: signed(claims, another(), "RS256", jwk=another().as_dict(private=False)),
    "no signature": unsigned,
    "the public key as secret": lambda claims: with_public_key_as_secret(claims, key("RS256")),
    "expired": lambda claims: sound(claims | {"exp": claims["iat"] - 61}),
    "not yet valid": lambda claims: sound(claims | {"nbf": claims["iat"] + 120}),
    "issued later": lambda claims: sound(claims | {"iat": claims["iat"] + 120}),
    "another audience": lambda claims: sound(claims | {"aud": "other"}),
    "several audiences": lambda claims: sound(claims | {"aud": ["nytta", "other"]}),
    "another party": lambda claims: sound(claims | {"aud": ["nytta", "other"], "azp": "other"}),
    "another issuer": lambda claims: sound(claims | {"iss": claims["iss"] + "/"}),
    "another nonce": lambda claims: sound(claims | {"nonce": "x"}),
    "no subject": lambda claims: sound({name: v for name, v in claims.items() if name != "sub"}),
    "an access token": lambda claims: signed(claims, key("RS256"), "RS256", typ="at+jwt"),
    "no token": lambda _: "",
    "claims without end": lambda _: signed(b"[" * 50_000, key("RS256"), "RS256"),
}


def sound(claims: dict[str, Any]) -> str:
    return signed(claims, key("RS256"), "RS256")


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_lets_nobody_in(site: Site, how: str) -> None:
    browser = site.browser()
    site.provider.token = FORGED[how]
    refused(site.sign_in(browser), 502, Reason.BROKEN)
    assert browser.get("/help").status_code == 401
    assert site.accounts.all() == ()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_signature_of_each_kind(site: Site, algorithm: str) -> None:
    site.provider.signer = key("RS256") if algorithm[1:] == "S256" and algorithm != "ES256" else key(algorithm)
    site.provider.algorithm, site.provider.published = algorithm, [site.provider.signer]
    assert site.sign_in(site.browser()).status_code == 303


def test_a_token_of_an_earlier_sign_in_is_not_taken_again(site: Site) -> None:
    kept: list[str] = []

    def keep(claims: dict[str, Any]) -> str:
        kept.append(sound(claims))
        return kept[0]

    site.provider.token = keep
    assert site.sign_in(site.browser()).status_code == 303
    refused(site.sign_in(site.browser()), 502, Reason.BROKEN)


# answers to the browser


def test_an_answer_counts_once_in_its_own_browser_in_time(site: Site) -> None:
    browser, other = site.browser(), site.browser()
    site.provider.person = {"email": ROLES["lead"]}
    callback = site.callback(site.leave(browser))
    site.leave(other)
    refused(other.get(callback), 400, Reason.STALE)
    refused(browser.get(callback), 400, Reason.STALE)  # it was tried
    callback = site.callback(site.leave(browser))
    refused(site.browser().get(callback), 400, Reason.STALE)  # without any cookie
    callback = site.callback(site.leave(browser))
    assert browser.get(callback).status_code == 303
    refused(browser.get(callback), 400, Reason.STALE)
    callback = site.callback(site.leave(browser))
    site.console.now = lambda: NOW + LIFE
    refused(browser.get(callback), 400, Reason.STALE)


def test_a_code_of_somebody_elses_sign_in_is_worth_nothing(site: Site) -> None:
    victim, attacker = site.browser(), site.browser()
    site.provider.person = {"email": ROLES["lead"]}
    stolen = parse_qs(urlsplit(site.callback(site.leave(victim))).query)["code"][0]
    mine = parse_qs(urlsplit(site.leave(attacker)).query)["state"][0]
    # the verifier is the attacker's, the challenge was the victim's
    refused(attacker.get("/sign-in/callback", params={"code": stolen, "state": mine}), 400, Reason.STALE)
    again = parse_qs(urlsplit(site.leave(attacker)).query)["state"][0]
    refused(attacker.get("/sign-in/callback", params={"code": stolen, "state": again}), 400, Reason.STALE)


def test_a_verifier_that_does_not_fit_is_refused_by_the_provider(site: Site) -> None:
    browser = site.browser()
    callback = site.callback(site.leave(browser))
    for asked in site.provider.codes.values():
        asked["code_challenge"] = "other"
    refused(browser.get(callback), 400, Reason.STALE)


@pytest.mark.parametrize("announced", [True, False])
def test_an_answer_of_another_provider_is_a_mix_up(site: Site, announced: bool) -> None:
    site.provider.description = {"authorization_response_iss_parameter_supported": announced}
    site.provider.callback = {"iss": "https://evil.example"}
    refused(site.sign_in(site.browser()), 502, Reason.BROKEN)
    assert "/token" not in site.provider.asked  # the code went nowhere
    site.provider.callback = {"iss": site.provider.issuer}
    assert site.sign_in(site.browser()).status_code == 303
    site.provider.callback = {}
    answer = site.sign_in(site.browser())
    if announced:
        refused(answer, 502, Reason.BROKEN)
    else:
        assert answer.status_code == 303


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        ("access_denied", 403, Reason.DENIED),
        ("login_required", 403, Reason.DENIED),
        ("temporarily_unavailable", 503, Reason.AWAY),
        ("server_error", 503, Reason.AWAY),
        ("invalid_scope", 502, Reason.BROKEN),
        ("<script>", 502, Reason.BROKEN),
        ("", 400, Reason.STALE),
    ],
)
def test_the_provider_says_no(site: Site, error: str, status: int, reason: Reason) -> None:
    site.provider.callback = {"code": "", "error": error, "error_description": "<script>anna@town.example"}
    answer = site.sign_in(site.browser())
    refused(answer, status, reason)
    assert "anna" not in answer.text


def test_a_field_that_comes_twice_counts_not_at_all(site: Site) -> None:
    browser = site.browser()
    callback = site.callback(site.leave(browser))
    refused(browser.get(f"{callback}&state=x"), 400, Reason.STALE)
    refused(browser.get(f"{callback}&code=x"), 400, Reason.STALE)


def test_noise_on_the_way_back_is_refused_and_breaks_nothing(site: Site) -> None:
    browser, seed = site.browser(), 20261129
    draw = random.Random(seed)
    site.leave(browser)
    letters = string.printable + "åß\u2028\x00"
    for number in range(200):
        query = {
            draw.choice(["state", "code", "iss", "error", "x"]): "".join(draw.choices(letters, k=draw.randrange(40)))
            for _ in range(draw.randrange(4))
        }
        cookie = "".join(draw.choices(string.ascii_letters + '%="', k=draw.randrange(30)))
        browser.cookies.clear()
        answer = browser.get("/sign-in/callback", params=query, headers={"Cookie": f"nytta_signing={cookie}"})
        assert answer.status_code == 400, (seed, number, query)


# the provider at its worst

DESCRIPTION, TOKEN, KEYS = "/.well-known/openid-configuration", "/token", "/keys"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(500), 503),
        (Answer(503, headers={"Retry-After": "1"}), 503),
        (Answer(429), 503),
        (Answer(404, b"{}"), 502),
        (Answer(403, b"no"), 502),
        (Answer(200, b"<html>"), 502),
        (Answer(200, b"[]"), 502),
        (Answer(200, b"[" * 100_000), 502),
        (Answer(200, b""), 502),
        (Answer(200, b"x" * (300 << 10)), 502),
        (Answer(200, b"{" + b" " * 1000, seconds=0.02), 503),
        (Answer(200, b"{}", {"Content-Encoding": "gzip"}), 502),
        (Answer(302, headers={"Location": "/elsewhere"}), 502),
        (Answer(307, headers={"Location": "http://127.0.0.1:1/"}), 502),
        (Answer(200, b"{}", {"Content-Length": "99"}), 503),
    ],
)
@pytest.mark.parametrize("place", [DESCRIPTION, TOKEN, KEYS])
def test_a_provider_that_answers_badly(
    site: Site, monkeypatch: pytest.MonkeyPatch, place: str, answer: Answer, status: int
) -> None:
    monkeypatch.setattr(asking, "SECONDS", 1.0)
    browser = site.browser()
    site.provider.answers[place] = answer
    answered = browser.get("/sign-in") if place == DESCRIPTION else site.sign_in(browser)
    refused(answered, status, Reason.AWAY if status == 503 else Reason.BROKEN)
    assert (answered.headers.get("retry-after") == "10") is (status == 503)
    assert "/elsewhere" not in site.provider.asked


def test_a_provider_that_is_gone(site: Site) -> None:
    site.connect(replace(site.client(), issuer="http://127.0.0.1:1"))
    refused(site.browser().get("/sign-in"), 503, Reason.AWAY)
    refused(site.browser("en").get("/sign-in?to=/units/u00"), 503, Reason.AWAY)


def test_many_who_come_at_once_ask_the_provider_once(site: Site) -> None:
    browsers = [site.browser() for _ in range(20)]
    with ThreadPoolExecutor(20) as threads:
        assert {a.status_code for a in threads.map(lambda b: b.get("/sign-in"), browsers)} == {303}
    assert site.provider.asked.count(DESCRIPTION) == 1
    site.provider.answers[DESCRIPTION] = Answer(500)
    site.connect(site.client())
    with ThreadPoolExecutor(20) as threads:
        assert {a.status_code for a in threads.map(lambda b: b.get("/sign-in"), browsers)} == {503}
    assert site.provider.asked.count(DESCRIPTION) == 2


def test_a_slow_provider_keeps_nobody_from_the_pages(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 60.0)
    signed_in = site.browser()
    site.sign_in(signed_in)
    slow = site.provider.answers[DESCRIPTION] = Answer(200, b"{" + b" " * 1000, seconds=0.5)
    site.connect(site.client())
    browsers = [site.browser() for _ in range(TOGETHER + 30)]
    with ThreadPoolExecutor(len(browsers)) as threads:
        waiting = [threads.submit(browser.get, "/sign-in") for browser in browsers]
        began = time.monotonic()
        while sum(each.done() for each in waiting) < 30 and time.monotonic() - began < 60:
            time.sleep(0.05)
        assert sum(each.done() for each in waiting) == 30  # beyond so many, nobody waits
        assert signed_in.get("/help").status_code == 200
        slow.seconds = 0.0
        assert sorted(each.result().status_code for each in waiting) == [502] * TOGETHER + [503] * 30


def test_keys_change_in_the_middle(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert site.sign_in(site.browser()).status_code == 303
    site.provider.signer = another()
    site.provider.published = [key("RS256"), another()]
    refused(site.sign_in(site.browser()), 502, Reason.BROKEN)  # keys were read a moment ago
    assert site.provider.asked.count(KEYS) == 1
    monkeypatch.setattr(asking, "AGAIN_SECONDS", 0.0)
    assert site.sign_in(site.browser()).status_code == 303
    assert site.provider.asked.count(KEYS) == 2
    site.provider.token = lambda claims: signed(claims, key("RS256", 2), "RS256")
    refused(site.sign_in(site.browser()), 502, Reason.BROKEN)
    site.provider.token, site.provider.published = None, [key("RS256", 2)]
    site.connect(site.client())  # keys that were kept are forgotten: one that was taken back is not believed
    refused(site.sign_in(site.browser()), 502, Reason.BROKEN)


def test_a_provider_of_another_issuer_or_without_tls(site: Site) -> None:
    client = replace(site.client(), issuer="https://idp.town.example")
    sound = {
        "issuer": client.issuer,
        "authorization_endpoint": "https://login.town.example/authorize",
        "token_endpoint": "https://idp.town.example/token",
        "jwks_uri": "https://idp.town.example/keys",
    }
    assert description_of(sound, client).end_session == ""
    for name, value in (
        ("issuer", "https://idp.town.example/"),
        ("issuer", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        ("authorization_endpoint", "http://login.town.example/authorize"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("token_endpoint", "http://127.0.0.1/token"),
        ("jwks_uri", None),
        ("jwks_uri", 7),
        ("end_session_endpoint", "http://idp.town.example/logout"),
    ):
        with pytest.raises(Refusal) as raised:
            description_of(sound | {name: value}, client)
        assert raised.value.reason is Reason.BROKEN
    site.provider.description = {"issuer": "https://evil.example"}
    refused(site.browser().get("/sign-in"), 502, Reason.BROKEN)


# whose account


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "false"},
        {"email": "boss@evil.example"},
        {"email": "admin@town.example.evil.example"},
        {"email": None},
    ],
)
def test_an_address_that_is_not_confirmed_or_of_others(site: Site, claims: dict[str, Any]) -> None:
    refused(site.sign_in(site.browser(), **claims), 403, Reason.ADDRESS)
    assert site.accounts.all() == ()


def test_a_used_address_does_not_hand_on_its_role(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    assert site.sign_in(site.browser(), "lead", sub="sub-before").status_code == 303
    refused(site.sign_in(site.browser(), "lead", sub="sub-after"), 403, Reason.ACCOUNT)
    refused(site.sign_in(site.browser(), "manager", sub="sub-before"), 403, Reason.ACCOUNT)
    assert f"nytta accounts release {site.accounts.all()[0].id}" in caplog.text
    assert site.accounts.release(ROLES["lead"]) == 1
    assert site.sign_in(site.browser(), "lead", sub="sub-after").status_code == 303


def test_whoever_cannot_be_written_down_is_not_let_in(site: Site) -> None:
    (site.folder / "accounts.json").write_text("{")
    answer = site.sign_in(site.browser())
    refused(answer, 503, Reason.UNKEPT)


# the client's secret


def test_a_client_that_may_not_send_its_secret_in_the_form(site: Site) -> None:
    for methods in (["client_secret_basic"], None, "client_secret_post"):
        site.provider.description = {"token_endpoint_auth_methods_supported": methods}
        site.connect(site.client())
        assert site.sign_in(site.browser()).status_code == 303


def test_a_wrong_secret_is_said_in_the_log_alone(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.provider.secret = "changed"
    answer = site.sign_in(site.browser())
    refused(answer, 502, Reason.BROKEN)
    assert "look at NYTTA_OIDC_CLIENT and NYTTA_OIDC_SECRET" in caplog.text
    assert "NYTTA_OIDC" not in answer.text


# signing out


def sign_out(browser: httpx.Client) -> httpx.Response:
    token = re.search(r'name="form" value="([^"]+)"', browser.get("/help").text)
    assert token
    return browser.post("/sign-out", data={"form": token[1]})


def test_signing_out_ends_both_sessions(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser)
    cookie = browser.cookies["nytta_session"]
    answer = sign_out(browser)
    assert answer.status_code == 200
    onward = answer.headers["refresh"].removeprefix("0; url=")
    assert onward.startswith(f"{site.provider.issuer}/logout?")
    assert "You are signed out of Nytta" in answer.text
    assert f'href="{onward.replace("&", "&amp;")}"' in answer.text
    assert httpx.get(onward, trust_env=False).headers["location"] == f"{site.address}/signed-out"
    (ended,) = site.provider.ended
    assert ended["client_id"] == "nytta"
    assert ended["id_token_hint"].count(".") == 2
    browser.cookies.set("nytta_session", cookie)
    assert browser.get("/help").status_code == 401
    assert "/sign-in?to=" in browser.get("/signed-out").text


def test_a_token_too_long_for_an_address_is_left_out(site: Site) -> None:
    browser = site.browser()
    site.sign_in(browser, groups=[f"group-{n}" for n in range(500)])
    assert "id_token_hint" not in sign_out(browser).headers["refresh"]


@pytest.mark.parametrize("fault", ["does not offer it", "is away"])
def test_signing_out_where_the_provider(site: Site, fault: str) -> None:
    site.provider.description = {"end_session_endpoint": None}
    browser = site.browser()
    site.sign_in(browser)
    if fault == "is away":
        site.provider.answers[DESCRIPTION] = Answer(500)
        site.connect(site.client())
    answer = sign_out(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    assert "you may still be signed in" in browser.get("/signed-out").text
    assert browser.get("/help").status_code == 401


def test_cookies_belong_to_the_host_where_there_is_tls(site: Site) -> None:
    site.console.address = "https://nytta.town.example"
    site.connect(replace(site.client(), address="https://nytta.town.example"))
    site.provider.redirects = ("https://nytta.town.example/sign-in/callback",)
    site.provider.person = {"email": ROLES["lead"]}
    browser = site.browser()
    left = browser.get("/sign-in?to=/benefits")
    cookie = left.headers["set-cookie"]
    assert cookie.startswith("__Host-nytta_signing=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    callback = httpx.get(left.headers["location"], trust_env=False).headers["location"]
    assert callback.startswith("https://nytta.town.example/sign-in/callback?")
    pair = cookie.split(";")[0]
    answer = browser.get(callback.removeprefix("https://nytta.town.example"), headers={"Cookie": pair})
    assert answer.headers["location"] == "/benefits"
    session = next(c for c in answer.headers.get_list("set-cookie") if "session" in c)
    assert session.startswith("__Host-nytta_session=")
    assert "Secure" in session
    dropped = next(c for c in answer.headers.get_list("set-cookie") if "seat" in c)
    assert "Secure" in dropped  # a browser ignores a __Host- cookie without it


def test_without_a_provider_there_is_nothing_to_sign_in_to(seen: World) -> None:
    browser = seen.browser(seen.console(proxy=False))
    assert browser.get("/sign-in").status_code == 404
    assert browser.get("/sign-in/callback?state=x&code=y").status_code == 404
