"""Lag detection: weekly series in; signals, what was not assessed and why, and the parameters out."""

from .detector import assess
from .display import Chart, p_prime_chart, xmr_chart
from .gates import Reason
from .mix import standardised
from .panel import Panel
from .parameters import Parameters
from .results import Kind, NotAssessed, Result, Signal
from .series import Series, SeriesError, detect, load, parse

__all__ = [
    "Chart",
    "Kind",
    "NotAssessed",
    "Panel",
    "Parameters",
    "Reason",
    "Result",
    "Series",
    "SeriesError",
    "Signal",
    "assess",
    "detect",
    "load",
    "p_prime_chart",
    "parse",
    "standardised",
    "xmr_chart",
]
