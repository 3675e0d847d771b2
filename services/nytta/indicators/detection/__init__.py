"""Lag detection: weekly series in; signals, what was not assessed and why, and the parameters out."""

from .detector import assess
from .display import Chart, p_prime_chart, xmr_chart
from .gates import Reason
from .mix import standardised
from .panel import Panel
from .parameters import Parameters
from .results import Kind, NotAssessed, Result, Signal
from .series import LIVE, Series, SeriesError, detect, load, parse
from .weekly import Counts, Judged, panel

__all__ = [
    "LIVE",
    "Chart",
    "Counts",
    "Judged",
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
    "panel",
    "parse",
    "standardised",
    "xmr_chart",
]
