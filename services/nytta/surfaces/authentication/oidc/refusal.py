"""Why a sign-in is refused: a reason for the person, a sentence for whoever reads the log."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What the person who wanted to sign in can do about it differs by these."""

    STALE = "stale"
    """It took too long, was used already, or began in another browser."""
    DENIED = "denied"
    """The provider did not let them in."""
    AWAY = "away"
    """The provider does not answer now."""
    BROKEN = "broken"
    """What the provider said cannot be relied on; the administrator has to look."""
    ADDRESS = "address"
    """There is no confirmed e-mail address of the organisation."""
    ACCOUNT = "account"
    """The address, or the account, belongs to another one."""
    UNKEPT = "unkept"
    """The account could not be written down."""


class Refusal(Exception):
    """Nobody is signed in. `why` holds no personal data and nothing that a token or a request said."""

    def __init__(self, reason: Reason, explanation: str) -> None:
        super().__init__(explanation)
        self.reason = reason
        self.why = explanation
