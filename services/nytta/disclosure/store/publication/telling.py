"""Which systems can tell what an indicator counts: of others nothing is said, where zero would be read as nobody."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from nytta.disclosure.store.publication.course import Publication
from nytta.disclosure.store.publication.periods import of_indicators
from nytta.indicators.definition import Definition
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.quality import systems_of_access


def occurring_systems(
    store: PrivateStore, definitions: Sequence[Definition]
) -> dict[str, frozenset[str]]:
    """The systems in which what an indicator counts occurred at all, of those that must occur, by indicator.

    Access occurred where a source tells of it: everybody counts as entitled of whom none does.
    """
    access = [definition.id for definition in definitions if definition.tells_of_access]
    occurring = dict.fromkeys(access, systems_of_access(store.connection)) if access else {}
    versions = {
        definition.id: definition.version for definition in definitions if definition.must_occur
    }
    if not versions:
        return occurring
    rows = store.connection.rows(
        """SELECT indicator, version, groupUniqArray(system) FROM {private}.cells FINAL
           WHERE indicator IN {ids:Array(String)} AND numerator > 0 GROUP BY indicator, version""",
        ids=sorted(versions),
    )
    counting = {
        id_: frozenset(systems) for id_, version, systems in rows if version == versions[id_]
    }
    return occurring | {id_: counting.get(id_, frozenset()) for id_ in versions}


def telling_systems(
    publication: Publication, definitions: Sequence[Definition], rows: pa.Table
) -> dict[str, set[str]]:
    """Systems of which sources can tell what is counted, or of which it was shown before, by indicator.

    Of an indicator that is not there, all systems. The ledger is asked only for systems of `rows` that do not tell.
    """
    known: dict[str, set[str]] = {}
    silent: list[tuple[str, str]] = []
    for definition in definitions:
        if definition.tells_of_use or definition.tells_of_access or definition.must_occur:
            systems_that_tell = (
                publication.using
                if definition.tells_of_use
                else publication.occurring[definition.id]
            )
            known[definition.id] = {*systems_that_tell}
            systems = (
                rows.filter(pc.equal(rows["indicator"], definition.id))["system"]
                .unique()
                .to_pylist()
            )
            silent += [
                (definition.id, system) for system in systems if system not in known[definition.id]
            ]
    for indicator, system in _shown_before(publication.store, definitions, silent):
        known[indicator].add(system)
    return known


def _shown_before(
    store: PrivateStore, definitions: Sequence[Definition], silent: Sequence[tuple[str, str]]
) -> Sequence[tuple[str, str]]:
    """Those of pairs of indicator and system of which something is shown."""
    candidates = silent
    # most were never shown, which rows that were not merged tell for a tenth of the cost
    for ledger in ("disclosed", "disclosed FINAL"):
        if not candidates:
            return ()
        rows = store.connection.rows(
            f"""SELECT DISTINCT indicator, system FROM {{private}}.{ledger}
                WHERE shown AND {of_indicators(definitions)}
                  AND (indicator, system) IN {{pairs:Array(Tuple(String, String))}}""",
            pairs=candidates,
        )
        candidates = [(str(indicator), str(system)) for indicator, system in rows]
    return candidates
