"""Where messages go, as the settings say it, and what a channel answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

SCHEMES = {"smtp": 587, "smtps": 465}


class ChannelError(Exception):
    """A channel did not take a message: what happened and what to change. `final` where trying again cannot help."""

    def __init__(self, problem: str, *, final: bool = False) -> None:
        super().__init__(problem)
        self.final = final


class ChannelSettingError(ValueError):
    """A channel's setting cannot be used; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server. `smtp` upgrades with STARTTLS where `starttls`; `smtps` is TLS from the start."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: bool = False
    starttls: bool = True


@dataclass(frozen=True, slots=True)
class Channels:
    """All ways out of an installation; what is not set is not used.

    `address` is where the console is reached, `sender` whom mails come from, `timeout` in seconds. `mailbox` is a
    folder that takes the mails of a demonstration, where no mail server is set.
    """

    smtp: Smtp | None = None
    sender: str = "nytta@localhost"
    address: str = ""
    webhook: str = ""
    webhook_secret: str = ""
    alertmanager: str = ""
    timeout: float = 20.0
    mailbox: Path | None = None


def smtp_of(address: str) -> Smtp | None:
    """The server of smtp://user:password@host:587 (STARTTLS), smtps://…, or smtp://host:25?starttls=no; None for ''.

    ChannelSettingError where the address is none of these.
    """
    if not address:
        return None
    address_parts = urlsplit(address)
    if address_parts.scheme not in SCHEMES or not address_parts.hostname:
        raise ChannelSettingError(
            "NYTTA_SMTP is no mail server: write smtp://user:password@host:587 or smtps://user:password@host:465"
        )
    options = dict(pair.split("=", 1) for pair in address_parts.query.split("&") if "=" in pair)
    return Smtp(
        address_parts.hostname,
        address_parts.port or SCHEMES[address_parts.scheme],
        unquote(address_parts.username or ""),
        unquote(address_parts.password or ""),
        address_parts.scheme == "smtps",
        options.get("starttls", "yes") != "no",
    )
