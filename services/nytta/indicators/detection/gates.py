"""Which weeks of which units may be judged, and why the others may not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .panel import Array, Flags, Panel, week_number
from .parameters import Parameters


class Reason(StrEnum):
    """Why a week of a unit was not assessed. The list is closed."""

    INVALID_WEEK = "invalid_week"
    INVALID_NUMBER = "invalid_number"
    INVALID_PLAN = "invalid_plan"
    MISSING_UNIT = "missing_unit"
    DUPLICATE_WEEK = "duplicate_week"
    MISSING_DENOMINATOR = "missing_denominator"
    MISSING_NUMERATOR = "missing_numerator"
    NEGATIVE_NUMBER = "negative_number"
    NUMERATOR_OVER_DENOMINATOR = "numerator_over_denominator"
    NO_DATA = "no_data"
    NO_DENOMINATOR = "no_denominator"
    GROUP_TOO_SMALL = "group_too_small"
    ACCESS = "access"
    QUIET_WEEK = "quiet_week"
    STALE_SOURCE = "stale_source"
    ABSENCE = "absence"
    TOO_FEW_PRESENT = "too_few_present"
    UNIT_CHANGED = "unit_changed"
    AFTER_MILESTONE = "after_milestone"
    SMALL_DENOMINATOR = "small_denominator"
    COMMON_CAUSE = "common_cause"
    WARMING_UP = "warming_up"
    TOO_FEW_PEERS = "too_few_peers"


@dataclass(frozen=True, slots=True)
class Gated:
    """Observations that may be used. All matrices are (units, weeks).

    `count` and `n` are presence-adjusted and gathered into blocks where weekly numbers are small: NaN
    where there is no observation. `reason` says why not ("" where there is one). `reset` marks weeks after
    which the unit's history no longer speaks for it: a declared milestone or a changed unit.
    """

    count: Array
    n: Array
    reason: np.ndarray[tuple[int, ...], np.dtype[np.object_]]
    reset: Flags

    @property
    def usable(self) -> Flags:
        """Where an observation exists."""
        return np.asarray(self.n > 0)


def gate(panel: Panel, parameters: Parameters) -> Gated:
    """Apply every gate to every week, each week looking at itself and earlier ones only."""
    units, weeks = panel.shape
    x, n = panel.numerator.copy(), panel.denominator.copy()
    reason = np.full((units, weeks), "", dtype=object)

    def block(where: Flags, cause: Reason) -> None:
        reason[where & (reason == "")] = cause.value

    column = np.arange(weeks)[None, :]
    started = (column >= panel.live[:, None]) & (column < panel.until[:, None])
    block(~started | ~np.isfinite(n) | ~np.isfinite(x), Reason.NO_DATA)
    block(np.nan_to_num(n) <= 0, Reason.NO_DENOMINATOR)

    presence = panel.presence
    if panel.eligible is not None and presence is not None:
        # A denominator that is the whole head count is brought down to those at work.
        # Where more were counted than there are persons, it is not persons that are counted.
        beyond = np.logical_or.accumulate(np.nan_to_num(n) > np.nan_to_num(panel.eligible, nan=np.inf), axis=1)
        heads = (n == panel.eligible) & ~beyond & panel.persons
        n = np.where(heads & (presence < 1), np.maximum(np.round(panel.eligible * presence), 1), n)
        x = np.minimum(x, n)

    block(~_large_enough(panel, parameters), Reason.GROUP_TOO_SMALL)
    if panel.entitlement is not None:
        people = _eligible(panel)
        without = people * (1 - np.nan_to_num(panel.entitlement, nan=1.0))
        block(without > np.maximum(parameters.entitlement_people, parameters.entitlement_share * people), Reason.ACCESS)
    quiet = panel.quiet
    if quiet is None:
        quiet = np.array([week_number(week) in parameters.quiet_weeks for week in panel.weeks])
    block(np.broadcast_to(quiet, reason.shape), Reason.QUIET_WEEK)
    if panel.stale is not None:
        block(np.broadcast_to(panel.stale, reason.shape), Reason.STALE_SOURCE)
    if presence is not None:
        block(np.nan_to_num(presence, nan=1.0) < parameters.minimum_presence, Reason.ABSENCE)
        if panel.eligible is not None and panel.persons:
            at_work = np.nan_to_num(panel.eligible * presence, nan=np.inf)
            block(at_work < parameters.minimum_present, Reason.TOO_FEW_PRESENT)

    changed = _changed(panel, parameters)
    # A row that ends is reset in its last column, which closes what is open on it.
    ended = column == panel.until[:, None]
    reset = ((panel.rebase | changed) & started) | ended
    ready = reason == ""
    since = _usable_since(ready, reset)
    block((since <= parameters.settle_weeks) & _after(changed), Reason.UNIT_CHANGED)
    block((since <= parameters.settle_weeks) & _after(panel.rebase), Reason.AFTER_MILESTONE)

    count, size = _blocks(np.where(reason == "", x, np.nan), np.where(reason == "", n, np.nan), reset, parameters)
    block((reason == "") & ~(size > 0), Reason.SMALL_DENOMINATOR)
    return Gated(count, size, reason, reset)


def _eligible(panel: Panel) -> Array:
    """Persons of each unit: the register's, or the largest denominator of the last 52 weeks."""
    largest = trailing_maximum(np.nan_to_num(panel.denominator), 52)
    return largest if panel.eligible is None else np.where(np.isfinite(panel.eligible), panel.eligible, largest)


