"""The expander against what the data source's own documentation and tests say (version 4.20)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.surfaces.grafana.expander import ALL, NotExpandedError, Range, conditional_all, expand

OVER = Range(
    datetime(2014, 11, 12, 11, 45, 26, 371000, UTC), datetime(2015, 11, 12, 11, 45, 26, 371000, UTC), interval=20
)
FROM, TO = "toDateTime(1415792726)", "toDateTime(1447328726)"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("select foo from foo where bar > $__fromTime", f"select foo from foo where bar > {FROM}"),
        ("select foo from foo where bar < $__toTime", f"select foo from foo where bar < {TO}"),
        ("x > $__fromTime_ms", "x > fromUnixTimestamp64Milli(1415792726371)"),
        ("$__timeFilter(col)", f"col >= {FROM} AND col <= {TO}"),
        (
            "$__timeFilter( cast(sth as timestamp) )",
            f"cast(sth as timestamp) >= {FROM} AND cast(sth as timestamp) <= {TO}",
        ),
        (
            "$__timeFilter_ms(col)",
            "col >= fromUnixTimestamp64Milli(1415792726371) AND col <= fromUnixTimestamp64Milli(1447328726371)",
        ),
        ("$__dateFilter(dateCol)", "dateCol >= toDate('2014-11-12') AND dateCol <= toDate('2015-11-12')"),
        (
            "$__dateTimeFilter(dateCol, timeCol)",
            "(dateCol >= toDate('2014-11-12') AND dateCol <= toDate('2015-11-12')) "
            f"AND (timeCol >= {FROM} AND timeCol <= {TO})",
        ),
        ("$__timeInterval(col)", "toStartOfInterval(toDateTime(col), INTERVAL 20 second)"),
        ("$__timeInterval_ms(col)", "toStartOfInterval(toDateTime64(col, 3), INTERVAL 20000 millisecond)"),
        ("INTERVAL $__interval_s second", "INTERVAL 20 second"),
    ],
)
def test_macros(written: str, sent: str) -> None:
    assert expand(written, {}, OVER) == sent


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [
        (ALL, "WHERE 1=1"),
        (("",), "WHERE 1=1"),
        (("a",), "WHERE unit IN ('a')"),
        (("a", "b"), "WHERE unit IN ('a','b')"),
        (("South's",), r"WHERE unit IN ('South\'s')"),
    ],
)
def test_all_one_several_and_an_apostrophe(chosen: tuple[str, ...], sent: str) -> None:
    written = "WHERE $__conditionalAll(unit IN (${unit:singlequote}), $unit)"
    assert expand(written, {"unit": chosen}, OVER) == sent


def test_conditions_within_conditions_and_their_commas() -> None:
    written = "$__conditionalAll(f(a, (b)) = 1 AND $__conditionalAll(x IN ($y), $y), $z)"
    assert conditional_all(written, {"y": ALL, "z": ("1",)}) == "f(a, (b)) = 1 AND 1=1"
    assert conditional_all(written, {"y": ("1",), "z": ALL}) == "1=1"


def test_the_plain_format_escapes_nothing() -> None:
    assert expand("IN (${unit})", {"unit": ("a", "South's")}, OVER) == "IN ('a','South's')"


@pytest.mark.parametrize("written", ["$__unknown(x)", "${gone:singlequote}", "$__timeFilter()", "$__dt(a)", "$other"])
def test_what_is_left_is_refused(written: str) -> None:
    with pytest.raises(NotExpandedError):
        expand(written, {}, OVER)
