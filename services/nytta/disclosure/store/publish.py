"""The one function that writes figures into the open zone: closed periods, through the gate, from the ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from nytta.disclosure.clock import first_open_week
from nytta.disclosure.figures import (
    DENOMINATOR,
    GRAINS,
    NUMERATOR,
    SIZE,
    Figures,
    Grain,
    Nature,
    Series,
    Told,
    columns_of,
)
from nytta.disclosure.gate import Exact, gate
from nytta.disclosure.ledger import disclose
from nytta.disclosure.pattern import Patterns
from nytta.disclosure.rules import K, Rules, Status
from nytta.disclosure.tree import Hierarchy, Place, TreeError, changed_past
from nytta.indicators.definition import Definition, Kind, Protects
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import unclear_systems
from nytta.storage.client import StoreError

_KEY = ("organisation", "unit", "system", "case_type", "part", "grain", "period")
_SHOWN = ("value", "low", "high", "n_band", "status", "basis")
_LIVE = ("numerator", "denominator", "size", "persons", "most_by_one")

Rows = dict[str, Any]
"""Columns of equal length: strings and dates as lists, figures as arrays."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A weekly share of staff that no indicator holds; the ledger keeps it under its id like an indicator."""

    id: str
    version: int = 0
    kind: Kind = Kind.SHARE
    protects: Protects = Protects.STAFF
    adds: bool = False
    scale: float = 1.0
    minimum_denominator: int = K
    known: float = 0.0
    window_weeks: int = 1


def publish(store: PrivateStore, definitions: Sequence[Definition], now: datetime, rules: Rules | None = None) -> int:
    """Bring the open zone up to date with all weeks and months closed at `now` (aware); how many rows changed.

    A figure that came out the same is left as it was published. Where a system's sources name too many units that
    nobody knows, only figures of the organisation are told anew, until that is mended. StoreError, and nothing is
    published, where the hierarchy of units contradicts itself or what was published of the past.
    """
    publication = store.counter("publication") + 1
    organisations = _organisations(store, now)
    _check_past(store, organisations)
    unclear = unclear_systems(store.connection, now)
    changed = 0
    patterns = Patterns()
    for definition in definitions if organisations else ():
        guarded = definition.protects is not Protects.OFFICIAL_ACT
        live = _live_rows(store, definition, organisations, unclear)
        rows = (
            _through_ledger(store, definition, live, organisations, rules or Rules(), publication, patterns)
            if guarded
            else _official(definition, live)
        )
        if rows:
            changed += _write_changed(store, definition, rows, now, publication)
    _publish_definitions(store, definitions, publication)
    _remember_places(store, organisations, publication)
    store.raise_counter("publication", publication)
    return changed


def told_of_staff(
    store: PrivateStore, fact: Fact, root: str, live: pa.Table, weeks: Sequence[date], now: datetime, publication: int
) -> Rows:
    """What may be published at `now` (aware) of a fact in consecutive closed `weeks`, as columns of published values.

    `live` has the exact figures of these weeks and of every unit of the organisation `root`, groups and their members
    too: the columns of `_live_rows`. Decided by the ledger and kept in it under `publication`: what was shown stays,
    late data wait.
    """
    organisations = {each: its for each, its in _organisations(store, now).items() if each == root}
    span = (weeks[0], weeks[-1])
    return _through_ledger(store, fact, live, organisations, Rules(), publication, Patterns(), span)


@dataclass(frozen=True, eq=False)
class _Organisation:
    """A root unit with its hierarchy; `open_week` is the first week that is not closed, `first` the first with data."""

    hierarchy: Hierarchy
    open_week: date
    basis: str


def _organisations(store: PrivateStore, now: datetime) -> dict[str, _Organisation]:
    places: dict[str, list[Place]] = {}
    zones: dict[str, str] = {}
    for root, zone, *place in store.connection.rows(
        "SELECT root, timezone, unit, parent, reporting_group, valid_from, valid_to FROM {open}.units ORDER BY root"
    ):
        places.setdefault(root, []).append(Place(*place))
        zones[root] = zone
    public = {r for (r,) in store.connection.rows("SELECT DISTINCT root FROM {open}.created_units WHERE public_data")}
    try:
        return {
            root: _Organisation(Hierarchy(its), first_open_week(now, zones[root]), "public_data" * (root in public))
            for root, its in places.items()
        }
    except TreeError as error:
        raise StoreError(f"nothing was published: {error}") from error


