"""The ledger (`disclosed`): which records each shown figure was computed from, and whether it stands as it was told."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from nytta.disclosure.gate import Bools
from nytta.disclosure.store.publication.columns import bools, equal, ints, texts, with_constants
from nytta.disclosure.store.publication.course import INPUTS, KEY_SUMS, PLACE, Publication
from nytta.indicators.definition import Definition, Kind, Protects

_LATE = 3
"""Fewest cases that came late, or changed, for a figure to be told anew: each new figure of nearly the same cases would
be a further hint."""


def nearly_stands(definition: Definition, rows: pa.Table) -> Bools:
    """Whether what was told of cases stands although a few of them changed, under the same rules and still enough.

    Never of staff: whoever is excluded counts no more. Medians have no noise that could be averaged.
    """
    counts_cases = definition.protects in (Protects.CITIZEN, Protects.HANDLING)
    may_stand = counts_cases and definition.kind is not Kind.MEDIAN
    changes = [np.abs(ints(rows, name) - ints(rows, f"was_{name}")) for name in INPUTS[:3]]
    has_few_changes = np.logical_and.reduce([change < _LATE for change in changes])
    is_shown = bools(rows, "live") & bools(rows, "shown") & rows["value"].is_valid().to_numpy()
    has_same_rules = texts(rows, "rules") == texts(rows, "was_rules")
    return np.asarray(may_stand & is_shown & has_few_changes & has_same_rules)


def stands_as_told(publication: Publication, definition: Definition, rows: pa.Table) -> Bools:
    """Whether each row was shown of the same records.

    Figures that were published before record keys were kept, and those of persons whose keys changed since, stand
    where their counts are equal; of slow ones, which were told of other periods then, all that were published so.
    """
    has_same_inputs = np.logical_and.reduce([equal(rows, name) for name in INPUTS])
    has_same_counts = np.logical_and.reduce([equal(rows, name) for name in INPUTS[:3]])
    has_same_sets = np.logical_and.reduce([equal(rows, name) for name in KEY_SUMS])
    live = bools(rows, "live")
    # without rules: told before record keys were kept
    is_old = texts(rows, "was_rules") == ""
    old_stands = (live & has_same_counts) | (definition.pace == "month")
    has_new_keys = publication.renamed and definition.protects is Protects.STAFF
    stands = live & has_same_inputs & (has_same_sets | has_new_keys)
    return np.asarray(np.where(is_old, old_stands, stands))


def keep(
    publication: Publication, rows: pa.Table, shown_column: str, reason: str, rules: str
) -> None:
    """Keep in the ledger what the rows were computed from, and what these columns say: shown, or why not."""
    if not len(rows):
        return
    table = rows.select([*PLACE, "organisation", *INPUTS, *KEY_SUMS])
    for name, column in (("shown", shown_column), ("reason", reason), ("rules", rules)):
        table = table.append_column(name, rows[column])
    constants = {"publication": pa.scalar(publication.number, pa.uint64())}
    publication.store.connection.insert_arrow(
        "{private}.disclosed", with_constants(table, constants)
    )
