"""The one function that writes figures into the open zone: closed periods, through the gate.

The ledger (`disclosed`) keeps which records each shown figure was computed from. While these stand, so does what was
published; any other set of records is told anew. What cannot be shown is written where a figure was shown before, or
where its reason says that enough stand behind it; all else reads as too few, be there none or a few.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nytta.disclosure.clock import first_open_week, last_of_month
from nytta.disclosure.gate import Bools, Exact, Gated, Measure, gate
from nytta.disclosure.rules import Reason, Status, few_of
from nytta.indicators.definition import Definition, Kind, Protects
from nytta.indicators.periods import GRAINS
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import systems_in_use, systems_of_access, unclear_systems
from nytta.registry.protection import in_force
from nytta.registry.registry import Registry
from nytta.registry.systems import Protects as Asking
from nytta.registry.units import Organisation

REGISTER = "entitlement"
"""The indicator whose denominator counts the persons of a unit in the register."""

Secret = Callable[[str], bytes]
"""The secret of a root unit, by its id."""

_PLACE = ("indicator", "version", "unit", "system", "case_type", "part", "grain", "period")
_FIGURES = ("value", "low", "high", "n_band", "status", "reason")
_SETS = ("numerator_keys", "denominator_keys")
_INPUTS = ("numerator", "denominator", "size", "handlers", "most_by_one", "requesters")
_EPOCH = date(1970, 1, 1)

_Computed = dict[str, set[tuple[str, date]]]
"""Places in time (grain, period) by indicator."""

_ROWS_AT_ONCE = 100_000
"""Rows that one statement should bring at most, so that they take a fraction of the memory that a process has."""

_LATE = 3
"""Fewest cases that came late, or changed, for a figure to be told anew: each new figure of nearly the same cases would
be a further hint."""


def publish(
    store: PrivateStore,
    definitions: Sequence[Definition],
    registry: Registry,
    secret: Secret,
    current_time: datetime,
) -> int:
    """Bring the open zone up to date with all weeks and months closed at `current_time` (aware); how many rows changed.

    What did not change since the last publication is not read. Where a system's sources name too many units that
    nobody knows, only figures of the organisation are told anew, until that is mended.
    """
    counters = store.counters()
    unclear = unclear_systems(store.connection, current_time)
    places = {
        organisation.id: _place(counters, organisation, secret, current_time) for organisation in registry.organisations
    }
    if not _is_due(counters, places.values(), unclear):
        return 0
    version, renamed = counters["version"], counters["renamed"]
    using = systems_in_use(store.connection)
    occurring = _occurring(store, definitions)
    occurring_number = sum(map(len, occurring.values()))
    # what waited for a source to become clear, or to tell of use, may rest on cells of any round: all is read again
    was_waiting = (
        counters["unclear"] > counters["clear"]
        or len(using) > counters["systems in use"]
        or occurring_number > counters["systems that tell"]
    )
    # from the month before the first event on: its first weeks may begin in it
    first_period = store.data_span()[0].replace(day=1) - timedelta(days=31)
    course = _Course(
        store=store,
        registry=registry,
        places=places,
        first=first_period,
        version=0 if was_waiting else counters["published_version"],
        renamed=renamed > counters["renamed_published"],
        unclear=unclear,
        using=using,
        occurring=occurring,
        now=current_time,
        publication=counters["publication"] + 1,
    )
    touched = course.touched()
    registered = any(indicator == REGISTER for indicator, _ in touched)
    due_definitions = [
        definition
        for definition in definitions
        if (definition.id, definition.version) in touched or (registered and definition.counts_hands)
    ]
    changed = 0
    for alike, computed in course.batches(due_definitions if places else ()):
        changed += course.publish(alike, computed)
    _publish_definitions(store, definitions, course.publication)
    # counters last: a publication that is broken off is done again from where the last one ended
    store.raise_counters(
        {_clock(root): (place.open_week - _EPOCH).days for root, place in places.items()}
        | {
            "published_version": version,
            "renamed_published": renamed,
            "unclear" if unclear else "clear": course.publication,
            "systems in use": len(using),
            "systems that tell": occurring_number,
            "publication": course.publication,
        }
    )
    return changed


def _is_due(counters: Mapping[str, int], places: Iterable[_Place], unclear: Collection[str]) -> bool:
    """Whether cells were computed, keys changed, a period closed, or a source became clear since the last time.

    Which sources are unclear may change while some are: then all is looked at.
    """
    return (
        not counters["publication"]
        or counters["version"] > counters["published_version"]
        or counters["renamed"] > counters["renamed_published"]
        or any(place.open_week > place.before for place in places)
        or bool(unclear)
        or counters["unclear"] > counters["clear"]
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """An organisation, the first week of it that is not closed, the one that was so last time, and its secret."""

    organisation: Organisation
    open_week: date
    before: date
    secret: bytes


def _place(counters: Mapping[str, int], organisation: Organisation, secret: Secret, current_time: datetime) -> _Place:
    return _Place(
        organisation,
        open_week=first_open_week(current_time, organisation.timezone),
        before=_EPOCH + timedelta(days=counters[_clock(organisation.id)]),
        secret=secret(organisation.id),
    )


def _clock(root: str) -> str:
    """The counter that keeps up to where an organisation's weeks are published."""
    return f"closed {root}"


