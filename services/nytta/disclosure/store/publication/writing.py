"""What a publication writes into the open zone: figures that differ, closed periods, and what indicators mean."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from nytta.disclosure.store.publication.columns import with_constants
from nytta.disclosure.store.publication.course import FIGURES, PLACE, Publication
from nytta.indicators.definition import Definition
from nytta.ingest.store.private import PrivateStore


def _literal(part: object) -> str:
    return str(part) if isinstance(part, int) else f"'{part}'"


def write_definitions(
    store: PrivateStore, definitions: Sequence[Definition], publication: int
) -> None:
    """What each indicator means, for those who read the open zone."""
    store.connection.insert(
        "{open}.definitions",
        [
            *("indicator", "version", "code", "kind", "title_sv", "title_nb", "title_en"),
            *(
                "question_sv",
                "question_nb",
                "question_en",
                "direction",
                "protects",
                "window_weeks",
                "loaded",
            ),
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


def write(publication: Publication, figures: pa.Table) -> int:
    """Write the figures that differ from what is published; how many they are."""
    if not len(figures):
        return 0
    names = [*PLACE, *FIGURES]
    table = figures.select([*names, "rules", "organisation", "unit_of_measure"])
    periods = table.select(["indicator", "version", "period"]).group_by(
        ["indicator", "version", "period"]
    )
    about = [
        ", ".join(_literal(part) for part in row.values())
        for row in periods.aggregate([]).to_pylist()
    ]
    published_rows = set(
        publication.store.connection.rows(
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
        "published_at": pa.scalar(int(publication.now.timestamp()), pa.timestamp("s", "UTC")),
        "publication": pa.scalar(publication.number, pa.uint64()),
    }
    public_roots = [
        root for root, closing in publication.closings.items() if closing.organisation.public_data
    ]
    basis = pc.if_else(
        pc.is_in(table["organisation"], pa.array(public_roots, pa.string())), "public_data", ""
    )
    if len(table):
        table = with_constants(table, constants).append_column("basis", basis)
        publication.store.connection.insert_arrow("{open}.published_values", table)
    return len(table)


def close(publication: Publication, rows: pa.Table) -> None:
    """Say which periods are closed, so that a unit without a figure reads as one with too few."""
    place = ["organisation", "indicator", "version", "system", "grain", "period"]
    closed = rows.select(place).group_by(place).aggregate([])
    constants = {"publication": pa.scalar(publication.number, pa.uint64())}
    if len(closed):
        publication.store.connection.insert_arrow(
            "{open}.closed_periods", with_constants(closed, constants)
        )
