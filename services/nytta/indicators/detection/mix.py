"""Series of units whose mix of roles changes: counts by role become counts under one lasting mix."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .panel import Array


def standardised(
    count: ArrayLike, denominator: ArrayLike, *, reference_weeks: int = 26
) -> tuple[Array, Array]:
    """Counts of (units, weeks, roles) as standardised counts of (units, weeks): numerator, denominator.

    Each role weighs what it has weighed in the unit during its first `reference_weeks` weeks with data
    (until then: so far), so a later change of the mix moves nothing and no week looks ahead. The
    denominator is what the standardised share is worth: its binomial variance is that of the weighted sum.
    Roles absent in a week are left out and the others stand for them.
    Source: direct standardisation, as `statistics.directly_standardised`.
    """
    counts = np.nan_to_num(np.asarray(count, float))
    denominators = np.nan_to_num(np.asarray(denominator, float))
    week_total = denominators.sum(-1)
    has_cases, is_present = week_total > 0, denominators > 0
    is_reference = has_cases & (np.cumsum(has_cases, axis=1) <= reference_weeks)
    reference = np.cumsum(np.where(is_reference[..., None], denominators, 0.0), axis=1)
    reference = np.where(is_present, reference, 0.0)
    reference_total = reference.sum(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where only roles are present that the reference lacks, they weigh as they do in the week.
        week_mix = denominators / denominators.sum(-1, keepdims=True)
        weight = np.where(reference_total > 0, reference / reference_total, week_mix)
        share = np.where(is_present, counts / denominators, 0.0)
        rate = (weight * share).sum(-1)
        # Half a person more on both sides keeps the variance of a full or empty role above nothing.
        smoothed = np.where(is_present, (counts + 0.5) / (denominators + 1), 0.5)
        role_variance = weight**2 * smoothed * (1 - smoothed) / np.maximum(denominators, 1)
        variance = np.where(is_present, role_variance, 0.0).sum(-1)
        smoothed_rate = (weight * smoothed).sum(-1)
        # A standardised share is worth no more than the cases it was made of.
        worth = np.minimum(smoothed_rate * (1 - smoothed_rate) / variance, week_total)
    worth = np.where(has_cases, worth, np.nan)
    return rate * worth, worth
