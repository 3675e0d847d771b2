"""The one function that writes figures into the open zone: closed periods, through the gate.

The ledger (`disclosed`) keeps which records each shown figure was computed from. While these stand, so does what was
published; any other set of records is told anew. What cannot be shown is written where a figure was shown before, or
where its reason says that enough stand behind it; all else reads as too few, be there none or a few.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from nytta.disclosure.rules import few_of
from nytta.disclosure.store.publication import writing
from nytta.disclosure.store.publication.columns import appended, bools, texts
from nytta.disclosure.store.publication.course import (
    ComputedPeriods,
    Publication,
    Secret,
    closing_of,
    is_due,
)
from nytta.disclosure.store.publication.due import (
    batches,
    computed_cells,
    computed_periods,
    due_definitions,
)
from nytta.disclosure.store.publication.exact_rows import exact_rows
from nytta.disclosure.store.publication.figures import figures_of
from nytta.disclosure.store.publication.ledger import keep, nearly_stands, stands_as_told
from nytta.disclosure.store.publication.telling import occurring_systems, telling_systems
from nytta.indicators.definition import Definition
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import systems_in_use, unclear_systems
from nytta.registry.registry import Registry


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
    closings = {
        organisation.id: closing_of(counters, organisation, secret, current_time)
        for organisation in registry.organisations
    }
    if not is_due(counters, closings.values(), unclear):
        return 0
    version, renamed = counters["version"], counters["renamed"]
    using = systems_in_use(store.connection)
    occurring = occurring_systems(store, definitions)
    occurring_number = sum(map(len, occurring.values()))
    # what waited for a source to become clear, or to tell of use, may rest on cells of any round: all is read again
    was_waiting = (
        counters["unclear"] > counters["clear"]
        or len(using) > counters["systems in use"]
        or occurring_number > counters["systems that tell"]
    )
    # from the month before the first event on: its first weeks may begin in it
    first_period = store.data_span()[0].replace(day=1) - timedelta(days=31)
    publication = Publication(
        store=store,
        registry=registry,
        closings=closings,
        first=first_period,
        version=0 if was_waiting else counters["published_version"],
        renamed=renamed > counters["renamed_published"],
        unclear=unclear,
        using=using,
        occurring=occurring,
        now=current_time,
        number=counters["publication"] + 1,
    )
    cells = computed_cells(publication)
    definitions_due = due_definitions(publication, definitions, cells) if closings else []
    computed = computed_periods(definitions_due, cells)
    changed = 0
    for batch in batches(publication, definitions_due, computed):
        changed += _publish_batch(publication, batch, computed)
    writing.write_definitions(store, definitions, publication.number)
    # counters last: a publication that is broken off is done again from where the last one ended
    store.raise_counters(
        {closing.counter: closing.weeks_end for closing in closings.values()}
        | {
            "published_version": version,
            "renamed_published": renamed,
            "unclear" if unclear else "clear": publication.number,
            "systems in use": len(using),
            "systems that tell": occurring_number,
            "publication": publication.number,
        }
    )
    return changed


def _publish_batch(
    publication: Publication, definitions: Sequence[Definition], computed: ComputedPeriods
) -> int:
    """Publish what changed of indicators, and what closed since; how many rows changed."""
    rows = exact_rows(publication, definitions, computed)
    if not len(rows):
        return 0
    writing.close(publication, rows.filter(pa.array(bools(rows, "live"))))
    known = telling_systems(publication, definitions, rows)
    renewed, standing = [], []
    for definition in definitions:
        of_indicator = rows.filter(pc.equal(rows["indicator"], definition.id))
        # what was shown of the same records stands as it was told: a second drawing would tell more than one
        stands = bools(of_indicator, "shown") & stands_as_told(
            publication, definition, of_indicator
        )
        renewed.append(
            _renewed(
                publication,
                definition,
                of_indicator.filter(pa.array(~stands)),
                known.get(definition.id),
            )
        )
        standing.append(of_indicator.filter(pa.array(stands)))
    figures = pa.concat_tables(renewed)
    changed = writing.write(publication, figures)
    keep(
        publication,
        figures.append_column("seen", figures["value"].is_valid()),
        "seen",
        "kept_reason",
        "rules",
    )
    if publication.renamed:
        keep(publication, pa.concat_tables(standing), "shown", "was_reason", "was_rules")
    return changed


def _renewed(
    publication: Publication, definition: Definition, rows: pa.Table, known: Collection[str] | None
) -> pa.Table:
    """What is told anew of an indicator, with the reason that is kept of it (`kept_reason`)."""
    figures = figures_of(publication, definition, rows, known)
    figures = figures.filter(pa.array(~nearly_stands(definition, figures)))
    is_few = texts(figures, "reason") == few_of(definition.protects).value
    was_kept = bools(figures, "shown") | (texts(figures, "was_reason") != "")
    # too few is what a place without a row reads as: it is kept only where it replaces something else
    kept_reason = pc.if_else(pa.array(is_few), "", figures["reason"])
    measure = pa.repeat(pa.scalar(definition.display.unit_of_measure), len(figures))
    figures = appended(figures, {"kept_reason": kept_reason, "unit_of_measure": measure})
    return figures.filter(pa.array(was_kept | ~is_few))
