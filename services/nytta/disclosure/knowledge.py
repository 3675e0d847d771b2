"""What the figures shown of one period tell: sums over classes of parts (see `pattern`), and nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nytta.disclosure.tree import Bools, Ints


class Masks:
    """Cells of a tree, each as a mask of parts, shape (cells, units, columns).

    `place` finds a cell by the bytes of its mask.
    """

    def __init__(self, parts: Bools) -> None:
        self.parts = parts
        self.flat = parts.reshape(len(parts), -1).astype(np.float32)
        self.place = {where.tobytes(): n for n, where in enumerate(parts)}


class Knowledge:
    """Classes of parts of one period, and how much each part adds; parts without a case are in no class.

    Both have the shape (units, columns); class 0 is in no figure.
    """

    def __init__(self, found: Ints, own: Ints) -> None:
        ids, which = np.unique(found, return_inverse=True)
        self._which, self._filled = which.reshape(found.shape), own != 0
        # single precision counts parts exactly, and its products are fast
        self._marks = np.zeros((found.size, len(ids)), dtype=np.float32)
        self._marks[np.arange(found.size), which.ravel()] = self._filled.ravel()
        self._sizes = self._marks.sum(axis=0)
        self._cases = np.bincount(which.ravel(), own.ravel(), minlength=len(ids)).astype(np.int64)
        self._unseen = ids == 0
        self._known: dict[Masks, Bools] = {}
        self._around: dict[Masks, Ints] = {}

    def known(self, cells: Masks) -> Bools:
        """Which cells' figures are sums over classes."""
        if cells not in self._known:
            self._known[cells] = self._sums(cells.flat)
        return self._known[cells]

    def knows(self, cells: Masks, number: int, where: Bools) -> bool:
        """Whether the figure of the parts `where` is a sum over classes; `number` is its cell, -1 if it is none."""
        if number >= 0:
            return bool(self.known(cells)[number])
        inside = self._inside(where)
        return bool(inside.any() and ((inside == 0) | ((inside == self._sizes) & ~self._unseen)).all())

    def around(self, cells: Masks, number: int, where: Bools) -> int:
        """The cases of the classes that the parts `where` lie in; -1 where part of them is in no figure."""
        if number < 0:
            touched = self._inside(where) > 0
            return -1 if (touched & self._unseen).any() else int(self._cases[touched].sum())
        if cells not in self._around:
            touched = cells.flat @ self._marks > 0
            self._around[cells] = np.where((touched & self._unseen).any(axis=1), -1, touched @ self._cases)
        return int(self._around[cells][number])

    def groups(self) -> list[Bools]:
        """The classes with cases, as parts."""
        seen = np.flatnonzero((self._sizes > 0) & ~self._unseen)
        return [(self._which == n) & self._filled for n in seen]

    def unions(self, other: Knowledge) -> list[Bools]:
        """Sets of several classes with cases that are sums over classes in another period too, as few as can be."""
        both = self._filled & other._filled
        size = len(self._unseen) + len(other._unseen)
        one, two = self._which[both], other._which[both] + len(self._unseen)
        part = np.arange(size)
        for _ in range(size):  # each class takes the lowest number of those it shares parts with
            lowest = np.minimum(part[one], part[two])
            before = part.copy()
            np.minimum.at(part, one, lowest)
            np.minimum.at(part, two, lowest)
            if np.array_equal(part, before):
                break
        seen = (self._sizes > 0) & ~self._unseen
        mine, its = part[: len(seen)], part[len(seen) :]
        told = np.bincount(mine[seen], minlength=size)
        told[mine[self._unseen & (self._sizes > 0)]] = told[its[other._unseen & (other._sizes > 0)]] = 0
        return [
            (self._filled & (mine[self._which] == n)) | (other._filled & (its[other._which] == n))
            for n in np.flatnonzero(told > 1)
        ]

    def _inside(self, where: Bools) -> Ints:
        """How many of the parts `where` lie in each class."""
        return np.bincount(self._which[where & self._filled], minlength=len(self._sizes))

    def _sums(self, flat: npt.NDArray[np.float32]) -> Bools:
        inside = flat @ self._marks
        whole = (inside == 0) | ((inside == self._sizes) & ~self._unseen)
        return np.asarray(whole.all(axis=1) & (inside > 0).any(axis=1))
