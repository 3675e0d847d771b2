"""What leaves an installation at the edge: published figures, and nothing else.

Where no impact assessment allows more, the private zone stands inside the source's own security zone and only this goes
on. It is read from the open zone's one table of figures; every field is named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nytta.storage.client import Connection

FIELDS = (
    *(
        "organisation",
        "unit",
        "system",
        "case_type",
        "part",
        "indicator",
        "version",
        "grain",
        "period",
    ),
    *("value", "low", "high", "n_band", "status", "reason", "unit_of_measure"),
)
"""Every word about a figure that leaves; counts, numerators and denominators are not among them."""

TYPE = "nytta.value.published.v1"


def published(
    connection: Connection, source: str, last_publication: int = 0
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(publication, CloudEvent) of each figure published after the publication `last_publication`, in order.

    The same figure always has the same id, so that sending it again changes nothing.
    """
    figure_rows = connection.dicts(
        f"""SELECT {", ".join(FIELDS)}, publication, published_at FROM {{open}}.published_values FINAL
            WHERE publication > {{after:UInt64}}
            ORDER BY publication, indicator, version, grain, system, unit, case_type, part, period""",
        after=last_publication,
    )
    for figure_row in figure_rows:
        event_data = {field_name: figure_row[field_name] for field_name in FIELDS}
        event_data["period"] = figure_row["period"].isoformat()
        place_key = "|".join(str(event_data[field_name]) for field_name in FIELDS[:9])
        yield (
            figure_row["publication"],
            {
                "specversion": "1.0",
                "type": TYPE,
                "source": source,
                "id": f"{figure_row['publication']}|{place_key}",
                "time": figure_row["published_at"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "data": event_data,
            },
        )