def _check_past(store: PrivateStore, organisations: dict[str, _Organisation]) -> None:
    """Refuse a hierarchy that tells published weeks otherwise: two versions of a roll-up reveal what moved."""
    rows = store.connection.rows(
        "SELECT unit, parent, reporting_group, valid_from, valid_to, until FROM {private}.disclosed_places "
        "WHERE publication = (SELECT max(publication) FROM {private}.disclosed_places)"
    )
    now = [place for each in organisations.values() for place in each.hierarchy.places]
    for until in sorted({row[5] for row in rows}):
        told = changed_past([Place(*row[:5]) for row in rows if row[5] == until], now, until)
        if told:
            raise StoreError(f"nothing was published: {'; '.join(told[:5])}")


def _remember_places(store: PrivateStore, organisations: dict[str, _Organisation], publication: int) -> None:
    store.connection.insert(
        "{private}.disclosed_places",
        ["unit", "parent", "reporting_group", "valid_from", "valid_to", "until", "publication"],
        [
            [p.unit, p.parent, p.group, p.valid_from, p.valid_to, each.open_week, publication]
            for each in organisations.values()
            for p in each.hierarchy.places
        ],
    )


def _live_rows(
    store: PrivateStore, definition: Definition, organisations: dict[str, _Organisation], unclear: Collection[str]
) -> pa.Table:
    """Exact values of closed periods, from the first week with data on; of units of `unclear` systems, of told ones."""
    ended = " OR ".join(
        f"(u.organisation = {_text(root)} AND if(v.grain = 'month', addMonths(v.period, 1), v.period + 1) "
        f"<= toDate('{each.open_week}'))"
        for root, each in organisations.items()
    )
    first = store.data_span()[0].replace(day=1) - timedelta(days=31)
    staff = definition.protects is Protects.STAFF
    told = """v.system NOT IN {unclear:Array(String)} OR v.unit = u.organisation
              OR (v.unit, v.system, v.case_type, v.part, v.grain, v.period) IN (
                  SELECT unit, system, case_type, part, grain, period FROM {open}.published_values
                  WHERE indicator = {id:String} AND version = {version:UInt16} AND system IN {unclear:Array(String)})"""
    return store.connection.arrow(
        f"""SELECT u.organisation AS organisation, v.unit AS unit, v.system AS system, v.case_type AS case_type,
                   v.part AS part, v.grain AS grain, v.period AS period,
                   toInt64(v.numerator) AS numerator, toInt64(v.denominator) AS denominator,
                   toInt64(v.{"persons" if staff else "subjects"}) AS size,
                   toInt64(v.persons) AS persons, toInt64(v.most_by_one) AS most_by_one
            FROM {{private}}.indicator_values AS v
            INNER JOIN (SELECT unit, any(root) AS organisation FROM {{open}}.units GROUP BY unit) AS u
                ON u.unit = v.unit
            WHERE v.indicator = {{id:String}} AND v.version = {{version:UInt16}} AND v.grain IN {GRAINS}
              AND v.period >= toDate('{first}') AND ({ended}){" AND v.case_type = '*'" * staff}
              {f"AND ({told})" * bool(unclear)}""",
        id=definition.id,
        version=definition.version,
        unclear=sorted(unclear),
    )


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


# official acts


def _official(definition: Definition, live: pa.Table) -> Rows:
    rows: Rows = {name: live[name].to_pylist() for name in _KEY}
    figures = np.stack([live[name].to_numpy() for name in ("numerator", "denominator", "size")], axis=1)
    nobody = np.zeros(len(live), dtype=np.int64)
    return rows | _gated(definition, figures, figures[:, SIZE], nobody, nobody, np.ones(len(live), bool), nobody > 0)


# persons and cases


_EVER = (date(1970, 1, 1), date(2149, 6, 6))


