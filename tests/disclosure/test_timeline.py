"""What overlapping windows of one group tell of shorter stretches."""

from __future__ import annotations

import numpy as np

from nytta.disclosure.timeline import Timeline


def line(*sizes: int) -> Timeline:
    return Timeline(np.array(sizes, dtype=np.int64))


def test_windows_of_three_weeks_never_meet() -> None:
    its = line(4, 5, 4, 6, 4, 5)
    for start in range(4):
        assert its.bears(start, start + 3, 10)
        its.join(start, start + 3)
    assert not its.joined(0, 1)
    assert its.joined(0, 3)


def test_a_window_beside_its_first_weeks_tells_the_last() -> None:
    its = line(12, 11, 4)
    its.join(0, 2)
    assert not its.bears(0, 3, 10)  # the third week would be the difference, four cases


def test_a_week_without_a_case_joins_the_windows_around_it() -> None:
    its = line(0, 6, 6, 6)
    its.join(0, 1)
    its.join(0, 3)
    assert not its.bears(1, 4, 10)  # nothing leaves the window, so what enters would be the difference


def test_known_weeks_inside_a_window_tell_of_the_rest() -> None:
    its = line(8, 30, 8)
    its.join(1, 2)
    assert not its.bears(0, 3, 10)  # sixteen cases, but of a stretch that nobody held against others


def test_a_sum_of_known_weeks_is_nothing_new() -> None:
    its = line(20, 30, 25)
    for week in range(3):
        its.join(week, week + 1)
    assert its.joined(0, 3)
