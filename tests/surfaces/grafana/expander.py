"""What Grafana and its ClickHouse data source make of a query before the store sees it, in their two phases.

In the browser: `$__conditionalAll`, then template variables. In the data source's backend: macros. Held to the
published behaviour by test_expander.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

ALL = ("$__all",)
Chosen = Mapping[str, Sequence[str]]
"""What is chosen of each variable; `ALL` for All."""


class NotExpandedError(Exception):
    """Something of the query would reach the store as it stands."""


@dataclass(frozen=True, slots=True)
class Range:
    """The time picker and the interval that Grafana works out from it, in seconds."""

    start: datetime
    end: datetime
    interval: float = 3600.0


def expand(sql: str, chosen: Chosen, over: Range, offered: Mapping[str, Sequence[str]] | None = None) -> str:
    """The query as the store gets it. `offered` are the values behind All. NotExpandedError where anything is left."""
    text = _macros(variables(conditional_all(sql, chosen), chosen, offered or {}), over)
    if re.search(r"\$", text):
        raise NotExpandedError(text)
    return text


def conditional_all(sql: str, chosen: Chosen) -> str:
    """`$__conditionalAll(condition, $variable)`, the last one first, as the browser does it."""
    name = "$__conditionalAll("
    while (at := sql.rfind(name)) >= 0:
        end, parts = _arguments(sql, at + len(name) - 1)
        if len(parts) != 2:
            return sql
        variable = re.search(r"(?<=\$\{)\w+(?=\})|(?<=\$)\w+", parts[1].strip())
        phrase = parts[0]
        if variable and ",".join(chosen.get(variable[0], ("x",))) in ("", *ALL):
            phrase = "1=1"
        sql = sql[:at] + phrase + sql[end:]
    return sql


def _arguments(text: str, opening: int) -> tuple[int, list[str]]:
    """The end of the brackets that begin at `opening`, and what stands between their commas; quotes are not heeded."""
    depth, last, parts = 0, opening + 1, list[str]()
    for at in range(opening, len(text)):
        sign = text[at]
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 1:
            parts.append(text[last:at])
            last = at + 1
        if depth == 0:
            return at + 1, [*parts, text[last:at]]
    return opening, []


def variables(sql: str, chosen: Chosen, offered: Mapping[str, Sequence[str]]) -> str:
    def value(found: re.Match[str]) -> str:
        name, form = found[1] or found[3], found[2] or ""
        if name.startswith("__") or name not in chosen:
            return found[0]
        values = list(offered.get(name, ()) if tuple(chosen[name]) == ALL else chosen[name])
        match form:
            case "singlequote":
                return ",".join("'" + v.replace("'", "\\'") + "'" for v in values)
            case "":  # the data source's own way: joined between quotes, nothing escaped
                return values[0] if len(values) == 1 else "'" + "','".join(values) + "'"
            case _:
                raise NotExpandedError(f"no format {form}")

    return re.sub(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)", value, sql)


def _macros(sql: str, over: Range) -> str:
    start, end = int(over.start.timestamp()), int(over.end.timestamp())
    days = [f"toDate('{moment.astimezone(UTC):%Y-%m-%d}')" for moment in (over.start, over.end)]
    exact = [f"fromUnixTimestamp64Milli({int(m.timestamp() * 1000)})" for m in (over.start, over.end)]
    seconds = [f"toDateTime({start})", f"toDateTime({end})"]

    def between(column: str, bounds: Sequence[str]) -> str:
        return f"{column} >= {bounds[0]} AND {column} <= {bounds[1]}"

    whole = max(int(over.interval), 1)
    known: dict[str, Callable[[Sequence[str]], str]] = {
        "timeFilter_ms": lambda a: between(a[0], exact),
        "timeFilter": lambda a: between(a[0], seconds),
        "dateFilter": lambda a: between(a[0], days),
        "dateTimeFilter": lambda a: f"({between(a[0], days)}) AND ({between(a[1], seconds)})",
        "dt": lambda a: f"({between(a[0], days)}) AND ({between(a[1], seconds)})",
        "fromTime_ms": lambda _: exact[0],
        "toTime_ms": lambda _: exact[1],
        "fromTime": lambda _: seconds[0],
        "toTime": lambda _: seconds[1],
        "timeInterval_ms": lambda a: (
            f"toStartOfInterval(toDateTime64({a[0]}, 3), INTERVAL {max(int(over.interval * 1000), 1)} millisecond)"
        ),
        "timeInterval": lambda a: f"toStartOfInterval(toDateTime({a[0]}), INTERVAL {whole} second)",
        "interval_s": lambda _: str(whole),
    }
    wanted = {"timeInterval": 1, "timeInterval_ms": 1, "timeFilter": 1, "timeFilter_ms": 1, "dateFilter": 1}
    wanted |= {"dateTimeFilter": 2, "dt": 2}
    for name in sorted(known, key=len, reverse=True):
        while found := re.search(rf"\$__{name}\b", sql):
            stop, arguments = found.end(), list[str]()
            if sql[stop : stop + 1] == "(":
                stop, arguments = _arguments(sql, stop)
                arguments = [a.strip() for a in arguments if a.strip()]
            if len(arguments) != wanted.get(name, 0):
                raise NotExpandedError(f"$__{name} takes {wanted.get(name, 0)} arguments, not {len(arguments)}")
            sql = sql[: found.start()] + known[name](arguments) + sql[stop:]
    return sql