def _through_ledger(
    store: PrivateStore,
    definition: Definition | Fact,
    live: pa.Table,
    organisations: dict[str, _Organisation],
    rules: Rules,
    publication: int,
    patterns: Patterns,
    span: tuple[date, date] = _EVER,
) -> Rows:
    """Published rows of an indicator that protects somebody, after the ledger took over what it may."""
    told = store.connection.arrow(
        "SELECT organisation, unit, system, case_type, part, grain, period, numerator, denominator, size, shown, "
        "restated, changed FROM {private}.disclosed FINAL WHERE indicator = {id:String} AND version = {version:UInt16} "
        "AND organisation IN {organisations:Array(String)} AND period >= {first:Date} AND period <= {last:Date}",
        id=definition.id,
        version=definition.version,
        organisations=list(organisations),
        first=span[0],
        last=span[1],
    )
    nature = _nature(definition)
    found: list[Rows] = []
    kept: list[pa.Table] = []
    for (root, system), (now, before) in _by_series(live, told).items():
        organisation = organisations.get(root)
        if organisation is None:
            continue
        index = _Index(organisation, now, before)
        series = index.series(now, before, nature)
        outcome = disclose(series, nature, organisation.hierarchy.at, rules, organisation.open_week, patterns)
        for grain, figures in series.grains.items():
            place = {"organisation": root, "system": system, "grain": grain}
            found.append(_rows(definition, index, figures, outcome[grain], organisation) | place)
            kept.append(index.ledger(figures, outcome[grain], place))
    if kept:
        ledger = pa.concat_tables(kept, promote_options="permissive")  # a series without figures knows no types
        ledger = ledger.append_column("indicator", pa.array([definition.id] * len(ledger)))
        ledger = ledger.append_column("version", pa.array([definition.version] * len(ledger), pa.uint16()))
        ledger = ledger.append_column("publication", pa.array([publication] * len(ledger), pa.uint64()))
        if len(ledger):
            store.connection.insert_arrow("{private}.disclosed", ledger)
    return _stacked(found)


def _nature(definition: Definition | Fact) -> Nature:
    return Nature(
        staff=definition.protects is Protects.STAFF,
        adds=definition.adds,
        flows=definition.adds or definition.kind is Kind.RATE,
        heads=definition.kind in {Kind.SHARE, Kind.COUNT},
        middles=definition.kind is Kind.MEDIAN,
        window_weeks=definition.window_weeks,
    )


def _by_series(live: pa.Table, told: pa.Table) -> dict[tuple[str, str], tuple[pa.Table, pa.Table]]:
    """Live and told rows of each organisation and system."""
    found: dict[tuple[str, str], list[pa.Table]] = {}
    for number, table in enumerate((live, told)):
        names = list(zip(table["organisation"].to_pylist(), table["system"].to_pylist(), strict=True))
        codes = {name: n for n, name in enumerate(dict.fromkeys(names))}
        code = np.array([codes[name] for name in names], dtype=np.int64)
        for name, n in codes.items():
            found.setdefault(name, [live.slice(0, 0), told.slice(0, 0)])[number] = table.filter(pa.array(code == n))
    return {name: (now, before) for name, (now, before) in sorted(found.items())}


