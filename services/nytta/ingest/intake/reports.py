"""What became of a file or of a page, counted by its rows, and why a file was refused."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from nytta import Mendable


class IntakeError(Mendable):
    """A file that cannot be taken in as it is: what to change."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the rows of one file: read = accepted + duplicate + conflict + rejected + left out.

    Rejected are rows of which nothing was kept; `left_out` are rows that the mapping leaves out on purpose, and those
    of systems that are switched off.
    """

    file: str
    read: int
    accepted: int
    duplicate: int
    rejected: int
    conflict: int
    left_out: int
    units_created: tuple[str, ...] = ()
    superseded: int = 0
    """Of the accepted rows, those that took the place of what was known of them."""
    retracted: int = 0
    """Events that were taken back: what a row says no more, and what a complete list lacks."""
    partly: int = 0
    """Rows of which an event was kept and another refused; they count as accepted or known."""
    warnings: tuple[str, ...] = ()
    """What a person should know of the file, each a sentence."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self) | {
            "units_created": list(self.units_created),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class PageReport:
    """What became of a page: rows, events stored, events taken back, and rows or events that were rejected.

    Those whose unit nobody knows yet are `unplaced`, and not among the rejected.
    """

    rows: int
    events: int
    retracted: int
    rejected: int
    unplaced: int = 0
