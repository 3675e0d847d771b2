"""What Grafana shows of a board before anybody scrolls: a window of 1440 × 900 pixels, its menu docked as it opens.

Sizes are read in the source of Grafana 12 and of @grafana/scenes 6.28; none was measured in a running Grafana. Texts
are taken wider than its font draws them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

WINDOW: Final = (1440, 900)
MENU: Final = 300
"""MENU_WIDTH of MegaMenu.tsx; AppChromeService docks it in windows of 1200 pixels and more."""
BARS: Final = 2 * 40
"""Two levels of useChromeHeaderHeight.ts: a dashboard has buttons of its own."""
PADDING: Final = 16
"""On each side of the controls and of the panels (DashboardControls.tsx, DashboardSceneRenderer.tsx)."""
CONTROL, GAP = 32, 8
"""Height of a choice (components.height.md) and what parts two."""
CELL, MARGIN, COLUMNS = 30, 8, 24
"""GRID_CELL_HEIGHT, GRID_CELL_VMARGIN, GRID_COLUMN_COUNT of scenes/components/layout/grid/constants."""
LETTER: Final = 7
"""Pixels of a letter of 12 pixels, rather too many."""
TIME, LINK, SWITCH = 330, 90, 48
"""Pixels of the time with its refresh, of the list of boards, of what switches an annotation on."""
CHOICE: Final = {True: 90, False: 160}
"""Pixels of a choice of several, which says All, and of one, which says a name."""
LEAST: Final = 150
"""Pixels that a column of a table has at least where the board says nothing (COLUMN_MIN_WIDTH of the table)."""
INSET: Final = 12
"""Pixels of a panel's borders and of the scroll bar of its table."""


def width(columns: int) -> int:
    """Pixels of a panel that is so many columns of the grid wide."""
    room = WINDOW[0] - MENU - 2 * PADDING
    return (room + MARGIN) * columns // COLUMNS - MARGIN


def height(lines: int) -> int:
    """Pixels of a panel that is so many lines of the grid high."""
    return lines * (CELL + MARGIN) - MARGIN


def fold(board: dict[str, Any]) -> int:
    """Lines of the grid that are whole on the first screen."""
    rows = _rows(list(_controls(board)))
    above = BARS + 2 * PADDING + rows * CONTROL + (rows - 1) * GAP
    return (WINDOW[1] - above + MARGIN) // (CELL + MARGIN)


def first(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Panels that are whole on the first screen."""
    lines = fold(board)
    return [panel for panel in board["panels"] if panel["gridPos"]["y"] + panel["gridPos"]["h"] <= lines]


def _controls(board: dict[str, Any]) -> Iterator[int]:
    """Pixels of each control from left to right."""
    for variable in board["templating"]["list"]:
        if variable.get("hide") != 2:
            label = 2 * GAP + LETTER * len(variable["label"])
            yield label + CHOICE[variable.get("multi", False)]
    for annotation in board["annotations"].get("list", []):
        yield 2 * GAP + LETTER * len(annotation["name"]) + SWITCH
    yield LINK


def _rows(controls: list[int]) -> int:
    """Rows into which controls wrap beside the time."""
    room = WINDOW[0] - MENU - 2 * PADDING - TIME - GAP
    rows, left = 1, 0
    for pixels in controls:
        if left and left + pixels > room:
            rows, left = rows + 1, 0
        left += pixels + GAP
    return rows


def columns(panel: dict[str, Any], names: list[str]) -> dict[str, int]:
    """Pixels of each column of a table that is not hidden, as Grafana shares them out."""
    sizes = overrides(panel, "custom.width")
    hidden = overrides(panel, "custom.hidden")
    shown = [name for name in names if name not in hidden]
    free = [name for name in shown if name not in sizes]
    left = width(panel["gridPos"]["w"]) - INSET - sum(sizes[name] for name in shown if name in sizes)
    least = panel["fieldConfig"]["defaults"].get("custom", {}).get("minWidth", LEAST)
    shared = max(left // len(free), least) if free else 0
    return {name: sizes.get(name, shared) for name in shown}


def overrides(panel: dict[str, Any], what: str) -> dict[str, Any]:
    """What a panel says of one property, column by column."""
    return {
        override["matcher"]["options"]: changed["value"]
        for override in panel["fieldConfig"].get("overrides", [])
        for changed in override["properties"]
        if changed["id"] == what
    }
