"""Events as people count them: each identity once, by the content that counts.

Raw rows are more than that: what a sender sent again, what a killed writer had stored already, contents that lost
against another, rows of imports that are not complete. Whoever tells how many events there are counts here.
"""

from __future__ import annotations

from typing import Final

from nytta.storage.client import Connection

EVENTS: Final = "uniqExact(identity)"
"""SQL of the number of events among raw rows; of rows of one source it is exact at any moment."""

EVENT: Final = "reinterpretAsUInt64(identity)"
"""SQL of `deliveries.event`, of an identity."""
CONTENT: Final = "toUInt32(content)"
"""SQL of `deliveries.content`, of a content: its lower half."""

COMMITTED: Final = (
    "(import = 0 OR import IN (SELECT import FROM {private}.imports FINAL WHERE state != 'open'))"
)
"""SQL condition on `import`: the stream, and committed imports, as the statement finds them."""
WINNERS: Final = (
    "ORDER BY snapshot DESC, revision DESC, content ASC, import ASC LIMIT 1 BY identity"
)
"""SQL that keeps, of raw events with a column `identity`, the content of each identity that counts."""
ROW: Final = "replaceRegexpOne(id, '\\\\.[a-z_]+$', '')"
"""SQL of the id of the row that an event was made of: without the word of a derived event."""


def visible(connection: Connection) -> str:
    """SQL condition on `import`: the stream, and committed imports."""
    committed = connection.rows(
        "SELECT import FROM {private}.imports FINAL WHERE state != 'open' ORDER BY import"
    )
    # 0 is of no import: what came by the stream
    numbers = ["0", *(str(number) for (number,) in committed)]
    return f"import IN ({', '.join(numbers)})"


def winning(connection: Connection) -> str:
    """SQL condition on raw events: their content counts and is not taken back, as far as a round has told.

    What came since the last round may stand against another content that is not known to have lost yet.
    """
    visible_rows = visible(connection)
    # with the snapshot: the same content may have lost in one list and win in a later one
    lost = f"SELECT identity, snapshot, content FROM {{private}}.superseded WHERE {visible_rows}"
    return f"{visible_rows} AND retracted = 0 AND (identity, snapshot, content) NOT IN ({lost})"
