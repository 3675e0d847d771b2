"""The course of a unit's peers: what moves all of them, and not who of them is seen or falls."""

from __future__ import annotations

import numpy as np
import pytest

from nytta.indicators.detection.panel import Array, Flags
from nytta.indicators.detection.peers import PeerCourse, course_of_peers

UNITS, WEEKS = 12, 80
LEVELS = np.linspace(0.7, 1.3, UNITS)
#: What hits all: a wave over the year.
WAVE = 0.05 * np.sin(np.arange(WEEKS) / 8)


def course(angles: Array, counted: Flags) -> PeerCourse:
    shape = angles.shape
    group = np.zeros(UNITS, np.int64)
    return course_of_peers(
        angles,
        counted,
        worth=np.full(shape, 100.0),
        variance=np.full(shape, 0.004),
        group=group,
        reset=np.zeros(shape, bool),
    )


def test_peers_who_join_and_stay_away_do_not_move_the_course() -> None:
    angles = LEVELS[:, None] + WAVE[None, :]
    counted = np.random.default_rng(1).random(angles.shape) < 0.7
    # The six highest come later, which would raise a plain mean by a quarter.
    counted[6:, :30] = False
    moved = course(angles, counted).mean[0] - WAVE
    later = moved[5:]
    assert np.ptp(later[np.isfinite(later)]) < 0.02


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_peer_that_leaves_its_level_counts_for_less_until_it_stays_at_another(direction: int) -> None:
    angles = LEVELS[:, None] + WAVE[None, :]
    angles[3, 40:] += direction * 0.3
    counted = np.ones(angles.shape, bool)
    moved = direction * (course(angles, counted).mean[0] - WAVE)
    moved -= moved[39]
    # One of eleven others: a plain mean would stay moved by a eleventh of 0.3.
    plain = 0.3 / (UNITS - 1)
    assert moved[40] == pytest.approx(plain, rel=0.02)
    assert np.abs(moved[50:]).max() < plain / 4


def test_later_weeks_change_no_earlier_course() -> None:
    rng = np.random.default_rng(2)
    angles = LEVELS[:, None] + WAVE[None, :] + rng.normal(0, 0.06, (UNITS, WEEKS))
    angles[5, 30:] -= 0.3
    counted = rng.random(angles.shape) < 0.8
    whole, part = course(angles, counted), course(angles[:, :50], counted[:, :50])
    np.testing.assert_array_equal(whole.mean[:, :50], part.mean)
    np.testing.assert_array_equal(whole.variance[:, :50], part.variance)


def test_a_unit_alone_has_no_peers() -> None:
    angles = np.full((UNITS, WEEKS), 1.0)
    counted = np.zeros(angles.shape, bool)
    counted[0] = True
    alone = course(angles, counted)
    assert np.isnan(alone.mean[0]).all()
    assert not alone.number[0].any()
    assert (alone.number[1:] == 1).all()
