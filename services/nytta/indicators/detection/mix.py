"""Series of units whose mix of roles changes: counts by role become counts under one lasting mix."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .panel import Array


def standardised(count: ArrayLike, n: ArrayLike, *, reference_weeks: int = 26) -> tuple[Array, Array]:
    """Counts of (units, weeks, roles) as standardised counts of (units, weeks): numerator, denominator.

    Each role weighs what it has weighed in the unit during its first `reference_weeks` weeks with data
    (until then: so far), so a later change of the mix moves nothing and no week looks ahead. The
    denominator is what the standardised share is worth: its binomial variance is that of the weighted sum.
    Roles absent in a week are left out and the others stand for them.
    Source: direct standardisation, as `statistics.directly_standardised`.
    """
    x, m = np.nan_to_num(np.asarray(count, float)), np.nan_to_num(np.asarray(n, float))
    has_cases = m.sum(-1) > 0
    early = np.cumsum(has_cases, axis=1) <= reference_weeks
    weight = np.cumsum(np.where((has_cases & early)[..., None], m, 0.0), axis=1)
    weight = np.where(m > 0, weight, 0.0)
    total = weight.sum(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(total > 0, weight / total, m / m.sum(-1, keepdims=True))
        share = np.where(m > 0, x / m, 0.0)
        rate = (weight * share).sum(-1)
        # Half a person more on both sides keeps the variance of a full or empty role above nothing.
        smooth = np.where(m > 0, (x + 0.5) / (m + 1), 0.5)
        variance = np.where(m > 0, weight**2 * smooth * (1 - smooth) / np.maximum(m, 1), 0.0).sum(-1)
        middle = (weight * smooth).sum(-1)
        worth = np.minimum(middle * (1 - middle) / variance, m.sum(-1))
    worth = np.where(has_cases, worth, np.nan)
    return rate * worth, worth
