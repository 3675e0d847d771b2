"""How many must stand behind what is shown, and what a published value is or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

K = 10
"""Fewest persons, or cases, behind a published figure."""

LEAST_K = 5
"""No installation may go below this."""

GROUP = 15
"""Fewest persons of a reporting group when it is set: room for leavers until it is set anew."""

HANDLERS = 3
"""Fewest persons who handled the cases behind a published figure."""

MOST_BY_ONE = 0.6
"""Largest share of the cases that one person may have handled."""


class Status(StrEnum):
    """What a published value is, or why there is none."""

    OK = "ok"
    ROUNDED = "rounded"
    BANDED = "banded"
    SUPPRESSED = "suppressed"
    GROUPED = "grouped"
    NOT_ENOUGH = "not_enough"
    STALE = "stale"
    SEALED = "sealed"
    NOT_APPROVED = "not_approved"
    NO_DENOMINATOR = "no_denominator"
    REVISED_PENDING = "revised_pending"


@dataclass(frozen=True, slots=True)
class Rules:
    """Who counts as enough: `k` persons or cases, and of cases at least `handlers` persons, none with over `most`.

    ValueError for a `k` below `LEAST_K`. `for_staff` asks for persons alone.
    """

    k: int = K
    handlers: int = HANDLERS
    most: float = MOST_BY_ONE

    def __post_init__(self) -> None:
        if self.k < LEAST_K:
            raise ValueError(
                f"k = {self.k} is refused: groups of fewer than {LEAST_K} are never shown; give {K} or more"
            )

    @property
    def for_staff(self) -> Rules:
        """The same k for figures that protect staff, who are counted themselves."""
        return Rules(self.k, 0, 1.0)

    def enough(self, size: int, handlers: int, most: int) -> bool:
        """Whether a set of `size`, handled by `handlers` persons of whom the busiest had `most`, may be told apart.

        A set of none tells nothing. A negative one is what persons who are counted twice take away from a total: it
        is a figure about these persons.
        """
        if size <= 0:
            return size == 0 or size <= -self.k
        return size >= self.k and handlers >= self.handlers and most <= self.most * size
