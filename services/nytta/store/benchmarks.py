"""Figures for and from other organisations: published rows out, taken-over rows in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nytta.benefits.benchmark import Benchmark, Figure, Meaning, fingerprint
from nytta.indicators.definition import Definition, Kind
from nytta.store.client import Connection


def export(
    connection: Connection, organisation: str, definitions: Sequence[Definition], *, units: bool, case_types: bool
) -> Benchmark:
    """The latest published shares of an organisation, of the whole or of all its units, with their definitions."""
    rows = _rows(connection, definitions, organisation, case_types=case_types)
    rows = [row for row in rows if units or row["unit"] == organisation]
    used = {row["indicator"] for row in rows}
    about = connection.rows(
        "SELECT name_en, country FROM {open}.units WHERE unit = {unit:String} ORDER BY valid_to DESC LIMIT 1",
        unit=organisation,
    )
    return Benchmark(
        organisation=organisation,
        name=about[0][0] if about else organisation,
        country=about[0][1] if about else "",
        definitions={d.id: Meaning(version=d.version, digest=fingerprint(d)) for d in definitions if d.id in used},
        figures=tuple(
            Figure(unit_name=row["name"], **{k: row[k] for k in Figure.model_fields if k in row and k != "unit_name"})
            for row in rows
        ),
    )


def save(connection: Connection, benchmark: Benchmark) -> None:
    """Keep the figures of another organisation; those it handed out before are not read any more."""
    number = int(connection.value("SELECT max(publication) + 1 FROM {open}.benchmarks"))
    columns = [name for name in Figure.model_fields if name != "organisation"]
    connection.insert(
        "{open}.benchmarks",
        ["organisation", *columns, "version", "publication"],
        [
            [
                benchmark.organisation,
                *(getattr(figure, name) for name in columns),
                benchmark.definitions[figure.indicator].version,
                number,
            ]
            for figure in benchmark.figures
        ],
    )


def compared(connection: Connection, definition: Definition, *, case_types: bool = False) -> list[dict[str, Any]]:
    """Own and taken-over figures of an indicator on the same definition, organisation by organisation."""
    own = _rows(connection, [definition], "", case_types=case_types)
    others = connection.dicts(
        """SELECT organisation, unit, unit_name AS name, type, system, case_type, indicator, period, value, low, high,
                  n_band
           FROM {open}.benchmarks
           WHERE indicator = {indicator:String} AND version = {version:UInt16}
             AND (case_type = '*' OR {case_types:Bool})
             AND (organisation, publication) IN (SELECT organisation, max(publication) FROM {open}.benchmarks
                                                 GROUP BY organisation)
           ORDER BY organisation, system, unit, case_type""",
        indicator=definition.id,
        version=definition.version,
        case_types=case_types,
    )
    return own + others


def organisations(connection: Connection) -> list[str]:
    """Ids of the organisations of this installation."""
    return [root for (root,) in connection.rows("SELECT DISTINCT root FROM {open}.units ORDER BY root")]


def _rows(
    connection: Connection, definitions: Sequence[Definition], organisation: str, *, case_types: bool
) -> list[dict[str, Any]]:
    """Published shares of the latest closed window."""
    wanted = {d.id: d.version for d in definitions if d.kind is Kind.SHARE}
    rows = connection.dicts(
        """SELECT v.organisation AS organisation, v.unit AS unit, u.name AS name, u.type AS type, v.system AS system,
                  v.case_type AS case_type, v.indicator AS indicator, v.version AS version, v.period AS period,
                  v.value AS value, v.low AS low, v.high AS high, v.n_band AS n_band
           FROM {open}.indicator_values AS v
           INNER JOIN (SELECT organisation, indicator, version, system, max(period) AS period
                       FROM {open}.indicator_values WHERE grain = 'window'
                       GROUP BY organisation, indicator, version, system) AS last
               ON last.organisation = v.organisation AND last.indicator = v.indicator AND last.version = v.version
                  AND last.system = v.system AND last.period = v.period
           LEFT JOIN (SELECT unit, argMax(name_en, valid_to) AS name, argMax(type, valid_to) AS type
                      FROM {open}.units GROUP BY unit) AS u ON u.unit = v.unit
           WHERE v.grain = 'window' AND v.part = '' AND v.value IS NOT NULL
             AND (v.organisation = {organisation:String} OR {organisation:String} = '')
             AND (v.case_type = '*' OR {case_types:Bool})
           ORDER BY organisation, indicator, system, unit, case_type""",
        organisation=organisation,
        case_types=case_types,
    )
    return [row for row in rows if wanted.get(row["indicator"]) == row["version"]]
