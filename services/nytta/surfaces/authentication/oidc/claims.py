"""What an ID token says of who signed in, and whether it is of this sign-in (OpenID Connect Core 1.0, 3.1.3.7)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from nytta.surfaces.authentication.oidc.client import Client
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal

LEEWAY: Final = timedelta(minutes=1)
"""By how much the provider's clock and ours may differ."""

_ADDRESS: Final = re.compile(r"[!-?A-~]+@([a-z0-9.-]+)")
"""Printable ASCII with one @: nothing that looks like another address, or becomes one when its case is folded."""
_SUBJECT: Final = 255
"""Characters of a subject at most (OpenID Connect Core 1.0, section 2)."""
_LATEST: Final = 1e11
"""Seconds since 1970, beyond all moments of a clock."""
_CLOCKS: Final = "compare this machine's clock with the provider's"


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in: the subject at the issuer, a confirmed address of the organisation in small letters, groups."""

    subject: str = field(repr=False)
    email: str = field(repr=False)
    groups: frozenset[str] = field(default=frozenset(), repr=False)


def person_of(
    claims: Mapping[str, Any], client: Client, nonce: str, current_time: datetime
) -> Person:
    """Who signed in, by the claims of a token whose signature is right. Refusal where they are not of this sign-in.

    `nonce` is the one that the sign-in was begun with; `current_time` is aware.
    """
    if claims.get("iss") != client.issuer:
        raise _broken("comes from another issuer than NYTTA_OIDC_ISSUER")
    _check_audience(claims, client.id)
    _check_times(claims, current_time)
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise _broken("belongs to another sign-in: its nonce is not the one that was sent")
    subject = claims.get(client.subject)
    if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT:
        raise _broken(f"has no `{client.subject}`, which tells accounts apart")
    # an issuer that serves everybody confirms anybody's address; only its own claim names the organisation
    if client.tenant and str(claims.get(client.tenant)) not in client.domains:
        raise Refusal(
            Reason.ADDRESS,
            f"the account belongs to no organisation of NYTTA_OIDC_DOMAINS (`{client.tenant}`)",
        )
    return Person(subject, _email(claims, client), _groups(claims, client.groups))


def _check_audience(claims: Mapping[str, Any], client: str) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client not in audiences:
        raise _broken("is meant for another client")
    # a token may name several audiences, and is for the one who asked for it
    if "azp" in claims and claims["azp"] != client:
        raise _broken("was issued to another client")
    if len(audiences) > 1 and "azp" not in claims:
        raise _broken("is meant for several clients and does not say which asked for it")


def _check_times(claims: Mapping[str, Any], current_time: datetime) -> None:
    moment, leeway = current_time.timestamp(), LEEWAY.total_seconds()
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if expires is None or issued is None:
        raise _broken("does not say when it was issued and when it ends")
    if moment >= expires + leeway:
        raise _broken(f"has expired: {_CLOCKS}")
    # a token without a beginning begins when it was issued
    begins = _seconds(claims, "nbf") if "nbf" in claims else issued
    if begins is None or max(issued, begins) > moment + leeway:
        raise _broken(f"is not valid yet: {_CLOCKS}")


def _seconds(claims: Mapping[str, Any], claim_name: str) -> float | None:
    claim_value = claims.get(claim_name)
    if isinstance(claim_value, bool) or not isinstance(claim_value, int | float):
        return None
    # NaN is less than no number, and refused too
    return float(claim_value) if abs(claim_value) < _LATEST else None


def _email(claims: Mapping[str, Any], client: Client) -> str:
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        raise Refusal(
            Reason.ADDRESS,
            "the ID token has no `email`: have the provider put it there (scope email)",
        )
    # absent at providers that give out the addresses themselves
    verified = claims.get("email_verified", True)
    # some providers write it as text
    if verified is not True and verified != "true":
        raise Refusal(
            Reason.ADDRESS, "the provider has not confirmed the e-mail address (`email_verified`)"
        )
    match = _ADDRESS.fullmatch(small := email.lower()) if email.isascii() else None
    if match is None or match[1] not in client.domains:
        raise Refusal(Reason.ADDRESS, "the e-mail address lies in no domain of NYTTA_OIDC_DOMAINS")
    return small


def _groups(claims: Mapping[str, Any], claim_name: str) -> frozenset[str]:
    if not claim_name:
        return frozenset()
    # Entra says so where a person has more groups than a token takes; without them roles would be missing
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, Mapping) and claim_name in elsewhere:
        raise _broken(
            f"leaves `{claim_name}` out, because there are too many: have the provider send only groups that are "
            "assigned to this client"
        )
    claim_value = claims.get(claim_name, [])
    # some providers name a single group without a list
    groups = [claim_value] if isinstance(claim_value, str) else claim_value
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise _broken(
            f"names groups in `{claim_name}` that are not text: choose another claim in NYTTA_OIDC_GROUPS"
        )
    return frozenset(groups)


def _broken(problem: str) -> Refusal:
    return Refusal(Reason.BROKEN, f"the ID token {problem}")
