"""What overlapping periods of one group's cases tell of shorter ones.

Cases of a period are the difference of two running totals, at its end and at its start. So the figures of one group
are edges between moments: a difference of two moments follows from them exactly where a path joins the two. Everything
that follows for a single stretch of time is a sum of gaps between neighbouring moments of one connected part, less what
other parts tell of stretches inside the gap. So a gap must be empty, or large enough and shown as it stands, and nothing
may be told of a stretch inside it: what only follows from others was never held against the other groups of its time.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
import numpy.typing as npt


class Timeline:
    """One group over `weeks` weeks; moment n is the Monday of week n. `sizes` are its cases per week."""

    def __init__(self, sizes: npt.NDArray[np.int64]) -> None:
        self.total = np.concatenate([[0], np.cumsum(sizes)])
        self._home = list(range(len(self.total)))
        self._shown: set[tuple[int, int]] = set()
        self.weeks = 0
        self.windows = 0

    def joined(self, start: int, end: int) -> bool:
        """Whether the figure from `start` to `end` follows already."""
        return self._root(start) == self._root(end)

    def join(self, start: int, end: int) -> None:
        """Take the figure from `start` to `end` as shown."""
        self._shown.add(self._trimmed(start, end))
        one, other = self._root(start), self._root(end)
        self._home[max(one, other)] = min(one, other)

    def bears(self, start: int, end: int, k: int) -> bool:
        """Whether the figure from `start` to `end` may be told beside what is known."""
        parts: dict[int, list[int]] = defaultdict(list)
        for moment in range(len(self._home)):
            parts[self._root(moment)].append(moment)
        one, other = self._root(start), self._root(end)
        mine = sorted(parts.pop(one) + (parts.pop(other) if other != one else []))
        others = [np.array(p) for p in parts.values() if len(p) > 1]
        for left, right in pairwise(mine):
            whole = int(self.total[right] - self.total[left])
            stands = self._trimmed(left, right) in {*self._shown, self._trimmed(start, end)}
            if whole and (whole < k or not stands):
                return False
            if self._told_inside(left, right, others) not in (0, whole):
                return False
        return True

    def _told_inside(self, left: int, right: int, others: list[npt.NDArray[np.int64]]) -> int:
        """Cases of the weeks inside a gap that other parts tell of, at most."""
        if right - left < 3 or not others:
            return 0
        covered = np.zeros(right - left, dtype=bool)
        for part in others:
            inside = part[(part >= left) & (part <= right)]
            if len(inside) > 1:
                covered[inside[0] - left : inside[-1] - left] = True
        weekly = np.diff(self.total[left : right + 1])
        return int(weekly[covered].sum())

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        """The same stretch without weeks at its ends that have no case."""
        while start < end and self.total[start] == self.total[start + 1]:
            start += 1
        while start < end and self.total[end] == self.total[end - 1]:
            end -= 1
        return start, end

    def _root(self, moment: int) -> int:
        while self._home[moment] != moment:
            self._home[moment] = self._home[self._home[moment]]
            moment = self._home[moment]
        return moment
