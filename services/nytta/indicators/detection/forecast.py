"""L3: will the unit have reached the plan's target when the plan says so?

A logistic take-off on a grid of ceilings, middles and paces; every week adds its likelihood, older weeks
fade (so that the level after the plateau may move), and the prior of a unit is what its peers have shown
(nonparametric empirical Bayes, Laird 1978, JASA 73:805). The forecast is of the observed mean of the last
four usable weeks before the due date, with the noise of weeks and of the way there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from nytta.statistics import logistic

from .distance import Distance, angle
from .gates import Gated
from .level import recent
from .panel import Array, Flags, Panel
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


def forecast(panel: Panel, gated: Gated, course: Distance, parameters: Parameters) -> Forecast:
    """Run L3 over all weeks in which a plan is in force; week t uses data up to t."""
    units, weeks = panel.shape
    empty = np.full((units, weeks), np.nan)
    forecasts = Forecast(
        empty.copy(),
        empty.copy(),
        empty.copy(),
        empty.copy(),
        np.full((units, weeks), "", dtype=object),
        np.zeros((units, weeks), bool),
        np.zeros((units, weeks), bool),
    )
    if panel.target is None or panel.due is None or not np.isfinite(panel.target).any():
        return forecasts
    ceiling, middle, pace = (grid.ravel() for grid in np.meshgrid(CEILINGS, MIDDLES, PACES, indexing="ij"))
    share = np.asarray(logistic(np.arange(HORIZON)[:, None], ceiling[None], middle[None], pace[None]))
    share = np.clip(share, 0.002, 0.998)
    place = np.arcsin(np.sqrt(share))
    flat = np.full(len(ceiling), -np.log(len(ceiling)))

    usable = gated.usable
    summed_x, summed_n, filled = recent(gated, parameters.level_weeks)
    latest = np.where(filled == parameters.level_weeks, summed_x / np.maximum(summed_n, 1), np.nan)
    likelihood = np.zeros((units, len(ceiling)))
    weeks_known = np.zeros(units, int)
    typical_n = np.full(units, np.nan)
    weeks_off, groups = np.zeros(units, int), int(panel.group.max()) + 1
    summed, weight = -(10**6), np.zeros(units)
    count: Array = np.zeros(groups)
    own_likelihood, total = np.zeros_like(likelihood), np.zeros((groups, len(ceiling)))
    # Groups in which nobody has a plan need no curves.
    member = np.isin(panel.group, panel.group[np.isfinite(panel.target).any(1)])
    members = np.flatnonzero(member)
    members = members[np.argsort(panel.group[members], kind="stable")]
    group_of, first_of = np.unique(panel.group[members], return_index=True)
    state = np.full(units, "", dtype=object)
    candidate, candidate_run = np.full(units, "", dtype=object), np.zeros(units, int)
    for week in range(weeks):
        age = np.clip(week - panel.live, 0, HORIZON - 1)
        judged = usable[:, week] & (week >= panel.live)
        judged &= member
        if judged.any():
            n = gated.n[judged, week]
            y = angle(gated.count[judged, week], n)
            # Beside chance, 0.03 on the arcsine scale for what a logistic curve cannot follow.
            variance = course.phi[week] / (4 * n) + course.tau2[week] + 0.03**2
            misfit = (y[:, None] - place[age[judged]]) ** 2 / (2 * variance[:, None])
            likelihood[judged] = parameters.plan_memory * likelihood[judged] - misfit
            weeks_known[judged] += 1
            typical_n[judged] = np.where(np.isfinite(typical_n[judged]), 0.8 * typical_n[judged] + 0.2 * n, n)
        planned = judged & np.isfinite(panel.target[:, week]) & np.isfinite(panel.due[:, week])
        # Before the middle of a usual take-off a forecast is a guess; close to the date it is a look.
        is_near = np.nan_to_num(panel.due[:, week], nan=np.inf) - week <= parameters.plan_near
        planned &= ((week - panel.live >= parameters.plan_start) | is_near) & (weeks_known >= 4)
        if not planned.any():
            continue

        # What the peers have shown changes slowly: it is summed up every fourth week.
        if week - summed >= 4:
            summed = week
            log_weight = likelihood[member] + flat
            log_weight -= scipy.special.logsumexp(log_weight, axis=1, keepdims=True)
            weight = np.where(weeks_known >= 8, 1.0, 0.0)
            own_likelihood = np.zeros_like(likelihood)
            own_likelihood[member] = np.exp(log_weight) * weight[member, None]
            total = np.zeros((groups, len(ceiling)))
            total[group_of] = np.add.reduceat(own_likelihood[members], first_of, axis=0)
            count = np.asarray(np.bincount(panel.group, weights=weight, minlength=groups), float)
        rows = np.flatnonzero(planned)
        group = panel.group[rows]
        others_likelihood = total[group] - own_likelihood[rows]
        number = (count[group] - weight[rows])[:, None]
        trust = number / (number + 5.0)
        prior = trust * others_likelihood / np.maximum(number, 1) + (1 - trust) * np.exp(flat)
        posterior = likelihood[rows] + np.log(np.maximum(prior, 1e-12))
        posterior = np.exp(posterior - scipy.special.logsumexp(posterior, axis=1, keepdims=True))

        # A date that has passed leaves the target standing: the question is then whether it is met now.
        due_week, target = np.maximum(panel.due[rows, week], week), panel.target[rows, week]
        due_age = np.clip(np.round(due_week - panel.live[rows] - 1.5), 0, HORIZON - 1).astype(int)
        due_share = share[due_age]
        ahead = np.maximum(due_week - week, 0.0)[:, None]
        week_noise = (
            4 * due_share * (1 - due_share) * (course.phi[week] / (4 * typical_n[rows, None]) + course.tau2[week]) / 4
        )
        spread = np.sqrt(week_noise + 0.03**2 + 0.008**2 * ahead)
        probability = (posterior * scipy.special.ndtr((due_share - target[:, None]) / spread)).sum(1)
        mean = (posterior * due_share).sum(1)
        # 80 % of a mixture, by its mean and variance.
        reach = 1.2816 * np.sqrt((posterior * (spread**2 + (due_share - mean[:, None]) ** 2)).sum(1))
        low, high = np.clip(mean - reach, 0, 1), np.clip(mean + reach, 0, 1)
        forecasts.probability[rows, week], forecasts.expected[rows, week] = probability, mean
        forecasts.low[rows, week], forecasts.high[rows, week] = low, high

        word = np.where(
            probability < parameters.plan_off,
            "off_track",
            np.where(probability > parameters.plan_on, "on_track", "at_risk"),
        )
        unclear = high - low > parameters.plan_width
        word = np.where(unclear, "too_early", word)
        for unit, verdict_word in zip(rows, word, strict=True):
            candidate_run[unit] = candidate_run[unit] + 1 if candidate[unit] == verdict_word else 1
            candidate[unit] = verdict_word
            if state[unit] == "" or candidate_run[unit] >= 2:
                state[unit] = verdict_word
        forecasts.status[rows, week] = state[rows]
        # Where the last weeks stand at the target, the curve's memory of lower ones says nothing against it.
        reached = latest[rows, week] >= target
        weeks_off[rows] = np.where((probability < parameters.plan_off) & ~unclear & ~reached, weeks_off[rows] + 1, 0)
        forecasts.met[rows, week] = weeks_off[rows] >= 2
        forecasts.calm[rows, week] = (probability > 0.5) | reached
    return forecasts
