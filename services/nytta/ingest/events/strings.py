"""Arrow strings as numpy arrays of bytes, for checks that need no Python object per text."""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

LONGEST_TEXT: Final = 512


def layout(texts: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of all texts, one after the other, and the offset where each starts (one more than texts)."""
    _, offsets, data = texts.buffers()
    positions = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    return np.frombuffer(data or b"", np.uint8), positions


def letters(data: NDArray[np.uint8], starts: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """One row per start, with the `length` bytes from there on."""
    first_start, rows = starts[0], len(starts)
    if starts[-1] - first_start == (rows - 1) * length and (np.diff(starts) == length).all():
        # Nothing stands between the texts.
        return data[first_start : first_start + rows * length].reshape(rows, length)
    gathered: NDArray[np.uint8] = data[starts[:, None] + np.arange(length)]
    return gathered


def plain(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Which texts are 1 to 512 printable ASCII letters without a space at either end.

    Such a text passes every rule for texts as it is; the others, and nulls, need a closer look.
    """
    data, offsets = layout(texts)
    starts, text_ends = offsets[:-1], offsets[1:]
    plain_texts = (text_ends > starts) & (text_ends - starts <= LONGEST_TEXT)
    if not plain_texts.any():
        return plain_texts
    # Texts that were refused already look at the first byte of all: an index has to exist.
    plain_texts &= (data[np.where(plain_texts, starts, 0)] != 0x20) & (
        data[np.where(plain_texts, text_ends, 1) - 1] != 0x20
    )
    strange = data[offsets[0] : offsets[-1]] - np.uint8(0x20) > 0x7E - 0x20  # what is below wraps to above
    if strange.any():
        places = np.flatnonzero(strange) + offsets[0]
        plain_texts[np.searchsorted(offsets, places, side="right") - 1] = False
    return plain_texts
