"""Signatures: those of the provider's keys, and every way to do without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet, OctKey

from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal
from nytta.surfaces.authentication.oidc.signatures import ALGORITHMS, UnknownKey, claims_of, keys_of
from tests.surfaces.authentication.provider import encoded, key, signed, unsigned, with_public_key_as_secret

CLAIMS = {"sub": "s-1"}


def public(*keys: Any) -> KeySet:
    return keys_of({"keys": [each.as_dict(private=False) for each in keys]})


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_signature_of_each_algorithm(algorithm: str) -> None:
    signer = key(algorithm if algorithm[:2] != "PS" and algorithm[:2] != "RS" else "RS256")
    assert claims_of(signed(CLAIMS, signer, algorithm), public(key("ES256", 1), signer)) == CLAIMS


def test_a_lone_key_needs_no_name() -> None:
    assert claims_of(signed(CLAIMS, key("ES256"), "ES256", kid=None), public(key("ES256"))) == CLAIMS
    with pytest.raises(UnknownKey):
        claims_of(signed(CLAIMS, key("ES256"), "ES256", kid=None), public(key("ES256"), key("RS256")))


def test_a_key_that_is_not_published_is_unknown() -> None:
    with pytest.raises(UnknownKey):
        claims_of(signed(CLAIMS, key("RS256", 1), "RS256"), public(key("RS256")))


FORGED: dict[str, Callable[[], str]] = {
    "no signature": lambda: unsigned(CLAIMS),
    "the public key as secret": lambda: with_public_key_as_secret(CLAIMS, key("RS256")),
    "another key under its name": lambda: signed(CLAIMS, key("RS256", 1), "RS256", kid="RS256-0"),
    "a key that it brings along": lambda: signed(
        CLAIMS, key("RS256", 1), "RS256", kid="RS256-0", jwk=key("RS256", 1).as_dict(private=False)
    ),
    "a key from elsewhere": lambda: signed(
        CLAIMS, key("RS256", 1), "RS256", kid="RS256-0", jku="https://evil.example/keys"
    ),
    "another kind of key": lambda: signed(CLAIMS, key("ES256"), "ES256", kid="RS256-0"),
    "other claims under a signature": lambda: _exchanged(signed(CLAIMS, key("RS256"), "RS256"), {"sub": "s-2"}),
    "a head that is a list": lambda: _with_head('["alg"]'),
    "a head that is a text": lambda: _with_head('"alg"'),
    "an algorithm that is a list": lambda: _with_head('{"alg": ["RS256"]}'),
    "a head without end": lambda: _with_head("[" * 5000),
    "a payload that is not encoded": lambda: signed(CLAIMS, key("RS256"), "RS256", b64=False, crit=["b64"]),
    "something critical": lambda: signed(CLAIMS, key("RS256"), "RS256", crit=["exp"], exp=1),
    "an access token": lambda: signed(CLAIMS, key("RS256"), "RS256", typ="at+jwt"),
    "a logout token": lambda: signed(CLAIMS, key("RS256"), "RS256", typ="logout+jwt"),
    "two parts": lambda: "a.b",
    "nothing": lambda: "",
    "five parts": lambda: "a.b.c.d.e",
    "letters of elsewhere": lambda: "å.ä.ö",
    "too much": lambda: signed({"sub": "s" * (200 << 10)}, key("RS256"), "RS256"),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_token_that_the_provider_did_not_sign(how: str) -> None:
    with pytest.raises((Refusal, UnknownKey)) as refused:
        claims_of(FORGED[how](), public(key("RS256"), key("ES256", 2)))
    if isinstance(refused.value, Refusal):
        assert refused.value.reason is Reason.BROKEN


@pytest.mark.parametrize("payload", [b"", b"[]", b'"x"', b"{", b"[" * 100_000, b'{"exp": NaN}', b"\xff"])
def test_signed_claims_that_are_none(payload: bytes) -> None:
    with pytest.raises(Refusal):
        claims_of(signed(payload, key("ES256"), "ES256"), public(key("ES256")))


def test_keys_that_cannot_sign_are_passed_over() -> None:
    small = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n
    weak = {"kty": "RSA", "kid": "weak", "use": "sig", "e": "AQAB", "n": encoded(small.to_bytes(128, "big"))}
    coded = ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"}).as_dict(private=False)
    shared = OctKey.generate_key(256, {"kid": "shared"}).as_dict(private=True)
    good = key("ES256").as_dict(private=False)
    odd: list[Any] = [None, 7, {}, {"kty": "RSA"}, {"kty": "RSA", "n": "?", "e": "?"}, {"kty": "EC", "crv": "P-999"}]
    odd += [{"kty": ["RSA"]}, {"kty": "OKP", "crv": "Ed25519", "x": ""}, {"kty": "AKP", "pub": "x"}]
    with pytest.warns(SecurityWarning, match="2048"):
        keys = keys_of({"keys": [*odd, weak, coded, shared, good]})
    assert [each.kid for each in keys] == ["ES256-0"]


@pytest.mark.parametrize(
    "document", [None, [], {}, {"keys": None}, {"keys": {}}, {"keys": []}, {"keys": [{"kty": "oct"}]}]
)
def test_a_provider_without_keys(document: object) -> None:
    with pytest.raises(Refusal, match="publishes no key"):
        keys_of(document)


@given(st.binary(max_size=200), st.integers(0, 2))
def test_no_change_of_a_token_passes(noise: bytes, part: int) -> None:
    parts = signed(CLAIMS, key("ES256"), "ES256").split(".")
    parts[part] = encoded(noise)
    with pytest.raises((Refusal, UnknownKey)):
        claims_of(".".join(parts), public(key("ES256")))


def _exchanged(token: str, claims: dict[str, Any]) -> str:
    head, _, signature = token.split(".")
    return ".".join((head, encoded(json.dumps(claims).encode()), signature))


def _with_head(head: str) -> str:
    return encoded(head.encode()) + ".e30.AAAA"
