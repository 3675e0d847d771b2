"""The lines of a body of NDJSON, found with arrays and cut out only where one is needed."""

from copy import copy
from typing import Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

LONGEST_LINE: Final = 2**20
"""Bytes that one line may have."""
KEPT: Final = LONGEST_LINE + 1
"""Bytes that a reject keeps of a line or a body: what is too large stays so."""

_NEWLINE, _RETURN, _OPEN, _CLOSE = b"\n\r{}"
_BLANK: Final = b" \t\r"


class Lines:
    """The lines of `body` that are not blank, in order. The end of a line belongs to no line."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        data = np.frombuffer(body, np.uint8)
        breaks = np.flatnonzero(data == _NEWLINE)
        starts = np.concatenate(([0], breaks + 1))
        line_ends = np.concatenate((breaks, [len(data)]))
        if len(data):
            # of an empty line the byte before is the end of another line, and no part of it
            ends_with_return = (line_ends > starts) & (data[line_ends - 1] == _RETURN)
            line_ends = line_ends - ends_with_return
        rows = np.flatnonzero(line_ends > starts)
        row_starts, row_ends = starts[rows], line_ends[rows]
        regular = (data[row_starts] == _OPEN) & (data[row_ends - 1] == _CLOSE)
        regular &= row_ends - row_starts <= LONGEST_LINE
        # a line of an event is regular: only of the few others it is asked, one by one, whether they are blank
        non_blank = regular.copy()
        for index in np.flatnonzero(~regular):
            line = body[row_starts[index] : row_ends[index]]
            non_blank[index] = bool(line.strip(_BLANK))
        rows = rows[non_blank]
        self.starts: NDArray[np.int64] = row_starts[non_blank]
        self.ends: NDArray[np.int64] = row_ends[non_blank]
        self.numbers: NDArray[np.int64] = rows + 1
        """Where each line stands in the body, counted from 1 and with the blank ones."""
        self.regular: NDArray[np.bool_] = regular[non_blank]
        """Which lines are not too long and both start with an opening and end with a closing brace.

        No JSON value reaches from one such line into the next, for no value has `}` followed by `{`.
        """

    def part(self, start: int, end_line: int) -> Self:
        """The lines from `start` until before `end_line`, with the places where they stand in the body."""
        part = copy(self)
        for name in ("starts", "ends", "numbers", "regular"):
            setattr(part, name, getattr(self, name)[start:end_line])
        return part

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> bytes:
        return self.body[self.starts[index] : self.ends[index]]

    def joined(self, rows: NDArray[np.int64]) -> memoryview | bytes:
        """The lines with these indices, in ascending order, and nothing but blank lines between them."""
        first_row, last_row = int(rows[0]), int(rows[-1])
        # ascending and without a gap: they lie in the body as they are wanted, and nothing is copied
        if last_row - first_row == len(rows) - 1:
            return memoryview(self.body)[self.starts[first_row] : self.ends[last_row]]
        # from the start of each to the start of the next one, with the end of the line, by one copy for all of them
        offsets = pa.py_buffer(np.append(self.starts, self.ends[-1:]))
        buffers = [None, offsets, pa.py_buffer(self.body)]
        chosen = pa.Array.from_buffers(pa.large_binary(), len(self), buffers).take(pa.array(rows))
        return memoryview(chosen.buffers()[2])
