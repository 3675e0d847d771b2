"""What programme.yaml may say: milestones, plans, benefits, decisions, costs, surveys, deviations."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from nytta.registry.dates import Span
from nytta.registry.entries.fields import (
    AlertRef,
    Amount,
    Count,
    Currency,
    Dated,
    Day,
    DecisionRef,
    Entry,
    Id,
    IndicatorRef,
    KnownIds,
    Named,
    Naming,
    SystemRef,
    Text,
    Thousandths,
    UnitRef,
    Url,
    Week,
    case_type_of,
    once,
    refuse,
)
from nytta.registry.entries.organisation import ContactEntry
from nytta.registry.entries.systems import MinutesEntry
from nytta.registry.programme import Kind, Measure, measure_of

MilestoneKind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class MilestoneEntry(Named):
    """Something that happens on a day; `what` is a word such as live, steering_changed, step_started."""

    what: MilestoneKind
    date: Day
    system: SystemRef = ""
    unit: UnitRef = ""
    tier: Text | None = None


class TargetEntry(Entry):
    """A value to have reached on a day."""

    date: Day
    value: Thousandths


class PlanEntry(Dated):
    """Targets of an indicator, planned workplaces, or both."""

    unit: UnitRef
    system: SystemRef = ""
    indicator: IndicatorRef = ""
    start: Day | None = None
    targets: tuple[TargetEntry, ...] = ()
    workplaces: Count | None = None

    @field_validator("targets")
    @classmethod
    def _in_order(
        cls, targets: tuple[TargetEntry, ...], validation: ValidationInfo
    ) -> tuple[TargetEntry, ...]:
        days = [target.date for target in targets]
        plan_start = validation.data.get("start")
        if days != sorted(set(days)):
            refuse("must have one value per date, the earliest date first")
        if plan_start is not None and days and days[0] < plan_start:
            refuse(f"has a date ({days[0]}) before the plan's start ({plan_start})")
        return targets

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.targets and self.workplaces is None:
            refuse("needs `targets` or `workplaces`")
        if self.targets and not self.indicator:
            refuse("has targets; say of which `indicator`")
        if self.workplaces is not None and not self.system:
            refuse("has workplaces; say on which `system`")
        return self


def version_of(version: int | None, validation: ValidationInfo) -> int | None:
    """Refuse a version of the entry's `indicator` that is not there any more: its figures mean something else."""
    indicator = validation.data.get("indicator")
    current_version = None
    if isinstance(validation.context, KnownIds) and indicator:
        current_version = validation.context.versions.get(indicator)
    if version is not None and current_version is not None and version != current_version:
        refuse(
            f"names version {version} of '{indicator}', which does not exist any more; it has version {current_version}"
        )
    return version


class IndicatorEntry(Entry):
    """An indicator; without `version`, whichever is current."""

    indicator: IndicatorRef
    version: Count | None = None

    _existing = field_validator("version")(version_of)


class AdoptionEntry(IndicatorEntry):
    """The indicator of use that a benefit depends on."""

    baseline: Thousandths | None = None
    target: Thousandths | None = None

    @field_validator("target")
    @classmethod
    def _changes(cls, target: int | None, validation: ValidationInfo) -> int | None:
        if target is not None and target == validation.data.get("baseline"):
            refuse("equals the baseline; a target must differ from it")
        return target


class LevelEntry(Entry):
    """A level in one ISO week."""

    week: Week
    value: Thousandths


class HourlyCostEntry(Entry):
    """What an hour costs here, or the mean monthly pay it follows from, and where that figure comes from."""

    amount: Amount | None = None
    monthly_pay: Amount | None = None
    source: Text

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.amount is None) == (self.monthly_pay is None):
            refuse(
                "needs either `amount`, what an hour costs, or `monthly_pay`, the mean pay of the role"
            )
        if 0 in (self.amount, self.monthly_pay):
            refuse("must be more than nothing")
        return self


