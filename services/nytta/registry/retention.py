"""How long what is kept, and whose decision lets it go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Rule(StrEnum):
    """What is disposed of together."""

    PERSONS = "persons"
    CASES = "cases"
    REJECTS = "rejects"
    KEYS = "keys"
    ACCESS_LOG = "access-log"


KEPT: dict[Rule, timedelta] = {
    Rule.PERSONS: timedelta(weeks=26),
    Rule.CASES: timedelta(days=5 * 365 + 1),
    Rule.REJECTS: timedelta(days=14),
    Rule.KEYS: timedelta(weeks=46),
    Rule.ACCESS_LOG: timedelta(days=365),
}
"""How long after its receipt what a rule is about is kept.

`persons`: sessions, eligibility, presence and training of persons, and the actors of cases and tickets. `cases`:
cases, tickets and clients of which nothing came later. `rejects`: refused input, sealed. `keys`: pseudonym keys of
persons, from when they were made. `access-log`: reads of figures.
"""

BY_ITSELF = frozenset({Rule.REJECTS, Rule.ACCESS_LOG})
"""Rules that the store follows without a decision: what they are about is of short-lived use."""


@dataclass(frozen=True, slots=True)
class Disposal:
    """The decision (its reference) under which what `rule` is about may be disposed of; '' for every organisation."""

    rule: Rule
    decision: str
    organisation: str = ""
