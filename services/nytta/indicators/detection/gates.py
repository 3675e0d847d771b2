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
    p = parameters
    units, weeks = panel.shape
    x, n = panel.numerator.copy(), panel.denominator.copy()
    reason = np.full((units, weeks), "", dtype=object)

    def block(where: Flags, why: Reason) -> None:
        reason[where & (reason == "")] = why.value

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

    block(~_large_enough(panel, p), Reason.GROUP_TOO_SMALL)
    if panel.entitlement is not None:
        people = _eligible(panel)
        without = people * (1 - np.nan_to_num(panel.entitlement, nan=1.0))
        block(without > np.maximum(p.entitlement_people, p.entitlement_share * people), Reason.ACCESS)
    quiet = panel.quiet
    if quiet is None:
        quiet = np.array([week_number(week) in p.quiet_weeks for week in panel.weeks])
    block(np.broadcast_to(quiet, reason.shape), Reason.QUIET_WEEK)
    if panel.stale is not None:
        block(np.broadcast_to(panel.stale, reason.shape), Reason.STALE_SOURCE)
    if presence is not None:
        block(np.nan_to_num(presence, nan=1.0) < p.minimum_presence, Reason.ABSENCE)
        if panel.eligible is not None and panel.persons:
            at_work = np.nan_to_num(panel.eligible * presence, nan=np.inf)
            block(at_work < p.minimum_present, Reason.TOO_FEW_PRESENT)

    changed = _changed(panel, p)
    # A row that ends is reset in its last column, which closes what is open on it.
    ended = column == panel.until[:, None]
    reset = ((panel.rebase | changed) & started) | ended
    ready = reason == ""
    since = _usable_since(ready, reset)
    block((since <= p.settle_weeks) & _after(changed), Reason.UNIT_CHANGED)
    block((since <= p.settle_weeks) & _after(panel.rebase), Reason.AFTER_MILESTONE)

    count, size = _blocks(np.where(reason == "", x, np.nan), np.where(reason == "", n, np.nan), reset, p)
    block((reason == "") & ~(size > 0), Reason.SMALL_DENOMINATOR)
    return Gated(count, size, reason, reset)


def _eligible(panel: Panel) -> Array:
    """Persons of each unit: the register's, or the largest denominator of the last 52 weeks."""
    seen = trailing_maximum(np.nan_to_num(panel.denominator), 52)
    return seen if panel.eligible is None else np.where(np.isfinite(panel.eligible), panel.eligible, seen)


def trailing_maximum(values: Array, width: int) -> Array:
    """The largest value of the last `width` columns, up to and with each column."""
    out = values.copy()
    reach = 1
    while reach < width:
        step = min(reach, width - reach)
        shifted = np.full_like(out, -np.inf)
        shifted[:, step:] = out[:, :-step]
        out = np.maximum(out, shifted)
        reach += step
    return out


def _large_enough(panel: Panel, p: Parameters) -> Flags:
    """At least ten persons: by the register, else by contributors (in at 12, out below 10).

    Where not persons are counted: at least ten cases in four weeks.
    """
    if not panel.persons:
        cases = np.cumsum(np.nan_to_num(panel.denominator), axis=1)
        before = np.zeros_like(cases)
        before[:, p.block_weeks :] = cases[:, : -p.block_weeks]
        return np.asarray(cases - before >= p.minimum_group)
    people = trailing_maximum(np.nan_to_num(panel.denominator), 52)
    inside = np.zeros(len(people), bool)
    out = np.zeros(people.shape, bool)
    for t in range(people.shape[1]):
        inside = np.where(inside, people[:, t] >= p.minimum_group, people[:, t] >= p.group_entry)
        out[:, t] = inside
    if panel.eligible is None:
        return out
    return np.where(np.isfinite(panel.eligible), np.nan_to_num(panel.eligible) >= p.minimum_group, out)


def _changed(panel: Panel, p: Parameters) -> Flags:
    """Weeks in which the number of eligible persons jumps: the unit is no longer the same."""
    out = np.zeros(panel.shape, bool)
    if panel.eligible is None:
        return out
    people = panel.eligible
    before = np.full_like(people, np.nan)
    before[:, 1:] = people[:, :-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        step = np.abs(people - before)
        return np.asarray((step > p.unit_change * before) & (step >= 3))


def _after(mark: Flags) -> Flags:
    return np.logical_or.accumulate(mark, axis=1)


def _usable_since(ready: Flags, reset: Flags) -> Array:
    """How many ready weeks have passed since the last reset, this one counted; large without a reset."""
    since = np.full(ready.shape, np.inf)
    state = np.full(len(ready), np.inf)
    for t in range(ready.shape[1]):
        state = np.where(reset[:, t], 0.0, state) + ready[:, t]
        since[:, t] = state
    return since


def _blocks(x: Array, n: Array, reset: Flags, p: Parameters) -> tuple[Array, Array]:
    """Weeks with at least ten in the denominator stand alone; smaller ones wait to fill a block of four."""
    count, size = np.full_like(x, np.nan), np.full_like(n, np.nan)
    held_x, held_n, held = np.zeros(len(x)), np.zeros(len(x)), np.zeros(len(x), int)
    for t in range(x.shape[1]):
        held_x, held_n = np.where(reset[:, t], 0.0, held_x), np.where(reset[:, t], 0.0, held_n)
        held = np.where(reset[:, t], 0, held)
        here = n[:, t] > 0
        held_x, held_n = held_x + np.where(here, x[:, t], 0), held_n + np.where(here, n[:, t], 0)
        held = held + here
        alone = here & (n[:, t] >= p.minimum_weekly_n)
        full = here & (held >= p.block_weeks)
        emit = alone | (full & (held_n >= p.minimum_weekly_n))
        count[:, t], size[:, t] = np.where(emit, held_x, np.nan), np.where(emit, held_n, np.nan)
        done = emit | full
        held_x, held_n = np.where(done, 0.0, held_x), np.where(done, 0.0, held_n)
        held = np.where(done, 0, held)
    return count, size
