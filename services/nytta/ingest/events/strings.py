"""Arrow strings as numpy arrays of bytes, for checks that need no Python object per text."""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

LONGEST_TEXT: Final = 512
"""Characters of a text of an event."""

_SPACE: Final = 0x20
_TILDE: Final = 0x7E
"""The first and the last printable character of ASCII."""


def layout(texts: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of all texts, one after the other, and the offset where each starts (one more than texts)."""
    _, offset_buffer, text_buffer = texts.buffers()
    # a slice shares the buffers of what it was cut from, and says by its offset where it begins
    all_offsets = np.frombuffer(offset_buffer, np.int32)
    offsets = all_offsets[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(text_buffer or b"", np.uint8), offsets.astype(np.int64)


def byte_rows(
    text_bytes: NDArray[np.uint8], starts: NDArray[np.int64], length: int
) -> NDArray[np.uint8]:
    """One row per start, with the `length` bytes from there on."""
    first_start, text_count = starts[0], len(starts)
    # Nothing stands between the texts: then they are seen where they lie, and not one byte is copied. The first and the
    # last start are compared before all others, for that costs nothing.
    spans_all = starts[-1] - first_start == (text_count - 1) * length
    if spans_all and (np.diff(starts) == length).all():
        adjacent = text_bytes[first_start : first_start + text_count * length]
        return adjacent.reshape(text_count, length)
    positions = starts[:, None] + np.arange(length)
    gathered: NDArray[np.uint8] = text_bytes[positions]
    return gathered


def plain(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Which texts are 1 to 512 printable ASCII letters without a space at either end.

    Such a text passes every rule for texts as it is; the others, and nulls, need a closer look.
    """
    all_bytes, offsets = layout(texts)
    starts, ends = offsets[:-1], offsets[1:]
    lengths = ends - starts
    are_plain = (lengths > 0) & (lengths <= LONGEST_TEXT)
    if not are_plain.any():
        return are_plain
    # Texts that were refused already look at the first byte of all: an index has to exist.
    first_bytes = all_bytes[np.where(are_plain, starts, 0)]
    last_bytes = all_bytes[np.where(are_plain, ends, 1) - 1]
    are_plain &= (first_bytes != _SPACE) & (last_bytes != _SPACE)
    text_bytes = all_bytes[offsets[0] : offsets[-1]]
    # one comparison for both sides: a byte below the space wraps around and is above the tilde
    are_unprintable = text_bytes - np.uint8(_SPACE) > _TILDE - _SPACE
    if are_unprintable.any():
        unprintable = np.flatnonzero(are_unprintable) + offsets[0]
        # the text of a byte is the last one that starts at it or before
        texts_with_unprintable = np.searchsorted(offsets, unprintable, side="right") - 1
        are_plain[texts_with_unprintable] = False
    return are_plain
