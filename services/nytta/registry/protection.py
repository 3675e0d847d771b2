"""Whom published figures protect, and how many are enough, as an organisation's data protection officer sets it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from nytta.registry.dates import BEGINNING

LEAST_MOST = 2
"""No installation may bound its noise more narrowly."""

LEAST_VARIANCE = 1.0
"""No installation may spread its noise less."""

LEAST_CASES, LEAST_PERSONS = 3, 5
"""Fewest cases of citizens, and fewest persons or handled cases, that an installation may let through."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How far counts are changed: at most by `most`, with this `variance`, both in records.

    ValueError for less than an installation may ask for, and for a variance that such a noise cannot have.
    """

    most: int
    variance: float

    def __post_init__(self) -> None:
        if self.most < LEAST_MOST:
            raise ValueError(
                f"noise: most: {self.most} is refused: counts are changed by up to {LEAST_MOST} or more"
            )
        if self.variance < LEAST_VARIANCE:
            raise ValueError(
                f"noise: variance: {self.variance} is refused: give {LEAST_VARIANCE} or more"
            )
        if self.variance > self.most:
            raise ValueError(
                f"noise: variance: {self.variance} is refused: a count of one that changes by up to {self.most}, and "
                f"on average not at all, has at most {self.most}"
            )


@dataclass(frozen=True, slots=True)
class CitizenRules:
    """Who turned to the body, and how: told from `k` cases on, of sensitive case types from `k_sensitive`."""

    k: int = 5
    k_sensitive: int = 10
    noise: Noise = Noise(5, 3.0)

    def __post_init__(self) -> None:
        if self.k < LEAST_CASES:
            raise ValueError(f"k: {self.k} is refused: give {LEAST_CASES} or more")
        if self.k_sensitive < self.k:
            raise ValueError(
                f"k_sensitive: {self.k_sensitive} is refused: sensitive case types need {self.k} or more"
            )


@dataclass(frozen=True, slots=True)
class HandlingRules:
    """How work was done: told from `k` cases on, handled by `persons` or more, none with over `most_by_one` of them."""

    k: int = 10
    persons: int = 3
    most_by_one: float = 0.6
    noise: Noise = Noise(5, 3.0)

    def __post_init__(self) -> None:
        if self.k < LEAST_PERSONS:
            raise ValueError(f"k: {self.k} is refused: give {LEAST_PERSONS} or more")


@dataclass(frozen=True, slots=True)
class StaffRules:
    """What employees are or do: told of `k` persons or more, smaller units as their reporting group of `group`."""

    k: int = 10
    group: int = 15
    noise: Noise = Noise(7, 5.0)

    def __post_init__(self) -> None:
        if self.k < LEAST_PERSONS:
            raise ValueError(f"k: {self.k} is refused: give {LEAST_PERSONS} or more")
        if self.group < self.k:
            raise ValueError(
                f"group: {self.group} is refused: a group that is shown has {self.k} persons or more"
            )


@dataclass(frozen=True, slots=True)
class Protection:
    """The rules of an organisation for periods that begin on `valid_from` or later; `reference` names the decision."""

    citizen: CitizenRules = field(default_factory=CitizenRules)
    handling: HandlingRules = field(default_factory=HandlingRules)
    staff: StaffRules = field(default_factory=StaffRules)
    reference: str = ""
    valid_from: date = BEGINNING

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that change with the rules: what figures were published under."""
        rules = repr((self.citizen, self.handling, self.staff))
        return hashlib.blake2b(rules.encode("utf-8"), digest_size=4).hexdigest()


def in_force(protections: Sequence[Protection], day: date) -> Protection:
    """The rules for a period that begins on `day`; the usual ones where none were set by then."""
    # one set of rules for a period: those of the day on which it begins
    begun = [protection for protection in protections if protection.valid_from <= day]
    return max(begun, key=lambda protection: protection.valid_from, default=Protection())
