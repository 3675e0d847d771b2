"""A real Keycloak signs people in: its login form, its tokens, its keys, and out again at both ends."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from nytta.surfaces.authentication.oidc import provider as asking
from nytta.surfaces.authentication.oidc.accounts import Accounts
from nytta.surfaces.authentication.oidc.client import Client
from nytta.surfaces.authentication.oidc.sign_in import SignIn
from nytta.surfaces.console.context import Console
from tests.organisations import SMALL_COUNTY
from tests.support.commands import answer, nytta
from tests.support.keycloak import CLIENT, SECRET, Keycloak, OwnMachine, keycloak, login, person
from tests.support.processes import Process, free_port, python, until
from tests.surfaces.console.world import ROLES, World, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """A Keycloak in which everybody of the town has an account, one of them a group, and one no confirmed address."""
    people = [person(ROLES[role]) for role in ("lead", "manager", "operations", "representative")]
    people += [person(ROLES["stranger"], "/nytta-administrators"), person("somebody@elsewhere.example")]
    with keycloak(tmp_path_factory.mktemp("keycloak"), people) as started:
        yield started


@pytest.fixture
def console(seen: World, provider: Keycloak, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Console]:
    """A console whose people that Keycloak signs in; afterwards no log names anybody, and no page failed."""
    caplog.set_level(logging.DEBUG)
    made = seen.console(proxy=False, now=datetime.now(UTC))
    made.now = lambda: datetime.now(UTC)
    with served(made) as made.address:
        client = Client.of(provider.issuer, CLIENT, SECRET, made.address, "town.example", "groups")
        assert client is not None
        provider.register(client.redirect, client.signed_out)
        accounts = Accounts(tmp_path / "accounts.json", seen.app.keys.pseudonymiser().digest)
        made.oidc = SignIn(client, accounts, made.links.sessions)
        yield made
    log = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("nytta"))
    assert not re.search(r"@|eyJ|a page failed", log), log


@pytest.fixture
def browser(console: Console) -> Iterator[httpx.Client]:
    """A browser, which keeps cookies as one does and follows redirects."""
    headers = {"Accept-Language": "en"}
    with httpx.Client(
        base_url=console.address, transport=OwnMachine(), follow_redirects=True, timeout=60, headers=headers
    ) as made:
        yield made


def sign_in(browser: httpx.Client, role: str, to: str = "/") -> httpx.Response:
    """Follow the link of the page that says who is not signed in, and fill in Keycloak's form."""
    shown = browser.get(to)
    assert shown.status_code == 401
    way = re.search(r'href="([^"]*/sign-in\?[^"]*)"', shown.text)
    assert way
    return login(browser, browser.get(way[1]), ROLES[role])


def sign_out(browser: httpx.Client) -> httpx.Response:
    """Sign out here, and go on to the provider as the answer says."""
    token = re.search(r'name="form" value="([^"]+)"', browser.get("/help").text)
    assert token
    answer = browser.post("/sign-out", data={"form": token[1]})
    return browser.get(answer.headers["refresh"].removeprefix("0; url="))


def test_a_person_signs_in_by_the_form_and_out_at_both_ends(console: Console, browser: httpx.Client) -> None:
    page = sign_in(browser, "manager", "/units/u00?weeks=26")
    assert page.status_code == 200
    assert str(page.url) == f"{console.address}/units/u00?weeks=26"
    assert "Unit 0" in page.text
    assert browser.get("/units/u05").status_code == 403
    session = browser.cookies["nytta_session"]
    left = sign_out(browser)
    assert str(left.url) == f"{console.address}/signed-out"  # no question in between
    browser.cookies.set("nytta_session", session, domain="127.0.0.1")
    assert browser.get("/help").status_code == 401
    assert 'id="kc-form-login"' in browser.get("/sign-in").text  # its session is over too: it asks again


def test_while_the_providers_session_lasts_a_click_is_enough(console: Console, browser: httpx.Client) -> None:
    sign_in(browser, "lead")
    del browser.cookies["nytta_session"]
    page = browser.get("/sign-in?to=/benefits")
    assert str(page.url) == f"{console.address}/benefits"


def test_a_group_of_the_provider_bears_a_role(browser: httpx.Client) -> None:
    assert sign_in(browser, "stranger", "/access-log").status_code == 200


def test_a_wrong_password_stays_with_the_provider(console: Console, browser: httpx.Client) -> None:
    form = browser.get("/sign-in")
    again = login(browser, form, ROLES["lead"], "wrong")
    assert "Invalid username or password" in again.text
    assert "nytta_session" not in browser.cookies
    assert str(login(browser, again, ROLES["lead"]).url).startswith(console.address)


