"""What a publication goes by: the closed weeks of each organisation, and where the last publication ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from nytta.disclosure.clock import first_open_week
from nytta.ingest.store.private import PrivateStore
from nytta.registry.registry import Registry
from nytta.registry.units import Organisation

REGISTER = "entitlement"
"""The indicator whose denominator counts the persons of a unit in the register."""


Secret = Callable[[str], bytes]
"""The secret of a root unit, by its id."""


PLACE = ("indicator", "version", "unit", "system", "case_type", "part", "grain", "period")


FIGURES = ("value", "low", "high", "n_band", "status", "reason")


KEY_SUMS = ("numerator_keys", "denominator_keys")


INPUTS = ("numerator", "denominator", "size", "handlers", "most_by_one", "requesters")


_EPOCH = date(1970, 1, 1)


ComputedPeriods = dict[str, set[tuple[str, date]]]
"""Places in time (grain, period) by indicator."""


def is_due(
    counters: Mapping[str, int], closings: Iterable[Closing], unclear: Collection[str]
) -> bool:
    """Whether cells were computed, keys changed, a period closed, or a source became clear since the last time.

    Which sources are unclear may change while some are: then all is looked at.
    """
    return (
        not counters["publication"]
        or counters["version"] > counters["published_version"]
        or counters["renamed"] > counters["renamed_published"]
        or any(closing.has_closed for closing in closings)
        or bool(unclear)
        or counters["unclear"] > counters["clear"]
    )


@dataclass(frozen=True, slots=True)
class Closing:
    """An organisation, the first week of it that is not closed, the one that was so last time, and its secret."""

    organisation: Organisation
    open_week: date
    before: date
    secret: bytes

    @property
    def has_closed(self) -> bool:
        """Whether a week closed since the last publication."""
        return self.open_week > self.before

    @property
    def counter(self) -> str:
        """The counter that keeps up to where the organisation's weeks are published."""
        return _counter(self.organisation.id)

    @property
    def weeks_end(self) -> int:
        """What that counter is after this publication: days from 1970 to the first open week."""
        return (self.open_week - _EPOCH).days


def closing_of(
    counters: Mapping[str, int], organisation: Organisation, secret: Secret, current_time: datetime
) -> Closing:
    """Which weeks of an organisation are closed at `current_time` (aware)."""
    return Closing(
        organisation,
        open_week=first_open_week(current_time, organisation.timezone),
        before=_EPOCH + timedelta(days=counters[_counter(organisation.id)]),
        secret=secret(organisation.id),
    )


def _counter(root: str) -> str:
    return f"closed {root}"


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication, the `number`-th.

    Periods from `first` on are told; `version` is the last round whose cells are published, 0 for none; `renamed` says
    that keys of persons changed since; units of `unclear` systems wait. Of systems that are not among those in use
    (`using`), or were when a figure was first told, nothing is said of use; nor of what an indicator counts where it
    never occurred (`occurring`).
    """

    store: PrivateStore
    registry: Registry
    closings: Mapping[str, Closing]
    first: date
    version: int
    renamed: bool
    unclear: Collection[str]
    using: Collection[str]
    occurring: Mapping[str, Collection[str]]
    now: datetime
    number: int
