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


Reasons = np.ndarray[tuple[int, ...], np.dtype[np.object_]]
"""Values of `Reason` by unit and week, "" where there is none."""


@dataclass(frozen=True, slots=True)
class Gated:
    """Observations that may be used. All matrices are (units, weeks).

    `count` and `n` are presence-adjusted and gathered into blocks where weekly numbers are small: NaN
    where there is no observation. `reason` says why not ("" where there is one). `reset` marks weeks after
    which the unit's history no longer speaks for it: a declared milestone or a changed unit. `week_count` and `week_n`
    are the numbers of single weeks that no gate holds back, from which blocks are gathered.
    """

    count: Array
    n: Array
    reason: Reasons
    reset: Flags
    week_count: Array
    week_n: Array

    @property
    def usable(self) -> Flags:
        """Where an observation exists."""
        return np.asarray(self.n > 0)


def gate(panel: Panel, parameters: Parameters) -> Gated:
    """Apply every gate to every week, each week looking at itself and earlier ones only."""
    denominator = panel.denominator
    presence = panel.presence
    reason = np.full(panel.shape, "", dtype=object)

    def block(where: Flags, cause: Reason) -> None:
        # The first gate that refuses names the reason.
        reason[where & (reason == "")] = cause.value

    column = np.arange(panel.shape[1])[None, :]
    is_live = (column >= panel.live[:, None]) & (column < panel.until[:, None])
    has_counts = np.isfinite(denominator) & np.isfinite(panel.numerator)
    block(~is_live | ~has_counts, Reason.NO_DATA)
    block(np.nan_to_num(denominator) <= 0, Reason.NO_DENOMINATOR)

    numerator, denominator = _of_those_present(panel)
    block(~_large_enough(panel, parameters), Reason.GROUP_TOO_SMALL)
    if panel.entitlement is not None:
        people = eligible(panel)
        people_without = people * (1 - np.nan_to_num(panel.entitlement, nan=1.0))
        # In small units a share is less than a person, in large ones a few persons are nothing.
        most_without = np.maximum(
            parameters.entitlement_people, parameters.entitlement_share * people
        )
        block(people_without > most_without, Reason.ACCESS)
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

    is_changed = _changed(panel, parameters)
    # A row that ends is reset in its last column, which closes what is open on it.
    is_ended = column == panel.until[:, None]
    reset = ((panel.rebase | is_changed) & is_live) | is_ended
    ready_weeks = _usable_since(reason == "", reset)
    is_settling = ready_weeks <= parameters.settle_weeks
    block(is_settling & _after(is_changed), Reason.UNIT_CHANGED)
    block(is_settling & _after(panel.rebase), Reason.AFTER_MILESTONE)

    is_open = reason == ""
    week_count = np.where(is_open, numerator, np.nan)
    week_n = np.where(is_open, denominator, np.nan)
    return _gathered(week_count, week_n, reason, reset, parameters)


def without(gated: Gated, weeks: Flags, cause: Reason, parameters: Parameters) -> Gated:
    """The observations without these weeks, of which none may stand in a block either; each is named in the reasons."""
    if not weeks.any():
        return gated
    is_taken_out = (gated.week_n > 0) & weeks[None, :]
    reason = gated.reason.copy()
    # Why a week waits for a block is said anew.
    reason[gated.week_n > 0] = ""
    reason[is_taken_out] = cause.value
    week_count = np.where(is_taken_out, np.nan, gated.week_count)
    week_n = np.where(is_taken_out, np.nan, gated.week_n)
    return _gathered(week_count, week_n, reason, gated.reset, parameters)


def _gathered(
    week_count: Array, week_n: Array, reason: Reasons, reset: Flags, parameters: Parameters
) -> Gated:
    # Blocks come last: a week that a gate holds back must not fill one.
    count, size = _blocks(week_count, week_n, reset, parameters)
    reason[(reason == "") & ~(size > 0)] = Reason.SMALL_DENOMINATOR.value
    return Gated(count, size, reason, reset, week_count, week_n)


def _of_those_present(panel: Panel) -> tuple[Array, Array]:
    """Numerator and denominator without those who were not at work."""
    numerator, denominator = panel.numerator.copy(), panel.denominator.copy()
    if panel.eligible is None or panel.presence is None:
        return numerator, denominator
    # A denominator that is the whole head count is brought down to those at work.
    # Where more were counted than there are persons, it is not persons that are counted.
    exceeds_people = np.nan_to_num(denominator) > np.nan_to_num(panel.eligible, nan=np.inf)
    is_head_count = (denominator == panel.eligible) & ~_after(exceeds_people) & panel.persons
    at_work = np.maximum(np.round(panel.eligible * panel.presence), 1)
    present = np.where(is_head_count & (panel.presence < 1), at_work, denominator)
    # Presence is a mean of the week: more may have used the system than it makes persons.
    return np.minimum(numerator, present), present


