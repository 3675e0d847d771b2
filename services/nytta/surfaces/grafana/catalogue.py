"""All boards, and their files."""

from __future__ import annotations

from typing import Final

from nytta.surfaces.grafana import adoption, objectives, operations, process, programme
from nytta.surfaces.grafana.boards import Board, render

BOARDS: Final[tuple[Board, ...]] = (
    operations.BOARD,
    programme.BOARD,
    adoption.BOARD,
    process.BOARD,
    objectives.BOARD,
)


def files() -> dict[str, bytes]:
    """Name and content of each board's file."""
    return {f"{board.uid.removeprefix('nytta-')}.json": render(board) for board in BOARDS}
