"""L3: will the unit have reached the plan's target when the plan says so?

A logistic take-off on a grid of ceilings, middles and paces; every week adds its likelihood, older weeks
fade (so that the level after the plateau may move), and the prior of a unit is what its peers have shown
(nonparametric empirical Bayes, Laird 1978, JASA 73:805). The forecast is of the observed mean of the last
four usable weeks before the due date, with the noise of weeks and of the way there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy

from nytta.statistics import logistic

from .distance import Distance, angle
from .gates import Gated
from .level import recent
from .panel import Array, Flags, Panel, Whole
from .parameters import Parameters

CEILINGS = np.array(
    [0.04, 0.1, 0.18, 0.26, 0.34, 0.42, 0.5, 0.57, 0.64, 0.7, 0.76, 0.82, 0.88, 0.93, 0.97]
)
MIDDLES = np.array([-4.0, 3.0, 7.0, 11.0, 17.0, 25.0, 36.0])
PACES = np.array([1.2, 2.5, 5.5])
#: Weeks of age the curves are tabulated for; older is as old.
HORIZON = 320


@dataclass(frozen=True, slots=True)
class Forecast:
    """Course of L3, all (units, weeks), NaN or "" where no plan is in force or nothing is known.

    `probability` of reaching the target, the `expected` share at the due date with its 80 % interval, and
    `status`: on_track, at_risk, off_track or too_early. `met`: off track in two evaluations in a row.
    `calm`: more likely than not to be reached, or reached in the last four usable weeks.
    """

    probability: Array
    expected: Array
    low: Array
    high: Array
    status: np.ndarray[tuple[int, ...], np.dtype[np.object_]]
    met: Flags
    calm: Flags


@dataclass(frozen=True, slots=True)
class _Curves:
    """The grid of logistic curves: their shares and angles at each age, (ages, curves), and a flat prior in logs."""

    share: Array
    angle: Array
    log_flat: Array

    @staticmethod
    def grid() -> _Curves:
        """Every ceiling with every middle and pace."""
        ceiling, middle, pace = (
            axis.ravel() for axis in np.meshgrid(CEILINGS, MIDDLES, PACES, indexing="ij")
        )
        ages = np.arange(HORIZON)[:, None]
        # Off 0 and 1, where the arcsine scale is steepest and a person more would decide.
        share = np.clip(
            np.asarray(logistic(ages, ceiling[None], middle[None], pace[None])), 0.002, 0.998
        )
        return _Curves(
            share, np.arcsin(np.sqrt(share)), np.full(len(ceiling), -np.log(len(ceiling)))
        )


@dataclass(slots=True)
class _Peers:
    """What the peers of each group have shown: the sum of their posteriors of the curves, and how many they are.

    `member` are rows of groups in which somebody has a plan, `ordered` the same by group, `first_of_group` where each
    group in `ordered` begins. `own` is each unit's part of the sum, which is taken off again for its own prior.
    """

    group: Whole
    member: Flags
    ordered: Whole
    group_of: Whole
    first_of_group: Whole
    own: Array
    total: Array
    weight: Array
    count: Array
    summed_in: int | None = None

    @staticmethod
    def none(panel: Panel, target: Array, curves: int) -> _Peers:
        """Nothing shown yet."""
        groups = int(panel.group.max()) + 1
        # Groups in which nobody has a plan need no curves.
        member = np.isin(panel.group, panel.group[np.isfinite(target).any(1)])
        members = np.flatnonzero(member)
        ordered = members[np.argsort(panel.group[members], kind="stable")]
        group_of, first_of_group = np.unique(panel.group[ordered], return_index=True)
        return _Peers(
            panel.group,
            member,
            ordered,
            group_of,
            first_of_group,
            own=np.zeros((len(panel.units), curves)),
            total=np.zeros((groups, curves)),
            weight=np.zeros(len(panel.units)),
            count=np.zeros(groups),
        )

    def sum_up(self, week: int, likelihood: Array, log_flat: Array, weeks_known: Whole) -> None:
        """Sum the posteriors up to `week`, where that is due."""
        # What the peers have shown changes slowly: it is summed up every fourth week.
        if self.summed_in is not None and week - self.summed_in < 4:
            return
        self.summed_in = week
        log_posterior = likelihood[self.member] + log_flat
        log_posterior -= scipy.special.logsumexp(log_posterior, axis=1, keepdims=True)
        # Eight weeks are the least that shows a curve.
        self.weight = np.where(weeks_known >= 8, 1.0, 0.0)
        self.own = np.zeros_like(likelihood)
        self.own[self.member] = np.exp(log_posterior) * self.weight[self.member, None]
        self.total = np.zeros_like(self.total)
        self.total[self.group_of] = np.add.reduceat(
            self.own[self.ordered], self.first_of_group, axis=0
        )
        peer_counts = np.bincount(self.group, weights=self.weight, minlength=len(self.total))
        self.count = np.asarray(peer_counts, float)

    def prior(self, rows: Whole, log_flat: Array) -> Array:
        """The prior of these units: what their peers have shown, and as much of a flat one as these are few."""
        group = self.group[rows]
        shown_by_others = self.total[group] - self.own[rows]
        number = (self.count[group] - self.weight[rows])[:, None]
        trust = number / (number + 5.0)
        return trust * shown_by_others / np.maximum(number, 1) + (1 - trust) * np.exp(log_flat)


def forecast(panel: Panel, gated: Gated, course: Distance, parameters: Parameters) -> Forecast:
    """Run L3 over all weeks in which a plan is in force; week t uses data up to t."""
    units, weeks = panel.shape
    empty = np.full((units, weeks), np.nan)
    forecasts = Forecast(
        probability=empty.copy(),
        expected=empty.copy(),
        low=empty.copy(),
        high=empty.copy(),
        status=np.full((units, weeks), "", dtype=object),
        met=np.zeros((units, weeks), bool),
        calm=np.zeros((units, weeks), bool),
    )
    if panel.target is None or panel.due is None or not np.isfinite(panel.target).any():
        return forecasts
    curves = _Curves.grid()
    peers = _Peers.none(panel, panel.target, curves.share.shape[1])
    learning = _Learning(panel, gated, course, parameters, curves, peers)
    statuses = _Statuses(units, parameters)
    latest = _latest(gated, parameters)
    for week in range(weeks):
        judged = learning.learn(week)
        rows = np.flatnonzero(judged & learning.has_plan(week))
        if not len(rows):
            continue
        # A date that has passed leaves the target standing: the question is then whether it is met now.
        due_week, target = np.maximum(panel.due[rows, week], week), panel.target[rows, week]
        outlook = learning.outlook(week, rows, due_week, target)
        forecasts.probability[rows, week] = outlook.probability
        forecasts.expected[rows, week] = outlook.expected
        forecasts.low[rows, week] = outlook.low
        forecasts.high[rows, week] = outlook.high
        # Where the last weeks stand at the target, the curve's memory of lower ones says nothing against it.
        is_reached = latest[rows, week] >= target
        statuses.take(rows, outlook, is_reached)
        forecasts.status[rows, week] = statuses.status[rows]
        forecasts.met[rows, week] = statuses.weeks_off[rows] >= 2
        forecasts.calm[rows, week] = (outlook.probability > 0.5) | is_reached
    return forecasts


def _latest(gated: Gated, parameters: Parameters) -> Array:
    """The share of the last weeks, (units, weeks); NaN where fewer weeks than a level needs were seen."""
    count, denominator, filled = recent(gated, parameters.level_weeks)
    is_filled = filled == parameters.level_weeks
    return np.where(is_filled, count / np.maximum(denominator, 1), np.nan)


class _Outlook(NamedTuple):
    """What is expected of units at their due day: the chance to reach the target, a share, and where it lies (80 %)."""

    probability: Array
    expected: Array
    low: Array
    high: Array


class _Learning:
    """What the weeks of each unit say of every curve, week by week."""

    def __init__(
        self,
        panel: Panel,
        gated: Gated,
        course: Distance,
        parameters: Parameters,
        curves: _Curves,
        peers: _Peers,
    ) -> None:
        self._panel = panel
        self._gated = gated
        self._course = course
        self._parameters = parameters
        self._curves = curves
        self._peers = peers
        units = len(panel.units)
        self._likelihood = np.zeros((units, curves.share.shape[1]))
        self._weeks_known = np.zeros(units, int)
        self._typical_size = np.full(units, np.nan)

    def learn(self, week: int) -> Flags:
        """Learn from one week; which units it tells of."""
        panel, gated, course = self._panel, self._gated, self._course
        age = np.clip(week - panel.live, 0, HORIZON - 1)
        judged = gated.usable[:, week] & (week >= panel.live) & self._peers.member
        if not judged.any():
            return judged
        size = gated.n[judged, week]
        observed = angle(gated.count[judged, week], size)
        # Beside chance, 0.03 on the arcsine scale for what a logistic curve cannot follow.
        variance = course.phi[week] / (4 * size) + course.tau2[week] + 0.03**2
        misfit = (observed[:, None] - self._curves.angle[age[judged]]) ** 2 / (
            2 * variance[:, None]
        )
        self._likelihood[judged] = self._parameters.plan_memory * self._likelihood[judged] - misfit
        self._weeks_known[judged] += 1
        earlier_size = self._typical_size[judged]
        self._typical_size[judged] = np.where(
            np.isfinite(earlier_size), 0.8 * earlier_size + 0.2 * size, size
        )
        return judged

    def has_plan(self, week: int) -> Flags:
        """Which units have a plan of which something can be said yet."""
        panel, parameters = self._panel, self._parameters
        assert panel.target is not None
        assert panel.due is not None
        has_plan = np.isfinite(panel.target[:, week]) & np.isfinite(panel.due[:, week])
        # Before the middle of a usual take-off a forecast is a guess; close to the date it is a look.
        is_near = np.nan_to_num(panel.due[:, week], nan=np.inf) - week <= parameters.plan_near
        is_old_enough = week - panel.live >= parameters.plan_start
        return np.asarray(has_plan & (is_old_enough | is_near) & (self._weeks_known >= 4))

    def outlook(self, week: int, rows: Whole, due_week: Array, target: Array) -> _Outlook:
        """What is expected of the units in these rows when their plans are due."""
        curves = self._curves
        posterior = self._posterior(week, rows)
        # The middle of the four weeks before the date, whose mean is forecast.
        due_age = np.clip(np.round(due_week - self._panel.live[rows] - 1.5), 0, HORIZON - 1).astype(
            int
        )
        due_share = curves.share[due_age]
        ahead = np.maximum(due_week - week, 0.0)[:, None]
        angle_variance = (
            self._course.phi[week] / (4 * self._typical_size[rows, None]) + self._course.tau2[week]
        )
        # From angles to shares by 4 p (1 - p); over 4, as the mean of four weeks is forecast.
        week_noise = 4 * due_share * (1 - due_share) * angle_variance / 4
        spread = np.sqrt(week_noise + 0.03**2 + 0.008**2 * ahead)
        chance = scipy.special.ndtr((due_share - target[:, None]) / spread)
        mean = (posterior * due_share).sum(1)
        # 80 % of a mixture, by its mean and variance.
        mixture_variance = (posterior * (spread**2 + (due_share - mean[:, None]) ** 2)).sum(1)
        reach = 1.2816 * np.sqrt(mixture_variance)
        return _Outlook(
            probability=(posterior * chance).sum(1),
            expected=mean,
            low=np.clip(mean - reach, 0, 1),
            high=np.clip(mean + reach, 0, 1),
        )

    def _posterior(self, week: int, rows: Whole) -> Array:
        """How likely each curve is, by the unit's own weeks and by those of its peers."""
        log_flat = self._curves.log_flat
        self._peers.sum_up(week, self._likelihood, log_flat, self._weeks_known)
        # A prior of 0 would forbid a curve whatever the unit itself has shown.
        log_prior = np.log(np.maximum(self._peers.prior(rows, log_flat), 1e-12))
        log_posterior = self._likelihood[rows] + log_prior
        return np.exp(log_posterior - scipy.special.logsumexp(log_posterior, axis=1, keepdims=True))


