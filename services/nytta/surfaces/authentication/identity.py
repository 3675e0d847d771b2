"""Somebody who is signed in, and what is said to whoever is not."""

from __future__ import annotations

from dataclasses import dataclass


class NotAuthenticated(Exception):
    """Nobody is signed in: what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who is signed in: by e-mail address, or (`local`) as the person at the machine.

    `groups` are those that the organisation's sign-in says they belong to.
    """

    email: str
    local: bool = False
    groups: frozenset[str] = frozenset()