def trailing_maximum(values: Array, width: int) -> Array:
    """The largest value of the last `width` columns, up to and with each column."""
    largest = values.copy()
    reach = 1
    while reach < width:
        step = min(reach, width - reach)
        shifted = np.full_like(largest, -np.inf)
        shifted[:, step:] = largest[:, :-step]
        largest = np.maximum(largest, shifted)
        reach += step
    return largest


def _large_enough(panel: Panel, parameters: Parameters) -> Flags:
    """At least ten persons: by the register, else by contributors (in at 12, out below 10).

    Where not persons are counted: at least ten cases in four weeks.
    """
    if not panel.persons:
        cases = np.cumsum(np.nan_to_num(panel.denominator), axis=1)
        cases_before = np.zeros_like(cases)
        cases_before[:, parameters.block_weeks :] = cases[:, : -parameters.block_weeks]
        return np.asarray(cases - cases_before >= parameters.minimum_group)
    people = trailing_maximum(np.nan_to_num(panel.denominator), 52)
    inside = np.zeros(len(people), bool)
    large_enough = np.zeros(people.shape, bool)
    for week in range(people.shape[1]):
        inside = np.where(
            inside, people[:, week] >= parameters.minimum_group, people[:, week] >= parameters.group_entry
        )
        large_enough[:, week] = inside
    if panel.eligible is None:
        return large_enough
    return np.where(
        np.isfinite(panel.eligible), np.nan_to_num(panel.eligible) >= parameters.minimum_group, large_enough
    )


def _changed(panel: Panel, parameters: Parameters) -> Flags:
    """Weeks in which the number of eligible persons jumps: the unit is no longer the same."""
    changed = np.zeros(panel.shape, bool)
    if panel.eligible is None:
        return changed
    people = panel.eligible
    people_before = np.full_like(people, np.nan)
    people_before[:, 1:] = people[:, :-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.abs(people - people_before)
        return np.asarray((step > parameters.unit_change * people_before) & (step >= 3))


def _after(mark: Flags) -> Flags:
    return np.logical_or.accumulate(mark, axis=1)


def _usable_since(ready: Flags, reset: Flags) -> Array:
    """How many ready weeks have passed since the last reset, this one counted; large without a reset."""
    since = np.full(ready.shape, np.inf)
    state = np.full(len(ready), np.inf)
    for week in range(ready.shape[1]):
        state = np.where(reset[:, week], 0.0, state) + ready[:, week]
        since[:, week] = state
    return since


def _blocks(x: Array, n: Array, reset: Flags, parameters: Parameters) -> tuple[Array, Array]:
    """Weeks with at least ten in the denominator stand alone; smaller ones wait to fill a block of four."""
    count, size = np.full_like(x, np.nan), np.full_like(n, np.nan)
    held_x, held_n, weeks_held = np.zeros(len(x)), np.zeros(len(x)), np.zeros(len(x), int)
    for week in range(x.shape[1]):
        held_x, held_n = np.where(reset[:, week], 0.0, held_x), np.where(reset[:, week], 0.0, held_n)
        weeks_held = np.where(reset[:, week], 0, weeks_held)
        has_cases = n[:, week] > 0
        held_x, held_n = held_x + np.where(has_cases, x[:, week], 0), held_n + np.where(has_cases, n[:, week], 0)
        weeks_held = weeks_held + has_cases
        alone = has_cases & (n[:, week] >= parameters.minimum_weekly_n)
        full = has_cases & (weeks_held >= parameters.block_weeks)
        emit = alone | (full & (held_n >= parameters.minimum_weekly_n))
        count[:, week], size[:, week] = np.where(emit, held_x, np.nan), np.where(emit, held_n, np.nan)
        emitted = emit | full
        held_x, held_n = np.where(emitted, 0.0, held_x), np.where(emitted, 0.0, held_n)
        weeks_held = np.where(emitted, 0, weeks_held)
    return count, size