class _Index:
    """Places of an organisation's and system's rows in arrays of (period, unit, column, part)."""

    def __init__(self, organisation: _Organisation, *tables: pa.Table) -> None:
        def values(name: str) -> set[Any]:
            return {v for table in tables for v in table[name].unique().to_pylist()}

        self.units = organisation.hierarchy.units
        self.columns = columns_of(sorted(values("case_type")))
        self.parts = sorted(values("part"))
        self.periods: dict[Grain, tuple[date, ...]] = {}
        said: dict[Grain, set[date]] = {
            grain: {p for t in tables for p in t.filter(pa.array(_is(t, grain)))["period"].unique().to_pylist()}
            for grain in GRAINS
        }
        if said["week"]:
            said["week"] |= said["window"]  # a window may end in a week in which nothing happened
        for grain, its in said.items():
            if its and grain == "month":
                self.periods[grain] = tuple(sorted(its))
            elif its:
                weeks = range((max(its) - min(its)).days // 7 + 1)
                self.periods[grain] = tuple(min(its) + timedelta(weeks=n) for n in weeks)

    def series(self, now: pa.Table, before: pa.Table, nature: Nature) -> Series:
        """The rows as arrays."""
        grains = {}
        for grain, periods in self.periods.items():
            shape = (len(periods), len(self.units), len(self.columns))
            live, ledger = (np.zeros((*shape, len(self.parts), 3), dtype=np.int64) for _ in range(2))
            handlers, most = (np.zeros(shape, dtype=np.int64) for _ in range(2))
            there, known = (np.zeros((*shape, len(self.parts)), dtype=bool) for _ in range(2))
            shown, restated = (np.zeros(shape, dtype=bool) for _ in range(2))
            changed = np.zeros(len(periods), dtype=np.int64)
            rows, at = self._at(now, grain)
            live[at] = np.stack([rows[n].to_numpy() for n in ("numerator", "denominator", "size")], axis=1)
            there[at] = True
            np.maximum.at(handlers, at[:3], rows["persons"].to_numpy())
            np.maximum.at(most, at[:3], rows["most_by_one"].to_numpy())
            rows, at = self._at(before, grain)
            ledger[at] = np.stack([rows[n].to_numpy() for n in ("numerator", "denominator", "size")], axis=1)
            known[at] = True
            shown[at[:3]] |= rows["shown"].to_numpy(zero_copy_only=False).astype(bool)
            restated[at[:3]] |= rows["restated"].to_numpy(zero_copy_only=False).astype(bool)
            np.maximum.at(
                changed, at[0], np.array([d.toordinal() for d in rows["changed"].to_pylist()], dtype=np.int64)
            )
            there |= known
            if nature.adds and grain == "week":
                # a week without a case must read like one with too few, or what leaves a window shows what enters it
                there = np.logical_or.accumulate(there, axis=0)
            grains[grain] = Figures(periods, live, handlers, most, there, ledger, known, shown, changed, restated)
        return Series(self.units, self.columns, grains)

    def _at(self, table: pa.Table, grain: Grain) -> tuple[pa.Table, tuple[np.ndarray[Any, Any], ...]]:
        rows = table.filter(pa.array(_is(table, grain)))
        names: tuple[tuple[str, Sequence[Any]], ...] = (
            ("period", self.periods[grain]),
            ("unit", self.units),
            ("case_type", self.columns),
            ("part", self.parts),
        )
        at = []
        for name, values in names:
            place = {v: n for n, v in enumerate(values)}
            coded = rows[name].combine_chunks().dictionary_encode()
            table_of = np.array([place[v] for v in coded.dictionary.to_pylist()], dtype=np.int64)
            at.append(table_of[coded.indices.to_numpy()] if len(rows) else np.zeros(0, dtype=np.int64))
        return rows, tuple(at)

    def ledger(self, figures: Figures, told: Told, place: dict[str, str]) -> pa.Table:
        """Rows of the ledger that are other than they were."""
        cells = (told.shown != figures.shown) | (told.restated != figures.restated)
        other = (told.ledger != figures.told).any(axis=4) | cells[..., None]
        other |= figures.there & ~figures.known
        at = np.nonzero(other & (figures.there | figures.known))
        n = len(at[0])
        days = [date.fromordinal(int(d)) if d else date(1970, 1, 1) for d in told.changed]
        return pa.table(
            {name: pa.array([value] * n, pa.string()) for name, value in place.items()}
            | self.names(at, figures.periods)
            | {
                "numerator": told.ledger[at][:, NUMERATOR],
                "denominator": told.ledger[at][:, DENOMINATOR],
                "size": told.ledger[at][:, SIZE],
                "shown": told.shown[at[:3]],
                "restated": told.restated[at[:3]],
                "changed": pa.array([days[p] for p in at[0]], pa.date32()),
            }
        )

    def names(self, at: tuple[np.ndarray[Any, Any], ...], periods: Sequence[date]) -> Rows:
        """Unit, case type, part and period of places."""
        return {
            "unit": [self.units[n] for n in at[1]],
            "case_type": [self.columns[n] for n in at[2]],
            "part": [self.parts[n] for n in at[3]],
            "period": [periods[n] for n in at[0]],
        }


def _is(table: pa.Table, grain: Grain) -> np.ndarray[Any, np.dtype[np.bool_]]:
    coded = table["grain"].combine_chunks().dictionary_encode()
    names = np.array([name == grain for name in coded.dictionary.to_pylist()], dtype=bool)
    return names[coded.indices.to_numpy()] if len(table) else np.zeros(0, dtype=bool)


def _rows(
    definition: Definition | Fact, index: _Index, figures: Figures, told: Told, organisation: _Organisation
) -> Rows:
    at = np.nonzero(figures.there)
    cell = at[:3]
    grouped = np.zeros((len(figures.periods), len(index.units)), dtype=bool)
    place = {unit: n for n, unit in enumerate(index.units)}
    for n, period in enumerate(figures.periods):
        tree = organisation.hierarchy.at(period)
        grouped[n, [place[u] for u in tree.units]] = tree.grouped
    return index.names(at, figures.periods) | _gated(
        definition,
        told.ledger[at],
        told.smallest[cell],
        figures.handlers[cell],
        figures.most[cell],
        told.shown[cell],
        grouped[at[:2]],
        held=told.held[cell],
        basis=organisation.basis,
    )


# precision, and writing what differs


def _gated(
    definition: Definition | Fact,
    figures: np.ndarray[Any, np.dtype[np.int64]],
    size: np.ndarray[Any, np.dtype[np.int64]],
    handlers: np.ndarray[Any, np.dtype[np.int64]],
    most: np.ndarray[Any, np.dtype[np.int64]],
    shown: np.ndarray[Any, np.dtype[np.bool_]],
    grouped: np.ndarray[Any, np.dtype[np.bool_]],
    *,
    held: np.ndarray[Any, np.dtype[np.bool_]] | None = None,
    basis: str = "",
) -> Rows:
    numerator, denominator = figures[:, NUMERATOR], figures[:, DENOMINATOR]
    per = 1 if definition.kind in {Kind.COUNT, Kind.MEDIAN} else denominator
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(denominator == 0, np.nan, definition.scale * numerator / per)
    out = gate(
        Exact(value, numerator, denominator, size, handlers, most, grouped),
        kind=definition.kind.value,
        protects=definition.protects.value,
        scale=definition.scale,
        minimum_denominator=np.maximum(
            definition.minimum_denominator, np.ceil(definition.known * figures[:, SIZE]).astype(np.int64)
        ),
        shown=shown,
    )
    if held is not None:
        out.status[held & ~np.isnan(out.value)] = Status.REVISED_PENDING.value
    return {
        "value": [None if np.isnan(v) else v for v in out.value.tolist()],
        "low": [None if np.isnan(v) else v for v in out.low.tolist()],
        "high": [None if np.isnan(v) else v for v in out.high.tolist()],
        "n_band": out.n_band.tolist(),
        "status": out.status.tolist(),
        "basis": [basis] * len(value),
    }


def _stacked(found: Sequence[Rows]) -> Rows:
    """Tables one below the other; what is said once holds for all rows of its table."""
    rows: Rows = {name: [] for name in (*_KEY, *_SHOWN)}
    for each in found:
        count = len(each["unit"])
        for name, column in rows.items():
            column.extend([each[name]] * count if isinstance(each[name], str) else each[name])
    return rows


def _write_changed(store: PrivateStore, definition: Definition, rows: Rows, now: datetime, publication: int) -> int:
    """Write the rows that differ from what is published."""
    names = (*_KEY, *_SHOWN)
    before = set(
        store.connection.rows(
            f"SELECT {', '.join(names)} FROM {{open}}.indicator_values "
            "WHERE indicator = {id:String} AND version = {version:UInt16}",
            id=definition.id,
            version=definition.version,
        )
    )
    changed = [row for row in zip(*(rows[name] for name in names), strict=True) if row not in before]
    if not changed:
        return 0
    n = len(changed)
    table = pa.table(dict(zip(names, map(list, zip(*changed, strict=True)), strict=True))) if n else None
    assert table is not None
    constants = {
        "indicator": pa.array([definition.id] * n),
        "version": pa.array([definition.version] * n, pa.uint16()),
        "unit_of_measure": pa.array([definition.display.unit_of_measure] * n),
        "published_at": pa.array([int(now.timestamp())] * n, pa.timestamp("s", "UTC")),
        "publication": pa.array([publication] * n, pa.uint64()),
    }
    for name, column in constants.items():
        table = table.append_column(name, column)
    for name in ("value", "low", "high"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(pa.float64()))
    store.connection.insert_arrow("{open}.published_values", table)
    return n


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
                *(
                    d.question.sv,
                    d.question.nb,
                    d.question.en,
                    d.direction,
                    d.protects.value,
                    d.window_weeks,
                    publication,
                ),
            ]
            for d in definitions
        ],
    )