def test_keys_change_while_people_sign_in(
    console: Console, provider: Keycloak, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "AGAIN_SECONDS", 0.0)
    assert sign_in(browser, "lead", "/benefits").status_code == 200
    before = provider.kids()
    sign_out(browser)
    provider.rotate()
    assert len(provider.kids() - before) == 1
    assert sign_in(browser, "lead", "/benefits").status_code == 200


def test_a_disabled_account_is_let_in_by_nobody(provider: Keycloak, browser: httpx.Client) -> None:
    form = browser.get("/sign-in")
    provider.change(ROLES["operations"], enabled=False)
    answer = login(browser, form, ROLES["operations"])
    assert "nytta_session" not in browser.cookies
    assert "disabled" in answer.text
    assert browser.get("/help").status_code == 401


def test_an_account_that_is_disabled_between_code_and_token(
    console: Console, provider: Keycloak, browser: httpx.Client
) -> None:
    browser.follow_redirects = False
    form = browser.get(browser.get("/sign-in").headers["location"])
    back = login(browser, form, ROLES["representative"]).headers["location"]
    provider.change(ROLES["representative"], enabled=False)
    answer = browser.get(back)
    assert answer.status_code == 400
    assert "Begin again" in answer.text
    provider.change(ROLES["representative"], enabled=True)
    assert browser.get(back).status_code == 400  # neither code nor state counts twice


def test_an_address_is_confirmed_and_the_organisations(provider: Keycloak, browser: httpx.Client) -> None:
    provider.change(ROLES["representative"], emailVerified=False)
    answer = sign_in(browser, "representative")
    assert answer.status_code == 403
    assert "no confirmed e-mail address" in answer.text
    provider.change(ROLES["representative"], emailVerified=True)
    browser.cookies.clear()
    answer = login(browser, browser.get("/sign-in"), "somebody@elsewhere.example")
    assert answer.status_code == 403
    assert "not a private one" in answer.text


def test_an_account_that_was_made_anew_does_not_have_the_address(
    console: Console, provider: Keycloak, browser: httpx.Client
) -> None:
    assert sign_in(browser, "manager").status_code == 200
    browser.cookies.clear()
    provider.replace(ROLES["manager"])
    answer = sign_in(browser, "manager")
    assert answer.status_code == 403
    assert "The address belongs to another account" in answer.text


def test_a_wrong_secret_lets_nobody_in(
    seen: World, console: Console, browser: httpx.Client, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert console.oidc is not None
    client = replace(console.oidc.client, secret="wrong")
    accounts = Accounts(tmp_path / "accounts.json", seen.app.keys.pseudonymiser().digest)
    console.oidc = SignIn(client, accounts, console.links.sessions)
    assert sign_in(browser, "lead").status_code == 502
    assert "look at NYTTA_OIDC_CLIENT and NYTTA_OIDC_SECRET" in caplog.text


def test_the_service_as_a_process(provider: Keycloak, tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    (tmp_path / "registry").mkdir()
    administrator = f"    administrators: [{{name: Admin, email: {ROLES['lead']}}}]\nunits:".encode()
    for name, content in SMALL_COUNTY.items():
        (tmp_path / "registry" / name).write_bytes(content.replace(b"units:", administrator, 1))
    settings = {
        "NYTTA_ADDRESS": f"http://127.0.0.1:{port}",
        "NYTTA_OIDC_ISSUER": provider.issuer,
        "NYTTA_OIDC_CLIENT": CLIENT,
        "NYTTA_OIDC_SECRET": SECRET,
        "NYTTA_OIDC_DOMAINS": "town.example",
    }
    provider.register(f"http://127.0.0.1:{port}/sign-in/callback", f"http://127.0.0.1:{port}/signed-out")
    words = ["up", "--port", str(port), "--data", str(data), "--registry", str(tmp_path / "registry")]
    service = Process(python("-m", "nytta", *words), tmp_path / "log", settings)
    service.start()
    try:
        until(lambda: "the console: " in (tmp_path / "log").read_text(), "nytta up", tmp_path / "log")
        with httpx.Client(
            base_url=settings["NYTTA_ADDRESS"], transport=OwnMachine(), follow_redirects=True, timeout=60
        ) as browser:
            assert sign_in(browser, "lead", "/import").status_code == 200
        (account,) = answer("accounts", "list", "--data", data)
        assert nytta("accounts", "release", account["id"], "--data", data).returncode == 0
        assert "/sign-in/" in nytta("link", "--data", data).stdout
        looked = nytta("doctor", "--data", data, "--json", environment=settings)
        assert {f["state"] for f in json.loads(looked.stdout) if f["what"] == "sign-in"} == {"good"}
    finally:
        service.stop()
    log = (tmp_path / "log").read_text()
    assert f"the console: {settings['NYTTA_ADDRESS']}\n" in log
    assert "@" not in log
