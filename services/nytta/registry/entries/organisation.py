"""What organisation.yaml may say: organisations, units, reporting groups, codes of units, approvals."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from nytta.registry.calendars import DEFAULT, Break, Calendar, Presence
from nytta.registry.entries.fields import (
    Count,
    Country,
    Currency,
    Dated,
    Day,
    Email,
    Entry,
    FalseRate,
    Flag,
    Id,
    KeyId,
    Language,
    Named,
    OrganisationRef,
    PurposeRef,
    Share,
    Text,
    Thousandths,
    UnitRef,
    Url,
    Week,
    Zone,
    once,
    refuse,
)
from nytta.registry.protection import CitizenRules, HandlingRules, Noise, Protection, StaffRules
from nytta.registry.retention import Rule
from nytta.registry.units import FALSE_PER_UNIT_YEAR, Contact

CURRENCIES = {"SE": "SEK", "NO": "NOK", "DK": "DKK", "IS": "ISK"}
"""Currency of an organisation that names none, by country; EUR elsewhere."""

TONGUES = {"SE": "sv", "NO": "nb"}
"""Language of an organisation that names none, by country; English elsewhere."""


class ContactEntry(Entry):
    """Who gets messages. `teams` is the https address that takes posts into a channel.

    Members of `sign_in_group`, a group of the provider that signs people in, hold the role of this contact as well.
    """

    name: Text
    email: Email | None = None
    teams: Url | None = None
    language: Language | None = None
    sign_in_group: Text | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not (self.email or self.teams):
            refuse("needs an `email` or a `teams` address")
        return self

    def contact(self, language: str) -> Contact:
        """The contact, in `language` where the entry says none."""
        return Contact(
            name=self.name,
            email=self.email or "",
            teams=self.teams or "",
            language=self.language or language,
            sign_in_group=self.sign_in_group or "",
        )


class DelegateEntry(ContactEntry, Dated):
    """Who stands in for the manager, from `valid_from` up to, not including, `valid_to`."""


class BreakEntry(Entry):
    """A school break, first and last day included."""

    name: Text
    first: Day
    last: Day

    @field_validator("last")
    @classmethod
    def _not_before(cls, last_day: date, info: ValidationInfo) -> date:
        first_day = info.data.get("first")
        if first_day is not None and last_day < first_day:
            refuse(f"must not be before first ({first_day})")
        return last_day


class PresenceEntry(Entry):
    """Share of staff at work on at least one day of a week, by kind of week."""

    ordinary: Share = DEFAULT.ordinary
    summer: Share = DEFAULT.summer
    christmas: Share = DEFAULT.christmas
    easter: Share = DEFAULT.easter
    school_break: Share = DEFAULT.school_break


class WeekEntry(Entry):
    """The stated share of staff at work on at least one day of one ISO week."""

    week: Week
    share: Share


class CalendarEntry(Entry):
    """What one organisation knows beyond its country's holidays."""

    school_breaks: tuple[BreakEntry, ...] = ()
    closed_days: tuple[Day, ...] = ()
    presence: PresenceEntry = Field(default_factory=PresenceEntry)
    weeks: tuple[WeekEntry, ...] = ()

    @field_validator("weeks")
    @classmethod
    def _weeks_once(cls, weeks: tuple[WeekEntry, ...]) -> tuple[WeekEntry, ...]:
        once((week.week for week in weeks), "week of")
        return weeks

    def calendar(self, country: str) -> Calendar:
        """The calendar of an organisation in `country`."""
        breaks = [Break(entry.name, entry.first, entry.last) for entry in self.school_breaks]
        return Calendar(
            country=country,
            breaks=tuple(breaks),
            closed=self.closed_days,
            presence=Presence(**dict(self.presence)),
            weeks=tuple((entry.week, entry.share) for entry in self.weeks),
        )


class Place(Dated):
    """What of a unit makes its place in the tree. Other words are passed over, whatever they hold."""

    model_config = ConfigDict(extra="ignore")

    id: Id
    parent: UnitRef | None = None


class DetectionEntry(Entry):
    """What lag detection may spend: false alarms per unit and year over all notifying indicators."""

    false_per_unit_year: FalseRate = FALSE_PER_UNIT_YEAR


class UnitEntry(Named, Dated):
    """One version of a unit."""

    parent: UnitRef
    type: Text | None = None
    peer_group: Text | None = None
    country: Country | None = None
    language: Language | None = None
    manager: ContactEntry | None = None
    delegate: DelegateEntry | None = None
    declared_size: Count | None = None


class NoiseEntry(Entry):
    """How far counts are changed."""

    most: Count
    variance: Thousandths

    @property
    def noise(self) -> Noise:
        """The noise."""
        return Noise(self.most, self.variance / 1000)


