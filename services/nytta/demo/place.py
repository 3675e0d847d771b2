"""The invented world as plain facts: organisations, their units, systems and programme. No numbers are drawn
here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Person:
    """A manager with the language of their messages (sv, nb or en)."""

    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit. One with `staff` persons is a leaf; `managers` of them belong to the tier of managers.

    `group` names the reporting group in which a small unit is shown, '' for units large enough.
    """

    id: str
    name: str
    parent: str
    type: str
    manager: Person
    staff: int = 0
    managers: int = 1
    group: str = ""

    @property
    def small(self) -> bool:
        """Fewer than ten eligible persons."""
        return 0 < self.staff < 10


@dataclass(frozen=True, slots=True)
class Group:
    """Small siblings that are shown as one, and the manager who answers for them."""

    id: str
    name: str
    units: tuple[str, ...]
    manager: Person


@dataclass(frozen=True, slots=True)
class Organisation:
    """A root unit with everything below it; the root is its first unit."""

    id: str
    name: str
    country: str
    timezone: str
    language: str
    currency: str
    lead: Person
    operations: Person
    units: tuple[Unit, ...]
    groups: tuple[Group, ...]

    @property
    def staffed(self) -> tuple[Unit, ...]:
        """The units with persons, in order."""
        return tuple(unit for unit in self.units if unit.staff)

    @property
    def large(self) -> tuple[Unit, ...]:
        """The units that are shown as themselves."""
        return tuple(unit for unit in self.staffed if not unit.small)

    def unit(self, unit: str) -> Unit:
        """The unit of that id."""
        return next(candidate for candidate in self.units if candidate.id == unit)


@dataclass(frozen=True, slots=True)
class CaseType:
    """A case type and the minutes of work on one case, before and after the change."""

    id: str
    name: str
    minutes_before: int
    minutes_after: int

    @property
    def minutes_saved(self) -> int:
        """Minutes that one case saves when it is handled as intended."""
        return self.minutes_before - self.minutes_after


@dataclass(frozen=True, slots=True)
class System:
    """A system with its case types, and the day when each unit went live with it.

    `route` are the activities that could be done digitally. Which case was handled as intended its events say
    themselves, once it has been handled: a rule by activity would count those that wait as not intended.
    `minutes_by` is the function that has confirmed the minutes of the case types.
    """

    id: str
    name: str
    live: dict[str, date]
    case_types: tuple[CaseType, ...] = ()
    route: tuple[str, ...] = ()
    minutes_by: str = ""
    minutes_on: date | None = None


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something dated that a chart shows as a change point; `unit` may be the root."""

    id: str
    what: str
    day: date
    name: str
    system: str
    unit: str
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A value that an indicator is to reach in a unit and those below it by a day, or the unit's planned
    workplaces.

    Targets are thousandths.
    """

    unit: str
    system: str
    indicator: str = ""
    start: date | None = None
    targets: tuple[tuple[date, int], ...] = ()
    workplaces: int | None = None


@dataclass(frozen=True, slots=True)
class Benefit:
    """A benefit that a line manager owns: `measure` goes from `baseline` to `target` by a day, by use of a
    system.

    `baseline_share` and `target_share` are the use (thousandths of `indicator`) that it depends on;
    `baseline_from` and `baseline_to` (exclusive) the days over which the baseline was measured. A `kind` is
    redistribution or quality.
    """

    id: str
    name: str
    unit: str
    system: str
    case_type: str
    kind: str
    measure: str
    baseline: int
    target: int
    baseline_from: date
    baseline_to: date
    start: date
    due: date
    method: str
    indicator: str = ""
    baseline_share: int = 0
    target_share: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of a level (1 is the top), due by a day, that concerns the units named."""

    id: str
    name: str
    day: date
    due: date
    level: int
    system: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """Money spent evenly over days (`end` exclusive), in whole units of the organisation's currency.

    `kind` 'parallel' is what a second way of working costs whether used or not, 'service' what a service costs in all
    of its channels.
    """

    name: str
    unit: str
    system: str
    start: date
    end: date
    amount: int
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that the registry's files say."""

    organisations: tuple[Organisation, ...] = ()
    systems: tuple[System, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    plans: tuple[Plan, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    decisions: tuple[Decision, ...] = ()
    costs: tuple[Cost, ...] = field(default=())

    def __add__(self, other_place: Place) -> Place:
        return Place(
            self.organisations + other_place.organisations,
            self.systems + other_place.systems,
            self.milestones + other_place.milestones,
            self.plans + other_place.plans,
            self.benefits + other_place.benefits,
            self.decisions + other_place.decisions,
            self.costs + other_place.costs,
        )