def eligible(panel: Panel) -> Array:
    """Persons of each unit: the register's, or the largest denominator of the last 52 weeks."""
    largest = trailing_maximum(np.nan_to_num(panel.denominator), 52)
    if panel.eligible is None:
        return largest
    return np.where(np.isfinite(panel.eligible), panel.eligible, largest)


def trailing_maximum(values: Array, width: int) -> Array:
    """The largest value of the last `width` columns, up to and with each column."""
    largest = values.copy()
    reach = 1
    # Doubling: a maximum over so many columns and itself, shifted by as many, reach twice as far.
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
        width = parameters.block_weeks
        cases = np.cumsum(np.nan_to_num(panel.denominator), axis=1)
        cases_before = np.zeros_like(cases)
        cases_before[:, width:] = cases[:, :-width]
        return np.asarray(cases - cases_before >= parameters.minimum_group)
    people = trailing_maximum(np.nan_to_num(panel.denominator), 52)
    is_inside = np.zeros(len(people), bool)
    by_contributors = np.zeros(people.shape, bool)
    for week in range(people.shape[1]):
        # Two bounds, so that a unit at the edge does not go in and out.
        bound = np.where(is_inside, parameters.minimum_group, parameters.group_entry)
        is_inside = people[:, week] >= bound
        by_contributors[:, week] = is_inside
    if panel.eligible is None:
        return by_contributors
    by_register = np.nan_to_num(panel.eligible) >= parameters.minimum_group
    return np.where(np.isfinite(panel.eligible), by_register, by_contributors)


def _changed(panel: Panel, parameters: Parameters) -> Flags:
    """Weeks in which the number of eligible persons jumps: the unit is no longer the same."""
    if panel.eligible is None:
        return np.zeros(panel.shape, bool)
    people = panel.eligible
    people_before = np.full_like(people, np.nan)
    people_before[:, 1:] = people[:, :-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.abs(people - people_before)
        is_large_share = step > parameters.unit_change * people_before
        # Of a few persons a quarter is one or two: no reorganisation.
        return np.asarray(is_large_share & (step >= 3))


def _after(mark: Flags) -> Flags:
    return np.logical_or.accumulate(mark, axis=1)


def _usable_since(ready: Flags, reset: Flags) -> Array:
    """How many ready weeks have passed since the last reset, this one counted; large without a reset."""
    ready_weeks = np.full(ready.shape, np.inf)
    running = np.full(len(ready), np.inf)
    for week in range(ready.shape[1]):
        running = np.where(reset[:, week], 0.0, running) + ready[:, week]
        ready_weeks[:, week] = running
    return ready_weeks


def _blocks(
    numerator: Array, denominator: Array, reset: Flags, parameters: Parameters
) -> tuple[Array, Array]:
    """Weeks with at least ten in the denominator stand alone; smaller ones wait to fill a block of four."""
    weeks = numerator.shape[1]
    is_counted = denominator > 0
    count, size = np.where(is_counted, numerator, np.nan), np.where(is_counted, denominator, np.nan)
    # Rows in which every week is large are their own blocks.
    rows = np.flatnonzero((is_counted & (denominator < parameters.minimum_weekly_n)).any(1))
    waiting_count, waiting_size = np.zeros(len(rows)), np.zeros(len(rows))
    waiting_weeks = np.zeros(len(rows), int)
    for week in range(weeks):
        # What waits belongs to the unit as it was before the reset.
        is_reset = reset[rows, week]
        week_size = denominator[rows, week]
        has_cases = is_counted[rows, week]
        waiting_count = np.where(is_reset, 0.0, waiting_count) + np.where(
            has_cases, numerator[rows, week], 0
        )
        waiting_size = np.where(is_reset, 0.0, waiting_size) + np.where(has_cases, week_size, 0)
        waiting_weeks = np.where(is_reset, 0, waiting_weeks) + has_cases
        is_large = has_cases & (week_size >= parameters.minimum_weekly_n)
        is_full = has_cases & (waiting_weeks >= parameters.block_weeks)
        is_observation = is_large | (is_full & (waiting_size >= parameters.minimum_weekly_n))
        count[rows, week] = np.where(is_observation, waiting_count, np.nan)
        size[rows, week] = np.where(is_observation, waiting_size, np.nan)
        # A full block that is still too small is given up: with older weeks it would be no look at now.
        is_done = is_observation | is_full
        waiting_count = np.where(is_done, 0.0, waiting_count)
        waiting_size = np.where(is_done, 0.0, waiting_size)
        waiting_weeks = np.where(is_done, 0, waiting_weeks)
    return count, size
