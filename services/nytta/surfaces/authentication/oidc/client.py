"""What is registered at the provider, as the settings say it: one issuer of one tenant, this client, its address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from nytta.surfaces.authentication.addresses import is_loopback
from nytta.surfaces.authentication.sessions import SESSION_LIFE

CALLBACK: Final = "/sign-in/callback"
"""Where the provider sends people back to."""

SIGNED_OUT: Final = "/signed-out"
"""Where the provider sends people after they signed out there."""

_ENTRA: Final = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "sts.windows.net",
    }
)
_EVERY_TENANT: Final = frozenset(
    {"common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"}
)
_GOOGLE: Final = "accounts.google.com"
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Client:
    """This installation as the provider knows it.

    `address` is where people reach the console, without a slash at its end. `domains` are those of the organisation's
    e-mail addresses. `groups` is the claim that names a person's groups; '' where none does. `life` is how long a
    session lasts.
    """

    issuer: str
    id: str
    secret: str = field(repr=False)
    address: str
    domains: frozenset[str]
    groups: str = ""
    life: timedelta = SESSION_LIFE

    @classmethod
    def of(
        cls,
        issuer: str,
        id: str,
        secret: str,
        address: str,
        domains: str,
        groups: str = "",
        hours: int = 12,
    ) -> Client | None:
        """From the settings' texts; None where none of OIDC is set. ValueError says what to change."""
        parts = {
            "NYTTA_OIDC_ISSUER": issuer,
            "NYTTA_OIDC_CLIENT": id,
            "NYTTA_OIDC_SECRET": secret,
            "NYTTA_OIDC_DOMAINS": domains,
        }
        # the address alone asks for nothing: mails use it too
        if not any(parts.values()):
            return None
        # half a configuration is refused: it would be found only when somebody signs in
        missing = [
            name for name, value in (parts | {"NYTTA_ADDRESS": address}).items() if not value
        ]
        if missing:
            raise ValueError(f"signing in with OpenID Connect needs {', '.join(missing)} too")
        _check_issuer(issuer)
        if not is_safe(address):
            raise ValueError(
                f"NYTTA_ADDRESS must begin with https:// where people sign in with OpenID Connect, not be {address}"
            )
        domains_allowed = frozenset(
            domain.strip().removeprefix("@").lower()
            for domain in domains.split(",")
            if domain.strip()
        )
        wrong = sorted(domain for domain in domains_allowed if not _DOMAIN.fullmatch(domain))
        if wrong or not domains_allowed:
            raise ValueError(
                f"NYTTA_OIDC_DOMAINS names domains such as town.example, not {', '.join(wrong) or domains}"
            )
        return cls(
            issuer,
            id,
            secret,
            address.rstrip("/"),
            domains_allowed,
            groups,
            min(timedelta(hours=hours), SESSION_LIFE),
        )

    @property
    def redirect(self) -> str:
        """The address to register at the provider; never made of what a request says."""
        return self.address + CALLBACK

    @property
    def signed_out(self) -> str:
        """The address to register at the provider for the way back after signing out."""
        return self.address + SIGNED_OUT

    @property
    def discovery(self) -> str:
        """Where the provider describes itself (OpenID Connect Discovery 1.0, section 4)."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"

    @property
    def subject(self) -> str:
        """The claim that tells accounts apart: Entra's `sub` differs from client to client, its `oid` does not."""
        return "oid" if _host(self.issuer) in _ENTRA else "sub"

    @property
    def scope(self) -> str:
        """What is asked for: no more than subject and e-mail address. Entra gives `oid` with the profile only."""
        return "openid email profile" if self.subject == "oid" else "openid email"

    @property
    def tenant(self) -> str:
        """The claim that must name one of the domains, where an issuer serves everybody; '' elsewhere."""
        return "hd" if _host(self.issuer) == _GOOGLE else ""


def is_safe(address: str) -> bool:
    """Whether an address is whole, of plain letters, and reached over TLS or on this machine."""
    if not address.isascii() or not address.isprintable() or " " in address:
        return False
    try:
        address_parts = urlsplit(address)
        host = address_parts.hostname or ""
        _ = address_parts.port
    except ValueError:
        return False
    if address_parts.username is not None or not host:
        return False
    is_local = host == "localhost" or is_loopback(host)
    return address_parts.scheme == "https" or (address_parts.scheme == "http" and is_local)


def _check_issuer(issuer: str) -> None:
    if not is_safe(issuer) or urlsplit(issuer).query or urlsplit(issuer).fragment:
        raise ValueError(
            f"NYTTA_OIDC_ISSUER must be an address that begins with https://, not {issuer}"
        )
    tenants = _EVERY_TENANT & {part.lower() for part in urlsplit(issuer).path.split("/")}
    if _host(issuer) in _ENTRA and tenants:
        raise ValueError(
            f"NYTTA_OIDC_ISSUER names '{min(tenants)}', with which accounts of every organisation could sign in: name "
            "your own tenant, https://login.microsoftonline.com/TENANT-ID/v2.0"
        )


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""
