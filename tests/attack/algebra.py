"""The attacker's linear algebra: exact knowledge of every shown figure, and what follows from it.

An attacker is granted more than what is published: the exact numerator and denominator behind every figure that was
ever shown, and the knowledge of who is counted in it. What then follows for a group of persons or cases is exactly what
lies in the span of the figures. Columns are sets of records that every figure treats alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = Mapping[Any, int]
Floats = npt.NDArray[np.float64]

_EPS = 1e-7


class Span:
    """The span of figures over records; `counts` says how many persons or cases a record key stands for."""

    def __init__(self, figures: Sequence[Vector], counts: Mapping[Any, int]) -> None:
        keys = sorted({key for figure in figures for key in figure}, key=repr)
        place = {key: n for n, key in enumerate(keys)}
        matrix = np.zeros((len(figures), len(keys)))
        for n, figure in enumerate(figures):
            for key, coefficient in figure.items():
                matrix[n, place[key]] = coefficient
        columns, which = np.unique(matrix, axis=1, return_inverse=True) if keys else (matrix, np.zeros(0, int))
        self._place = {key: int(which.ravel()[n]) for key, n in place.items()}
        self.counts = np.zeros(columns.shape[1], dtype=np.int64)
        for key, n in self._place.items():
            self.counts[n] += counts[key]
        self.basis, self.pivots = _reduced(columns)

    def solved(self) -> list[tuple[int, Floats]]:
        """Vectors of the reduced basis that are plain sums of records: how many they count, and which."""
        found = []
        for row in self.basis:
            inside = row[np.abs(row) > _EPS]
            if np.allclose(inside, inside[0], atol=_EPS):
                found.append((int(self.counts[np.abs(row) > _EPS].sum()), row))
        return found

    def gives(self, target: Vector) -> bool:
        """Whether a sum over records follows from the figures."""
        vector = np.zeros(len(self.counts))
        share: dict[int, int] = {}
        for key, coefficient in target.items():
            if not coefficient:
                continue
            if key not in self._place:
                return False
            vector[self._place[key]] = coefficient
            share[self._place[key]] = share.get(self._place[key], 0) + 1
        # records that all figures treat alike are never told apart
        sizes = self._members()
        if any(sizes[column] != count for column, count in share.items()):
            return False
        rest = vector - vector[self.pivots] @ self.basis
        return bool(np.abs(rest).max(initial=0.0) < _EPS)

    def _members(self) -> dict[int, int]:
        if not hasattr(self, "_sizes"):
            self._sizes: dict[int, int] = {}
            for column in self._place.values():
                self._sizes[column] = self._sizes.get(column, 0) + 1
        return self._sizes


def _reduced(matrix: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Reduced row echelon form and its pivots."""
    rows, pivots, top = matrix.copy(), [], 0
    for column in range(rows.shape[1]):
        if top == len(rows):
            break
        best = top + int(np.argmax(np.abs(rows[top:, column])))
        if abs(rows[best, column]) < _EPS:
            continue
        rows[[top, best]] = rows[[best, top]]
        rows[top] /= rows[top, column]
        others = np.flatnonzero(np.abs(rows[:, column]) > _EPS)
        others = others[others != top]
        rows[others] -= np.outer(rows[others, column], rows[top])
        rows[np.abs(rows) < _EPS] = 0.0
        pivots.append(column)
        top += 1
    return rows[:top], np.array(pivots, dtype=np.int64)


def minus(one: Vector, other: Vector) -> dict[Any, int]:
    """The difference of two sums."""
    found = dict(one)
    for key, coefficient in other.items():
        found[key] = found.get(key, 0) - coefficient
    return {key: c for key, c in found.items() if c}


def plus(vectors: Iterable[Vector]) -> dict[Any, int]:
    """The sum of sums."""
    found: dict[Any, int] = {}
    for vector in vectors:
        for key, coefficient in vector.items():
            found[key] = found.get(key, 0) + coefficient
    return {key: c for key, c in found.items() if c}
