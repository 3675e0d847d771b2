"""What was planned and agreed: milestones, plans, benefits, decisions, costs, surveys and deviations.

Figures of indicators and benefits are integers of thousandths of their unit of measure (a share of 0.8 is
800); money is integers of hundredths (öre).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from nytta.registry.dates import ALWAYS, Span
from nytta.registry.systems import Minutes
from nytta.registry.units import Contact, Names


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something that happened or is to happen on a day.

    `system`, `unit` and `tier` are '' where it concerns all.
    """

    id: str
    what: str
    date: date
    names: Names
    system: str = ""
    unit: str = ""
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A value to have reached on a day, in thousandths."""

    date: date
    value: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Targets of one indicator in a unit and the units below it, and planned workplaces of the unit itself.

    `system` is '' for indicators that belong to no system, `indicator` is '' for a plan of workplaces alone.
    Targets are in order of date. `span` is when this plan was the plan: a changed plan ends it and begins
    another.
    """

    unit: str
    system: str = ""
    indicator: str = ""
    start: date | None = None
    targets: tuple[Target, ...] = ()
    workplaces: int | None = None
    span: Span = ALWAYS


PLANNED = ("owner", "baseline", "target", "due", "method")
"""What a benefit must have before it counts as planned."""


class Kind(StrEnum):
    """What a benefit is: money that is really saved, time that is free for other work, or quality."""

    FINANCIAL = "financial"
    REDISTRIBUTION = "redistribution"
    QUALITY = "quality"
    AVOIDED_PURCHASE = "avoided_purchase"
    """What need not be bought any more: postage, licences, rooms."""


class Measure(StrEnum):
    """What a benefit's unit of measure is, as far as anything is computed from it."""

    HOURS = "hours"
    CASE_MINUTES = "minutes per case"
    OTHER = "other"


MEASURES = {
    Measure.HOURS: Names("timmar", "timer", "hours"),
    Measure.CASE_MINUTES: Names("minuter per ärende", "minutter per sak", "minutes per case"),
}
"""How the measures that are computed with are written in `unit_of_measure`, in any of the languages."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """The indicator of use that a benefit depends on; its value before and its target where known."""

    indicator: str
    baseline: int | None = None
    target: int | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Benefit:
    """A measurable change that somebody answers for.

    What a benefit lacks is None or ''; such a benefit is registered but not planned. `baseline` and `target`
    are in thousandths of `unit_of_measure`, `value_per_unit` is in hundredths of `currency` per one unit of
    measure. `baseline_span` is the time over which the baseline was measured, `baseline_weeks` its level in single
    ISO weeks (Monday, value). `decision` is the decision that turns freed hours into money.

    `indicator` measures it (in percent, days or whatever the indicator is in; `version` None is the current one); ''
    where it is measured by events. `minutes` stand over those of the case type. `role` is whose time is saved,
    `hourly_cost` or else the role's mean `monthly_pay` (hundredths) the organisation's own figure, with its source.
    """

    id: str
    names: Names
    unit: str
    kind: Kind
    unit_of_measure: str
    currency: str
    owner: Contact | None = None
    baseline: int | None = None
    baseline_span: Span | None = None
    target: int | None = None
    start: date | None = None
    due: date | None = None
    method: str = ""
    value_per_unit: int | None = None
    system: str = ""
    case_type: str = ""
    adoption: Adoption | None = None
    decision: str = ""
    baseline_weeks: tuple[tuple[date, int], ...] = ()
    indicator: str = ""
    indicator_version: int | None = None
    minutes: Minutes | None = None
    role: str = ""
    hourly_cost: int | None = None
    hourly_cost_source: str = ""
    monthly_pay: int | None = None

    @property
    def measure(self) -> Measure:
        """What its unit of measure is."""
        return measure_of(self.unit_of_measure)

    @property
    def planned(self) -> bool:
        """Whether the benefit has an owner, a baseline, a target, a date and a method."""
        # a baseline or a target of 0 is one
        return all(getattr(self, name) not in (None, "") for name in PLANNED)


def measure_of(unit_of_measure: str) -> Measure:
    """The measure behind a unit of measure in words of any language."""
    wording = unit_of_measure.strip().lower()
    for measure, names in MEASURES.items():
        if wording in (names.sv, names.nb, names.en):
            return measure
    # anything else may be a unit of measure; nothing is computed from it
    return Measure.OTHER


@dataclass(frozen=True, slots=True)
class Survey:
    """Scores (0 to 100, by name) that a unit gave itself in a survey of a year, such as DiMiOS."""

    name: str
    year: int
    unit: str
    scores: tuple[tuple[str, int], ...]
    source: str


_LEVELS: Final = {
    "1": Names("högsta ledningen", "øverste ledelse", "top management"),
    "2": Names(
        "ledningen närmast under den högsta",
        "ledelsen nærmest under den øverste",
        "managers next below the top",
    ),
    "3": Names("tredje ledningsnivån", "tredje ledernivå", "the third level of management"),
    "4": Names("fjärde ledningsnivån", "fjerde ledernivå", "the fourth level of management"),
}


def level_names(level: str) -> Names:
    """The name of the level that a decision was taken at or has come to; a level that is no number names itself."""
    return _LEVELS.get(level, Names.of(level))


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that units must carry out: when and at which level taken, when due, whom it concerns."""

    id: str
    names: Names
    decided: date
    level: str = ""
    due: date | None = None
    units: tuple[str, ...] = ()
    system: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """Money spent evenly over the days of `span`, in hundredths of `currency`."""

    names: Names
    unit: str
    span: Span
    amount: int
    currency: str
    system: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to do about a kind of alert: who does it, and where to begin ('' without a link).

    Of one `system`, or of all ('').
    """

    alert: str
    text: Names
    owner: Names
    link: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """An agreement that a unit and the units below it do not use a system, or one of its case types."""

    unit: str
    system: str
    reason: str
    agreed_by: str
    case_type: str = ""
    span: Span = ALWAYS
