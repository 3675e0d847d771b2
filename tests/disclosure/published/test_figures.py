"""What is repeated of published figures: windows that do not overlap, and their mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from nytta.disclosure.published.figures import PublishedFigures, settled_share
from nytta.ingest.store.private import PrivateStore
from tests.insight.store.test_states import published

LAST = date(2026, 6, 1)
_COLUMNS = ("organisation", "unit", "system", "case_type", "part", "indicator", "version", "grain", "period", "value")
_MORE = ("low", "high", "n_band", "status", "unit_of_measure", "published_at", "publication")


def shown(store: PrivateStore, values: dict[int, float]) -> PublishedFigures:
    """Windows of four weeks by how many weeks before the last one they end."""
    rows = [published("intended-use", "north", LAST - timedelta(weeks=n), v, v - 5, v + 5) for n, v in values.items()]
    store.connection.insert("{open}.published_values", [*_COLUMNS, *_MORE], rows)
    store.connection.insert(
        "{open}.definitions", ["indicator", "version", "window_weeks", "loaded"], [["intended-use", 1, 4, 1]]
    )
    return PublishedFigures(store.connection, "county", ["intended-use"], LAST - timedelta(weeks=30), LAST)


def test_windows_lie_wholly_within_the_weeks_and_may_overlap_or_not(new_store: Callable[[], PrivateStore]) -> None:
    figures = shown(new_store(), {0: 34, 1: 33, 4: 30, 6: 28, 8: 24, 9: 22, 10: 99})
    inside = figures.within("intended-use", "window", "north", "cases", LAST, 13)
    apart = figures.trailing("intended-use", "window", "north", "cases", LAST, 13)
    assert [figure.value for figure in inside] == [34, 33, 30, 28, 24, 22]
    assert [figure.value for figure in apart] == [34, 30, 24]


def test_the_share_of_half_a_year_is_the_mean_of_its_windows_from_eight_weeks_after_going_live(
    new_store: Callable[[], PrivateStore],
) -> None:
    """The window that ends four weeks ago is hidden; those around it tell of its weeks."""
    figures = shown(new_store(), {0: 30, 3: 24, 5: 20, 8: 26, 9: 90})
    live = LAST - timedelta(weeks=8 + 11)  # so twelve weeks are settled
    assert settled_share(figures, "intended-use", "north", "cases", "*", LAST, live) == 25
    assert settled_share(figures, "intended-use", "north", "cases", "*", LAST, None) == 38
    assert settled_share(figures, "intended-use", "south", "cases", "*", LAST, None) is None