class BenefitEntry(Named):
    """A benefit. What is not known yet may be left out; it then counts as registered, not as planned."""

    unit: UnitRef
    kind: Kind
    unit_of_measure: Text
    owner: ContactEntry | None = None
    baseline: Thousandths | None = None
    baseline_from: Day | None = None
    baseline_to: Day | None = None
    target: Thousandths | None = None
    start: Day | None = None
    due: Day | None = None
    method: Text | None = None
    value_per_unit: Amount | None = None
    currency: Currency | None = None
    system: SystemRef = ""
    case_type: Id = ""
    adoption: AdoptionEntry | None = None
    decision: DecisionRef = ""
    baseline_weeks: tuple[LevelEntry, ...] = ()
    measured_by: IndicatorEntry | None = None
    minutes: MinutesEntry | None = None
    role: Text | None = None
    hourly_cost: HourlyCostEntry | None = None

    _known_case_type = field_validator("case_type")(case_type_of)

    @field_validator("baseline_weeks")
    @classmethod
    def _weeks_once(cls, weeks: tuple[LevelEntry, ...]) -> tuple[LevelEntry, ...]:
        # by its number: a baseline has one level for each week of a year, whichever year it was
        once((level.week.isocalendar().week for level in weeks), "week of the year")
        return weeks

    @field_validator("target")
    @classmethod
    def _changes(cls, target: int | None, validation: ValidationInfo) -> int | None:
        if target is not None and target == validation.data.get("baseline"):
            refuse("equals the baseline; a benefit is a change, so the target must differ from it")
        return target

    @field_validator("due")
    @classmethod
    def _due_after_start(cls, due_date: date | None, validation: ValidationInfo) -> date | None:
        start = validation.data.get("start")
        if due_date is not None and start is not None and due_date <= start:
            refuse(f"must be later than start ({start}), not {due_date}")
        return due_date

    @field_validator("baseline_to")
    @classmethod
    def _baseline_span(cls, baseline_to: date | None, validation: ValidationInfo) -> date | None:
        baseline_from = validation.data.get("baseline_from")
        if baseline_to is not None and (baseline_from is None or baseline_to <= baseline_from):
            refuse("must be later than `baseline_from`, which must be given too")
        return baseline_to

    @model_validator(mode="after")
    def _hours_become_money_by_decision(self) -> Self:
        # freed hours are no money by themselves: somebody has to decide that they become some
        is_hours = measure_of(self.unit_of_measure) is Measure.HOURS
        if self.kind is Kind.FINANCIAL and is_hours and not self.decision:
            refuse(
                "is financial and counted in hours: name the `decision` that turns hours into money, "
                "or make it a redistribution"
            )
        return self

    @property
    def baseline_span(self) -> Span | None:
        """The time of the baseline; None where it is not said."""
        if self.baseline_from is None or self.baseline_to is None:
            return None
        return Span(self.baseline_from, self.baseline_to)


class DecisionEntry(Named):
    """A decision that units must carry out."""

    decided: Day
    level: Text | None = None
    due: Day | None = None
    units: tuple[UnitRef, ...] = ()
    system: SystemRef = ""

    @field_validator("due")
    @classmethod
    def _due_after_decision(cls, due_date: date | None, validation: ValidationInfo) -> date | None:
        decided = validation.data.get("decided")
        if due_date is not None and decided is not None and due_date < decided:
            refuse(f"must not be before the day of the decision ({decided})")
        return due_date

    @field_validator("units")
    @classmethod
    def _units_once(cls, units: tuple[str, ...]) -> tuple[str, ...]:
        once(units, "unit")
        return units


class CostEntry(Dated):
    """Money spent over a time, from `valid_from` up to, not including, `valid_to`.

    `kind` is `parallel` for what a second way of working costs whether used or not, `service` for what a service costs
    in all of its channels, people's work included: over the completed cases of its `system` it is their cost per case.
    Of any other kind it is a cost of the programme.
    """

    name: Text
    unit: UnitRef
    valid_from: Day
    valid_to: Day
    amount: Amount
    currency: Currency | None = None
    system: SystemRef = ""
    kind: Text | None = None


class SurveyEntry(Entry):
    """Scores of 0 to 100, by name, that a unit gave itself in a survey; they stand beside what is measured."""

    name: Text
    year: Count
    unit: UnitRef
    scores: dict[str, Count]
    source: Text

    @field_validator("scores")
    @classmethod
    def _scores(cls, scores: dict[str, int]) -> dict[str, int]:
        if not scores or any(score > 100 for score in scores.values()):
            refuse("must be one or more scores of 0 to 100 by name")
        return scores


class SuggestionEntry(Entry):
    """One thing to do about a kind of alert, in place of what the catalogue suggests."""

    alert: AlertRef
    text: Naming
    owner: Naming
    link: Url | None = None
    system: SystemRef = ""


class DeviationEntry(Dated):
    """An agreement that a unit does not use a system or a case type."""

    unit: UnitRef
    system: SystemRef
    case_type: Id = ""
    reason: Text
    agreed_by: Text

    _known_case_type = field_validator("case_type")(case_type_of)
