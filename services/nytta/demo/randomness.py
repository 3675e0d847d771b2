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
    # A separator that no label holds, so that "a", "bc" and "ab", "c" are two streams.
    name = "\x1f".join((str(seed), *labels))
    digest = blake2b(name.encode(), digest_size=16).digest()
    state = int.from_bytes(digest, "big")
    # The bit generator by name: numpy's default one may change with its version.
    return np.random.Generator(np.random.PCG64(state))


def noisy(shares: Floats, spread: float, rng: np.random.Generator) -> Floats:
    """`shares` (0 to 1) with normal noise of standard deviation `spread` on the logit scale; 0 and 1 stay."""
    has_logit = (shares > 0) & (shares < 1)
    finite_shares = np.where(has_logit, shares, 0.5)
    logit = np.log(finite_shares / (1 - finite_shares))
    noisy_logit = logit + rng.normal(0, spread, len(shares))
    return np.where(has_logit, 1 / (1 + np.exp(-noisy_logit)), shares)


def first_of_each(groups: Ints, group_counts: Ints, uniforms: Floats) -> Flags:
    """Choose exactly `counts[g]` rows of each group g at random.

    `groups` holds each row's group number, `uniforms` one number per row. A group with fewer rows than its
    count is chosen whole.
    """
    is_chosen: Flags = ranks(groups, uniforms) < group_counts[groups]
    return is_chosen


def ranks(groups: Ints, uniforms: Floats) -> Ints:
    """Each row's rank (from 0) within its group, by `uniforms`."""
    row_order = np.lexsort((uniforms, groups))
    sorted_groups = groups[row_order]
    group_starts = np.searchsorted(sorted_groups, sorted_groups, side="left")
    row_ranks = np.empty(len(groups), np.int64)
    row_ranks[row_order] = np.arange(len(groups)) - group_starts
    return row_ranks


def pick(groups: Ints, choice_counts: Ints, uniforms: Floats) -> Ints:
    """Deal the rows of each group g into columns, at random, so that column c gets exactly `counts[g, c]`."""
    upper_ranks = np.cumsum(choice_counts, axis=1)[groups]
    row_ranks = ranks(groups, uniforms)
    column: Ints = (row_ranks[:, None] >= upper_ranks).sum(axis=1)
    # A row beyond the counts of its group stands in the last column.
    last_column = choice_counts.shape[1] - 1
    within_columns: Ints = np.minimum(column, last_column)
    return within_columns
