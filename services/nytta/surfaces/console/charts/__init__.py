"""Charts as Vega-Lite dicts: what is meant is told by shape, dash and label; colours are the page's own variables."""

from nytta.surfaces.console.charts.over_time import Curve, Line, Point, Trend, curve, shares, trend
from nytta.surfaces.console.charts.places import Dot, Place, dots, funnel, quadrant, split

__all__ = [
    "Curve",
    "Dot",
    "Line",
    "Place",
    "Point",
    "Trend",
    "curve",
    "dots",
    "funnel",
    "quadrant",
    "shares",
    "split",
    "trend",
]