@dataclass(frozen=True, slots=True)
class _Course:
    """One publication.

    Periods from `first` on are told; `version` is the last round whose cells are published, 0 for none; `renamed` says
    that keys of persons changed since; units of `unclear` systems wait. Of systems that are not among those in use
    (`using`), or were when a figure was first told, nothing is said of use; nor of what an indicator counts where it
    never occurred (`occurring`).
    """

    store: PrivateStore
    registry: Registry
    places: Mapping[str, _Place]
    first: date
    version: int
    renamed: bool
    unclear: Collection[str]
    using: Collection[str]
    occurring: Mapping[str, Collection[str]]
    now: datetime
    publication: int

    def touched(self) -> set[tuple[str, int]]:
        """Indicators (id, version) that were computed since the last publication, or all that anything feeds."""
        closing = any(place.open_week > place.before for place in self.places.values())
        since = "1" if not self.version or self.renamed or closing else f"computed > {self.version}"
        rows = self.store.connection.rows(
            f"""SELECT DISTINCT indicator, version FROM {{private}}.cells WHERE {since}
            UNION DISTINCT SELECT DISTINCT indicator, version FROM {{private}}.hands WHERE {since}"""
        )
        return {(indicator, number) for indicator, number in rows}

    def batches(self, definitions: Sequence[Definition]) -> Iterator[tuple[list[Definition], _Computed]]:
        """The indicators that one statement may ask for, with the places of theirs that were computed since last time.

        To plan a statement costs more than a week's figures, so those of one shape are asked for together, as far as
        their rows fit into memory.
        """
        computed = self._computed(definitions) if self.version else {}
        units = len({unit.id for unit in self.registry.units})
        open_weeks = [place.open_week for place in self.places.values()]
        periods = max(((day - self.first).days // 7 for day in open_weeks), default=0) * len(GRAINS)
        batch: list[Definition] = []
        rows = 0
        for definition in sorted(definitions, key=_shape):
            known = self.version and not self._is_all_due(definition)
            own_rows = units * (len(computed[definition.id]) + len(GRAINS) if known else periods)
            if batch and (_shape(definition) != _shape(batch[0]) or rows + own_rows > _ROWS_AT_ONCE):
                yield batch, computed
                batch, rows = [], 0
            batch.append(definition)
            rows += own_rows
        if batch:
            yield batch, computed

    def publish(self, definitions: Sequence[Definition], computed: _Computed) -> int:
        """Publish what changed of indicators of one shape, and what closed since; how many rows changed."""
        rows = self._rows(definitions, computed)
        if not len(rows):
            return 0
        self._close(rows.filter(pa.array(_bools(rows, "live"))))
        known = self._known(definitions, rows)
        renewed, standing = [], []
        for definition in definitions:
            of_indicator = rows.filter(pc.equal(rows["indicator"], definition.id))
            # what was shown of the same records stands as it was told: a second drawing would tell more than one
            stands = _bools(of_indicator, "shown") & self._stands(definition, of_indicator)
            renewed.append(self._renewed(definition, of_indicator.filter(pa.array(~stands)), known.get(definition.id)))
            standing.append(of_indicator.filter(pa.array(stands)))
        figures = pa.concat_tables(renewed)
        changed = self._write(figures)
        self._keep(figures.append_column("seen", figures["value"].is_valid()), "seen", "kept_reason", "rules")
        if self.renamed:
            self._keep(pa.concat_tables(standing), "shown", "was_reason", "was_rules")
        return changed

    def _renewed(self, definition: Definition, rows: pa.Table, known: Collection[str] | None) -> pa.Table:
        """What is told anew of an indicator, with the reason that is kept of it (`kept_reason`)."""
        figures = self._figures(definition, rows, known)
        figures = figures.filter(pa.array(~_nearly_stands(definition, figures)))
        is_few = _texts(figures, "reason") == few_of(definition.protects).value
        was_kept = _bools(figures, "shown") | (_texts(figures, "was_reason") != "")
        # too few is what a place without a row reads as: it is kept only where it replaces something else
        kept_reason = pc.if_else(pa.array(is_few), "", figures["reason"])
        measure = pa.repeat(pa.scalar(definition.display.unit_of_measure), len(figures))
        figures = _appended(figures, {"kept_reason": kept_reason, "unit_of_measure": measure})
        return figures.filter(pa.array(was_kept | ~is_few))

    def _stands(self, definition: Definition, rows: pa.Table) -> Bools:
        """Whether each row was shown of the same records.

        Figures that were published before record keys were kept, and those of persons whose keys changed since, stand
        where their counts are equal; of slow ones, which were told of other periods then, all that were published so.
        """
        has_same_inputs = np.logical_and.reduce([_equal(rows, name) for name in _INPUTS])
        has_same_counts = np.logical_and.reduce([_equal(rows, name) for name in _INPUTS[:3]])
        has_same_sets = np.logical_and.reduce([_equal(rows, name) for name in _SETS])
        live = _bools(rows, "live")
        # without rules: told before record keys were kept
        is_old = _texts(rows, "was_rules") == ""
        old_stands = (live & has_same_counts) | (definition.pace == "month")
        has_new_keys = self.renamed and definition.protects is Protects.STAFF
        stands = live & has_same_inputs & (has_same_sets | has_new_keys)
        return np.asarray(np.where(is_old, old_stands, stands))

    def _figures(self, definition: Definition, rows: pa.Table, known: Collection[str] | None) -> pa.Table:
        """Rows with what may be told of them, each under the rules of its organisation and period."""
        parts = []
        for root, of_root in _split(rows, "organisation"):
            place = self.places[root]
            periods = of_root["period"]
            rules = {day: in_force(place.organisation.disclosure, day) for day in periods.unique().to_pylist()}
            # the gate takes one set of rules at a time
            for protection in dict.fromkeys(rules.values()):
                days = [day for day, rule in rules.items() if rule == protection]
                under_rules = of_root.filter(pc.is_in(periods, pa.array(days, periods.type)))
                for measure, measured in _measures(definition, under_rules):
                    gated = gate(self._exact(definition, measured), measure, protection, place.secret)
                    columns = _of_known(measured, _columns(gated), known, definition)
                    columns["rules"] = pa.repeat(pa.scalar(protection.fingerprint), len(measured))
                    parts.append(_appended(measured, columns))
        if parts:
            return pa.concat_tables(parts)
        for name in (*_FIGURES, "rules"):
            rows = rows.append_column(name, pa.array([], pa.float64() if name in _FIGURES[:3] else pa.string()))
        return rows

    def _known(self, definitions: Sequence[Definition], rows: pa.Table) -> dict[str, set[str]]:
        """Systems of which sources can tell what is counted, or of which it was shown before, by indicator.

        Of an indicator that is not there, all systems. The ledger is asked only for systems of `rows` that do not tell.
        """
        known: dict[str, set[str]] = {}
        silent: list[tuple[str, str]] = []
        for definition in definitions:
            if definition.tells_of_use or definition.tells_of_access or definition.must_occur:
                known[definition.id] = {*(self.using if definition.tells_of_use else self.occurring[definition.id])}
                systems = rows.filter(pc.equal(rows["indicator"], definition.id))["system"].unique().to_pylist()
                silent += [(definition.id, system) for system in systems if system not in known[definition.id]]
        if silent:
            shown_before = self.store.connection.rows(
                f"""SELECT DISTINCT indicator, system FROM {{private}}.disclosed FINAL
                    WHERE shown AND {_of(definitions)} AND system IN {{systems:Array(String)}}""",
                systems=sorted({system for _, system in silent}),
            )
            for indicator, system in shown_before:
                if indicator in known:
                    known[indicator].add(system)
        return known

    def _exact(self, definition: Definition, rows: pa.Table) -> Exact:
        systems = {system.id: system for system in self.registry.systems}
        sensitive = {
            (system.id, case_type.id)
            for system in systems.values()
            for case_type in system.case_types
            if case_type.sensitive
        }
        # the sum over case types holds the sensitive ones, and is guarded like them
        sensitive |= {(system, "*") for system, _ in sensitive}
        side = definition.handled
        staff_systems = {system_id for system_id, system in systems.items() if system.protects is Asking.STAFF}
        staff_systems = staff_systems if side is not None and side.subject == "ticket" else set()
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
            of_employees=np.array([name in staff_systems for name in names], dtype=bool),
        )

    # reading

    def _rows(self, definitions: Sequence[Definition], computed: _Computed) -> pa.Table:
        """Exact figures of closed periods that changed or closed, beside what was shown of them (columns `was_…`).

        Of indicators of one shape, which stand in the column `indicator`.
        """
        due, first_day = self._due(definitions, computed)
        definition = definitions[0]
        staff = definition.protects is Protects.STAFF
        # of a single case type windows alone are told: each more view of nearly the same cases is a further hint
        case_types = "case_type = '*'" if staff else "(case_type = '*' OR grain = 'window')"
        if not staff and definition.protects is not Protects.OFFICIAL_ACT:
            # reporting groups are for staff: cases of a small unit are judged by their own numbers
            case_types += " AND unit NOT IN (SELECT reporting_group FROM {open}.units)"
        condition = f"{_of(definitions)} AND {case_types} AND grain IN {GRAINS} AND period >= {{first:Date}}"
        place = ", ".join(_PLACE)
        # the set is read even where nothing waits for it
        waiting = f"""AND (system NOT IN {{unclear:Array(String)}} OR unit IN {{roots:Array(String)}}
            OR ({place}) IN (SELECT {place} FROM {{private}}.disclosed FINAL WHERE shown AND {_of(definitions)}))"""
        hands = f"""LEFT JOIN (
            SELECT indicator, version, unit, system, case_type, grain, period, handlers, most_by_one, requesters
            FROM {{private}}.hands FINAL WHERE {_of(definitions)} AND period >= {{first:Date}}) AS h
            USING (indicator, version, unit, system, case_type, grain, period)
        LEFT JOIN (
            SELECT unit, grain, period, max(denominator) AS register FROM {{private}}.cells FINAL
            WHERE indicator = {{register:String}} AND case_type = '*' AND period >= {{first:Date}}
            GROUP BY unit, grain, period) AS r
            USING (unit, grain, period)
        LEFT JOIN (
            SELECT unit AS organisation, grain, period, maxMap(map(toString(system), denominator)) AS registered
            FROM {{private}}.cells FINAL
            WHERE indicator = {{register:String}} AND case_type = '*' AND period >= {{first:Date}}
              AND unit IN {{roots:Array(String)}}
            GROUP BY unit, grain, period) AS s USING (organisation, grain, period)"""
        # those of the system, or of all: a register may name no systems
        register_handlers = "greatest(registered[toString(system)], registered[''])"
        if not definition.counts_hands:
            nobody = ", ".join(f"0 AS {name}" for name in (*_INPUTS[3:], "register"))
            hands, register_handlers = f"CROSS JOIN (SELECT {nobody}) AS h", "0"
        figures = ", ".join((*_INPUTS, *_SETS))
        roots = "SELECT unit, any(root) AS organisation FROM {open}.units GROUP BY unit"
        current = f"""SELECT {place}, organisation, true AS live, persons, register,
                {register_handlers} AS register_handlers, {figures}
            FROM (
                SELECT {place}, organisation, numerator, denominator, {"persons" if staff else "subjects"} AS size,
                       persons, numerator_keys, denominator_keys
                FROM (
                    SELECT * FROM {_values(definitions)} WHERE {condition} {waiting if self.unclear else ""}) AS w
                INNER JOIN ({roots}) AS u USING (unit)
                WHERE {due}) AS v
            {hands}"""
        previous = f"""SELECT {place}, organisation, shown, rules AS was_rules, reason AS was_reason,
                {", ".join(f"{name} AS was_{name}" for name in (*_INPUTS, *_SETS))}
            FROM {{private}}.disclosed FINAL
            WHERE (shown OR reason != '') AND {condition} AND {due}"""
        members = "SELECT unit, valid_from, valid_to FROM {open}.units WHERE reporting_group != ''"
        typed = ", ".join(
            [f"toInt64({name}) AS {name}, toInt64(was_{name}) AS was_{name}" for name in _INPUTS]
            + [f"{name}, was_{name}" for name in _SETS]
            + [f"toInt64({name}) AS {name}" for name in ("persons", "register", "register_handlers")]
        )
        return self.store.connection.arrow(
            f"""SELECT {place}, organisation, live, shown, was_rules, was_reason, {typed},
                   arrayExists(m -> m.1 = unit AND m.2 <= period AND m.3 > period,
                               (SELECT groupArray((unit, valid_from, valid_to)) FROM ({members}))) AS grouped
            FROM ({current}) AS a FULL OUTER JOIN ({previous}) AS b USING ({place}, organisation)""",
            first=first_day,
            unclear=sorted(self.unclear),
            roots=sorted(self.places),
            register=REGISTER,
        )

    def _is_all_due(self, definition: Definition) -> bool:
        """Whether all that is closed is looked at again, as nothing was published, or keys of persons changed."""
        return not self.version or (self.renamed and definition.protects is Protects.STAFF)

    def _due(self, definitions: Sequence[Definition], computed: _Computed) -> tuple[str, date]:
        """SQL condition on `organisation`, `indicator`, `grain` and `period`: closed, and computed or closed since last
        time.

        Everything that is closed where nothing was published, or where keys of persons changed. And a day before which
        nothing is due, which bounds every table that is read.
        """
        roots = list(self.places)
        ended = _end("grain", "period")
        closed = f"{ended} <= {_of_root(roots, [self.places[root].open_week for root in roots])}"
        if self._is_all_due(definitions[0]):
            return closed, self.first
        since = f"{ended} > {_of_root(roots, [self.places[root].before for root in roots])}"
        places = [(definition.id, *place) for definition in definitions for place in computed[definition.id]]
        if places:
            computed_places = ", ".join(f"('{indicator}', '{grain}', '{day}')" for indicator, grain, day in places)
            since += f" OR (toString(indicator), toString(grain), period) IN ({computed_places})"
        days = [day for _, _, day in places] + [place.before for place in self.places.values()]
        # a month begins before its last week does
        return f"{closed} AND ({since})", max(self.first, min(days) - timedelta(days=31))

    def _computed(self, definitions: Sequence[Definition]) -> _Computed:
        """The places whose figures rest on cells that were computed since last time.

        Asked beforehand, for all indicators at once: within what reads figures it would be planned twice, and bound no
        table.
        """
        places: _Computed = {definition.id: set() for definition in definitions}
        slow = [definition for definition in definitions if definition.pace == "month"]
        others = [definition for definition in definitions if definition.pace == "week"]
        branches = [self._computed_monthly(slow)] if slow else []
        branches += [self._computed_weekly(others)] if others else []
        # a staff list that came later may say who handled, or how many could have asked
        branches.append(
            f"""SELECT DISTINCT '' AS indicator, (toString(grain), period) AS place FROM {{private}}.cells
            WHERE indicator = '{REGISTER}' AND computed > {self.version}"""
        )
        registered = []
        for indicator, place in self.store.connection.rows(" UNION ALL ".join(branches)):
            if indicator:
                places[indicator].add(place)
            else:
                registered.append(place)
        for definition in definitions:
            if definition.counts_hands:
                places[definition.id].update(registered)
        return places

    def _computed_monthly(self, definitions: Sequence[Definition]) -> str:
        """SQL of the places of slow figures that were computed since last time, by indicator."""
        of_weeks = [definition.id for definition in definitions if definition.window_weeks == 1]
        return f"""SELECT DISTINCT toString(indicator) AS indicator, arrayJoin({_MONTHLY}) AS place FROM (
            SELECT DISTINCT indicator, period FROM {{private}}.cells
            WHERE {_of(definitions)} AND computed > {self.version} AND {_LAST_OF_MONTH}
              AND grain = if(has({of_weeks}::Array(String), indicator), 'week', 'window'))"""

    def _computed_weekly(self, definitions: Sequence[Definition]) -> str:
        """SQL of the places of all other figures that were computed since last time, by indicator."""
        condition = f"{_of(definitions)} AND computed > {self.version}"
        # windows that are summed from weeks have no cells of their own
        weeks = {
            definition.id: definition.window_weeks if definition.adds or definition.window_weeks == 1 else 0
            for definition in definitions
        }
        length = f"transform(toString(indicator), {[*weeks]}, {[*weeks.values()]}, 0)"
        windows = f"arrayMap(i -> ('window', period + 7 * i), range(if(grain = 'week', {length}, 0)))"
        return f"""SELECT DISTINCT toString(indicator) AS indicator,
                   arrayJoin(arrayConcat([(toString(grain), period)], {windows})) AS place
            FROM (SELECT DISTINCT indicator, grain, period FROM {{private}}.cells WHERE {condition}
                  UNION DISTINCT SELECT DISTINCT indicator, grain, period FROM {{private}}.hands WHERE {condition})"""

    # writing

    def _write(self, figures: pa.Table) -> int:
        """Write the figures that differ from what is published; how many they are."""
        if not len(figures):
            return 0
        names = [*_PLACE, *_FIGURES]
        table = figures.select([*names, "rules", "organisation", "unit_of_measure"])
        periods = table.select(["indicator", "version", "period"]).group_by(["indicator", "version", "period"])
        about = [", ".join(_literal(part) for part in row.values()) for row in periods.aggregate([]).to_pylist()]
        published_rows = set(
            self.store.connection.rows(
                f"""SELECT {", ".join(names)} FROM {{open}}.indicator_values
                    WHERE indicator IN {{ids:Array(String)}} AND period IN {{periods:Array(Date)}}
                      AND (indicator, version, period) IN ({", ".join(f"({row})" for row in about)})""",
                ids=table["indicator"].unique().to_pylist(),
                periods=table["period"].unique().to_pylist(),
            )
        )
        # only what differs is written: who reads changes must not hear of figures that stayed the same
        if published_rows:
            rows = zip(*(table[name].to_pylist() for name in names), strict=True)
            table = table.filter(pa.array([row not in published_rows for row in rows], pa.bool_()))
        constants = {
            "published_at": pa.scalar(int(self.now.timestamp()), pa.timestamp("s", "UTC")),
            "publication": pa.scalar(self.publication, pa.uint64()),
        }
        public = pa.array([root for root, place in self.places.items() if place.organisation.public_data], pa.string())
        basis = pc.if_else(pc.is_in(table["organisation"], public), "public_data", "")
        if len(table):
            table = _with(table, constants).append_column("basis", basis)
            self.store.connection.insert_arrow("{open}.published_values", table)
        return len(table)

    def _close(self, rows: pa.Table) -> None:
        """Say which periods are closed, so that a unit without a figure reads as one with too few."""
        place = ["organisation", "indicator", "version", "system", "grain", "period"]
        closed = rows.select(place).group_by(place).aggregate([])
        constants = {"publication": pa.scalar(self.publication, pa.uint64())}
        if len(closed):
            self.store.connection.insert_arrow("{open}.closed_periods", _with(closed, constants))

    def _keep(self, rows: pa.Table, shown_column: str, reason: str, rules: str) -> None:
        """Keep in the ledger what the rows were computed from, and what these columns say: shown, or why not."""
        if not len(rows):
            return
        table = rows.select([*_PLACE, "organisation", *_INPUTS, *_SETS])
        for name, column in (("shown", shown_column), ("reason", reason), ("rules", rules)):
            table = table.append_column(name, rows[column])
        constants = {"publication": pa.scalar(self.publication, pa.uint64())}
        self.store.connection.insert_arrow("{private}.disclosed", _with(table, constants))


_LAST_OF_MONTH = "toMonth(period + 6) != toMonth(period + 13)"
"""SQL condition: no later week ends in the month in which the week of `period` does."""

_NEXT = "range(if(toMonth(period + 34) != toMonth(period + 41), 4, 5))"
_MONTHLY = f"""arrayConcat(
    [('month', toStartOfMonth(period + 6))],
    arrayMap(i -> ('week', period + 7 * i), {_NEXT}), arrayMap(i -> ('window', period + 7 * i), {_NEXT}))"""
"""SQL of the places that tell the window of a month's last week: its month, and the weeks until the next month ends."""


def _shape(definition: Definition) -> tuple[str, str, bool]:
    """What is alike of indicators that one statement asks for, as text that sorts."""
    protects = definition.protects.value
    of_staff_or_acts = protects if definition.protects in (Protects.STAFF, Protects.OFFICIAL_ACT) else ""
    return of_staff_or_acts, definition.pace, definition.counts_hands


def _of(definitions: Sequence[Definition]) -> str:
    """SQL condition on `indicator` and `version`; the first of them by itself too, which more tables can look up."""
    ids = ", ".join(f"'{definition.id}'" for definition in definitions)
    versions = ", ".join(f"('{definition.id}', {definition.version})" for definition in definitions)
    return f"indicator IN ({ids}) AND (indicator, version) IN ({versions})"


def _literal(part: object) -> str:
    return str(part) if isinstance(part, int) else f"'{part}'"


def _values(definitions: Sequence[Definition]) -> str:
    """SQL of exact values of indicators as they are told: once a month for slow ones, by all grains alike.

    Of people who come and go one by one, every new figure of nearly the same people would be a further hint.
    """
    if definitions[0].pace == "week":
        return "{private}.indicator_values"
    return f"""(
        SELECT * REPLACE (place.1 AS grain, place.2 AS period) FROM (
            SELECT *, arrayJoin({_MONTHLY}) AS place FROM {{private}}.indicator_values
            WHERE {_of(definitions)} AND grain = 'window' AND {_LAST_OF_MONTH}))"""


def _end(grain: str, period: str) -> str:
    """SQL of the first day after a period; windows and weeks are named by the Monday of their last week."""
    return f"if({grain} = 'month', addMonths({period}, 1), {period} + 7)"


def _of_root(roots: Sequence[str], days: Sequence[date]) -> str:
    """SQL of the day of `organisation`."""
    names = ", ".join("'" + root.replace("\\", "\\\\").replace("'", "\\'") + "'" for root in roots)
    dates = ", ".join(f"toDate('{day}')" for day in days)
    return f"transform(toString(organisation), [{names}], [{dates}], toDate(0))"


def _split(rows: pa.Table, name: str) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each value of a column."""
    for value in rows[name].unique().to_pylist():
        yield value, rows.filter(pc.equal(rows[name], value))


def _measures(definition: Definition, rows: pa.Table) -> Iterator[tuple[Measure, pa.Table]]:
    """What the gate needs to know of an indicator, with the rows that it is about: of slow figures, month by month."""
    measure = Measure.of(definition)
    if definition.pace == "week":
        yield measure, rows
        return
    places = list(zip(rows["grain"].to_pylist(), rows["period"].to_pylist(), strict=True))
    last_days = {place: _told_in(*place) for place in set(places)}  # few periods, many units
    months = np.array([last_days[place] for place in places], "datetime64[M]")
    for month in np.unique(months):
        yield measure.of_month(month.item()), rows.filter(pa.array(months == month))


def _told_in(grain: str, period: date) -> date:
    """The last day of what a slow figure tells: of the month itself, or of the latest week that is its month's last."""
    return period if grain == "month" else last_of_month(period) + timedelta(days=6)


def _nearly_stands(definition: Definition, rows: pa.Table) -> Bools:
    """Whether what was told of cases stands although a few of them changed, under the same rules and still enough.

    Never of staff: whoever is excluded counts no more. Medians have no noise that could be averaged.
    """
    counts_cases = definition.protects in (Protects.CITIZEN, Protects.HANDLING)
    may_stand = counts_cases and definition.kind is not Kind.MEDIAN
    changes = [np.abs(_ints(rows, name) - _ints(rows, f"was_{name}")) for name in _INPUTS[:3]]
    has_few_changes = np.logical_and.reduce([change < _LATE for change in changes])
    is_shown = _bools(rows, "live") & _bools(rows, "shown") & rows["value"].is_valid().to_numpy()
    has_same_rules = _texts(rows, "rules") == _texts(rows, "was_rules")
    return np.asarray(may_stand & is_shown & has_few_changes & has_same_rules)


def _columns(gated: Gated) -> dict[str, pa.Array]:
    numbers = {name: pa.array(getattr(gated, name), from_pandas=True) for name in ("value", "low", "high")}
    return numbers | {name: pa.array(getattr(gated, name).tolist(), pa.string()) for name in _FIGURES[3:]}


def _occurring(store: PrivateStore, definitions: Sequence[Definition]) -> dict[str, frozenset[str]]:
    """The systems in which what an indicator counts occurred at all, of those that must occur, by indicator.

    Access occurred where a source tells of it: everybody counts as entitled of whom none does.
    """
    access = [definition.id for definition in definitions if definition.tells_of_access]
    occurring = dict.fromkeys(access, systems_of_access(store.connection)) if access else {}
    versions = {definition.id: definition.version for definition in definitions if definition.must_occur}
    if not versions:
        return occurring
    rows = store.connection.rows(
        """SELECT indicator, version, groupUniqArray(system) FROM {private}.cells FINAL
           WHERE indicator IN {ids:Array(String)} AND numerator > 0 GROUP BY indicator, version""",
        ids=sorted(versions),
    )
    counting = {id_: frozenset(systems) for id_, version, systems in rows if version == versions[id_]}
    return occurring | {id_: counting.get(id_, frozenset()) for id_ in versions}


def _of_known(
    rows: pa.Table, columns: dict[str, pa.Array], known: Collection[str] | None, definition: Definition
) -> dict[str, pa.Array]:
    """The columns of figures, which say nothing of systems that are not among those `known` to tell of it."""
    if known is None:
        return columns
    is_silent = pa.array([system not in known for system in rows["system"].to_pylist()], pa.bool_())
    if not definition.tells_of_use:  # too few stays what it is: a row of them would tell that there are some
        few = pa.array([Reason.FEW_CASES.value, Reason.FEW_PERSONS.value], columns["reason"].type)
        is_silent = pc.and_not(is_silent, pc.is_in(columns["reason"], few))
    reason = Reason.NO_DATA if definition.tells_of_use else Reason.NOT_TOLD
    nothing = dict.fromkeys(_FIGURES[:3]) | {
        "n_band": "",
        "status": Status.SUPPRESSED.value,
        "reason": reason.value,
    }
    hidden = dict(columns)
    for name, replacement in nothing.items():
        column = columns[name]
        hidden[name] = pc.if_else(is_silent, pa.scalar(replacement, column.type), column)
    return hidden


def _appended(table: pa.Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def _with(table: pa.Table, constants: dict[str, pa.Scalar]) -> pa.Table:
    return _appended(table, {name: pa.repeat(value, len(table)) for name, value in constants.items()})


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
                *(
                    definition.id,
                    definition.version,
                    definition.code,
                    definition.kind.value,
                    definition.title.sv,
                    definition.title.nb,
                    definition.title.en,
                ),
                *(
                    definition.question.sv,
                    definition.question.nb,
                    definition.question.en,
                    definition.direction,
                    definition.protects.value,
                    definition.window_weeks,
                ),
                publication,
            ]
            for definition in definitions
        ],
    )
