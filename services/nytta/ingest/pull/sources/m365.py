"""Microsoft 365: who used what on which day, from the usage reports of Microsoft Graph, day by day.

A report of a day comes about two days later and is completed for some days more, so each day is asked for again. A
later report that says less takes nothing back: Microsoft leaves deleted users out of days on which they worked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from nytta.ingest.pull.ask import Ask, ConcealedError, ForbiddenError, GoneError, ListPage
from nytta.ingest.pull.reports import (
    CONCEALED,
    PRODUCTS,
    TEAMS,
    acts_in_teams,
    read_report,
    used_products,
)
from nytta.ingest.pull.source import Finding, Findings, Page, SourceSettings

_KEPT_DAYS: Final = 28
"""Days back for which Graph has reports."""
_DAY: Final = timedelta(days=1)
_REPORTS: Final = {
    "teams": ("getTeamsUserActivityUserDetail", acts_in_teams),
    "products": ("getOffice365ActiveUserDetail", used_products),
}


class M365Settings(SourceSettings):
    """`report` is `teams` (what was done in Teams) or `products` (which product was used); `beta` of Graph has JSON.

    The last `restated` days are asked for again in each round.
    """

    report: Literal["teams", "products"] = "teams"
    version: Literal["v1.0", "beta"] = "v1.0"
    restated: int = Field(default=10, ge=0, le=_KEPT_DAYS)


class M365:
    """One report of one tenant."""

    mappings: ClassVar = ("m365",)
    fetched: ClassVar = ("userPrincipalName", "reportRefreshDate", *TEAMS, *PRODUCTS.values())
    not_fetched: ClassVar = ("texts", "participants", "files", "addresses", "devices")

    def __init__(self, settings: M365Settings) -> None:
        self._version, self._restated = settings.version, settings.restated
        self._report, self._acts = _REPORTS[settings.report]

    def pull(self, ask: Ask, cursor: str) -> Iterator[Page]:
        """The days after `cursor`, the latest of which there was a report, then those before it that may change.

        In this order, for Graph gives out few reports in ten minutes: those that are new must not wait for others.
        """
        if self._conceals(ask):
            raise ConcealedError(CONCEALED)
        today = ask.clock().date()
        known = min(
            date.fromisoformat(cursor) if cursor else date.min + _KEPT_DAYS * _DAY, today - _DAY
        )
        oldest = today - _KEPT_DAYS * _DAY
        new_days = _days(max(oldest, known + _DAY), today)
        changed_days = reversed(_days(max(oldest, known - self._restated * _DAY), known + _DAY))
        for day in (*new_days, *changed_days):
            daily_acts, refreshed = self._acts_on(ask, day)
            # an earlier day's report is all there is yet; of a day off there may be no row
            if refreshed >= day:
                cursor = max(cursor, day.isoformat())
                yield Page({"m365": daily_acts}, cursor)

    def _acts_on(self, ask: Ask, day: date) -> tuple[list[dict[str, Any]], date]:
        """What was done on a day, and the day up to which its report goes."""
        link = f"{self._version}/reports/{self._report}(date={day})"
        params = {"$format": "application/json"} if self._version == "beta" else None
        acts: list[dict[str, Any]] = []
        refreshed = date.min
        try:
            for report in ask.linked(
                link, params, read_report, lambda report: ListPage(report.next_link, report.rows)
            ):
                if report.is_concealed:
                    raise ConcealedError(CONCEALED)
                acts += [act for row in report.rows for act in self._acts(row, day)]
                refreshed = max(refreshed, report.refreshed)
        except GoneError:  # it is not out yet
            return [], date.min
        return acts, refreshed

    def listing(self, ask: Ask) -> None:
        """Nothing: reports keep 28 days, and what they have no more has happened all the same."""

    def _conceals(self, ask: Ask) -> bool:
        try:
            return bool(
                ask.get(f"{self._version}/admin/reportSettings").body.get("displayConcealedNames")
            )
        except (ForbiddenError, GoneError):  # the names in a report tell it too
            return False

    def probe(self, ask: Ask, current_time: datetime) -> Findings:
        """Whether reports can be read, and whether they name persons."""
        dark = ("active", "weeks_active")
        try:
            self._acts_on(ask, current_time.date() - 3 * _DAY)
            fine, description = (not self._conceals(ask)), ""
        except (ForbiddenError, ConcealedError) as error:
            fine, description = False, str(error)
        return Findings(
            (
                Finding(
                    "reports of persons",
                    fine,
                    description or ("" if fine else CONCEALED),
                    dark,
                    "person",
                ),
            )
        )


def _days(first: date, end: date) -> list[date]:
    """The days from the first one on, before the end."""
    return [first + number * _DAY for number in range((end - first).days)]
