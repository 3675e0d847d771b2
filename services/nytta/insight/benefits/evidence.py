"""What a statement is made from: measured values, published figures, counts of cases, and reports on decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from nytta.insight.benefits.statement import Definition
from nytta.insight.states.decisions import Act


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured value in thousandths, over the days from `start` up to, not including, `end`."""

    start: date
    end: date
    value: int


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure of the latest closed window: value None where it is not shown; `status` says why."""

    value: float | None
    low: float | None
    high: float | None
    n_band: str
    status: str
    version: int
    period: date


@dataclass(frozen=True, slots=True)
class Peer:
    """A published share of a place, in percent, own or another organisation's, on the definition in force here."""

    indicator: str
    organisation: str
    unit: str
    name: str
    type: str
    system: str
    value: float
    n_band: str


Place = tuple[str, str, str, str]
"""Indicator, unit or reporting group, system, case type ('*' for all together)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is of one organisation after the closed `week`.

    `cases` are exact counts of the trailing 52 weeks by (unit, system, case type): they never leave a statement but
    rounded; so are `completed`, the cases of the organisation that were closed in these weeks, by system. `use` is the
    published use of the settled weeks of the last half year, in whole percent, or the status that says why there is
    none, of indicators of cases that benefits depend on. `series` are weekly published values
    of indicators that measure benefits, oldest first; `digital` the published windows of the whole organisation's
    digital share by system, in percent. `peers` are places to compare with, the organisation's own ones included.
    """

    week: date
    measured: Mapping[str, tuple[Measured, ...]] = field(default_factory=dict)
    published: Mapping[Place, Published] = field(default_factory=dict)
    use: Mapping[Place, int | str] = field(default_factory=dict)
    series: Mapping[Place, tuple[tuple[date, float], ...]] = field(default_factory=dict)
    digital: Mapping[str, tuple[tuple[date, float], ...]] = field(default_factory=dict)
    peers: tuple[Peer, ...] = ()
    cases: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    completed: Mapping[str, int] = field(default_factory=dict)
    acts: tuple[Act, ...] = ()
    definitions: Mapping[str, Definition] = field(default_factory=dict)
