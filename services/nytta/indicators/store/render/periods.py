"""SQL of the periods in which a row counts: weeks, months, windows of weeks, and the total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from nytta.indicators.definition import At, Holds, Overlaps
from nytta.indicators.store.render.scope import OPEN_END, Kind, Scope

# a Date before it has no Monday: 'since ever' would count in weeks of Thursdays
_FIRST_MONDAY = "toDate('1970-01-05')"


Period = At | Holds | Overlaps
"""When a row counts."""


def buckets(period: Period | None, grain: str, scope: Scope, window: int) -> str:
    """SQL of the array of period starts (Date) in which a row of `subject_source` counts."""
    match period:
        case At(at=moment):
            return periods_of_day(f"{moment}_day", grain, scope, window)
        case Holds(holds=(start, end)):
            first_day = scope.zones.date(f"assumeNotNull({start})")
            # standing at the end of a period: the period in which it ends is the first that it does not stand in
            last_day = f"if(isNull({end}), {OPEN_END}, {scope.zones.date(f'assumeNotNull({end})')})"
            ended = f"if(isNull({end}), {OPEN_END}, {_before(last_day, grain)})"
            # cut before periods are made of it: what stands for thirty years has all the weeks of them
            standing = near_days(first_day, ended, scope, [(grain, window)])
            return within_reach(periods_between(*standing, grain, scope, window), grain, scope)
        case Overlaps(overlaps=(start, end)):
            covered = near_days(start, f"{end} - 1", scope, [(grain, window)])
            return within_reach(periods_between(*covered, grain, scope, window), grain, scope)
        case None:
            raise ValueError("rows of this subject are per period already")


def near_days(
    first_day: str, last_day: str, scope: Scope, of_kinds: Sequence[Kind]
) -> tuple[str, str]:
    """Of the days from `first_day` to `last_day`, as SQL, the first and the last one that may bear on the touched
    periods of some kinds."""
    if scope.reaches is None:
        return first_day, last_day
    # generously: what lies a little beyond is cut off by the periods themselves
    reach_start = min(
        scope.reaches[grain][0] - timedelta(days=31 + 7 * window) for grain, window in of_kinds
    )
    reach_end = max(scope.reaches[grain][1] for grain, _ in of_kinds) + timedelta(days=31)
    # no Date of ClickHouse is earlier
    since = max(reach_start, date(1970, 1, 1))
    return f"greatest({first_day}, toDate('{since}'))", f"least({last_day}, toDate('{reach_end}'))"


def places_of(periods: Mapping[Kind, str], of_kinds: Sequence[Kind] = ()) -> str:
    """SQL of the array of (number of the kind, period) of what falls in `periods`, SQL of an array for each kind.

    Kinds are numbered from 1, as they stand in `of_kinds`, or else in `periods`.
    """
    # a number in the place of two columns: a row that counts in many periods is repeated that often
    numbers = {kind: kind_number for kind_number, kind in enumerate(of_kinds or periods, 1)}
    arrays = [
        f"arrayMap(p -> (toUInt8({numbers[kind]}), p), {starts})"
        for kind, starts in periods.items()
    ]
    return arrays[0] if len(arrays) == 1 else f"arrayConcat({', '.join(arrays)})"


def kind_names(of_kinds: Sequence[Kind], number_column: str = "kind") -> tuple[str, str]:
    """SQL of the grain, and of the weeks of its window, by the number of a kind."""
    grains = ", ".join(f"'{grain}'" for grain, _ in of_kinds)
    windows = ", ".join(str(window) for _, window in of_kinds)
    return f"[{grains}][{number_column}]", f"toUInt16([{windows}][{number_column}])"


def period_start(day: str, grain: str) -> str:
    """SQL of the first day of the period of a day, by which the period is known."""
    match grain:
        case "week" | "window":
            return f"toMonday(greatest({day}, {_FIRST_MONDAY}))"
        case "month":
            return f"toStartOfMonth({day})"
        case "total":
            return "toDate(0)"
        case _:
            raise ValueError(f"grain '{grain}' is unknown; use week, month, window or total")


def _before(day: str, grain: str) -> str:
    """The last day before the period of `day`."""
    return f"{period_start(day, grain)} - 1" if grain != "total" else "toDate(0) - 1"


def within_reach(periods: str, grain: str, scope: Scope) -> str:
    """SQL of those of an array of periods that are in reach, so that nothing is grouped that no cell asks for."""
    if scope.reaches is None:
        return periods
    first_day, last_day = scope.reaches[grain]
    return f"arrayFilter(p -> p >= toDate('{first_day}') AND p <= toDate('{last_day}'), {periods})"


def periods_of_day(day: str, grain: str, scope: Scope, window: int) -> str:
    """SQL of the array of periods in reach in which something counts that happened on a day."""
    if grain == "window":
        ending = f"arrayMap(i -> toMonday({day}) + 7 * i, range({window}))"
        return within_reach(
            f"arrayFilter(p -> p <= toDate('{scope.last_week}'), {ending})", grain, scope
        )
    # a moment may lie ahead of the events: its figure comes when they have reached it
    last_day = date.fromisoformat(scope.last_week) + timedelta(days=6)
    if not scope.touched or scope.reaches is None:
        period = (
            f"if({day} <= toDate('{last_day}'), [{period_start(day, grain)}], emptyArrayDate())"
        )
        return within_reach(period, grain, scope)
    # by the day, which costs less than the period; what lies a little beyond is limited by the touched cells
    since, until = scope.reaches[grain]
    last_day = min(last_day, until + timedelta(days=31))
    period = f"[{period_start(day, grain)}]"
    return (
        f"if({day} BETWEEN toDate('{since}') AND toDate('{last_day}'), {period}, emptyArrayDate())"
    )


def periods_between(first_day: str, last_day: str, grain: str, scope: Scope, window: int) -> str:
    """Periods from the one of `first_day` to the one of `last_day`, at most the one of the last week."""
    limit = f"toDate('{scope.last_week}') + 6"
    last_counted_day = f"least({last_day}, {limit})"
    match grain:
        case "week":
            period_count = (
                f"intDiv(toMonday({last_counted_day}) - {period_start(first_day, 'week')}, 7) + 1"
            )
            period = f"{period_start(first_day, 'week')} + 7 * i"
        case "window":
            period_count = f"intDiv(toMonday({last_counted_day}) - {period_start(first_day, 'week')}, 7) + {window}"
            period = f"{period_start(first_day, 'week')} + 7 * i"
        case "month":
            period_count = f"dateDiff('month', toStartOfMonth({first_day}), toStartOfMonth({last_counted_day})) + 1"
            period = f"addMonths(toStartOfMonth({first_day}), i)"
        case _:
            return f"if({first_day} <= {last_counted_day}, [toDate(0)], emptyArrayDate())"
    length = f"toUInt32(greatest(0, if({first_day} <= {last_counted_day}, {period_count}, 0)))"
    periods = f"arrayMap(i -> {period}, range({length}))"
    return (
        f"arrayFilter(p -> p <= toDate('{scope.last_week}'), {periods})"
        if grain == "window"
        else periods
    )


def day_after(period: str, of_kinds: Sequence[Kind]) -> str:
    """SQL of the first day after a period, by the number of its kind."""
    days = {"month": f"addMonths({period}, 1)", "total": OPEN_END}
    return f"[{', '.join(days.get(grain, f'{period} + 7') for grain, _ in of_kinds)}][r.kind]"


def has_moment(period: Period | None) -> str:
    """SQL condition that a row has the moment that counts."""
    match period:
        case At(at=moment) | Holds(holds=(moment, _)):
            return f"isNotNull({moment})"
        case _:
            return "1"


def moment_reach(period: Period | None, of_kinds: Sequence[Kind], scope: Scope) -> str:
    """A coarse range on the moment, so that touched cells read only the parts of the table around them."""
    if not isinstance(period, At) or scope.reaches is None:
        return "1"
    moment = period.at
    # days that a period may reach back from its name, and some
    first_day = min(
        scope.reaches[grain][0] - timedelta(days=32 if grain == "month" else 8 + 7 * window)
        for grain, window in of_kinds
    )
    last_day = max(scope.reaches[grain][1] for grain, _ in of_kinds) + timedelta(days=33)
    first_day = max(first_day, date(1970, 1, 1))
    return f"{moment} >= toDateTime(toDate('{first_day}')) AND {moment} < toDateTime(toDate('{last_day}'))"
