"""The grains of figures, and how a period is named towards people and other systems."""

GRAINS = ("week", "month", "window")
"""What figures are published of: weeks by their Monday, months by their first day, windows by their last week."""

PERIOD = (
    "multiIf(grain = 'month', formatDateTime(period, '%Y-%m'), grain = 'total', 'all', "
    "formatDateTime(period, '%G-W%V'))"
)
"""SQL of a period's name: 2026-02, 2026-W07 (the last week of a window), all."""
