"""What is registered at the provider: one tenant, safe addresses, and all of it or nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nytta.surfaces.authentication.oidc.client import Client, is_safe

ENTRA = "https://login.microsoftonline.com"
TENANT = f"{ENTRA}/11111111-2222-3333-4444-555555555555/v2.0"


def client(**more: str) -> Client:
    settings = {
        "issuer": "https://idp.town.example/realms/town",
        "id": "nytta",
        "secret": "hidden",
        "address": "https://nytta.town.example/",
        "domains": "town.example, @School.Town.example",
    } | more
    made = Client.of(**settings)  # type: ignore[arg-type]
    assert made is not None
    return made


def test_a_client_from_the_settings() -> None:
    made = client()
    assert made.redirect == "https://nytta.town.example/sign-in/callback"
    assert made.signed_out == "https://nytta.town.example/signed-out"
    assert made.discovery == "https://idp.town.example/realms/town/.well-known/openid-configuration"
    assert made.domains == {"town.example", "school.town.example"}
    assert (made.subject, made.scope, made.tenant) == ("sub", "openid email", "")
    assert "hidden" not in repr(made)


def test_nothing_set_is_no_client_and_a_part_says_what_is_missing() -> None:
    assert Client.of("", "", "", "https://nytta.town.example", "") is None
    with pytest.raises(ValueError, match=r"needs NYTTA_OIDC_CLIENT, NYTTA_OIDC_SECRET too"):
        client(id="", secret="")
    with pytest.raises(ValueError, match="needs NYTTA_ADDRESS too"):
        client(address="")
    with pytest.raises(ValueError, match="needs NYTTA_OIDC_ISSUER"):
        client(issuer="")


@pytest.mark.parametrize(
    "every", ["common", "organizations", "consumers", "Common", "9188040d-6c67-4c5b-b112-36a304b66dad"]
)
def test_an_issuer_of_every_tenant_is_refused(every: str) -> None:
    with pytest.raises(ValueError, match="name your own tenant"):
        client(issuer=f"{ENTRA}/{every}/v2.0")


def test_accounts_of_entra_are_told_apart_by_their_object() -> None:
    made = client(issuer=TENANT)
    assert (made.subject, made.scope) == ("oid", "openid email profile")
    assert client(issuer="https://idp.common.example/common").subject == "sub"


def test_google_serves_everybody_so_the_domain_must_be_named() -> None:
    assert client(issuer="https://accounts.google.com").tenant == "hd"


@pytest.mark.parametrize(
    "issuer",
    ["http://idp.town.example", "idp.town.example", "https://", "https://idp.town.example?x=1", "https://[", "ftp://x"],
)
def test_an_issuer_is_reached_over_tls(issuer: str) -> None:
    with pytest.raises(ValueError, match="NYTTA_OIDC_ISSUER"):
        client(issuer=issuer)


def test_people_come_back_over_tls() -> None:
    with pytest.raises(ValueError, match="NYTTA_ADDRESS must begin with https"):
        client(address="http://nytta.town.example")
    assert client(address="http://127.0.0.1:8650").redirect == "http://127.0.0.1:8650/sign-in/callback"


@pytest.mark.parametrize("domains", ["town", "town example", ", ,", "a@town.example"])
def test_domains_are_domains(domains: str) -> None:
    with pytest.raises(ValueError, match="NYTTA_OIDC_DOMAINS"):
        client(domains=domains)


def test_a_session_lasts_twelve_hours_at_most() -> None:
    short = Client.of("https://i.example", "c", "s", "https://n.example", "d.example", "", 2)
    long = Client.of("https://i.example", "c", "s", "https://n.example", "d.example", "", 48)
    assert short is not None
    assert long is not None
    assert (short.life, long.life) == (timedelta(hours=2), timedelta(hours=12))


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://idp.example", True),
        ("http://127.0.0.1:80/x", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1@evil.example", False),
        ("https://user@idp.example", False),
        ("https://idp.example:port", False),
        ("javascript:alert(1)", False),
        ("//idp.example", False),
        ("https://idp.example/a b", False),
        ("https://idp.example/\r\nx", False),
        ("https://id\u00e5.example", False),
        ("", False),
    ],
)
def test_safe_addresses(address: str, safe: bool) -> None:
    assert is_safe(address) is safe
