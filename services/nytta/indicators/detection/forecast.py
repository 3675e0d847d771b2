"""L3: will the unit have reached the plan's target when the plan says so?

A logistic take-off on a grid of ceilings, middles and paces; every week adds its likelihood, older weeks
fade (so that the level after the plateau may move), and the prior of a unit is what its peers have shown
(nonparametric empirical Bayes, Laird 1978, JASA 73:805). The forecast is of the observed mean of the last
four usable weeks before the due date, with the noise of weeks and of the way there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from nytta.statistics import logistic

from .distance import Distance, angle
from .gates import Gated
from .level import recent
from .panel import Array, Flags, Panel, Whole
from .parameters import Parameters

CEILINGS = np.array([0.04, 0.1, 0.18, 0.26, 0.34, 0.42, 0.5, 0.57, 0.64, 0.7, 0.76, 0.82, 0.88, 0.93, 0.97])
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
        ceiling, middle, pace = (axis.ravel() for axis in np.meshgrid(CEILINGS, MIDDLES, PACES, indexing="ij"))
        ages = np.arange(HORIZON)[:, None]
        # Off 0 and 1, where the arcsine scale is steepest and a person more would decide.
        share = np.clip(np.asarray(logistic(ages, ceiling[None], middle[None], pace[None])), 0.002, 0.998)
        return _Curves(share, np.arcsin(np.sqrt(share)), np.full(len(ceiling), -np.log(len(ceiling))))


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
        self.total[self.group_of] = np.add.reduceat(self.own[self.ordered], self.first_of_group, axis=0)
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
    usable = gated.usable
    summed_count, summed_denominator, filled = recent(gated, parameters.level_weeks)
    is_filled = filled == parameters.level_weeks
    latest = np.where(is_filled, summed_count / np.maximum(summed_denominator, 1), np.nan)
    peers = _Peers.none(panel, panel.target, curves.share.shape[1])
    likelihood = np.zeros((units, curves.share.shape[1]))
    weeks_known, weeks_off = np.zeros(units, int), np.zeros(units, int)
    typical_size = np.full(units, np.nan)
    state, candidate = np.full(units, "", dtype=object), np.full(units, "", dtype=object)
    candidate_run = np.zeros(units, int)
    for week in range(weeks):
        age = np.clip(week - panel.live, 0, HORIZON - 1)
        judged = usable[:, week] & (week >= panel.live) & peers.member
        if judged.any():
            size = gated.n[judged, week]
            observed = angle(gated.count[judged, week], size)
            # Beside chance, 0.03 on the arcsine scale for what a logistic curve cannot follow.
            variance = course.phi[week] / (4 * size) + course.tau2[week] + 0.03**2
            misfit = (observed[:, None] - curves.angle[age[judged]]) ** 2 / (2 * variance[:, None])
            likelihood[judged] = parameters.plan_memory * likelihood[judged] - misfit
            weeks_known[judged] += 1
            earlier_size = typical_size[judged]
            typical_size[judged] = np.where(np.isfinite(earlier_size), 0.8 * earlier_size + 0.2 * size, size)
        has_plan = np.isfinite(panel.target[:, week]) & np.isfinite(panel.due[:, week])
        # Before the middle of a usual take-off a forecast is a guess; close to the date it is a look.
        is_near = np.nan_to_num(panel.due[:, week], nan=np.inf) - week <= parameters.plan_near
        is_old_enough = week - panel.live >= parameters.plan_start
        planned = judged & has_plan & (is_old_enough | is_near) & (weeks_known >= 4)
        if not planned.any():
            continue

        peers.sum_up(week, likelihood, curves.log_flat, weeks_known)
        rows = np.flatnonzero(planned)
        # A prior of 0 would forbid a curve whatever the unit itself has shown.
        log_prior = np.log(np.maximum(peers.prior(rows, curves.log_flat), 1e-12))
        log_posterior = likelihood[rows] + log_prior
        posterior = np.exp(log_posterior - scipy.special.logsumexp(log_posterior, axis=1, keepdims=True))

        # A date that has passed leaves the target standing: the question is then whether it is met now.
        due_week, target = np.maximum(panel.due[rows, week], week), panel.target[rows, week]
        # The middle of the four weeks before the date, whose mean is forecast.
        due_age = np.clip(np.round(due_week - panel.live[rows] - 1.5), 0, HORIZON - 1).astype(int)
        due_share = curves.share[due_age]
        ahead = np.maximum(due_week - week, 0.0)[:, None]
        angle_variance = course.phi[week] / (4 * typical_size[rows, None]) + course.tau2[week]
        # From angles to shares by 4 p (1 - p); over 4, as the mean of four weeks is forecast.
        week_noise = 4 * due_share * (1 - due_share) * angle_variance / 4
        spread = np.sqrt(week_noise + 0.03**2 + 0.008**2 * ahead)
        chance = scipy.special.ndtr((due_share - target[:, None]) / spread)
        probability = (posterior * chance).sum(1)
        mean = (posterior * due_share).sum(1)
        # 80 % of a mixture, by its mean and variance.
        mixture_variance = (posterior * (spread**2 + (due_share - mean[:, None]) ** 2)).sum(1)
        reach = 1.2816 * np.sqrt(mixture_variance)
        low, high = np.clip(mean - reach, 0, 1), np.clip(mean + reach, 0, 1)
        forecasts.probability[rows, week] = probability
        forecasts.expected[rows, week] = mean
        forecasts.low[rows, week] = low
        forecasts.high[rows, week] = high

        is_unclear = high - low > parameters.plan_width
        verdicts = _verdicts(probability, is_unclear, parameters)
        for unit, verdict in zip(rows, verdicts, strict=True):
            candidate_run[unit] = candidate_run[unit] + 1 if candidate[unit] == verdict else 1
            candidate[unit] = verdict
            # Two in a row change a status: at an edge it would go to and fro.
            if state[unit] == "" or candidate_run[unit] >= 2:
                state[unit] = verdict
        forecasts.status[rows, week] = state[rows]
        # Where the last weeks stand at the target, the curve's memory of lower ones says nothing against it.
        is_reached = latest[rows, week] >= target
        is_off = (probability < parameters.plan_off) & ~is_unclear & ~is_reached
        weeks_off[rows] = np.where(is_off, weeks_off[rows] + 1, 0)
        forecasts.met[rows, week] = weeks_off[rows] >= 2
        forecasts.calm[rows, week] = (probability > 0.5) | is_reached
    return forecasts


def _verdicts(probability: Array, is_unclear: Flags, parameters: Parameters) -> np.ndarray[Any, np.dtype[np.str_]]:
    """The status that each probability stands for; none is given on an interval too wide to say anything."""
    not_off = np.where(probability > parameters.plan_on, "on_track", "at_risk")
    status = np.where(probability < parameters.plan_off, "off_track", not_off)
    return np.where(is_unclear, "too_early", status)
