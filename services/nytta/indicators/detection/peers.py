"""How the peers of a unit move, week by week, whoever of them is seen and whoever of them falls.

Each unit of a group has a level of its own, and all share a course: angle = level + course + chance. The course is the
weighted mean of what the angles of a week lie above their levels. So a unit that joins, stays away or counts for less
in a week does not move what the others are compared with, and neither does one that leaves its level: as its recent
observations lie further from it, the unit counts for less (a weight that falls off as in robust regression, Huber and
Ronchetti 2009, 4.8), until it has stood at a new one for long. Rises count for as little as falls, so that chance moves
the course to neither side.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .panel import Array, Flags, Whole

#: So many standard deviations from its level a unit counts half.
APART = 2.0
#: Weight of the newest of the observations that say where a unit stands now.
NEWEST = 0.2
#: Observations from which on a unit's level is known well enough to say that it has left it.
KNOWN = 6
#: Observations over which a level is the mean; older ones fade.
LONGEST = 52
#: After so many observations apart from its level, a unit has another one, as well known as by `SETTLED` observations.
LASTING = 26
SETTLED = 9
#: A level known from so few observations counts half.
FEW = 2
#: What a unit counts at least: in a small group that fell as a whole, somebody must.
LEAST = 0.02


@dataclass(frozen=True, slots=True)
class PeerCourse:
    """For each unit the course of the others in its group, all (units, weeks).

    `mean` on the scale of the angles and `variance` in 1 / worth, NaN without others; `number` of others seen.
    """

    mean: Array
    variance: Array
    number: Array


@dataclass(slots=True)
class _Standing:
    """Where each unit stands against the course of its peers: its level, from how many observations, and now.

    `trust` is what it counts (from 0 to 1), `apart` for how many observations it has been off its level.
    """

    units: int
    level: Array = field(init=False)
    number: Array = field(init=False)
    recent: Array = field(init=False)
    trust: Array = field(init=False)
    apart: Array = field(init=False)

    def __post_init__(self) -> None:
        """No unit has been seen."""
        self.level = np.zeros(self.units)
        self.number = np.zeros(self.units)
        self.recent = np.zeros(self.units)
        self.trust = np.ones(self.units)
        self.apart = np.zeros(self.units)

    def restart(self, reset: Flags) -> None:
        """Forget the units that are others from here."""
        self.number[reset] = 0
        self.trust[reset] = 1.0
        self.apart[reset] = 0

    def take(self, observed: Flags, distance: Array, variance: Array) -> None:
        """Take up this week's distances to the course, of the given variance, of the observed units."""
        self.number = np.where(observed, np.minimum(self.number + 1, LONGEST), self.number)
        step = 1 / np.maximum(self.number, 1)
        # What has left its level must not take the level along.
        level_step = self.trust * step * (distance - self.level)
        self.level = np.where(observed, self.level + level_step, self.level)
        recent_step = np.maximum(step, NEWEST) * (distance - self.recent)
        self.recent = np.where(observed, self.recent + recent_step, self.recent)
        # The variance of an exponentially weighted mean (Roberts 1959), and that of the level's mean.
        sigma = np.sqrt(variance * (NEWEST / (2 - NEWEST) + step))
        score = np.where(observed & (self.number >= KNOWN), (self.recent - self.level) / sigma, 0.0)
        counts_for = np.maximum(1 / (1 + (score / APART) ** 4), LEAST)
        self.trust = np.where(observed, counts_for, self.trust)
        is_apart = self.trust < 0.5
        self.apart = np.where(observed, np.where(is_apart, self.apart + 1, 0), self.apart)
        is_settled = self.apart >= LASTING
        self.level = np.where(is_settled, self.recent, self.level)
        self.number = np.where(is_settled, SETTLED, self.number)
        self.trust = np.where(is_settled, 1.0, self.trust)
        self.apart = np.where(is_settled, 0, self.apart)


def course_of_peers(
    angles: Array,
    counted: Flags,
    worth: Array,
    variance: Array,
    group: Whole,
    reset: Flags,
) -> PeerCourse:
    """The course of each unit's peers, which in week t rests on weeks up to t.

    All but `group` (units) are (units, weeks): `counted` units have an angle and may be peers, `worth` is what a week
    of theirs weighs, `variance` roughly that of an angle, `reset` where a unit becomes another.
    """
    units, weeks = angles.shape
    _, group_of_unit = np.unique(group, return_inverse=True)
    groups = int(group_of_unit.max(initial=-1)) + 1
    course = PeerCourse(
        mean=np.full((units, weeks), np.nan),
        variance=np.full((units, weeks), np.nan),
        number=np.zeros((units, weeks)),
    )
    standing = _Standing(units)

    def of_group(values: Array) -> Array:
        """The sum of each unit's group."""
        sums = np.bincount(group_of_unit, weights=values, minlength=groups)
        return np.asarray(sums[group_of_unit])

    for week in range(weeks):
        standing.restart(reset[:, week])
        is_seen = counted[:, week]
        angle = np.where(is_seen, angles[:, week], 0.0)
        has_level = is_seen & (standing.number > 0)
        # A group's first week has no levels: its mean is where the course begins.
        is_peer = np.where(of_group(has_level.astype(float)) > 0, has_level, is_seen)
        above_level = angle - np.where(has_level, standing.level, 0.0)
        how_known = np.where(has_level, standing.number / (standing.number + FEW), 1.0)
        weight = np.where(is_peer, worth[:, week] * standing.trust * how_known, 0.0)
        weighted = weight * above_level
        # The group's sums less the unit's own: one pass for all units instead of one mean for each.
        others = of_group(is_peer.astype(float)) - is_peer
        has_others = others > 0
        others_weight = np.where(has_others, of_group(weight) - weight, 1.0)
        others_mean = (of_group(weighted) - weighted) / others_weight
        course.mean[:, week] = np.where(has_others, others_mean, np.nan)
        course.variance[:, week] = np.where(has_others, 1 / others_weight, np.nan)
        course.number[:, week] = others
        standing.take(
            is_seen & has_others, angle - others_mean, variance[:, week] + 1 / others_weight
        )
    return course
