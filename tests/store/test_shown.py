"""What is repeated of published figures: windows that do not overlap, and their mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import pytest

from nytta.store.private import PrivateStore
from nytta.store.shown import Shown, settled_share
from tests.store.test_states import published

LAST = date(2026, 6, 1)
_COLUMNS = ("organisation", "unit", "system", "case_type", "part", "indicator", "version", "grain", "period", "value")
_MORE = ("low", "high", "n_band", "status", "unit_of_measure", "published_at", "publication")


def shown(store: PrivateStore, values: dict[int, float]) -> Shown:
    """Windows of four weeks by how many weeks before the last one they end."""
    rows = [published("intended-use", "north", LAST - timedelta(weeks=n), v, v - 5, v + 5) for n, v in values.items()]
    store.connection.insert("{open}.published_values", [*_COLUMNS, *_MORE], rows)
    store.connection.insert(
        "{open}.definitions", ["indicator", "version", "window_weeks", "loaded"], [["intended-use", 1, 4, 1]]
    )
    return Shown(store.connection, "county", ["intended-use"], LAST - timedelta(weeks=30), LAST)


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({n: float(n) for n in range(12)}, [0, 4, 8]),
        # the window that ends four weeks ago is hidden: the latest one shown before it takes its place
        ({0: 34, 5: 30, 6: 28, 9: 24, 10: 99}, [34, 30, 24]),
        # a window that begins before the first week does not count
        ({3: 40, 10: 99}, [40]),
    ],
)
def test_windows_do_not_overlap_and_a_hidden_one_hides_no_others(
    new_store: Callable[[], PrivateStore], values: dict[int, float], taken: list[float]
) -> None:
    found = shown(new_store(), values).trailing("intended-use", "window", "north", "cases", LAST, 13)
    assert [figure.value for figure in found] == taken
    assert all(later.first > earlier.last for later, earlier in pairwise(found))


def test_the_share_of_half_a_year_is_the_mean_of_its_windows_from_eight_weeks_after_going_live(
    new_store: Callable[[], PrivateStore],
) -> None:
    figures = shown(new_store(), {0: 30, 4: 20, 8: 25, 12: 90})
    live = LAST - timedelta(weeks=8 + 11)  # so twelve weeks are settled
    assert settled_share(figures, "intended-use", "north", "cases", "*", LAST, live) == 25
    assert settled_share(figures, "intended-use", "north", "cases", "*", LAST, None) == 41
    assert settled_share(figures, "intended-use", "south", "cases", "*", LAST, None) is None
