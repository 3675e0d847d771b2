"""Plain statistics: arrays in, arrays out, each function naming its published source."""

from .charts import (
    Limits,
    c_chart,
    mean_moving_range,
    moving_ranges,
    p_chart,
    p_prime,
    u_chart,
    xmr,
)
from .effects import Effect, effect
from .funnels import (
    Dispersion,
    dispersion,
    expected_beyond,
    poisson_limits,
    proportion_limits,
    proportion_z,
    winsorise,
)
from .growth import Logistic, bass, bass_peak, fit_logistic, logistic
from .intervals import byar, poisson_exact, quantile_of, wilson
from .multiplicity import benjamini_hochberg, largest_credible
from .onsets import LONGEST_CLIMB, Fall, Onset, Sums, crossing_rate, fall, onset_limit, rise
from .rules import NhsSignals, Runs, anhoej, anhoej_limits, nhs_rules
from .sequential import (
    cusum,
    cusum_limit,
    cusum_run_length,
    ewma,
    ewma_limit,
    ewma_run_length,
    ewma_sigma,
)
from .shrinkage import (
    beta_binomial_likelihood,
    beta_binomial_moments,
    beta_of,
    effective_n,
    posterior_below,
    posterior_mean,
)
from .standardise import directly_standardised, split_change

__all__ = [
    "LONGEST_CLIMB",
    "Dispersion",
    "Effect",
    "Fall",
    "Limits",
    "Logistic",
    "NhsSignals",
    "Onset",
    "Runs",
    "Sums",
    "anhoej",
    "anhoej_limits",
    "bass",
    "bass_peak",
    "benjamini_hochberg",
    "beta_binomial_likelihood",
    "beta_binomial_moments",
    "beta_of",
    "byar",
    "c_chart",
    "crossing_rate",
    "cusum",
    "cusum_limit",
    "cusum_run_length",
    "directly_standardised",
    "dispersion",
    "effect",
    "effective_n",
    "ewma",
    "ewma_limit",
    "ewma_run_length",
    "ewma_sigma",
    "expected_beyond",
    "fall",
    "fit_logistic",
    "largest_credible",
    "logistic",
    "mean_moving_range",
    "moving_ranges",
    "nhs_rules",
    "onset_limit",
    "p_chart",
    "p_prime",
    "poisson_exact",
    "poisson_limits",
    "posterior_below",
    "posterior_mean",
    "proportion_limits",
    "proportion_z",
    "quantile_of",
    "rise",
    "split_change",
    "u_chart",
    "wilson",
    "winsorise",
    "xmr",
]
