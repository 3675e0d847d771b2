"""What systems.yaml may say: systems, their case types and steps, minutes, days of going live."""

from __future__ import annotations

from typing import Self

from pydantic import field_validator, model_validator

from nytta.registry.entries.fields import (
    Dated,
    Day,
    Entry,
    Flag,
    Milliseconds,
    Named,
    Text,
    UnitRef,
    once,
    refuse,
)
from nytta.registry.systems import Protects


class MinutesEntry(Entry):
    """Minutes of work per case before and after, how they were found, and who confirmed them when."""

    before: Milliseconds
    after: Milliseconds
    method: Text | None = None
    confirmed_by: Text | None = None
    confirmed_on: Day | None = None

    @model_validator(mode="after")
    def _confirmed_by_and_on(self) -> Self:
        if (self.confirmed_by is None) != (self.confirmed_on is None):
            refuse("needs `confirmed_by` and `confirmed_on` together, or neither")
        return self


class Stepped(Named):
    """An entry that says which activities mean intended use and which have a digital route."""

    intended: tuple[Text, ...] = ()
    digital_route: tuple[Text, ...] = ()

    @field_validator("intended", "digital_route")
    @classmethod
    def _steps_once(cls, steps: tuple[str, ...]) -> tuple[str, ...]:
        once(steps, "activity")
        return steps


class CaseTypeEntry(Stepped):
    """A case type of a system."""

    minutes: MinutesEntry | None = None
    sensitive: Flag = False


class GoLiveEntry(Entry):
    """The day on which a unit, with the units below it, went live."""

    unit: UnitRef
    date: Day


class StopEntry(Dated):
    """Days of which no event of the system is processed."""


class SystemEntry(Stepped):
    """A system. `processing: false` stops it for all days, `stopped` for some."""

    case_types: tuple[CaseTypeEntry, ...] = ()
    go_live: Day | None = None
    go_lives: tuple[GoLiveEntry, ...] = ()
    legacy: Flag = False
    protects: Protects = Protects.STAFF
    processing: Flag = True
    stopped: tuple[StopEntry, ...] = ()

    @field_validator("go_lives")
    @classmethod
    def _units_once(cls, go_lives: tuple[GoLiveEntry, ...]) -> tuple[GoLiveEntry, ...]:
        once((go_live.unit for go_live in go_lives), "unit")
        return go_lives

    @field_validator("case_types")
    @classmethod
    def _case_types_once(cls, case_types: tuple[CaseTypeEntry, ...]) -> tuple[CaseTypeEntry, ...]:
        once((case_type.id for case_type in case_types), "id")
        return case_types