class ClassEntry(Entry):
    """The rule of one class of acts; what it leaves out is as usual."""

    noise: NoiseEntry | None = None

    @property
    def rules(self) -> dict[str, Any]:
        """What it sets, in the words of `registry.protection`."""
        # only what the file says: what it leaves out has its usual value in `registry.protection`, and nowhere else
        rules = {name: getattr(self, name) for name in self.model_fields_set - {"noise"}}
        if self.noise:
            rules["noise"] = self.noise.noise
        return rules


class CitizenEntry(ClassEntry):
    """Who turned to the body, and how."""

    k: Count = 0
    k_sensitive: Count = 0


class HandlingEntry(ClassEntry):
    """How work was done; `most_by_one` is the largest share of cases that one person may have handled."""

    k: Count = 0
    persons: Count = 0
    most_by_one: Share = 0

    @property
    def rules(self) -> dict[str, Any]:
        """What it sets, in the words of `registry.protection`."""
        rules = super().rules
        # a share of the files is in thousandths
        if "most_by_one" in rules:
            rules["most_by_one"] = self.most_by_one / 1000
        return rules


class StaffEntry(ClassEntry):
    """What employees are or do."""

    k: Count = 0
    group: Count = 0


class DisclosureEntry(Entry):
    """Who is enough behind a figure of periods that begin on `from` or later, as its officer decided."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    reference: Text
    valid_from: Day = Field(alias="from")
    citizen: CitizenEntry | None = None
    handling: HandlingEntry | None = None
    staff: StaffEntry | None = None

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        # bounds hold whoever makes the rules, so they stand with the rules; here they are told with their line
        try:
            _ = self.protection
        except ValueError as error:
            refuse(str(error))
        return self

    @property
    def protection(self) -> Protection:
        """The rules."""
        return Protection(
            citizen=CitizenRules(**(self.citizen.rules if self.citizen else {})),
            handling=HandlingRules(**(self.handling.rules if self.handling else {})),
            staff=StaffRules(**(self.staff.rules if self.staff else {})),
            reference=self.reference,
            valid_from=self.valid_from,
        )


class OrganisationEntry(Named, Dated):
    """A root unit and what belongs to it."""

    timezone: Zone
    country: Country
    key: KeyId | None = None
    type: Text | None = None
    language: Language | None = None
    currency: Currency | None = None
    manager: ContactEntry | None = None
    delegate: DelegateEntry | None = None
    programme_lead: ContactEntry | None = None
    operations: ContactEntry | None = None
    employee_representatives: tuple[ContactEntry, ...] = ()
    data_protection: tuple[ContactEntry, ...] = ()
    administrators: tuple[ContactEntry, ...] = ()
    calendar: CalendarEntry = Field(default_factory=CalendarEntry)
    detection: DetectionEntry = Field(default_factory=DetectionEntry)
    public_data: Flag = False
    declared_size: Count | None = None
    disclosure: tuple[DisclosureEntry, ...] = ()

    @field_validator("disclosure", mode="before")
    @classmethod
    def _one_or_more(cls, rules: object) -> object:
        # most organisations have one set of rules, and need no list for it
        return [rules] if isinstance(rules, dict) else rules

    @field_validator("disclosure")
    @classmethod
    def _days_once(cls, rules: tuple[DisclosureEntry, ...]) -> tuple[DisclosureEntry, ...]:
        once((str(rule.valid_from) for rule in rules), "rules from")
        return rules

    @property
    def money(self) -> str:
        """The currency of the organisation's money."""
        return self.currency or CURRENCIES.get(self.country, "EUR")

    @property
    def tongue(self) -> str:
        """The language of units that say none."""
        return self.language or TONGUES.get(self.country, "en")


class GroupEntry(Named, Dated):
    """A reporting group of small sibling units."""

    units: tuple[UnitRef, ...]
    manager: ContactEntry

    @field_validator("units")
    @classmethod
    def _two_or_more(cls, units: tuple[str, ...]) -> tuple[str, ...]:
        once(units, "unit")
        if len(units) < 2:
            refuse("must name at least two units: a group of one hides nobody")
        return units


class CodeEntry(Dated):
    """The unit behind one code."""

    code: Id
    unit: UnitRef


class CodeMapEntry(Entry):
    """The codes that one source, or every source that fits a pattern with `*`, uses for units."""

    source: Text
    codes: tuple[CodeEntry, ...]


class ApprovalEntry(Entry):
    """What is in place before indicators of one purpose may be computed."""

    purpose: PurposeRef
    organisation: OrganisationRef | None = None
    legal_basis: Text | None = None
    dpia: Text | None = None
    consulted_on: Day | None = None


class DisposalEntry(Entry):
    """The decision under which something may be disposed of."""

    rule: Rule
    organisation: OrganisationRef | None = None
    decision: Text