class _Statuses:
    """The status of each unit's plan, which does not change with a single week."""

    def __init__(self, units: int, parameters: Parameters) -> None:
        self._parameters = parameters
        self.status = np.full(units, "", dtype=object)
        self._candidate = np.full(units, "", dtype=object)
        self._candidate_run = np.zeros(units, int)
        self.weeks_off = np.zeros(units, int)
        """Weeks in a row in which a plan was sure to be missed."""

    def take(self, rows: Whole, outlook: _Outlook, is_reached: Flags) -> None:
        """Take a week's outlook of the units in these rows."""
        is_unclear = outlook.high - outlook.low > self._parameters.plan_width
        verdicts = _verdicts(outlook.probability, is_unclear, self._parameters)
        for unit, verdict in zip(rows, verdicts, strict=True):
            self._candidate_run[unit] = (
                self._candidate_run[unit] + 1 if self._candidate[unit] == verdict else 1
            )
            self._candidate[unit] = verdict
            # Two in a row change a status: at an edge it would go to and fro.
            if self.status[unit] == "" or self._candidate_run[unit] >= 2:
                self.status[unit] = verdict
        is_off = (outlook.probability < self._parameters.plan_off) & ~is_unclear & ~is_reached
        self.weeks_off[rows] = np.where(is_off, self.weeks_off[rows] + 1, 0)


def _verdicts(
    probability: Array, is_unclear: Flags, parameters: Parameters
) -> np.ndarray[Any, np.dtype[np.str_]]:
    """The status that each probability stands for; none is given on an interval too wide to say anything."""
    not_off = np.where(probability > parameters.plan_on, "on_track", "at_risk")
    status = np.where(probability < parameters.plan_off, "off_track", not_off)
    return np.where(is_unclear, "too_early", status)
