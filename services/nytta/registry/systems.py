"""Systems, their case types, the steps that mean intended use, and the minutes that a case takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nytta.registry.dates import Span
from nytta.registry.units import Names


class Protects(StrEnum):
    """Which population stands behind a system's events."""

    STAFF = "staff"
    PUBLIC = "public"
    OFFICIAL_ACT = "official-act"


@dataclass(frozen=True, slots=True)
class Minutes:
    """Working time per case, in milliseconds, before and after the change, and who stands for the figures.

    Without a confirmation by the benefit's owner the time may be shown as an estimate, and never as money.
    """

    before_ms: int
    after_ms: int
    method: str = ""
    confirmed_by: str = ""
    confirmed_on: date | None = None

    def confirmed(self, day: date) -> bool:
        """Whether the owner had confirmed the figures on `day`."""
        return (
            bool(self.confirmed_by) and self.confirmed_on is not None and self.confirmed_on <= day
        )


@dataclass(frozen=True, slots=True)
class CaseType:
    """A kind of case in a system. `intended` and `digital_route` are activities, as events name them.

    A step in `intended` means that the case is handled in the new way; one in `digital_route` could be done
    digitally, whatever mode it was done in. Cases of a `sensitive` type are told in greater numbers alone.
    """

    id: str
    names: Names
    intended: tuple[str, ...] = ()
    digital_route: tuple[str, ...] = ()
    minutes: Minutes | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """A system that events come from.

    `intended` and `digital_route` hold for every case type. `go_live` is the day for every unit that has none
    of its own (or of a unit above it) in `go_lives`. `stops` are the days of which no event of the system is
    processed.
    """

    id: str
    names: Names
    case_types: tuple[CaseType, ...] = ()
    intended: tuple[str, ...] = ()
    digital_route: tuple[str, ...] = ()
    go_live: date | None = None
    go_lives: tuple[tuple[str, date], ...] = ()
    legacy: bool = False
    protects: Protects = Protects.STAFF
    stops: tuple[Span, ...] = ()
