"""Lag detection: weekly series in; signals, what was not assessed and why, and the parameters out."""

from .detector import assess
from .gates import Reason
from .panel import Panel
from .parameters import Parameters
from .results import Kind, NotAssessed, Result, Signal
from .series import Series, SeriesError, detect, load, parse

__all__ = [
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
    "parse",
]
