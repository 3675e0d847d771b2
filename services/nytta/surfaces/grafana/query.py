"""What panels ask: the ClickHouse data source's query, which the SDK does not have, and Prometheus's."""

from __future__ import annotations

from typing import Any, Final

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

CLICKHOUSE: Final = "grafana-clickhouse-datasource"
PLUGIN: Final = "4.20.0"
"""The version of the data source whose format of queries is written."""
GRAFANA: Final = (11, 6)
"""The oldest Grafana that this version of the data source runs in."""

TIME_SERIES, TABLE = 0, 1
STORE = DataSourceRef(CLICKHOUSE, "${datasource}")
METRICS = DataSourceRef("prometheus", "${prometheus}")


class ClickHouseQuery(variants.Dataquery, builder.Builder[variants.Dataquery]):
    """One SQL query of a panel. `series`: first column `time`, then text columns, then one number."""

    def __init__(self, sql: str, *, series: bool = False, ref_id: str = "A") -> None:
        self.sql = sql
        self.series = series
        self.ref_id = ref_id
        self.hide: bool | None = None  # a panel looks for it

    def build(self) -> variants.Dataquery:
        """The query is its own builder."""
        return self

    def to_json(self) -> dict[str, Any]:
        """What the data source reads. Without `format` it would take a table for a series."""
        return {
            "refId": self.ref_id,
            "datasource": STORE.to_json(),
            "editorType": "sql",
            "pluginVersion": PLUGIN,
            "rawSql": self.sql,
            "format": TIME_SERIES if self.series else TABLE,
            "queryType": "timeseries" if self.series else "table",
        }


def promql(
    expr: str, legend: str = "", *, is_instant: bool = False, rows: bool = False, ref_id: str = "A"
) -> prometheus.Dataquery:
    """One query to Prometheus: a range, or with `is_instant` the values now; `rows` has a table of labels in place of
    series."""
    query = (
        prometheus.Dataquery().expr(expr).ref_id(ref_id).legend_format(legend).datasource(METRICS)
    )
    if rows:
        query.format(PromQueryFormat.TABLE)
    return query.instant() if is_instant else query.range()
