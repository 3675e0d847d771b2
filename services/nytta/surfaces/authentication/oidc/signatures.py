"""The provider's keys, and whether it signed a token with one of them (RFC 7515, RFC 7517).

Pure. Only signatures that nobody but the holder of a private key can make are taken: neither `none` nor HMAC, whose key
the client would share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import InvalidKeyIdError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import JWKRegistry, Key, KeySet, RSAKey
from joserfc.jws import JWSRegistry

from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal

ALGORITHMS: Final = frozenset(
    {
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
        "Ed25519",
    }
)
_KINDS: Final = ("RSA", "EC", "OKP")
_RSA_BITS: Final = range(2048, 8193)


class UnknownKey(Exception):
    """A token names a key that is not among these: the provider may have a new one."""


class _Registry(JWSRegistry):
    """The algorithms above, and no others; providers still say EdDSA, of whose name the library would warn."""

    max_header_length = 8 << 10
    max_payload_length = 128 << 10
    max_signature_length = 2 << 10

    def get_alg(self, name: str) -> Any:
        """The algorithm of a token's head. UnsupportedAlgorithmError where it is none of ours."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError("the algorithm is not one of the asymmetric ones")
        return self.algorithms[name]


_REGISTRY: Final = _Registry(strict_check_header=False)


def keys_of(document: object) -> KeySet:
    """The keys of a JWK Set that may have signed a token; others are passed over. Refusal where there is none."""
    entries = document.get("keys") if isinstance(document, Mapping) else None
    keys = [
        key
        for entry in (entries if isinstance(entries, list) else ())
        if (key := _key(entry)) is not None
    ]
    if not keys:
        raise Refusal(Reason.BROKEN, "the provider publishes no key with which it could sign")
    return KeySet(keys)


def _key(key_entry: object) -> Key | None:
    # a set may hold keys for other uses, and ones that this library does not know: they are no error
    if (
        not isinstance(key_entry, dict)
        or key_entry.get("kty") not in _KINDS
        or key_entry.get("use", "sig") != "sig"
    ):
        return None
    try:
        imported_key = JWKRegistry.import_key(
            {name: value for name, value in key_entry.items() if name != "key_ops"}
        )
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(imported_key, RSAKey) and imported_key.raw_value.key_size not in _RSA_BITS:
        return None
    return imported_key


def claims_of(token: str, keys: KeySet) -> dict[str, Any]:
    """What a signed token says. Refusal where the provider did not sign it; UnknownKey where its key is not here."""
    try:
        signature = jws.deserialize_compact(token, keys, registry=_REGISTRY)
        claims = orjson.loads(signature.payload or b"")
    except InvalidKeyIdError as error:
        raise UnknownKey from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Refusal(
            Reason.BROKEN,
            f"the ID token is not one that the provider signed ({type(error).__name__})",
        ) from error
    head = signature.headers()
    # an extension that must be understood and is not, or a token of another kind that the same key signed
    if "crit" in head or str(head.get("typ", "JWT")).removeprefix("application/").upper() != "JWT":
        raise Refusal(Reason.BROKEN, "the signed token is no ID token")
    if not isinstance(claims, dict):
        raise Refusal(Reason.BROKEN, "the ID token holds no claims")
    return claims
