"""ServiceNow: incidents by the Table API as they stand; counters say how often one was passed on and reopened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from nytta.ingest.pull.ask import Ask, ForbiddenError
from nytta.ingest.pull.keyset import (
    OVERLAP_SECONDS,
    Fetched,
    changed_time,
    pages,
    reached,
    text,
    whole,
)
from nytta.ingest.pull.source import Finding, Findings, Page, Place, SourceSettings

_FORM = "%Y-%m-%d %H:%M:%S"  # texts in UTC
_BEGINNING = "1970-01-01 00:00:00"
_TABLE = "api/now/table/"


class ServiceNowSettings(SourceSettings):
    """`table` is the table of tickets, `query` narrows it in ServiceNow's own words, such as `company=…`."""

    table: str = Field(default="incident", pattern="^[a-z][a-z0-9_]*$")
    query: str = Field(default="", pattern=r"^[^\^]*(\^[^\^]+)*$")
    page: int = Field(default=1000, ge=1, le=10_000)


class ServiceNow:
    """One table of tickets."""

    mappings: ClassVar = ("servicenow",)
    fetched: ClassVar = (
        *(
            "sys_id",
            "sys_updated_on",
            "sys_mod_count",
            "opened_at",
            "resolved_at",
            "reopened_time",
            "state",
        ),
        *(
            "contact_type",
            "category",
            "assignment_group",
            "opened_by",
            "resolved_by",
            "reassignment_count",
        ),
        *("reopen_count", "caller_id.department"),
    )
    not_fetched: ClassVar = (
        *(
            "caller_id",
            "number",
            "short_description",
            "description",
            "comments",
            "work_notes",
            "watch_list",
        ),
        *("attachments", "location", "cmdb_ci"),
    )

    def __init__(self, settings: ServiceNowSettings) -> None:
        self._settings = settings

    def pull(self, ask: Ask, cursor: str) -> Iterator[Page]:
        """Incidents changed since `cursor`, a time of the source's clock."""
        since = _moment(cursor or _BEGINNING) - timedelta(seconds=OVERLAP_SECONDS if cursor else 0)
        place = Place(since.strftime(_FORM))

        def fetch(place: Place) -> Fetched:
            updated_since = f"sys_updated_on>={place.since}"
            if place.after:
                updated_since = f"sys_updated_on={place.since}^sys_id>{place.after}^NQsys_updated_on>{place.since}"
            return self._fetched(ask, updated_since, "sys_updated_on", self.fetched)

        for table_rows, next_place in pages(
            fetch, place, _changed, lambda table_row: text(table_row, "sys_id")
        ):
            cursor = reached(table_rows, _changed, cursor, ask.source_time.strftime(_FORM))
            yield Page({"servicenow": table_rows}, cursor, next_place.hidden)

    def listing(self, ask: Ask) -> Iterator[Sequence[dict[str, Any]]]:
        """The ids of all incidents."""

        def fetch(place: Place) -> Fetched:
            return self._fetched(
                ask, f"sys_id>{place.after}" if place.after else "", "", ("sys_id",)
            )

        for table_rows, place in pages(
            fetch, Place(""), lambda _: "", lambda table_row: text(table_row, "sys_id")
        ):
            if place.hidden:
                raise ForbiddenError(
                    f"{place.hidden} rows are counted and not shown: nothing can be called deleted"
                )
            yield table_rows

    def _fetched(
        self, ask: Ask, condition: str, order_field: str, fields: Sequence[str]
    ) -> Fetched:
        own_query = self._settings.query
        # a condition of the settings holds on either side of NQ, which begins a query of its own
        narrowed = "^NQ".join(
            "^".join(filter(None, (own_query, part))) for part in condition.split("^NQ")
        )
        orders = [f"ORDERBY{name}" for name in (order_field, "sys_id") if name]
        params = {
            "sysparm_query": "^".join(filter(None, (narrowed, *orders))),
            "sysparm_fields": ",".join(fields),
            "sysparm_limit": str(self._settings.page),
            "sysparm_exclude_reference_link": "true",
            "sysparm_display_value": "false",
        }
        response = ask.get(_TABLE + self._settings.table, params, whole)
        total = response.headers.get("x-total-count", "")
        table_rows = response.body["result"]
        if isinstance(table_rows, list):
            table_rows = [_plain(table_row) for table_row in table_rows]
        return Fetched(table_rows, int(total) if total.isdecimal() else None)

    def probe(self, ask: Ask, current_time: datetime) -> Findings:
        """Whether incidents and their history can be read."""
        findings, clock_ahead = [], None
        for table, dark in (
            (self._settings.table, ()),
            ("sys_audit", ("activities", "teams", "lines", "units")),
        ):
            try:
                response = ask.get(
                    _TABLE + table, {"sysparm_limit": "1", "sysparm_fields": "sys_id"}
                )
            except ForbiddenError as error:
                findings.append(Finding(table, False, str(error), dark))
                continue
            clock_ahead = (
                (response.clock - current_time).total_seconds() if response.clock else clock_ahead
            )
            table_rows = response.body["result"]
            findings.append(Finding(table, bool(table_rows), "" if table_rows else "no row", dark))
        return Findings(tuple(findings), clock_ahead)


def _plain(table_row: Any) -> Any:
    """A row whose references are ids, though they come with a link or a name where an instance does not leave these."""
    if not isinstance(table_row, dict):
        return table_row
    return {
        name: value.get("value", "") if isinstance(value, dict) else value
        for name, value in table_row.items()
    }


def _changed(table_row: dict[str, Any]) -> str:
    return changed_time(table_row, "sys_updated_on", _moment)


def _moment(time: str) -> datetime:
    return datetime.strptime(time, _FORM)
