"""The one function that writes figures into the open zone: closed periods, through the gate.

The ledger (`disclosed`) keeps which records each shown figure was computed from. While these stand, so does what was
published; any other set of records is told anew. What cannot be shown is written where a figure was shown before, or
where its reason says that enough stand behind it; all else reads as too few, be there none or a few.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.gate import Bools, Exact, Gated, Measure, gate
from nytta.disclosure.rules import Reason
from nytta.indicators.definition import Definition, Protects
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import unclear_systems
from nytta.registry.protection import in_force
from nytta.registry.registry import Registry
from nytta.registry.systems import Protects as Asking
from nytta.registry.units import Organisation

GRAINS = ("week", "month", "window")

REGISTER = "entitlement"
"""The indicator whose denominator counts the persons of a unit in the register."""

Secret = Callable[[str], bytes]
"""The secret of a root unit, by its id."""

_PLACE = ("unit", "system", "case_type", "part", "grain", "period")
_FIGURES = ("value", "low", "high", "n_band", "status", "reason")
_SETS = ("numerator_keys", "denominator_keys")
_INPUTS = ("numerator", "denominator", "size", "handlers", "most_by_one", "requesters")
_EPOCH = date(1970, 1, 1)


def publish(
    store: PrivateStore, definitions: Sequence[Definition], registry: Registry, secret: Secret, now: datetime
) -> int:
    """Bring the open zone up to date with all weeks and months closed at `now` (aware); how many rows changed.

    What did not change since the last publication is not read. Where a system's sources name too many units that
    nobody knows, only figures of the organisation are told anew, until that is mended.
    """
    publication = store.counter("publication") + 1
    version = store.counter("version")
    renamed = store.counter("renamed")
    unclear = unclear_systems(store.connection, now)
    waiting = store.counter("unclear") > store.counter("clear")
    changed = 0
    for organisation in registry.organisations:
        course = _Course(
            store,
            registry,
            organisation,
            first_open_week(now, organisation.timezone),
            secret(organisation.id),
            0 if waiting else store.counter("published_version"),
            renamed > store.counter("renamed_published"),
            unclear,
            now,
            publication,
        )
        changed += sum(course.publish(definition) for definition in definitions)
        store.raise_counter(course.clock, course.open_day)
    _publish_definitions(store, definitions, publication)
    store.raise_counter("published_version", version)
    store.raise_counter("renamed_published", renamed)
    store.raise_counter("unclear" if unclear else "clear", publication)
    store.raise_counter("publication", publication)
    return changed


@dataclass(frozen=True, slots=True)
class _Course:
    """One publication of one organisation.

    `open_week` is the first week that is not closed; `version` the last round whose cells are published, 0 for none;
    `renamed` says that keys of persons changed since; units of `unclear` systems wait.
    """

    store: PrivateStore
    registry: Registry
    organisation: Organisation
    open_week: date
    secret: bytes
    version: int
    renamed: bool
    unclear: Collection[str]
    now: datetime
    publication: int

    @property
    def clock(self) -> str:
        """The counter that keeps up to where the organisation's weeks are published."""
        return f"closed {self.organisation.id}"

    @property
    def open_day(self) -> int:
        """The first day that is not closed, in days since 1970."""
        return (self.open_week - _EPOCH).days

    def publish(self, definition: Definition) -> int:
        """Publish what changed of one indicator, and what closed since; how many rows changed."""
        rows = self._rows(definition)
        if not len(rows):
            return 0
        live, shown = _bools(rows, "live"), _bools(rows, "shown")
        told = shown & live & self._stands(definition, rows)
        figures = self._figures(definition, rows.filter(pa.array(~told)))
        there = _bools(figures, "shown")
        visible = figures["value"].is_valid().to_numpy()
        few = np.isin(_texts(figures, "reason"), [Reason.FEW_CASES.value, Reason.FEW_PERSONS.value])
        written = figures.filter(pa.array(visible | there | ~few))
        changed = self._write(definition, written)
        self._keep(definition, figures.filter(pa.array(visible | there)))
        if self.renamed:
            self._keep(definition, rows.filter(pa.array(told)))
        return changed

    def _stands(self, definition: Definition, rows: pa.Table) -> Bools:
        """Whether each row was shown of the same records.

        Figures that were published before record keys were kept, and those of persons whose keys changed since, stand
        where their counts are equal.
        """
        alike = np.logical_and.reduce([_equal(rows, name) for name in _INPUTS])
        counts = np.logical_and.reduce([_equal(rows, name) for name in _INPUTS[:3]])
        sets = np.logical_and.reduce([_equal(rows, name) for name in _SETS])
        before = _texts(rows, "was_rules") == ""
        renamed = np.full(len(rows), self.renamed and definition.protects is Protects.STAFF)
        return np.asarray(np.where(before, counts, alike & (sets | renamed)))

    def _figures(self, definition: Definition, rows: pa.Table) -> pa.Table:
        """Rows with what may be told of them, each under the rules of its period."""
        parts = []
        periods = rows["period"].to_pylist()
        rules = [in_force(self.organisation.disclosure, period) for period in periods]
        for protection in dict.fromkeys(rules):
            part = rows.filter(pa.array([rule is protection or rule == protection for rule in rules]))
            gated = gate(self._exact(definition, part), Measure.of(definition), protection, self.secret)
            for name, column in _columns(gated).items():
                part = part.append_column(name, column)
            parts.append(part.append_column("rules", pa.array([protection.fingerprint] * len(part))))
        if not parts:
            empty = rows.append_column("rules", pa.array([], pa.string()))
            for name in _FIGURES:
                empty = empty.append_column(name, pa.array([], pa.float64() if name in _FIGURES[:3] else pa.string()))
            return empty
        return pa.concat_tables(parts)

    def _exact(self, definition: Definition, rows: pa.Table) -> Exact:
        systems = {system.id: system for system in self.registry.systems}
        sensitive = {
            (system.id, case_type.id)
            for system in systems.values()
            for case_type in system.case_types
            if case_type.sensitive
        }
        sensitive |= {(system, "*") for system, _ in sensitive}
        side = definition.handled
        asked = {id_ for id_, system in systems.items() if system.protects is Asking.STAFF}
        asked = asked if side is not None and side.subject == "ticket" else set()
        names = _texts(rows, "system").tolist()
        types = _texts(rows, "case_type").tolist()
        size = _ints(rows, "size")
        nobody = np.zeros(len(rows), dtype=np.int64)
        staff = definition.protects is Protects.STAFF
        return Exact(
            numerator=_ints(rows, "numerator"),
            denominator=_ints(rows, "denominator"),
            cases=nobody if staff else size,
            persons=size if staff else _ints(rows, "persons"),
            numerator_keys=rows["numerator_keys"].to_numpy(),
            denominator_keys=rows["denominator_keys"].to_numpy(),
            handlers=_ints(rows, "handlers"),
            most_by_one=_ints(rows, "most_by_one"),
            requesters=_ints(rows, "requesters"),
            register=_ints(rows, "register"),
            register_handlers=_ints(rows, "register_handlers"),
            grouped=_bools(rows, "grouped"),
            sensitive=np.array([place in sensitive for place in zip(names, types, strict=True)], dtype=bool),
            of_employees=np.array([name in asked for name in names], dtype=bool),
        )

    # reading

    def _rows(self, definition: Definition) -> pa.Table:
        """Exact figures of closed periods that changed or closed, beside what was shown of them (columns `was_…`)."""
        staff = definition.protects is Protects.STAFF
        case_types = "case_type = '*'" if staff else "1"
        if not staff and definition.protects is not Protects.OFFICIAL_ACT:
            # reporting groups are for staff: cases of a small unit are judged by their own numbers
            case_types += " AND unit NOT IN (SELECT reporting_group FROM {open}.units)"
        chosen = f"""indicator = {{id:String}} AND version = {{version:UInt16}} AND {case_types}
            AND unit IN (SELECT unit FROM {{open}}.units WHERE root = {{root:String}})
            AND grain IN {GRAINS} AND {_end("grain", "period")} <= {{open:Date}} AND {self._changed(definition)}"""
        told = f"""SELECT {", ".join(_PLACE)} FROM {{private}}.disclosed FINAL
            WHERE shown AND indicator = {{id:String}} AND version = {{version:UInt16}}"""
        waits = "system NOT IN {unclear:Array(String)} OR unit = {root:String}"
        place = ", ".join(_PLACE)
        hands = """LEFT JOIN (
            SELECT unit, system, case_type, grain, period, handlers, most_by_one, requesters FROM {private}.hands FINAL
            WHERE indicator = {id:String} AND version = {version:UInt16}) AS h
            USING (unit, system, case_type, grain, period)
        LEFT JOIN (
            SELECT unit, grain, period, max(denominator) AS register FROM {private}.cells FINAL
            WHERE indicator = {register:String} AND case_type = '*' GROUP BY unit, grain, period) AS r
            USING (unit, grain, period)
        LEFT JOIN (
            SELECT system, grain, period, max(denominator) AS in_system FROM {private}.cells FINAL
            WHERE indicator = {register:String} AND case_type = '*' AND unit = {root:String}
            GROUP BY system, grain, period) AS s USING (system, grain, period)
        LEFT JOIN (
            SELECT grain, period, max(denominator) AS in_every FROM {private}.cells FINAL
            WHERE indicator = {register:String} AND case_type = '*' AND unit = {root:String} AND system = ''
            GROUP BY grain, period) AS e USING (grain, period)"""
        if definition.handled is None:
            nobody = ", ".join(f"0 AS {name}" for name in (*_INPUTS[3:], "register", "in_system", "in_every"))
            hands = f"CROSS JOIN (SELECT {nobody}) AS h"
        now = f"""SELECT {place}, true AS live, persons, register, greatest(in_system, in_every) AS register_handlers, {", ".join((*_INPUTS, *_SETS))}
            FROM (
                SELECT {place}, numerator, denominator, {"persons" if staff else "subjects"} AS size, persons,
                       numerator_keys, denominator_keys
                FROM {{private}}.indicator_values
                WHERE {chosen} AND ({waits} OR ({place}) IN ({told}))) AS v
            {hands}"""
        before = f"""SELECT {place}, true AS shown, rules AS was_rules,
                {", ".join(f"{name} AS was_{name}" for name in (*_INPUTS, *_SETS))}
            FROM {{private}}.disclosed FINAL WHERE shown AND {chosen}"""
        members = "SELECT unit, valid_from, valid_to FROM {open}.units WHERE reporting_group != ''"
        typed = ", ".join(
            [f"toInt64({name}) AS {name}, toInt64(was_{name}) AS was_{name}" for name in _INPUTS]
            + [f"{name}, was_{name}" for name in _SETS]
            + [f"toInt64({name}) AS {name}" for name in ("persons", "register", "register_handlers")]
        )
        return self.store.connection.arrow(
            f"""SELECT {place}, live, shown, was_rules, {typed},
                   arrayExists(m -> m.1 = unit AND m.2 <= period AND m.3 > period,
                               (SELECT groupArray((unit, valid_from, valid_to)) FROM ({members}))) AS grouped
            FROM ({now}) AS a FULL OUTER JOIN ({before}) AS b USING ({place})""",
            id=definition.id,
            version=definition.version,
            root=self.organisation.id,
            open=self.open_week,
            unclear=sorted(self.unclear),
            register=REGISTER,
        )

    def _changed(self, definition: Definition) -> str:
        """SQL condition on `grain` and `period`: computed or closed since then; all where keys of persons changed."""
        if not self.version or (self.renamed and definition.protects is Protects.STAFF):
            return "1"
        own = f"indicator = '{definition.id}' AND version = {definition.version} AND computed > {self.version}"
        # windows that are summed from weeks have no cells of their own
        weeks = definition.window_weeks if definition.adds or definition.window_weeks == 1 else 0
        windows = f"arrayMap(i -> ('window', period + 7 * i), range(if(grain = 'week', {weeks}, 0)))"
        computed = f"""SELECT DISTINCT arrayJoin(arrayConcat([(grain, period)], {windows})) AS place
            FROM (SELECT DISTINCT grain, period FROM {{private}}.cells WHERE {own}
                  UNION DISTINCT SELECT DISTINCT grain, period FROM {{private}}.hands WHERE {own})"""
        closed = f"{_end('grain', 'period')} > toDate({self.store.counter(self.clock)})"
        return f"({closed} OR (toString(grain), period) IN ({computed}))"

    # writing

    def _write(self, definition: Definition, figures: pa.Table) -> int:
        """Write the figures that differ from what is published; how many they are."""
        names = [*_PLACE, *_FIGURES]
        table = figures.select([*names, "rules"])
        before = set(
            self.store.connection.rows(
                f"SELECT {', '.join(names)} FROM {{open}}.indicator_values WHERE organisation = {{root:String}} "
                "AND indicator = {id:String} AND version = {version:UInt16} AND period IN {periods:Array(Date)}",
                root=self.organisation.id,
                id=definition.id,
                version=definition.version,
                periods=sorted(set(table["period"].to_pylist())),
            )
        )
        if before:
            rows = zip(*(table[name].to_pylist() for name in names), strict=True)
            table = table.filter(pa.array([row not in before for row in rows], pa.bool_()))
        constants = {
            "organisation": pa.scalar(self.organisation.id),
            "basis": pa.scalar("public_data" if self.organisation.public_data else ""),
            "indicator": pa.scalar(definition.id),
            "version": pa.scalar(definition.version, pa.uint16()),
            "unit_of_measure": pa.scalar(definition.display.unit_of_measure),
            "published_at": pa.scalar(int(self.now.timestamp()), pa.timestamp("s", "UTC")),
            "publication": pa.scalar(self.publication, pa.uint64()),
        }
        if len(table):
            self.store.connection.insert_arrow("{open}.published_values", _with(table, constants))
        return len(table)

    def _keep(self, definition: Definition, rows: pa.Table) -> None:
        """Keep in the ledger what the rows were computed from; a figure without a value is forgotten."""
        if not len(rows):
            return
        table = rows.select([*_PLACE, *_INPUTS, *_SETS])
        told = "value" in rows.column_names
        table = table.append_column("shown", rows["value"].is_valid() if told else rows["shown"])
        table = table.append_column("rules", rows["rules"] if told else rows["was_rules"])
        constants = {
            "organisation": pa.scalar(self.organisation.id),
            "indicator": pa.scalar(definition.id),
            "version": pa.scalar(definition.version, pa.uint16()),
            "publication": pa.scalar(self.publication, pa.uint64()),
        }
        self.store.connection.insert_arrow("{private}.disclosed", _with(table, constants))


