"""What may be processed: approved purposes, systems that are not switched off. Nothing else is computed.

Denying is the rule: an organisation whose approval stands in no row has no figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nytta.indicators.definition import Definition
from nytta.indicators.store.render.scope import Wanted
from nytta.registry.units import ANY_PURPOSE
from nytta.storage.client import Connection


@dataclass(frozen=True, slots=True)
class Processing:
    """What may be processed, as it stands now."""

    approved: Mapping[str, frozenset[str]]
    """The roots of the organisations that approve a purpose."""
    stops: bool
    """Whether any system was switched off for a while."""

    def condition(self, definition: Definition, grain: str) -> str:
        """SQL condition on unit, system and period: the figure may be made."""
        roots = sorted(self.approved[definition.purpose])
        if not roots:
            return "0"
        names = ", ".join(
            "'" + root.replace("\\", "\\\\").replace("'", "\\'") + "'" for root in roots
        )
        approved = f"unit IN (SELECT unit FROM {{open}}.units WHERE root IN ({names}))"
        return (
            f"{approved} AND (system, period) NOT IN ({_stopped(definition, grain)})"
            if self.stops
            else approved
        )


def processing(connection: Connection, definitions: Iterable[Definition]) -> Processing:
    """What may be processed of these definitions."""
    approvals_by_root: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for root, purpose, missing in connection.rows(
        "SELECT root, purpose, missing FROM {open}.approvals"
    ):
        approvals_by_root[root][purpose] = not missing
    approved: dict[str, frozenset[str]] = {}
    for purpose in {definition.purpose for definition in definitions}:
        roots = set()
        for root, purposes in approvals_by_root.items():
            # an approval of the purpose stands over one for any purpose
            if purposes.get(purpose, purposes.get(ANY_PURPOSE, False)):
                roots.add(root)
        approved[purpose] = frozenset(roots)
    return Processing(approved, bool(connection.rows("SELECT 1 FROM {open}.stops LIMIT 1")))


def _approved_units(definition: Definition) -> str:
    """SQL of the units in whose organisations the indicator may be computed."""
    return f"""SELECT unit FROM {{open}}.units WHERE root IN (
        SELECT root FROM {{open}}.approvals WHERE purpose IN ('{definition.purpose}', '{ANY_PURPOSE}')
        GROUP BY root HAVING argMax(empty(missing), purpose != '{ANY_PURPOSE}'))"""


def processed(wanted: Wanted, cells_query: str) -> str:
    """SQL of those figures of `cells_query` that may be made: approved, their system processed in their periods."""
    of_purposes: dict[str, list[str]] = {}
    of_stops: dict[tuple[str, str], list[str]] = {}
    for definition, grains in wanted:
        of_purposes.setdefault(_approved_units(definition), []).append(definition.id)
        for grain in grains:
            of_stops.setdefault((grain, _stopped(definition, grain)), []).append(definition.id)
    conditions = [
        f"(indicator NOT IN {ids} OR unit IN ({units}))" for units, ids in of_purposes.items()
    ]
    conditions += [
        f"(grain != '{grain}' OR indicator NOT IN {ids} OR (system, period) NOT IN ({stopped}))"
        for (grain, stopped), ids in of_stops.items()
    ]
    return f"SELECT * FROM ({cells_query}) WHERE {' AND '.join(conditions)}"


def _stopped(definition: Definition, grain: str) -> str:
    """SQL of the (system, period) that a stop concerns."""
    match grain:
        case "week" | "window":
            start, weeks_behind = (
                "toMonday(valid_from)",
                definition.window_weeks - 1 if grain == "window" else 0,
            )
            count = f"intDiv(toMonday(valid_to - 1) - {start}, 7) + {1 + weeks_behind}"
            periods = f"arrayMap(i -> {start} + 7 * i, range({count}))"
        case "month":
            start = "toStartOfMonth(valid_from)"
            periods = f"arrayMap(i -> addMonths({start}, i), range(dateDiff('month', {start}, valid_to - 1) + 1))"
        case _:
            periods = "emptyArrayDate()"
    return f"SELECT system, toDate(arrayJoin({periods})) FROM {{open}}.stops"
