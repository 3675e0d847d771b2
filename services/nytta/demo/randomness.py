"""Streams of random numbers, one per thing that is drawn, so that one more thing never shifts the others."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def stream(seed: int, *labels: str) -> np.random.Generator:
    """The generator that belongs to `labels` under `seed`; the same arguments give the same numbers
    everywhere."""
    digest = blake2b("\x1f".join((str(seed), *labels)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def noisy(shares: Floats, spread: float, rng: np.random.Generator) -> Floats:
    """`shares` (0 to 1) with normal noise of standard deviation `spread` on the logit scale; 0 and 1 stay."""
    inside = (shares > 0) & (shares < 1)
    safe = np.where(inside, shares, 0.5)
    logit = np.log(safe / (1 - safe)) + rng.normal(0, spread, len(shares))
    return np.where(inside, 1 / (1 + np.exp(-logit)), shares)


def first_of_each(groups: Ints, counts: Ints, uniforms: Floats) -> Flags:
    """Choose exactly `counts[g]` rows of each group g at random.

    `groups` holds each row's group number, `uniforms` one number per row. A group with fewer rows than its
    count is chosen whole.
    """
    is_chosen: Flags = ranks(groups, uniforms) < counts[groups]
    return is_chosen


def ranks(groups: Ints, uniforms: Floats) -> Ints:
    """Each row's rank (from 0) within its group, by `uniforms`."""
    order = np.lexsort((uniforms, groups))
    starts = np.searchsorted(groups[order], groups[order], side="left")
    row_ranks = np.empty(len(groups), np.int64)
    row_ranks[order] = np.arange(len(groups)) - starts
    return row_ranks


def pick(groups: Ints, counts: Ints, uniforms: Floats) -> Ints:
    """Deal the rows of each group g into columns, at random, so that column c gets exactly `counts[g, c]`."""
    edges = np.cumsum(counts, axis=1)[groups]
    column: Ints = (ranks(groups, uniforms)[:, None] >= edges).sum(axis=1)
    within_columns: Ints = np.minimum(column, counts.shape[1] - 1)
    return within_columns
