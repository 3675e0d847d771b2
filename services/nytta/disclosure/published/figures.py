"""What the ledger has published, for those who repeat it beside a verdict or in a fact. Reads the open zone alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor
from statistics import fmean
from typing import Literal

from nytta.storage.client import Connection

Grain = Literal["week", "window"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A published figure, of the weeks that begin on `first` to `last`."""

    first: date
    last: date
    value: float
    low: float | None
    high: float | None
    n_band: str
    status: str


class PublishedFigures:
    """Figures of one organisation that are shown, of the definitions in force; weeks and windows up to `last`."""

    def __init__(
        self,
        connection: Connection,
        organisation: str,
        indicators: Sequence[str],
        first_day: date,
        last_day: date,
        *,
        case_types: bool = False,
    ) -> None:
        figure_rows = connection.rows(
            f"""SELECT v.indicator, v.grain, v.unit, v.system, v.case_type, v.period, v.value, v.low, v.high, v.n_band,
                       v.status, d.weeks
                FROM {{open}}.indicator_values AS v
                INNER JOIN (SELECT indicator, max(version) AS version, argMax(window_weeks, version) AS weeks
                            FROM {{open}}.definitions GROUP BY indicator) AS d
                    ON d.indicator = v.indicator AND d.version = v.version
                WHERE v.organisation = {{root:String}} AND v.indicator IN {{indicators:Array(String)}} AND v.part = ''
                  AND v.grain IN ('week', 'window') AND v.value IS NOT NULL
                  AND v.period >= {{first:Date}} AND v.period <= {{last:Date}}
                  {"" if case_types else "AND v.case_type = '*'"}""",
            root=organisation,
            indicators=list(indicators),
            first=first_day,
            last=last_day,
        )
        self.windows: dict[str, int] = {
            figure_row[0]: max(1, figure_row[11]) for figure_row in figure_rows
        }
        """Weeks of each indicator's window."""
        self._figures = {
            figure_row[:6]: Figure(
                figure_row[5] - timedelta(weeks=self._weeks(figure_row[0], figure_row[1]) - 1),
                figure_row[5],
                *figure_row[6:11],
            )
            for figure_row in figure_rows
        }

    def _weeks(self, indicator: str, grain: str) -> int:
        return self.windows.get(indicator, 1) if grain == "window" else 1

    def at(
        self,
        indicator: str,
        grain: Grain,
        unit: str,
        system: str,
        period: date,
        case_type: str = "*",
    ) -> Figure | None:
        """The figure of one period; None where none is shown."""
        return self._figures.get((indicator, grain, unit, system, case_type, period))

    def trailing(
        self,
        indicator: str,
        grain: Grain,
        unit: str,
        system: str,
        last_day: date,
        weeks: int,
        case_type: str = "*",
    ) -> list[Figure]:
        """Figures of periods that do not overlap, back from `last_day` and wholly within `weeks` weeks, latest
        first."""
        step = self._weeks(indicator, grain)
        return self.within(
            indicator, grain, unit, system, last_day, weeks, case_type, step_weeks=step
        )

    def within(
        self,
        indicator: str,
        grain: Grain,
        unit: str,
        system: str,
        last_day: date,
        weeks: int,
        case_type: str = "*",
        *,
        step_weeks: int = 1,
    ) -> list[Figure]:
        """Figures of periods wholly within the `weeks` weeks up to `last_day`, latest first; they may overlap."""
        step = self._weeks(indicator, grain)
        periods = [
            last_day - timedelta(weeks=offset) for offset in range(0, weeks - step + 1, step_weeks)
        ]
        candidates = (
            self.at(indicator, grain, unit, system, period, case_type) for period in periods
        )
        return [figure for figure in candidates if figure is not None]

    def places(self) -> Iterator[tuple[str, str, str, str]]:
        """Indicator, unit, system and case type of everything that is shown, each once."""
        yield from sorted({(key[0], *key[2:5]) for key in self._figures})


def middle(figures: Sequence[Figure]) -> Figure | None:
    """Of several figures the one with the middle value, the lower of two: itself published, with its own interval."""
    ordered = sorted(figures, key=lambda figure: (figure.value, figure.last))
    return ordered[(len(ordered) - 1) // 2] if ordered else None


HALF_YEAR, SETTLING = 26, 8
"""Weeks of use that hours rest on, and weeks after going live that count for nothing yet."""


def settled_share(
    figures: PublishedFigures,
    indicator: str,
    unit: str,
    system: str,
    case_type: str,
    week: date,
    go_live: date | None,
) -> int | None:
    """Use of the half year up to `week` in whole percent: the mean of its published windows, None where none is shown.

    Windows begin eight weeks after `go_live` at the earliest. Those that overlap count too: where some are hidden, they
    say most of what is known of the weeks between.
    """
    weeks = HALF_YEAR
    if go_live is not None:
        settled = go_live + timedelta(weeks=SETTLING)
        weeks = min(weeks, (week - settled).days // 7 + 1)
    shares = figures.within(indicator, "window", unit, system, week, weeks, case_type)
    return floor(fmean(figure.value for figure in shares) + 0.5) if shares else None