def _end(grain: str, period: str) -> str:
    """SQL of the first day after a period; windows and weeks are named by the Monday of their last week."""
    return f"if({grain} = 'month', addMonths({period}, 1), {period} + 7)"


def _columns(gated: Gated) -> dict[str, pa.Array]:
    numbers = {name: pa.array(getattr(gated, name), from_pandas=True) for name in ("value", "low", "high")}
    return numbers | {name: pa.array(getattr(gated, name).tolist(), pa.string()) for name in _FIGURES[3:]}


def _with(table: pa.Table, constants: dict[str, pa.Scalar]) -> pa.Table:
    for name, value in constants.items():
        table = table.append_column(name, pa.repeat(value, len(table)))
    return table


def _texts(rows: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.str_]]:
    return np.array(rows[name].to_pylist(), dtype=str)


def _ints(rows: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(rows[name].to_numpy(), dtype=np.int64)


def _bools(rows: pa.Table, name: str) -> Bools:
    return np.asarray(rows[name].to_numpy(), dtype=bool)


def _equal(rows: pa.Table, name: str) -> Bools:
    return np.asarray(rows[name].to_numpy() == rows[f"was_{name}"].to_numpy())


def _publish_definitions(store: PrivateStore, definitions: Sequence[Definition], publication: int) -> None:
    """What each indicator means, for those who read the open zone."""
    store.connection.insert(
        "{open}.definitions",
        [
            *("indicator", "version", "code", "kind", "title_sv", "title_nb", "title_en"),
            *("question_sv", "question_nb", "question_en", "direction", "protects", "window_weeks", "loaded"),
        ],
        [
            [
                *(d.id, d.version, d.code, d.kind.value, d.title.sv, d.title.nb, d.title.en),
                *(d.question.sv, d.question.nb, d.question.en, d.direction, d.protects.value, d.window_weeks),
                publication,
            ]
            for d in definitions
        ],
    )
