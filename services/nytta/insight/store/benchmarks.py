"""Figures for and from other organisations: published rows out, taken-over rows in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from nytta.indicators.definition import Definition, Kind
from nytta.insight.benefits.benchmark import Benchmark, Figure, Meaning, fingerprint
from nytta.storage.client import Connection


def export(
    connection: Connection,
    organisation: str,
    definitions: Sequence[Definition],
    *,
    units: bool,
    case_types: bool,
) -> Benchmark:
    """The latest published shares of an organisation, of the whole or of all its units, with their definitions."""
    figure_rows = _rows(connection, shares(definitions), organisation, case_types=case_types)
    figure_rows = [
        figure_row for figure_row in figure_rows if units or figure_row["unit"] == organisation
    ]
    used = {figure_row["indicator"] for figure_row in figure_rows}
    about = connection.rows(
        # by the last of its names: figures are handed out as of today
        "SELECT name_en, country FROM {open}.units WHERE unit = {unit:String} ORDER BY valid_to DESC LIMIT 1",
        unit=organisation,
    )
    return Benchmark(
        organisation=organisation,
        name=about[0][0] if about else organisation,
        country=about[0][1] if about else "",
        definitions={
            definition.id: Meaning(version=definition.version, digest=fingerprint(definition))
            for definition in definitions
            if definition.id in used
        },
        figures=tuple(
            Figure(
                unit_name=figure_row["name"],
                **{
                    field: figure_row[field]
                    for field in Figure.model_fields
                    if field in figure_row and field != "unit_name"
                },
            )
            for figure_row in figure_rows
        ),
    )


def save(connection: Connection, benchmark: Benchmark) -> None:
    """Keep the figures of another organisation; those it handed out before are not read any more."""
    publication = int(connection.value("SELECT max(publication) + 1 FROM {open}.benchmarks"))
    columns = [column_name for column_name in Figure.model_fields if column_name != "organisation"]
    connection.insert(
        "{open}.benchmarks",
        ["organisation", *columns, "version", "publication"],
        [
            [
                benchmark.organisation,
                *(getattr(figure, column_name) for column_name in columns),
                benchmark.definitions[figure.indicator].version,
                publication,
            ]
            for figure in benchmark.figures
        ],
    )


def shares(definitions: Iterable[Definition]) -> dict[str, int]:
    """The versions of the indicators that can be compared."""
    return {
        definition.id: definition.version
        for definition in definitions
        if definition.kind is Kind.SHARE
    }


def compared(
    connection: Connection,
    versions: Mapping[str, int],
    *,
    case_types: bool = False,
    until: date | None = None,
) -> list[dict[str, Any]]:
    """Own and taken-over shares on the same definition (version by indicator), organisation by organisation.

    Own ones of the latest closed window, or of the latest that ended by the week `until`.
    """
    own_rows = _rows(connection, versions, "", case_types=case_types, until=until)
    other_rows = connection.dicts(
        """SELECT organisation, unit, unit_name AS name, type, system, case_type, indicator, period, value, low, high,
                  n_band
           FROM {open}.benchmarks
           WHERE has({wanted:Array(String)}, concat(indicator, '/', toString(version)))
             AND (case_type = '*' OR {case_types:Bool})
             AND (organisation, publication) IN (SELECT organisation, max(publication) FROM {open}.benchmarks
                                                 GROUP BY organisation)
           ORDER BY organisation, indicator, system, unit, case_type""",
        wanted=_keys(versions),
        case_types=case_types,
    )
    return own_rows + other_rows


def peers(
    connection: Connection,
    versions: Mapping[str, int],
    organisation: str,
    roots: Collection[str],
    until: date,
) -> list[dict[str, Any]]:
    """What an organisation is compared with: its own places, other `roots` as wholes, all that came from others."""
    figure_rows = compared(connection, versions, until=until) if versions else []
    other_roots = set(roots) - {organisation}
    return [
        figure_row
        for figure_row in figure_rows
        if figure_row["organisation"] not in other_roots
        or figure_row["unit"] == figure_row["organisation"]
    ]


def organisations(connection: Connection) -> list[str]:
    """Ids of the organisations of this installation."""
    return [
        root for (root,) in connection.rows("SELECT DISTINCT root FROM {open}.units ORDER BY root")
    ]


def _rows(
    connection: Connection,
    versions: Mapping[str, int],
    organisation: str,
    *,
    case_types: bool,
    until: date | None = None,
) -> list[dict[str, Any]]:
    """Published shares of the latest closed window. A reporting group is of its siblings' type, for it stands for them.

    A unit without a type has its depth below the organisation instead.
    """
    return connection.dicts(
        """SELECT v.organisation AS organisation, v.unit AS unit, u.name_en AS name,
                  multiIf(u.type = 'reporting-group', beside.type, u.type = '', concat('#', toString(u.depth)), u.type)
                      AS type, v.system AS system,
                  v.case_type AS case_type, v.indicator AS indicator, v.version AS version, v.period AS period,
                  v.value AS value, v.low AS low, v.high AS high, v.n_band AS n_band
           FROM {open}.indicator_values AS v
           LEFT JOIN {open}.unit_names AS u ON u.unit = v.unit
           LEFT JOIN (SELECT parent, argMax(type, depth) AS type FROM {open}.unit_names
                      WHERE type != 'reporting-group' GROUP BY parent) AS beside ON beside.parent = u.parent
           WHERE v.grain = 'window' AND v.part = '' AND v.value IS NOT NULL
             AND has({wanted:Array(String)}, concat(v.indicator, '/', toString(v.version)))
             AND v.indicator IN {indicators:Array(String)}
             AND (v.indicator, v.version, v.system, v.organisation, v.period) IN (
                 SELECT indicator, version, system, organisation, max(period) FROM {open}.published_values
                 WHERE grain = 'window' AND period <= {until:Date} AND indicator IN {indicators:Array(String)}
                 GROUP BY organisation, indicator, version, system)
             AND (v.organisation = {organisation:String} OR {organisation:String} = '')
             AND (v.case_type = '*' OR {case_types:Bool})
           ORDER BY organisation, indicator, system, unit, case_type""",
        organisation=organisation,
        case_types=case_types,
        until=until or date(2149, 1, 1),
        wanted=_keys(versions),
        indicators=[*versions],
    )


def _keys(versions: Mapping[str, int]) -> list[str]:
    """Indicators with their versions, as they stand in one text."""
    return [f"{indicator}/{version}" for indicator, version in versions.items()]
