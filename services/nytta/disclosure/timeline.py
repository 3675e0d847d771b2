"""What overlapping periods of one group's cases tell of shorter ones.

Cases of a period are the difference of two running totals, at its end and at its start. So the figures of one group
are edges between moments: a difference of two moments follows from them exactly where a path joins the two. Everything
that follows for a single stretch of time is a sum of gaps between neighbouring moments of one connected part, less
what other parts tell of stretches inside the gap. So a gap must be empty, or large enough and shown as it stands, and
nothing may be told of a stretch inside it: what only follows from others was never held against the other groups of its
time.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt


class Timeline:
    """One group over `weeks` weeks; moment n is the Monday of week n. `sizes` are its cases per week."""

    def __init__(self, sizes: npt.NDArray[np.int64]) -> None:
        self.total = np.concatenate([[0], np.cumsum(sizes)]).tolist()
        self._home = list(range(len(self.total)))
        self._part = {moment: [moment] for moment in self._home}
        self._shown: set[tuple[int, int]] = set()
        self.weeks = 0
        self.windows = 0

    def joined(self, start: int, end: int) -> bool:
        """Whether the figure from `start` to `end` follows already."""
        return self._home[start] == self._home[end]

    def join(self, start: int, end: int) -> None:
        """Take the figure from `start` to `end` as shown."""
        self._shown.add(self._trimmed(start, end))
        one, other = self._home[start], self._home[end]
        if one == other:
            return
        if len(self._part[one]) < len(self._part[other]):
            one, other = other, one
        for moment in self._part[other]:
            self._home[moment] = one
        self._part[one] = sorted(self._part[one] + self._part.pop(other))

    def bears(self, start: int, end: int, k: int) -> bool:
        """Whether the figure from `start` to `end`, which does not follow yet, may be told beside what is known."""
        one, other = self._home[start], self._home[end]
        shown = self._trimmed(start, end)
        for left, right in pairwise(sorted(self._part[one] + self._part[other])):
            if self._home[left] == self._home[right]:
                continue  # neighbours before
            whole = self.total[right] - self.total[left]
            stretch = self._trimmed(left, right)
            if whole and (whole < k or not (stretch == shown or stretch in self._shown)):
                return False
            if self._told_inside(left, right) not in (0, whole):
                return False
        return True

    def _told_inside(self, left: int, right: int) -> int:
        """Cases of the weeks inside a gap that other parts tell of, at most."""
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for moment in range(left + 1, right):
            first.setdefault(self._home[moment], moment)
            last[self._home[moment]] = moment
        told: set[int] = set()
        for part, start in first.items():
            told.update(range(start, last[part]))
        return sum(self.total[week + 1] - self.total[week] for week in told)

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        """The same stretch without weeks at its ends that have no case."""
        while start < end and self.total[start] == self.total[start + 1]:
            start += 1
        while start < end and self.total[end] == self.total[end - 1]:
            end -= 1
        return start, end
