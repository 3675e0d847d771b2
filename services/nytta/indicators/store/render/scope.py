"""From where to where SQL of a round reads: databases, local time, the last week, and the touched cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from nytta.indicators.definition import Definition
from nytta.indicators.subjects import Subject

OPEN_END = "toDate('2149-06-06')"


_IS_OPEN = "valid_to < toDate32('1901-01-01')"
"""SQL condition that a membership has no end: no event bears a day so early."""


IN_SIGHT = f"({_IS_OPEN} OR valid_to > toDate32('1970-01-05'))"
"""SQL condition that a membership did not end before the first week that there can be."""


ENDED = f"if({_IS_OPEN}, {OPEN_END}, toDate(valid_to - 1))"
"""SQL of the last day of a membership."""


NOBODY = "toFixedString('', 16)"


SAID = "sipHash64(identity, snapshot, content)"
"""SQL of `persons_by_day.said`, of a raw event or of a content that lost."""


@dataclass(frozen=True, slots=True)
class Zones:
    """Which local time buckets follow: one zone per organisation, or one zone for all when a reader asks for it.

    `by_zone` maps an IANA zone to the SQL of its units' names (a subquery or list); the last zone needs none.
    """

    by_zone: Mapping[str, str]

    def date(self, moment: str) -> str:
        """SQL of the local date of the DateTime64 expression `moment`, in a query with a column `unit`."""
        zones = list(self.by_zone)
        if len(zones) == 1:
            return f"toDate({moment}, '{zones[0]}')"
        # the last zone is that of all units which no other names
        tests = ", ".join(
            f"unit IN ({self.by_zone[zone]}), toDate({moment}, '{zone}')" for zone in zones[:-1]
        )
        return f"multiIf({tests}, toDate({moment}, '{zones[-1]}'))"


@dataclass(frozen=True, slots=True)
class Scope:
    """From where to where: databases, local time, the last week, and the touched cells.

    `events` is the database with raw events, `subjects` the one with subject rows, `open` the one with the registry.
    `last_week` is a Monday as ISO date: standing subjects count up to it. `touched` is the SQL of a table with columns
    (indicator, version, grain, unit, system, period) that limits the cells, '' for all. `visible` is the SQL condition
    on column `import` that committed rows meet.

    What is known of the touched cells beforehand is said here, in the place of asking in every statement: `levels` are
    their units and `units` those whose subjects they need (None: too many to be named), `reaches` their first and last
    period of each grain, `feeds` what systems have. `reaches` without touched cells limit what is computed to periods
    that begin in them.
    """

    events: str
    subjects: str
    open: str
    zones: Zones
    last_week: str
    touched: str = ""
    visible: str = "import = 0"
    levels: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    reaches: Mapping[str, tuple[date, date]] | None = None
    feeds: Mapping[str, frozenset[str]] | None = None

    def has(self, feed: str) -> bool:
        """Whether there may be anything of a feed."""
        return self.feeds is None or bool(self.feeds.get(feed))


Kind = tuple[str, int]
"""A grain, and the weeks of its windows: 0 of weeks and months."""


Wanted = Sequence[tuple[Definition, Sequence[str]]]
"""Indicators, and of each the grains that are computed."""


Near = Callable[[Wanted], Scope]
"""The scope limited to what some indicators need."""


def kinds(wanted: Wanted) -> tuple[Kind, ...]:
    """The grains that some indicators need, and the weeks of their windows; in order."""
    grain_windows = {
        (grain, definition.window_weeks if grain == "window" else 0)
        for definition, grains in wanted
        for grain in grains
    }
    return tuple(sorted(grain_windows))


def listed(names: Iterable[str]) -> str:
    """SQL of the list of some texts, which is never empty."""
    quoted = ["'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'" for name in sorted(names)]
    return f"({', '.join(quoted)})" if quoted else "(NULL)"


def winners(scope: Scope, event_kinds: str, condition: str = "1") -> str:
    """SQL of the winning events of some kinds ("'case'"): committed, not taken back, and no better content is there.

    The index of superseded contents says so.
    """
    return f"""(
    SELECT * FROM (
        SELECT *, identity, content FROM {scope.events}.events
        WHERE kind IN ({event_kinds}) AND {condition} AND {scope.visible} AND {_unbeaten(scope)}
        ORDER BY snapshot DESC, revision DESC, content ASC, import ASC LIMIT 1 BY identity)
    WHERE retracted = 0)"""


def _unbeaten(scope: Scope) -> str:
    beaten = (
        f"SELECT identity, snapshot, content FROM {scope.events}.superseded WHERE {scope.visible}"
    )
    return f"(identity, snapshot, content) NOT IN ({beaten})"


def subject_rows(subject: Subject, events: str, open_database: str) -> str:
    """SQL of a subject's rows derived from `events`, the SQL of its winning events; columns `subject.stored`."""
    text = subject.select.format(events=events, open=open_database)
    return f"SELECT {', '.join(subject.stored)} FROM ({text})"


def touched_units(scope: Scope) -> str:
    """Condition on `unit`: those whose subjects the touched cells need, at any level above them."""
    if not scope.touched:
        return "1"
    # named where they are few: a subquery would be run by every statement of a round
    if scope.units is not None:
        return f"unit IN {listed(scope.units)}"
    return f"unit IN (SELECT unit FROM {scope.open}.unit_paths WHERE ancestor IN (SELECT unit FROM ({scope.touched})))"


def touched_levels(scope: Scope) -> str:
    """Condition on the level `p.ancestor`: those of the touched cells, where they can be named; begins with AND."""
    return f" AND p.ancestor IN {listed(scope.levels)}" if scope.levels is not None else ""
