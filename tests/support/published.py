"""Published rows as the open zone would answer them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from nytta.insight.store.published_rows import COLUMNS, Place, PublishedRows

PLACE = ("indicator", "grain", "unit", "system", "period")
_DEFAULTS: dict[str, Any] = {"version": 1, "value": None, "low": None, "high": None}
_DEFAULTS |= {"n_band": "", "status": "ok", "reason": ""}
_TYPES = {"version": pa.uint16(), "value": pa.float64(), "low": pa.float64(), "high": pa.float64()}


def published_rows(rows: Mapping[Place, Mapping[str, Any]]) -> PublishedRows:
    """Rows by place; what a row does not say is as if it were not shown."""
    return PublishedRows(published_table(rows))


def published_table(rows: Mapping[Place, Mapping[str, Any]]) -> pa.Table:
    """The same as the open zone answers them."""
    ordered = sorted(rows, key=lambda place: (*place[:2], place[3], place[2], place[4]))
    whole: list[dict[str, Any]] = [
        {**dict(zip(PLACE, place, strict=True)), **_DEFAULTS, **rows[place]} for place in ordered
    ]
    columns = {
        name: pa.array([row[name] for row in whole], _TYPES.get(name, pa.string()))
        for name in COLUMNS
        if name != "period"
    }
    days = [(place[4] - date(1970, 1, 1)).days for place in ordered]
    return pa.table(columns | {"period": pa.array(days, pa.uint16())})
